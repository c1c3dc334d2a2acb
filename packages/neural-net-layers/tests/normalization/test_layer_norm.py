"""Layer normalization."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad
from neural_net_layers import LayerNorm, layer_norm


def composed(x, axes, weight=None, bias=None, eps=1e-5):
    """The definition, from primitive operations."""
    last = tuple(range(-axes, 0))
    centred = x - x.mean(last, keepdims=True)
    y = centred / ((centred**2).mean(last, keepdims=True) + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def leaves(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes]


def test_a_case_worked_by_hand():
    """x = (1, 3, 5): mean 3, variance 8/3, so with ε = 1/3 σ² = 3."""
    x = Tensor([[1.0, 3.0, 5.0]], requires_grad=True)
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    b = Tensor([0.0, 0.0, 1.0], requires_grad=True)
    y = layer_norm(x, 3, w, b, eps=1 / 3)
    s = math.sqrt(3)
    np.testing.assert_allclose(y.data, [[-2 / s, 0, 6 / s + 1]], rtol=1e-6)
    dx, dw, db = grad(y, [x, w, b], gradient=np.array([[1.0, 0.0, 0.0]]))
    # g = (1, 0, 0), mean(g) = 1/3, mean(g x̂) = −2/(3s); dx = (g − 1/3 + 2/(3s) x̂) / s
    np.testing.assert_allclose(dx, [[(2 / 3 - 4 / 9) / s, -1 / 3 / s, (-1 / 3 + 4 / 9) / s]], 1e-5)
    np.testing.assert_allclose(dw, [-2 / s, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(db, [1, 0, 0])


@pytest.mark.parametrize(
    ("shape", "axes"), [((4, 5), 1), ((5,), 1), ((2, 3, 5), 1), ((2, 3, 5), 2), ((2, 3, 5), 3)]
)
@pytest.mark.parametrize("affine", ["none", "weight", "both"])
def test_the_fused_operation_equals_its_composition(shape, axes, affine):
    inside = shape[len(shape) - axes :]
    x, *parameters = leaves(shape, *[inside] * {"none": 0, "weight": 1, "both": 2}[affine])
    fused = layer_norm(x, inside, *parameters)
    plain = composed(x, axes, *parameters)
    np.testing.assert_allclose(fused.data, plain.data, rtol=1e-12)
    dy = np.random.default_rng(1).normal(size=shape)
    for one, other in zip(
        grad(fused, [x, *parameters], dy), grad(plain, [x, *parameters], dy), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@given(
    x=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=6),
        elements=st.floats(-100, 100),
    ),
    a=st.floats(0.1, 10),
    c=st.floats(-10, 10),
)
def test_mean_0_variance_below_1_and_no_effect_of_shift_and_stretch(x, a, c):
    tensor = Tensor(x, np.float64)
    n = x.shape[-1]
    y = layer_norm(tensor, n).data
    assert np.abs(y.mean(-1)).max() < 1e-6
    assert (y.var(-1) <= 1 + 1e-9).all()
    spread = x.var(-1) > 1
    assert (np.abs(y.var(-1) - 1)[spread] < 1e-4).all()
    stretched = layer_norm(Tensor(a * x + c, np.float64), n, eps=1e-5 * a * a).data
    np.testing.assert_allclose(stretched, y, rtol=1e-6, atol=1e-6)


def test_a_constant_example_gives_the_bias_and_finite_gradients():
    x = Tensor(np.full((2, 3), 7.0), requires_grad=True)
    layer = LayerNorm(3)
    layer.bias.data[:] = [1, 2, 3]
    y = layer(x)
    np.testing.assert_array_equal(y.data, [[1, 2, 3]] * 2)  # 7/3 + 7/3 + 7/3 would not be 7
    (y**2).sum().backward()
    assert np.isfinite(x.grad).all()


def test_large_means_do_not_drown_the_variance():
    """E[x²] − E[x]² in float32 would be all rounding here."""
    x = np.array([[10_000.0, 10_001.0, 10_002.0, 10_003.0]], np.float32)
    np.testing.assert_allclose(layer_norm(x, 4).data, layer_norm(x - 10_000, 4).data, rtol=1e-4)


def test_statistics_of_long_rows_are_accurate_in_float32():
    x = np.random.default_rng(0).normal(3, 2, size=(3, 200_000))
    exact = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
    np.testing.assert_allclose(layer_norm(x.astype(np.float32), 200_000).data, exact, atol=2e-5)


def test_a_frozen_layer_passes_the_gradient_through():
    layer = LayerNorm(3).requires_grad_(False)
    x = Tensor([[1.0, 2.0, 4.0]], requires_grad=True)
    (layer(x) ** 3).sum().backward()
    assert x.grad.any()
    assert layer.weight.grad is layer.bias.grad is None


def test_integers_and_lists_are_taken_as_floating_numbers():
    assert LayerNorm(3)([[1, 2, 3]]).dtype == np.float32
    assert LayerNorm(3)(np.array([[1, 2, 3]])).dtype == np.float32


def test_parameters_carry_pytorchs_names():
    assert {k: v.shape for k, v in LayerNorm((2, 3)).state_dict().items()} == {
        "weight": (2, 3),
        "bias": (2, 3),
    }
    assert list(LayerNorm(3, bias=False).state_dict()) == ["weight"]
    assert LayerNorm(3, elementwise_affine=False).state_dict() == {}


@pytest.mark.parametrize("shape", [(32, 63), (64, 32), (), (64, 1)])
def test_a_wrong_input_is_named(shape):
    with pytest.raises(ShapeError, match=r"LayerNorm\(64\): expected input \(\.\.\., 64\), got"):
        LayerNorm(64)(np.zeros(shape))


def test_a_wrong_parameter_is_named():
    with pytest.raises(ShapeError, match=r"expected bias \(3,\), got \(4,\)"):
        layer_norm(np.zeros((2, 3)), 3, np.ones(3), np.ones(4))


@pytest.mark.parametrize("size", [0, -1, 1.5, "3", (), (3, 0), True])
def test_a_wrong_size_is_named(size):
    with pytest.raises(ValueError, match="LayerNorm: normalized_shape must be"):
        LayerNorm(size)


@pytest.mark.parametrize("eps", [-1e-5, math.nan, math.inf])
def test_a_wrong_eps_is_named(eps):
    with pytest.raises(ValueError, match="LayerNorm: eps must be"):
        LayerNorm(3, eps)
