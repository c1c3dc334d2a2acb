"""Whole numbers near x, and the gradient that rounding has not and its estimator has."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops

FUNCTIONS = [
    (ops.floor, np.floor),
    (ops.ceil, np.ceil),
    (ops.round, np.round),
    (ops.round_straight_through, np.round),
]
ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    # Halves among them, and numbers too large to have any.
    elements=st.integers(-40, 40).map(lambda n: n / 4) | st.floats(width=32),
)


@given(x=ARRAYS)
def test_values_are_numpys_and_the_gradient_is_zero_or_handed_on(x):
    for ours, numpys in FUNCTIONS:
        leaf = Tensor(x, x.dtype, requires_grad=True)
        y = ours(leaf)
        np.testing.assert_array_equal(y.data, numpys(x))
        assert (y.dtype, y.shape) == (x.dtype, x.shape)
        dy = np.random.default_rng(0).normal(size=x.shape).astype(x.dtype)
        wanted = dy if ours is ops.round_straight_through else np.zeros_like(x)
        np.testing.assert_array_equal(grad(y, leaf, dy), wanted)


@given(x=ARRAYS)
def test_the_three_stand_as_their_names_say(x):
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        below, near, above = (
            fn(Tensor(x, x.dtype)).data for fn in (ops.floor, ops.round, ops.ceil)
        )
        finite = np.isfinite(x)
        assert (below[finite] <= x[finite]).all() and (x[finite] <= above[finite]).all()
        assert ((above - below)[finite] <= 1).all()
        assert (np.abs(near - x)[finite] <= 0.5).all()
        np.testing.assert_array_equal(ops.floor(Tensor(-x, x.dtype)).data, -above)


def test_halves_go_to_the_even_one():
    assert ops.round([-1.5, -0.5, 0.5, 1.5, 2.5]).data.tolist() == [-2, 0, 0, 2, 2]
    assert Tensor([2.5]).round().data.tolist() == [2]
    assert round(Tensor([2.567]), 2) == pytest.approx(2.57)  # Python's round of one number stays


def test_integers_become_floating_numbers():
    for ours, _ in FUNCTIONS:
        assert ours(np.array([1, 2])).dtype == np.float32


def test_a_weight_of_few_steps_learns_through_its_rounding():
    """With the derivative 0 it would stay where it began."""
    targets = np.array([0.5, -1.25, 2.0])
    for through, moves in ((ops.round_straight_through, True), (ops.round, False)):
        w = Tensor(np.zeros(3), np.float64, requires_grad=True)
        for _ in range(200):
            loss = ((through(w * 4) / 4 - targets) ** 2).sum()
            w.data -= 0.05 * grad(loss, w)
        assert (loss.item() == 0) is moves
        assert np.any(w.data != 0) is np.bool_(moves)


@pytest.mark.parametrize(("power", "at_x", "on_average"), [(1, 1, 1), (2, 0.6, 1), (4, 1.2, 2)])
def test_the_estimate_is_biased_as_the_documentation_says(power, at_x, on_average):
    """With noise u, uniform over one step, the expected loss has a derivative to compare with.

    At x between 0 and 1, E[round(x + u)ⁿ] = (1 − x) 0ⁿ + x 1ⁿ = x, which has the slope 1. The
    estimate is n yⁿ⁻¹ at the y that came: 1 if n = 1, else n x on average.
    """
    u = (np.arange(1000) + 0.5) / 1000 - 0.5

    def estimate(x):
        leaf = Tensor(x, np.float64, requires_grad=True)
        return grad((ops.round_straight_through(leaf) ** power).sum(), leaf).mean()

    assert estimate(0.3 + u) == pytest.approx(at_x)
    everywhere = (np.arange(100) + 0.5)[:, None] / 100 + u
    assert estimate(everywhere) == pytest.approx(on_average)
