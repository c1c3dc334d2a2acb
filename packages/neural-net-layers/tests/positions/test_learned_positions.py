"""Learned positions."""

import numpy as np
import pytest

from neural_net_core import ShapeError, init
from neural_net_layers import LearnedPositionalEmbedding


def rng():
    return np.random.default_rng(2)


def test_rows_are_added_and_learn():
    """y = x + W[offset + t]; places that were not used get no gradient."""
    layer = LearnedPositionalEmbedding(3, 6, rng=rng())
    x = rng().normal(size=(2, 4, 3)).astype(np.float32)
    y = layer(x, offset=1)
    np.testing.assert_allclose(y.data, x + layer.weight.data[1:5])
    dy = rng().normal(size=y.shape).astype(np.float32)
    y.backward(dy)
    np.testing.assert_allclose(layer.weight.grad[1:5], dy.sum(axis=0), rtol=1e-6)
    assert not layer.weight.grad[[0, 5]].any()


def test_first_values():
    """Unit normal unless told otherwise."""
    assert abs(LearnedPositionalEmbedding(64, 1000, rng=rng()).weight.data.std() - 1) < 0.01
    small = LearnedPositionalEmbedding(2, 3, init=init.zeros)
    assert not small.weight.data.any()


def test_too_long_and_too_wide():
    """It cannot go on to places it has no vector for."""
    layer = LearnedPositionalEmbedding(3, 6)
    with pytest.raises(
        ShapeError, match=r"LearnedPositionalEmbedding\(3, max_length=6\): places 4 to 6"
    ):
        layer(np.zeros((1, 3, 3)), offset=4)
    with pytest.raises(ShapeError, match=r"expected input \(..., T, 3\), got \(1, 3, 2\)"):
        layer(np.zeros((1, 3, 2)))
    with pytest.raises(ValueError, match="max_length must be an int >= 1"):
        LearnedPositionalEmbedding(3, 0)
