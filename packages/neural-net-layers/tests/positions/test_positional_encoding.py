"""Sinusoidal positions."""

import math

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor
from neural_net_layers import PositionalEncoding, sinusoidal_positions


@pytest.mark.parametrize("features", [1, 2, 5, 8])
def test_the_table_is_the_papers_formula(features):
    """Written out with loops and the math module, odd widths too."""
    table = sinusoidal_positions(7, features, base=100.0, dtype=np.float64)
    for p in range(7):
        for j in range(features):
            angle = p / 100.0 ** (2 * (j // 2) / features)
            expected = math.sin(angle) if j % 2 == 0 else math.cos(angle)
            assert table[p, j] == pytest.approx(expected, abs=1e-14)


def test_far_places_are_exact_in_float32():
    """Angles of thousands of radians are taken in float64 before the sine."""
    single = sinusoidal_positions(5000, 16)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, sinusoidal_positions(5000, 16, dtype="float64"), atol=1e-7)


def test_a_shift_is_a_rotation_of_each_pair():
    """P[p + k] follows from P[p] by one matrix for all p: what makes relative places easy."""
    table = sinusoidal_positions(30, 8, base=20.0, dtype="float64")
    shift = 5
    matrix, residual, *_ = np.linalg.lstsq(table[:-shift], table[shift:])
    np.testing.assert_allclose(table[:-shift] @ matrix, table[shift:], atol=1e-9)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(8), atol=1e-9)
    assert np.all(residual < 1e-18)


def test_places_are_added_from_an_offset():
    """All batches alike; with an offset as if what comes before were there."""
    layer = PositionalEncoding(6, max_length=12)
    x = np.random.default_rng(0).normal(size=(2, 3, 9, 6)).astype(np.float32)
    y = layer(x).data
    np.testing.assert_allclose(y - x, np.broadcast_to(layer.table.data[:9], x.shape), atol=1e-6)
    assert np.array_equal(layer(x[..., 4:, :], offset=4).data, y[..., 4:, :])


def test_the_table_is_no_parameter_and_not_saved():
    """Nothing to learn, nothing to store; the layer follows its model's dtype."""
    layer = PositionalEncoding(4)
    assert layer.num_parameters() == 0
    assert layer.state_dict() == {}
    x = Tensor(np.zeros((1, 2, 4)), np.float64, requires_grad=True)
    y = layer(x)
    assert y.dtype == np.float64
    y.sum().backward()
    assert np.all(x.grad == 1)


def test_too_long_and_too_wide():
    """The message says which places there are."""
    layer = PositionalEncoding(4, max_length=6)
    with pytest.raises(ShapeError, match=r"places 3 to 6 are not all among the 6.*max_length"):
        layer(np.zeros((1, 4, 4)), offset=3)
    assert layer(np.zeros((1, 3, 4)), offset=3).shape == (1, 3, 4)
    with pytest.raises(ValueError, match="offset must be an int >= 0, got -1"):
        layer(np.zeros((1, 3, 4)), offset=-1)
    with pytest.raises(ShapeError, match=r"PositionalEncoding\(4\): expected input \(..., T, 4\)"):
        layer(np.zeros((1, 3, 5)))
    with pytest.raises(ShapeError, match="expected input"):
        layer(np.zeros(4))
    with pytest.raises(ValueError, match="features must be an int >= 1, got 0"):
        PositionalEncoding(0)
    with pytest.raises(ValueError, match="base must be a finite number > 0, got 0"):
        PositionalEncoding(4, base=0)
