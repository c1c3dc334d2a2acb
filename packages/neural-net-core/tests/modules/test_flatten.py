"""Joining and splitting axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Flatten, ShapeError, Tensor, Unflatten


@given(st.lists(st.integers(0, 4), min_size=2, max_size=5))
def test_flatten_and_unflatten_are_inverse(shape):
    x = Tensor(np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    flat = Flatten()(x)
    assert flat.shape == (shape[0], int(np.prod(shape[1:])))
    np.testing.assert_array_equal(Unflatten(1, tuple(shape[1:]))(flat).data, x.data)


def test_some_axes_only():
    x = Tensor(np.zeros((2, 3, 4, 5)), requires_grad=True)
    y = Flatten(1, 2)(x)
    assert y.shape == (2, 12, 5)
    y.sum().backward()
    assert x.grad.shape == (2, 3, 4, 5)


def test_axes_that_are_not_there():
    with pytest.raises(ShapeError, match=r"Flatten\(start_axis=1, end_axis=-1\): .* got \(3,\)"):
        Flatten()(np.zeros(3))
    with pytest.raises(ShapeError, match=r"end_axis=3\): .* got \(2, 3, 4\)"):
        Flatten(1, 3)(np.zeros((2, 3, 4)))
    with pytest.raises(ShapeError, match="expected length 6 on axis 1"):
        Unflatten(1, (2, 3))(np.zeros((1, 5)))
