"""The dense layer: the formula, its gradients, its initialisation and its errors."""

import math

import numpy as np
import pytest

from neural_net_core import Dense, ShapeError, Tensor, init
from neural_net_core.testing import gradcheck


@pytest.mark.parametrize("leading", [(), (1,), (5,), (2, 3), (0,), (2, 0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_the_formula_over_any_leading_axes(leading, bias):
    rng = np.random.default_rng(1)
    layer = Dense(4, 3, bias, rng=rng)
    x = rng.normal(size=(*leading, 4)).astype(np.float32)
    expected = x @ layer.weight.data.T + (layer.bias.data if bias else 0)
    y = layer(x)
    assert y.shape == (*leading, 3) and y.dtype == np.float32
    np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-6)
    assert (layer.bias is None) != bias


def test_gradients_match_central_differences():
    rng = np.random.default_rng(2)
    layer = Dense(4, 3, rng=rng, dtype=np.float64)
    x = Tensor(rng.normal(size=(2, 5, 4)), dtype=np.float64, requires_grad=True)
    gradcheck(lambda x, w, b: x @ w.T + b, [x, layer.weight, layer.bias])
    layer(x).sum().backward()
    np.testing.assert_allclose(layer.bias.grad, [10, 10, 10])
    np.testing.assert_allclose(layer.weight.grad, np.tile(x.data.sum((0, 1)), (3, 1)))
    np.testing.assert_allclose(x.grad, np.broadcast_to(layer.weight.data.sum(0), (2, 5, 4)))


def test_the_default_initialisation_is_uniform_within_one_over_the_root_of_the_inputs():
    layer = Dense(400, 300, rng=np.random.default_rng(0))
    bound = 1 / math.sqrt(400)
    for values in (layer.weight.data, layer.bias.data):
        assert np.abs(values).max() <= bound
        np.testing.assert_allclose(values.std(), bound / math.sqrt(3), rtol=0.1)


def test_another_initialisation_leaves_the_bias_zero():
    layer = Dense(400, 300, init=init.kaiming_normal, rng=np.random.default_rng(0))
    np.testing.assert_allclose(layer.weight.data.std(), math.sqrt(2 / 400), rtol=0.02)
    assert not layer.bias.data.any()


@pytest.mark.parametrize("shape", [(32, 63), (), (64, 0)])
def test_a_wrong_input_names_the_layer_and_both_shapes(shape):
    with pytest.raises(ShapeError) as caught:
        Dense(64, 10)(np.zeros(shape))
    assert str(caught.value) == f"Dense(64 -> 10): expected input (..., 64), got {shape}"


@pytest.mark.parametrize("sizes", [(0, 1), (1, -1), (2.0, 1), ("2", 1)])
def test_bad_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="features must be an int >= 1"):
        Dense(*sizes)


def test_an_initializer_that_is_none_is_named():
    for wrong in (3, "xavier", [None], object()):
        with pytest.raises(ValueError, match="Dense: init must be an initializer"):
            Dense(2, 3, init=wrong)
    with pytest.raises(
        ShapeError, match=r"Dense: init must make an array of shape \(3, 2\), got an array"
    ):
        Dense(2, 3, init=lambda shape, **_: np.zeros((2, 3)))
