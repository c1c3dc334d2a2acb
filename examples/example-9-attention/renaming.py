"""Renaming variables as translation: "x = y + z" is read, "a = b + c" is written.

A decoder writes the new program token by token, and asks the program that is read where to look.
The model is told neither that names stand at the same place nor which name becomes which.

What is read may first pass through an encoder, which mixes the tokens, or not. Translation is exact
either way; but only where nothing is mixed must the weights point at the token that is meant.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neural_net_core import CrossEntropyLoss, Dense, Module, Tensor, no_grad
from neural_net_layers import (
    Embedding,
    LearnedPositionalEmbedding,
    TransformerDecoder,
    TransformerEncoder,
)
from neural_net_optim import Adam
from neural_net_optim.schedules import CosineAnnealingLR, WarmupLR
from neural_net_utils import renaming_task

WIDTH = 32
# A warm-up, because a head that is sure too early has no gradient to look elsewhere: without it one
# start in five never found the operator.
RATE, WARMUP, STEPS, BATCH = 3e-3, 100, 600, 64
TRAIN, HELD_OUT = 2000, 1000
LENGTH = 5
START = "<start>"


class Programs(NamedTuple):
    """Tokens as ids, and the programs in them."""

    ids: dict[str, int]
    train: tuple[np.ndarray, np.ndarray]
    held_out: tuple[np.ndarray, np.ndarray]

    def words(self, ids: np.ndarray) -> list[str]:
        names = list(self.ids)
        return [names[i] for i in ids]


def programs(seed: int) -> Programs:
    """Return programs to train on, and others that training never sees."""
    task = renaming_task(TRAIN, HELD_OUT, rng=np.random.default_rng(seed))
    words = {w for pair in (*task.train, *task.held_out) for text in pair for w in text.split()}
    ids = {word: i for i, word in enumerate([START, *sorted(words)])}

    def encode(pairs):
        both = [[[ids[w] for w in text.split()] for text in pair] for pair in pairs]
        source, target = np.array(both).swapaxes(0, 1)
        return source, target

    return Programs(ids, encode(task.train), encode(task.held_out))


class Translator(Module):
    """Source and what is written so far in, scores of the next token out."""

    def __init__(self, vocabulary: int, rng: np.random.Generator, form: str = "tokens") -> None:
        self.form = form
        self.tokens = Embedding(vocabulary, WIDTH, rng=rng)
        self.source_places = LearnedPositionalEmbedding(WIDTH, LENGTH, rng=rng)
        self.target_places = LearnedPositionalEmbedding(WIDTH, LENGTH, rng=rng)
        self.encoder = None
        if form == "encoder":
            self.encoder = TransformerEncoder(1, WIDTH, 1, dropout=0.0, norm_first=True, rng=rng)
        self.decoder = TransformerDecoder(1, WIDTH, 1, dropout=0.0, norm_first=True, rng=rng)
        self.head = Dense(WIDTH, vocabulary, rng=rng)

    def memory(self, source: np.ndarray) -> Tensor:
        memory = self.source_places(self.tokens(source))
        if self.form == "nothing":  # the negative control: a decoder that is shown no source
            return memory * 0
        return memory if self.encoder is None else self.encoder(memory)

    def forward(self, written: np.ndarray, memory: Tensor, cache=None, need_weights=False):
        start = 0 if cache is None else cache[0].length
        x = self.target_places(self.tokens(written), offset=start)
        y = self.decoder(x, memory, cache=cache, need_weights=need_weights)
        if not need_weights:
            return self.head(y)
        y, weights = y
        return self.head(y), weights[0][1]  # of the first layer, to the memory: (B, 1, T, S)


def shifted(target: np.ndarray) -> np.ndarray:
    """Return what has been written before each place: a start token, then all but the last."""
    return np.concatenate([np.zeros_like(target[:, :1]), target[:, :-1]], axis=1)


def train(
    data: Programs,
    seed: int,
    steps: int = STEPS,
    form: str = "tokens",
    look: Callable[[int, Translator], None] | None = None,
):
    """Return the model and its training losses; targets are read as if written ("forcing").

    `look(step, model)` is called before every step and after the last one.
    """
    rng = np.random.default_rng(seed)
    model = Translator(len(data.ids), rng, form)
    optimizer = Adam(model.parameters(), lr=RATE)
    warmup = min(WARMUP, steps // 2)
    scheduler = WarmupLR(optimizer, warmup, CosineAnnealingLR(optimizer, steps - warmup))
    loss_fn, losses = CrossEntropyLoss(), []
    for step in range(steps):
        if look:
            look(step, model)
        batch = rng.integers(0, len(data.train[0]), BATCH)
        source, target = (part[batch] for part in data.train)
        scores = model(shifted(target), model.memory(source))
        loss = loss_fn(scores.reshape(-1, len(data.ids)), target.reshape(-1))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        losses.append(loss.item())
    if look:
        look(steps, model)
    return model.eval(), losses


def translate(model: Translator, source: np.ndarray) -> np.ndarray:
    """Write greedily, each token read once: keys and values are kept in a cache."""
    with no_grad():
        memory, cache = model.memory(source), model.decoder.new_cache()
        read, written = np.zeros((len(source), 1), np.int64), []
        for _ in range(source.shape[1]):
            scores = model(read, memory, cache)
            read = scores.data[:, -1].argmax(-1)[:, None]
            written.append(read)
    return np.concatenate(written, axis=1)


def share_exact(model: Translator, programs: tuple[np.ndarray, np.ndarray]) -> float:
    """Return how many programs come out right in every token."""
    source, target = programs
    return float((translate(model, source) == target).all(axis=1).mean())


def alignment(
    model: Translator, source: np.ndarray, target: np.ndarray | None = None
) -> np.ndarray:
    """Return the weights (B, T, S) of the source's tokens while each token is being written.

    What is written is the model's own translation, or the target where one is given.
    """
    written = translate(model, source) if target is None else target
    with no_grad():
        _, weights = model(shifted(written), model.memory(source), None, True)
    return weights.data[:, 0]


# What is written at these places depends on the source: both names and the operator are copied or
# renamed. The second is always "=".
ASKED = [0, 2, 3, 4]


def weight_on_the_right_token(model: Translator, source: np.ndarray) -> np.ndarray:
    """Return the weight of the token at the same place, (B, 4), at the places that depend on it."""
    return alignment(model, source)[:, ASKED, ASKED]
