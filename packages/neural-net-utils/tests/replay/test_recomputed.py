"""A recorded step with blocks that are computed again: the same bits, or a reason."""

import gc

import numpy as np
import pytest

from neural_net_core import (
    Buffer,
    Dense,
    Module,
    Op,
    ReLU,
    Sequential,
    Tanh,
    default_rng,
    no_grad,
    observing,
    recompute,
    seed,
)
from neural_net_utils import RecordedStep

rng = np.random.default_rng(0)
X = rng.normal(size=(9, 6, 4)).astype(np.float32)
Y = rng.normal(size=(9, 6, 4)).astype(np.float32)


class Centered(Module):
    """x minus the batch's mean, which a buffer follows."""

    def __init__(self):
        self.mean = Buffer(np.zeros(4))

    def forward(self, x):
        mean = x.mean(0)
        values = observing.array_of(self.mean)
        values += 0.1 * (mean.data - values)
        self.mean.version += 1
        return x - mean


class MaskOp(Op):
    """y = x m."""

    def forward(self, x, mask):
        self.mask = mask
        return x * mask

    def backward(self, dy):
        return dy * self.mask, None


class Dropped(Module):
    """Sets half of the numbers to zero."""

    def forward(self, x):
        return MaskOp.apply(
            x, observing.drawn(default_rng().random, x.shape, dtype=np.float32) > 0.5
        )


def trained(kind, call, recorded):
    """Return all weights and buffers after nine steps, and why the last was not replayed."""
    seed(0)
    blocks = [Sequential(Dense(4, 4), kind(), Tanh()) for _ in range(3)]
    model = Sequential(*blocks)

    def loss_of(x, y):
        for block in blocks:
            x = call(block, x)
        return ((x - y) ** 2).mean()

    step, why = RecordedStep(loss_of, model=model), None
    for x, y in zip(X, Y, strict=True):
        model.zero_grad()
        if recorded:
            step.gradients(x, y)
            why = step.why_eager
        else:
            loss_of(x, y).backward()
        with no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
    return [x.data.tobytes() for x in (*model.parameters(), *model.buffers())], why


@pytest.fixture(autouse=True)
def _undisturbed():
    """Keep out what Hypothesis does whenever memory is collected: a record watches all code."""
    gc.disable()
    yield
    gc.enable()


def plainly(block, x):
    return block(x)


@pytest.mark.parametrize("kind", [ReLU, Centered])
def test_it_is_replayed_to_the_same_bits(kind):
    expected, _ = trained(kind, plainly, recorded=False)
    assert trained(kind, recompute, recorded=True) == (expected, None)


def test_with_random_numbers_it_runs_as_it_is_written_and_says_so():
    expected, _ = trained(Dropped, plainly, recorded=False)
    found, why = trained(Dropped, recompute, recorded=True)
    assert found == expected
    assert "random" in why
