"""The fast form of pooling to a given size chooses the pixels that the textbook form chooses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, textbook
from neural_net_core.forms import is_textbook
from neural_net_layers import adaptive_max_pool2d
from neural_net_layers.fast import adaptive_max_pool2d as fast
from neural_net_layers.fast.adaptive_max_pool2d import FEW_CHANNELS

VALUES = [[0.0, 1.0, 2.0], [-np.inf, 0.0], [-np.inf], [np.inf, 0.0], [-0.0, 0.0]]


def pooled(x, to, dy):
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y = adaptive_max_pool2d(leaf, to)
    y.backward(dy)
    return y.data, leaf.grad


@given(
    values=st.sampled_from(VALUES),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    to=st.tuples(st.integers(4, 9), st.integers(8, 9)),
    nan=st.sampled_from([0, 0.0005, 0.5]),
    dtype=st.sampled_from([np.float32, np.float64]),
    piece=st.sampled_from([1, 5000, fast.PIECE]),
)
def test_equal_maxima_infinities_and_nan(values, size, to, nan, dtype, piece):
    rng = np.random.default_rng(0)
    x = rng.choice(values, size=(3, FEW_CHANNELS, *size)).astype(dtype)
    x[rng.random(x.shape) < nan] = np.nan
    dy = rng.integers(-9, 9, size=(3, FEW_CHANNELS, *to)).astype(dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "PIECE", piece)
        found = pooled(x, to, dy)
    with textbook():
        expected = pooled(x, to, dy)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == dtype


@pytest.mark.skipif(is_textbook(), reason="a promise of the fast form")
def test_without_a_gradient_nothing_but_the_maxima_is_looked_for(monkeypatch):
    x = np.random.default_rng(0).normal(size=(2, FEW_CHANNELS, 9, 9))
    expected = adaptive_max_pool2d(Tensor(x, requires_grad=True), 4).data
    monkeypatch.delattr(np, "take_along_axis")
    np.testing.assert_array_equal(adaptive_max_pool2d(Tensor(x), 4).data, expected)
