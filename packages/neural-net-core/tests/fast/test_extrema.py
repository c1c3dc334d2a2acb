"""Maxima and minima column by column are those of NumPy, NaN and infinities included."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops, textbook
from neural_net_core.fast.extrema import FEW


@pytest.mark.parametrize("name", ["max", "min"])
@given(
    some=hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        (6, 3),
        elements=st.sampled_from([0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan]),
    ),
    stride=st.sampled_from([1, -1]),
)
def test_numbers_of_all_kinds(name, some, stride):
    function = getattr(ops, name)
    x = np.tile(some, (FEW // 6 + 1, 1))[::stride]
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y = function(leaf, -1)
    with textbook():
        expected = function(leaf, -1)
    np.testing.assert_array_equal(y.data, expected.data)
    assert y.dtype == x.dtype
    dy = np.arange(len(x), dtype=x.dtype)
    np.testing.assert_array_equal(grad(y, leaf, dy), grad(expected, leaf, dy))


def test_whole_numbers_and_booleans():
    x = np.random.default_rng(0).integers(-5, 5, (FEW, 4))
    np.testing.assert_array_equal(ops.max(x, -1).data, x.max(-1))
    assert ops.min(x, -1).dtype == x.dtype
    np.testing.assert_array_equal(ops.max(x > 0, (0, 1)).data, True)
