"""Stands for a masked-diffusion language model: one transformer block that fills in blanks.

A share t of the tokens is masked, t drawn anew for each example, and the network, told t, says
what stood there. The block's norms are steered by t through a dense layer that begins at zero, and
the output layer begins at zero too: so at first the block is the identity and every token is
equally likely.

Baselines: guessing every token with equal chances, ln 4 = 1.39 nats per masked token (with half
of them masked a quarter cannot be known: 0.35 is the best); and, for what is written, lines of
random tokens, of which hardly any follow the pattern.
"""

import math

import numpy as np
import pytest

from neural_net_core import Dense, Module, Sequential, cross_entropy, gelu, init, no_grad, silu
from neural_net_layers import (
    AdaptiveLayerNorm,
    Embedding,
    LearnedPositionalEmbedding,
    RotaryEmbedding,
    SelfAttention,
    TimestepEmbedding,
)
from neural_net_optim import EMA, AdamW, WarmupLR, clip_grad_norm
from neural_net_utils import sample_token

TOKENS, MASK, LENGTH, PERIOD = 4, 4, 9, 3
WIDTH, HEADS = 48, 3


class SiLULast(Module):
    """The time's vector, activated once for all norms."""

    def forward(self, x):
        return silu(x)


class Block(Module):
    """Attention and feed-forward, each steered and gated by the condition."""

    def __init__(self, rng):
        self.norm1, self.norm2 = (AdaptiveLayerNorm(WIDTH, WIDTH) for _ in range(2))
        rotary = RotaryEmbedding(WIDTH // HEADS, max_length=LENGTH)
        self.attention = SelfAttention(WIDTH, HEADS, position=rotary, rng=rng)
        self.up, self.down = Dense(WIDTH, 4 * WIDTH, rng=rng), Dense(4 * WIDTH, WIDTH, rng=rng)

    def forward(self, x, condition):
        y, gate = self.norm1(x, condition)
        x = x + gate * self.attention(y)
        y, gate = self.norm2(x, condition)
        return x + gate * self.down(gelu(self.up(y), approximate="tanh"))


class Denoiser(Module):
    """From tokens, some of them masked, and the share of masks to logits."""

    def __init__(self, rng):
        self.tokens = Embedding(TOKENS + 1, WIDTH, rng=rng)
        self.places = LearnedPositionalEmbedding(WIDTH, LENGTH, rng=rng)
        self.time = Sequential(TimestepEmbedding(33), Dense(33, WIDTH, rng=rng), SiLULast())
        self.block = Block(rng)
        self.norm = AdaptiveLayerNorm(WIDTH, WIDTH)
        self.head = Dense(WIDTH, TOKENS, init=init.zeros)

    def forward(self, ids, t):
        condition = self.time(t * 1000)
        x = self.block(self.places(self.tokens(ids)), condition)
        return self.head(self.norm(x, condition)[0])


def patterns(n, rng):
    """Three random tokens, again and again."""
    return np.tile(rng.integers(0, TOKENS, (n, PERIOD)), (1, LENGTH // PERIOD))


def masked(ids, t, rng):
    hidden = rng.random(ids.shape) < t[:, None]
    return np.where(hidden, MASK, ids), hidden


def loss_of(model, ids, t, rng):
    """Cross entropy at the masked places, each example's weighted by 1 / t."""
    shown, hidden = masked(ids, t, rng)
    logits = model(shown, t)
    losses = cross_entropy(
        logits.reshape(-1, TOKENS), np.where(hidden, ids, -100).ravel(), reduction="none"
    )
    weights = np.repeat(1 / t, ids.shape[1]).astype(np.float32)
    return (losses * weights).sum() / ids.size


def write(model, n, rng):
    """Fill lines of masks, one random place of each line at a time."""
    ids = np.full((n, LENGTH), MASK)
    for place in np.argsort(rng.random((n, LENGTH)), axis=1).T:
        t = np.mean(ids == MASK, axis=1).astype(np.float32)
        with no_grad():
            logits = model(ids, t)[np.arange(n), place]
        ids[np.arange(n), place] = sample_token(logits, rng=rng)
    return ids


def share_in_pattern(ids):
    return np.mean((ids[:, PERIOD:] == ids[:, :-PERIOD]).all(axis=1))


def masked_cross_entropy(model, rng, t=0.5):
    """Nats per masked token on new lines, half of each masked."""
    ids = patterns(400, rng)
    times = np.full(400, t, np.float32)
    shown, hidden = masked(ids, times, rng)
    with no_grad():
        return cross_entropy(model(shown, times)[hidden], ids[hidden]).item()


def test_it_begins_as_the_identity_and_learns_to_write():
    rng = np.random.default_rng(0)
    model = Denoiser(rng)
    baseline = math.log(TOKENS)
    assert masked_cross_entropy(model, rng) == pytest.approx(baseline, rel=1e-5)
    x = rng.normal(size=(2, LENGTH, WIDTH)).astype(np.float32)
    condition = rng.normal(size=(2, WIDTH)).astype(np.float32)
    assert np.array_equal(model.block(x, condition).data, x)
    optimizer = AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
    scheduler, average = WarmupLR(optimizer, 30), EMA(model, decay=0.98)
    for _ in range(200):
        t = rng.uniform(0.02, 1, 48).astype(np.float32)
        loss = loss_of(model, patterns(48, rng), t, rng)
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        average.update()
    random_lines = share_in_pattern(rng.integers(0, TOKENS, (2000, LENGTH)))
    with average.swapped():
        reached = masked_cross_entropy(model, rng)
        written = write(model, 200, rng)
    assert reached < baseline / 2
    assert share_in_pattern(written) > 0.9 > random_lines
    assert len(np.unique(written[:, :PERIOD], axis=0)) > 30  # of 64: not one again and again
