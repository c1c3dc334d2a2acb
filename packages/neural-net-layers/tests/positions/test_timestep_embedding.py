"""Numbers as waves."""

import math

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import TimestepEmbedding, timestep_embedding


@pytest.mark.parametrize("features", [2, 3, 7, 8])
def test_cosines_first_then_sines_then_a_zero_if_odd(features):
    """Written out with loops."""
    steps = [0.0, 0.25, 3.0, 999.0]
    e = timestep_embedding(np.array(steps), features, max_period=500.0).data
    half = features // 2
    for row, t in zip(e, steps, strict=True):
        angles = [t * math.exp(-math.log(500.0) * i / half) for i in range(half)]
        expected = [math.cos(a) for a in angles] + [math.sin(a) for a in angles] + [0.0]
        np.testing.assert_allclose(row, expected[:features], atol=1e-12)


def test_dtypes():
    """Floating Tensors keep theirs; anything else gets the default."""
    assert timestep_embedding([1, 2], 4).dtype == np.float32
    assert timestep_embedding(np.arange(3), 4).dtype == np.float32
    assert timestep_embedding(Tensor([1.0]), 4).dtype == np.float32
    assert timestep_embedding(np.array([1.0]), 4).dtype == np.float32
    assert timestep_embedding(Tensor([1.0], np.float64), 4).dtype == np.float64
    single = timestep_embedding(np.float32([1000.0]), 16).data
    np.testing.assert_allclose(single, timestep_embedding([1000], 16).data, atol=1e-7)


def test_the_layer_and_bad_input():
    """Nothing to learn; (B,) only; at least one cosine and one sine."""
    layer = TimestepEmbedding(6, max_period=100.0)
    assert layer.num_parameters() == 0
    assert np.array_equal(layer([1, 2]).data, timestep_embedding([1, 2], 6, 100.0).data)
    assert repr(layer) == "TimestepEmbedding(6, max_period=100.0)"
    assert repr(TimestepEmbedding(6)) == "TimestepEmbedding(6)"
    assert layer(np.zeros(0)).shape == (0, 6)
    with pytest.raises(ShapeError, match=r"expected t \(B,\), got \(2, 1\)"):
        layer([[1], [2]])
    with pytest.raises(ValueError, match="features must be an int >= 2"):
        TimestepEmbedding(1)
    with pytest.raises(ValueError, match="max_period must be a finite number > 0, got -1"):
        TimestepEmbedding(4, max_period=-1)


def test_times_from_0_to_1_are_told_apart_with_a_scale():
    times = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(
        timestep_embedding(times, 16, scale=1000.0).data, timestep_embedding(1000 * times, 16).data
    )

    def closest(layer):
        x = layer(times).data
        apart = np.linalg.norm(x[:, None] - x, axis=-1) + 10 * np.eye(len(x))
        return apart.min()

    assert closest(TimestepEmbedding(16)) < 0.2 < 1 < closest(TimestepEmbedding(16, scale=1000.0))
    assert repr(TimestepEmbedding(16, scale=1000.0)) == "TimestepEmbedding(16, scale=1000.0)"
