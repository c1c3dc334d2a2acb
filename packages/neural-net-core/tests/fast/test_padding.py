"""Borders slice by slice are NumPy's, and every copy hands its gradient back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops


@given(
    shape=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    mode=st.sampled_from(["reflect", "edge", "wrap"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    data=st.data(),
)
def test_the_border_is_that_of_numpy_and_the_gradient_counts_the_copies(shape, mode, dtype, data):
    widths = [data.draw(st.tuples(st.integers(0, 7), st.integers(0, 7))) for _ in shape]
    x = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    x = data.draw(st.sampled_from([x, x[::-1], np.asfortranarray(x)]))
    leaf = Tensor(x, dtype, requires_grad=True)
    y = ops.pad(leaf, widths, mode=mode)
    expected = np.pad(x, widths, mode=mode)
    np.testing.assert_array_equal(y.data, expected)
    assert y.dtype == dtype
    dy = np.random.default_rng(0).integers(-9, 9, expected.shape).astype(dtype)
    received = np.bincount(expected.ravel().astype(int), dy.ravel(), x.size)
    dx = grad(y, leaf, dy)
    np.testing.assert_array_equal(dx, received[x.astype(int)])


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_nothing_is_written_to_the_input_or_to_dy(mode):
    x, dy = np.arange(6.0), np.ones(10)
    x.setflags(write=False)
    dy.setflags(write=False)
    leaf = Tensor(x, np.float64, requires_grad=True)
    assert grad(ops.pad(leaf, 2, mode=mode), leaf, dy).sum() == 10
