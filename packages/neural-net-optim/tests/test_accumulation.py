"""Gradients of micro-batches add up to that of the large batch."""

import numpy as np
import pytest

from neural_net_core import (
    Dense,
    Parameter,
    Sequential,
    ShapeError,
    Tanh,
    cross_entropy,
    mse_loss,
)
from neural_net_optim import SGD, AdamW, GradientAccumulator, clip_grad_norm


def network():
    rng = np.random.default_rng(0)
    return Sequential(Dense(3, 8, rng=rng), Tanh(), Dense(8, 2, rng=rng))


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return (
        rng.standard_normal((5, 24, 3)).astype(np.float32),
        rng.standard_normal((5, 24, 2)).astype(np.float32),
    )


@pytest.mark.parametrize("max_norm", [None, 0.1])
@pytest.mark.parametrize("steps", [1, 2, 4, 8])
@pytest.mark.parametrize("optimizer_class", [SGD, AdamW])
def test_equals_the_large_batch(optimizer_class, steps, max_norm, data):
    """Weights within 1e-6 after five steps; decay and clipping happen once per step."""
    large, small = network(), network()
    a = optimizer_class(large.parameters(), lr=1e-2, weight_decay=0.3)
    b = optimizer_class(small.parameters(), lr=1e-2, weight_decay=0.3)
    accumulator = GradientAccumulator(b, steps, max_norm=max_norm)
    for x, y in zip(*data, strict=True):
        a.zero_grad()
        mse_loss(large(x), y).backward()
        if max_norm:
            norm = clip_grad_norm(large, max_norm)
        a.step()
        for i, (part, target) in enumerate(
            zip(np.split(x, steps), np.split(y, steps), strict=True), 1
        ):
            accumulator.backward(mse_loss(small(part), target))
            assert accumulator.step() == (i == steps)
        assert accumulator.norm == (pytest.approx(norm, rel=1e-5) if max_norm else None)
        for p, q in zip(large.parameters(), small.parameters(), strict=True):
            assert np.abs(p.data - q.data).max() < 1e-6
            assert q.grad is None
    assert not accumulator.flush()


LOSSES = {
    "mean": cross_entropy,
    "sum": lambda z, t: cross_entropy(z, t, reduction="sum"),
    "half of the sum": lambda z, t: 0.5 * cross_entropy(z, t, reduction="sum"),
    "sum / n": lambda z, t: cross_entropy(z, t, reduction="sum") / len(t),
    "times": lambda z, t: 2 * cross_entropy(z, t),
    "with a penalty": lambda z, t: cross_entropy(z, t) + 0.0 * mse_loss(z, np.zeros_like(z.data)),
    "twice": lambda z, t: cross_entropy(z, t) + cross_entropy(2 * z, t),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("max_norm", [None, 0.1])
def test_unequal_batches_give_the_gradient_of_the_large_batch(max_norm, loss):
    """Batches of 3 and 1, two of whose targets are ignored; then one of which nothing counts."""
    x = np.array([[2.0, 0.0]] * 4, np.float32)
    for labels, sizes in (
        ([1, -100, -100, 0], [3]),
        ([-100, 1, 1, 0], [1]),
        ([-100, 1, 0, 1], [1, 3]),
        ([-100, -100, -100, -100], [2]),
    ):
        large, small = (Parameter(np.eye(2, dtype=np.float32)) for _ in range(2))
        accumulator = GradientAccumulator(SGD([small], lr=1.0), len(sizes) + 1, max_norm=max_norm)
        for part, t in zip(np.split(x, sizes), np.split(np.array(labels), sizes), strict=True):
            accumulator.backward(loss(part @ small, t))
        accumulator.step()
        loss(x @ large, np.array(labels)).backward()
        if max_norm:
            clip_grad_norm([large], max_norm)
        SGD([large], lr=1.0).step()
        np.testing.assert_allclose(small.data, large.data, atol=1e-6)


def test_losses_that_no_one_weight_joins():
    """Their counts fall apart from batch to batch: a warning, once."""
    p = Parameter(np.eye(2, dtype=np.float32))
    accumulator = GradientAccumulator(SGD([p], lr=1.0), 2)

    def add(labels):
        z = np.ones((2, 2), np.float32) @ p
        accumulator.backward(cross_entropy(z, labels) + mse_loss(z, np.eye(2)))
        accumulator.step()

    add([0, 1])
    with pytest.warns(UserWarning, match="GradientAccumulator: the loss adds up"):
        add([0, -100])
    add([1, -100])
    add([1, 1])


def test_a_step_that_fails_can_be_tried_again():
    """The gradients are brought to their mean once."""
    p, q = Parameter([1.0]), Parameter([1.0])
    accumulator = GradientAccumulator(SGD([p, q], lr=1.0), 4)
    accumulator.backward((p * 2).sum())
    q.grad = np.zeros(3, np.float32)
    with pytest.raises(ShapeError):
        accumulator.flush()
    assert accumulator.count == 1
    q.grad = None
    assert accumulator.flush()
    assert float(p) == -1


def test_flush_takes_the_mean_over_what_there_is(data):
    """The last round of an epoch may be incomplete."""
    large, small = network(), network()
    a, b = SGD(large.parameters(), lr=0.1), SGD(small.parameters(), lr=0.1)
    accumulator = GradientAccumulator(b, 4)
    x, y = data[0][0], data[1][0]
    mse_loss(large(x), y).backward()
    a.step()
    for part in (slice(0, 12), slice(12, 24)):
        accumulator.backward(mse_loss(small(x[part]), y[part]))
        assert not accumulator.step()
    assert accumulator.count == 2
    assert accumulator.flush()
    assert accumulator.count == 0
    for p, q in zip(large.parameters(), small.parameters(), strict=True):
        assert np.abs(p.data - q.data).max() < 1e-6


def test_flush_skips_parameters_without_gradient():
    """One that the loss does not reach."""
    a, b = Parameter([1.0]), Parameter([1.0])
    accumulator = GradientAccumulator(SGD([a, b], lr=1.0), 2)
    accumulator.backward((a * a).sum())
    assert accumulator.flush()
    assert (float(a), float(b)) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "GradientAccumulator: steps must be a whole number >= 1, got 0"),
        ({"steps": 2, "max_norm": 0}, "max_norm must be None or a finite number > 0, got 0"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        GradientAccumulator(SGD([Parameter([1.0])]), **options)
