"""A causal transformer that continues a text character by character, beside n-gram models.

The recipe is that of nanoGPT for a processor: 4 layers, 128 features, 2,000 steps; and in small,
with half of each at twice the rate. Both have 4 heads, 64 characters of context, batches of 12
windows and no dropout. They are told how good they can get by models that only count.
"""

import math
import sys
import time
from collections import Counter, defaultdict
from typing import NamedTuple

import numpy as np

from neural_net_core import CrossEntropyLoss, Module, Tensor, init, no_grad
from neural_net_layers import Embedding, LearnedPositionalEmbedding, TransformerEncoder
from neural_net_optim import AdamW, clip_grad_norm
from neural_net_optim.schedules import CosineAnnealingLR, WarmupLR
from neural_net_utils import CharacterTokenizer, generate, load_text, random_windows, track

HEADS, CONTEXT, BATCH, WARMUP = 4, 64, 12, 100
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"


class Recipe(NamedTuple):
    """What differs between the two; the rate falls to a tenth."""

    depth: int
    width: int
    steps: int
    rate: float


SMALL = Recipe(depth=2, width=64, steps=1000, rate=2e-3)
PUBLISHED = Recipe(depth=4, width=128, steps=2000, rate=1e-3)


class LanguageModel(Module):
    """Tokens (B, T) in, scores (B, T, V) of the token after each out."""

    def __init__(
        self, vocabulary: int, rng: np.random.Generator, depth: int = 2, width: int = 64
    ) -> None:
        def small(shape, **options):
            return init.normal(shape, 0.0, 0.02, **options)

        self.tokens = Embedding(vocabulary, width, init=small, rng=rng)
        self.positions = LearnedPositionalEmbedding(width, CONTEXT, init=small, rng=rng)
        self.encoder = TransformerEncoder(
            depth,
            width,
            HEADS,
            activation="gelu",
            norm_first=True,
            dropout=0.0,
            init=small,
            rng=rng,
        )
        for layer in self.encoder.layers:  # so that 2 L branches add up to the size of one
            for last in (layer.self_attn.out_proj, layer.linear2):
                last.weight.data /= math.sqrt(2 * depth)
        self.head = self.tokens.tied_output()

    def forward(self, ids: np.ndarray, cache=None) -> Tensor:
        start = 0 if cache is None else cache[0].length
        x = self.positions(self.tokens(ids), offset=start)
        return self.head(self.encoder(x, causal=True, cache=cache))


class Text(NamedTuple):
    """What to train on and what to be judged by, as ids."""

    tokenizer: CharacterTokenizer
    train: np.ndarray
    held_out: np.ndarray


def the_play() -> Text:
    """Return As You Like It: nine tenths to train on, one to be judged by."""
    tokenizer = CharacterTokenizer(load_text())
    return Text(tokenizer, *(tokenizer.encode(load_text(s)) for s in ("train", "validation")))


def train(text: Text, seed: int, recipe: Recipe = SMALL):
    """Return the model, its training losses, and the seconds of processor time it took."""
    rng, steps = np.random.default_rng(seed), recipe.steps
    model = LanguageModel(len(text.tokenizer), rng, recipe.depth, recipe.width)
    optimizer = AdamW(model.parameters(), lr=recipe.rate, betas=(0.9, 0.99), weight_decay=0.1)
    warmup = min(WARMUP, steps // 10)
    scheduler = WarmupLR(
        optimizer, warmup, CosineAnnealingLR(optimizer, steps - warmup, recipe.rate / 10)
    )
    loss_fn, losses, start = CrossEntropyLoss(), [], time.process_time()
    label = f"{recipe.depth} layers, start {seed}, step"
    for _ in track(range(steps), label, progress=PROGRESS):
        x, y = random_windows(text.train, BATCH, CONTEXT, rng=rng)
        loss = loss_fn(model(x).reshape(-1, len(text.tokenizer)), y.reshape(-1))
        loss.backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        losses.append(loss.item())
    return model.eval(), losses, time.process_time() - start


def windows(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a text as windows one after the other, with the character after each place."""
    count = (len(ids) - 1) // CONTEXT
    x, y = ids[: count * CONTEXT], ids[1 : count * CONTEXT + 1]
    return x.reshape(count, CONTEXT), y.reshape(count, CONTEXT)


def held_out_loss(model: LanguageModel, text: Text) -> float:
    """Return the mean loss per character of the held-out text, in nats."""
    x, y = windows(text.held_out)
    with no_grad():
        scores = model(x)
    return CrossEntropyLoss()(scores.reshape(-1, scores.shape[-1]), y.reshape(-1)).item()


def n_gram_losses(text: Text, longest: int = 6) -> dict[int, float]:
    """Return the held-out loss of models that count what follows the last n − 1 characters.

    Each is mixed with the next shorter one, the more so the more different characters have been
    seen after a context (Witten & Bell 1991), down to all characters alike:

        p_n(c | h) = (count(h c) + u(h) p_(n−1)(c | h')) / (count(h) + u(h))

    with u(h) the number of different characters seen after h. Key 0 is the uniform model.
    """
    vocabulary, train_ids, ids = len(text.tokenizer), text.train.tolist(), text.held_out.tolist()
    _, y = windows(text.held_out)
    places = range(1, y.size + 1)
    p = np.full(len(places), 1 / vocabulary)
    losses = {0: math.log(vocabulary)}
    for n in range(1, longest + 1):
        counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for i in range(n - 1, len(train_ids)):
            counts[tuple(train_ids[i - n + 1 : i])][train_ids[i]] += 1
        for row, i in enumerate(places):
            after = counts.get(tuple(ids[max(i - n + 1, 0) : i]))
            if after is not None:
                seen = len(after)
                p[row] = (after[ids[i]] + seen * p[row]) / (after.total() + seen)
        losses[n] = float(-np.log(p).mean())
    return losses


def continue_text(model: LanguageModel, text: Text, prompt: str, n: int, **sampling) -> str:
    """Continue a prompt; the cache reads every character once, within one context."""
    if len(prompt) + n > CONTEXT + 1:
        raise ValueError(f"the model knows {CONTEXT} places, got {len(prompt)} + {n}")
    cache, read = model.encoder.new_cache(), 0

    def next_scores(ids: np.ndarray) -> np.ndarray:
        nonlocal read
        scores = model(ids[:, read:], cache)
        read = ids.shape[1]
        return scores.data[:, -1]

    with no_grad():
        ids = generate(next_scores, text.tokenizer.encode(prompt), n, **sampling)
    return text.tokenizer.decode(ids)


def continue_far(model: LanguageModel, text: Text, prompt: str, n: int, **sampling) -> str:
    """Continue a prompt beyond the context, reading the last characters anew for each one."""
    with no_grad():
        ids = generate(
            lambda ids: model(ids[:, -CONTEXT:]).data[:, -1],
            text.tokenizer.encode(prompt),
            n,
            **sampling,
        )
    return text.tokenizer.decode(ids)
