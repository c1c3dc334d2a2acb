"""Copies of the whole and copies of each element, and the sums that come back."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import PositionError, ShapeError, Tensor, grad, ops

ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    elements=st.floats(-9, 9, width=32),
)


def check(fn, numpys, x):
    """Compare with NumPy, and the gradient with the sum over where each element went."""
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y = fn(leaf)
    np.testing.assert_array_equal(y.data, numpys(x))
    assert y.dtype == x.dtype
    came_from = numpys(np.arange(x.size).reshape(x.shape))
    dy = np.random.default_rng(0).integers(1, 9, size=y.shape).astype(x.dtype)
    wanted = np.bincount(came_from.reshape(-1), dy.reshape(-1), x.size).reshape(x.shape)
    dx = grad(y, leaf, dy)
    assert dx.dtype == x.dtype
    np.testing.assert_array_equal(dx, wanted)


@given(x=ARRAYS, reps=st.lists(st.integers(0, 3), max_size=4).map(tuple))
def test_copies_of_the_whole_are_numpys_tile(x, reps):
    check(lambda t: ops.tile(t, reps), lambda a: np.tile(a, reps), x)
    for n in reps:
        check(lambda t, n=n: ops.tile(t, n), lambda a, n=n: np.tile(a, n), x)


@given(x=ARRAYS, n=st.integers(0, 3), data=st.data())
def test_copies_of_each_element_are_numpys_repeat(x, n, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    check(lambda t: ops.repeat_interleave(t, n, axis), lambda a: np.repeat(a, n, axis), x)


@given(x=ARRAYS, data=st.data())
def test_each_element_may_have_a_number_of_its_own(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    length = x.size if axis is None else x.shape[axis]
    counts = data.draw(hnp.arrays(np.int64, length, elements=st.integers(0, 3)))
    for given_as in (counts, counts.tolist(), Tensor(counts)):
        check(
            lambda t, c=given_as: ops.repeat_interleave(t, c, axis),
            lambda a: np.repeat(a, counts, axis),
            x,
        )


def test_the_two_do_not_mean_the_same():
    assert ops.tile([1.0, 2.0], 2).data.tolist() == [1, 2, 1, 2]
    assert ops.repeat_interleave([1.0, 2.0], 2).data.tolist() == [1, 1, 2, 2]
    for asked in (lambda: ops.repeat, lambda: Tensor([1.0]).repeat):
        with pytest.raises(AttributeError, match=r"tile \(PyTorch's.*or repeat_interleave"):
            asked()


def test_many_copies_add_up_without_loss():
    """In float32 a running sum of so many numbers is off in the third digit."""
    x = Tensor([1.0, 2.0], requires_grad=True)
    n = 200_000
    for y in (ops.tile(x, n), ops.repeat_interleave(x, n)):
        np.testing.assert_allclose(grad(y, x, np.full(2 * n, 0.1)), [n / 10] * 2, rtol=1e-5)


def test_numbers_that_count_nothing_are_refused():
    x = np.ones((2, 3))
    for wrong in (-1, 1.5, None, "2", True, (1, -2), [1.0]):
        with pytest.raises(ValueError, match="tile: reps must be a sequence of ints >= 0, got"):
            ops.tile(x, wrong)
    with pytest.raises(ValueError, match="repeat_interleave: repeats must be an int >= 0, got -1"):
        ops.repeat_interleave(x, -1)
    with pytest.raises(ValueError, match="repeats must be >= 0, got -2"):
        ops.repeat_interleave(x, [1, -2], 0)
    with pytest.raises(ShapeError, match="one number for each of 3 elements, got 2"):
        ops.repeat_interleave(x, [1, 2], 1)
    with pytest.raises(TypeError, match="repeat_interleave: repeats must be integers"):
        ops.repeat_interleave(x, [1.0, 2.0], 0)
    with pytest.raises(PositionError, match="repeat_interleave: axis must be an int"):
        ops.repeat_interleave(x, 2, 2)
