"""Root-mean-square normalization."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad
from neural_net_layers import RMSNorm, rms_norm


def composed(x, axes, weight=None, eps=1e-5):
    """The definition, from primitive operations."""
    y = x / ((x**2).mean(tuple(range(-axes, 0)), keepdims=True) + eps).sqrt()
    return y if weight is None else y * weight


def leaves(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes]


def test_a_case_worked_by_hand():
    """x = (1, 7): mean square 25, ρ = 5."""
    x = Tensor([[1.0, 7.0]], requires_grad=True)
    w = Tensor([1.0, 10.0], requires_grad=True)
    y = rms_norm(x, 2, w, eps=0.0)
    np.testing.assert_allclose(y.data, [[0.2, 14.0]], rtol=1e-6)
    dx, dw = grad(y, [x, w], gradient=np.array([[1.0, 0.0]]))
    # g = (1, 0), mean(g x̂) = 0.1; dx = (g − 0.1 x̂) / 5
    np.testing.assert_allclose(dx, [[0.98 / 5, -0.14 / 5]], rtol=1e-5)
    np.testing.assert_allclose(dw, [0.2, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "axes"), [((4, 5), 1), ((5,), 1), ((2, 3, 5), 1), ((2, 3, 5), 2)]
)
@pytest.mark.parametrize("affine", [False, True])
def test_the_fused_operation_equals_its_composition(shape, axes, affine):
    inside = shape[len(shape) - axes :]
    x, *parameters = leaves(shape, *[inside] * affine)
    fused = rms_norm(x, inside, *parameters, eps=1e-5)
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
        hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6),
        elements=st.floats(0.5, 100) | st.floats(-100, -0.5),
    ),
    a=st.floats(0.1, 10),
)
def test_mean_square_1_and_no_effect_of_stretching(x, a):
    n = x.shape[-1]
    y = rms_norm(Tensor(x, np.float64), n).data
    np.testing.assert_allclose((y**2).mean(-1), 1)
    np.testing.assert_allclose(rms_norm(Tensor(a * x, np.float64), n).data, y)
    np.testing.assert_array_equal(np.sign(y), np.sign(x))


def test_zeros_stay_zeros_with_finite_gradients():
    x = Tensor(np.zeros((2, 4)), requires_grad=True)
    y = RMSNorm(4)(x)
    y.sum().backward()
    assert not y.data.any()
    assert np.isfinite(x.grad).all()


def test_eps_none_is_the_step_of_the_inputs_dtype():
    """With x = ε, mean(x²) + ε = ε² + ε, so y = √(ε / (1 + ε))."""
    for dtype in (np.float32, np.float64):
        eps = float(np.finfo(dtype).eps)
        y = rms_norm(Tensor(np.full((1, 2), eps, dtype), dtype), 2).data
        np.testing.assert_allclose(y, (eps / (1 + eps)) ** 0.5, rtol=1e-6)


def test_parameters_carry_pytorchs_names():
    assert {k: v.shape for k, v in RMSNorm((2, 3)).state_dict().items()} == {"weight": (2, 3)}
    assert RMSNorm(3, elementwise_affine=False).state_dict() == {}


@pytest.mark.parametrize("shape", [(32, 63), (64, 32), ()])
def test_a_wrong_input_is_named(shape):
    with pytest.raises(ShapeError, match=r"RMSNorm\(64\): expected input \(\.\.\., 64\), got"):
        RMSNorm(64)(np.zeros(shape))


def test_a_wrong_parameter_is_named():
    with pytest.raises(ShapeError, match=r"expected weight \(3,\), got \(4,\)"):
        rms_norm(np.zeros((2, 3)), 3, np.ones(4))


def test_wrong_hyper_parameters_are_named():
    with pytest.raises(ValueError, match="RMSNorm: normalized_shape must be"):
        RMSNorm(0)
    with pytest.raises(ValueError, match="RMSNorm: eps must be a finite number >= 0, got -1"):
        RMSNorm(3, -1)
