"""Stands for a recursive reasoner: one small cell that refines its answer again and again.

Most cycles run without a gradient and the last one with. The state is carried on, detached, from
one attempt to the next; now and then an example is replaced, its state set back; the average of the
weights answers. The task is the running parity of six bits, all six right.

Baselines: guessing gets all six right in 1 of 64 cases; the first bit copied and the others
guessed, which is the best that a linear model can do, in 1 of 32.
"""

import math

import numpy as np

from neural_net_core import (
    BCEWithLogitsLoss,
    Buffer,
    Dense,
    Module,
    Tensor,
    init,
    no_grad,
    ops,
    swiglu,
)
from neural_net_layers import RMSNorm
from neural_net_optim import EMA, AdamW, WarmupLR, clip_grad_norm

BITS, WIDTH, INNER, CYCLES, ROUNDS = 6, 32, 64, 2, 3
LINEAR_BASELINE = 1 / 32


def narrow(shape, **options):
    """LeCun's deviation, exact after truncation."""
    return init.truncated_normal(shape, std=1 / math.sqrt(shape[1]), **options)


class Cell(Module):
    """Post-norm SwiGLU without biases; the norms have no weights."""

    def __init__(self, rng):
        self.gate_up = Dense(WIDTH, 2 * INNER, bias=False, init=narrow, rng=rng)
        self.down = Dense(INNER, WIDTH, bias=False, init=narrow, rng=rng)
        self.norm = RMSNorm(WIDTH, elementwise_affine=False)

    def forward(self, state, injected):
        h = self.norm(state + injected)
        return self.norm(h + self.down(swiglu(self.gate_up(h))))


class Reasoner(Module):
    """An answer y and a scratch state z that improve each other."""

    def __init__(self, rng):
        self.read = Dense(BITS, WIDTH, bias=False, init=narrow, rng=rng)
        self.cell = Cell(rng)
        self.write = Dense(WIDTH, BITS, rng=rng)
        self.y_first = Buffer(narrow((1, WIDTH), rng=rng))
        self.z_first = Buffer(narrow((1, WIDTH), rng=rng))

    def cycle(self, x, y, z):
        for _ in range(CYCLES):
            z = self.cell(z, x + y)
        return self.cell(y, z), z

    def forward(self, bits, carried, begun):
        x = self.read(bits)
        y, z = (
            ops.where(begun[:, None], state, first)
            for state, first in zip(carried, (self.y_first, self.z_first), strict=True)
        )
        with no_grad():
            for _ in range(ROUNDS - 1):
                y, z = self.cycle(x, y, z)
        y, z = self.cycle(x, y, z)
        return self.write(y), (y.detach(), z.detach())


def every_input():
    bits = (np.arange(2**BITS)[:, None] >> np.arange(BITS) & 1).astype(np.float32)
    return bits * 2 - 1, (np.cumsum(bits, axis=1) % 2).astype(np.float32)


def empty(n):
    return tuple(Tensor(np.zeros((n, WIDTH), np.float32)) for _ in range(2))


def share_right(model, attempts=4):
    """Let the model improve its answers to all inputs a few times."""
    bits, answers = every_input()
    carried, begun = empty(len(bits)), np.zeros(len(bits), bool)
    with no_grad():
        for _ in range(attempts):
            logits, carried = model(bits, carried, begun)
            begun[:] = True
    return np.mean(((logits.data > 0) == answers).all(axis=1))


def test_a_recursive_cell_learns_running_parity():
    rng = np.random.default_rng(0)
    model, loss_fn = Reasoner(rng), BCEWithLogitsLoss()
    assert share_right(model) < 0.2
    optimizer = AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.0)
    scheduler, average = WarmupLR(optimizer, 20), EMA(model, decay=0.99)
    inputs, answers = every_input()
    n = 64
    rows, carried = rng.integers(0, len(inputs), n), empty(n)
    begun = np.zeros(n, bool)
    for _ in range(300):
        logits, carried = model(inputs[rows], carried, begun)
        assert not any(state.requires_grad for state in carried)
        loss = loss_fn(logits, answers[rows])
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        average.update()
        done = rng.random(n) < 0.3
        rows[done] = rng.integers(0, len(inputs), done.sum())
        begun = ~done
    with average.swapped():
        right = share_right(model)
    assert right > 0.9 > LINEAR_BASELINE
    assert set(model.state_dict()) >= {"y_first", "z_first", "cell.gate_up.weight"}


def test_only_the_last_round_is_recorded():
    """A graph as long as one round, whatever the number of rounds: the first has no gradient."""
    rng = np.random.default_rng(0)
    model = Reasoner(rng)
    first = Tensor(np.ones((2, WIDTH), np.float32), requires_grad=True)
    logits, _ = model(np.ones((2, BITS), np.float32), (first, first), np.ones(2, bool))
    logits.sum().backward()
    assert first.grad is None
    assert all(p.grad is not None for p in model.parameters())
