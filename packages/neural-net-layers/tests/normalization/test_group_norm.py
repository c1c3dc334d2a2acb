"""Group normalization."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad
from neural_net_layers import GroupNorm, group_norm, layer_norm


def composed(x, groups, weight=None, bias=None, eps=1e-5):
    """The definition, from primitive operations."""
    rows = x.reshape(x.shape[0], groups, -1)
    centred = rows - rows.mean(2, keepdims=True)
    y = centred / ((centred**2).mean(2, keepdims=True) + eps).sqrt()
    y = y.reshape(x.shape)
    shape = (1, x.shape[1], *[1] * (x.ndim - 2))
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def leaves(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes]


def test_a_case_worked_by_hand():
    """Groups (1, 3) and (0, 4): means 2 and 2, variances 1 and 4, so with ε = 3 σ² = 4 and 7."""
    x = Tensor([[1.0, 3.0, 0.0, 4.0]], requires_grad=True)
    w = Tensor([2.0, 4.0, 1.0, 1.0], requires_grad=True)
    y = group_norm(x, 2, w, [0.0, 0.0, 0.0, 1.0], eps=3.0)
    s = math.sqrt(7)
    np.testing.assert_allclose(y.data, [[-1, 2, -2 / s, 2 / s + 1]], rtol=1e-6)
    dx, dw = grad(y, [x, w], gradient=np.array([[1.0, 0.0, 0.0, 0.0]]))
    # g = (2, 0), mean 1, mean(g x̂) = −½; dx = (g − 1 + ½ x̂) / 2
    np.testing.assert_allclose(dx, [[0.375, -0.375, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(dw, [-0.5, 0, 0, 0])


@pytest.mark.parametrize(
    ("shape", "groups"),
    [((3, 4), 2), ((3, 4), 1), ((2, 4, 3), 4), ((2, 6, 2, 3), 3), ((1, 2, 2, 1, 2), 2)],
)
@pytest.mark.parametrize("affine", ["none", "weight", "both"])
def test_the_fused_operation_equals_its_composition(shape, groups, affine):
    parameters = [shape[1:2]] * {"none": 0, "weight": 1, "both": 2}[affine]
    x, *parameters = leaves(shape, *parameters)
    fused = group_norm(x, groups, *parameters)
    plain = composed(x, groups, *parameters)
    np.testing.assert_allclose(fused.data, plain.data, rtol=1e-11, atol=1e-13)
    dy = np.random.default_rng(1).normal(size=shape)
    for one, other in zip(
        grad(fused, [x, *parameters], dy), grad(plain, [x, *parameters], dy), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@given(hnp.arrays(np.float64, (2, 4, 3), elements=st.floats(-100, 100)), st.sampled_from([1, 2, 4]))
def test_every_group_has_mean_0_and_variance_at_most_1(x, groups):
    y = group_norm(Tensor(x, np.float64), groups).data.reshape(2, groups, -1)
    assert np.abs(y.mean(-1)).max() < 1e-6
    assert (y.var(-1) <= 1 + 1e-9).all()


def test_one_group_is_a_layer_norm_over_channels_and_positions():
    (x,) = leaves((3, 4, 5))
    np.testing.assert_allclose(group_norm(x, 1).data, layer_norm(x, (4, 5)).data, rtol=1e-12)


def test_a_constant_group_gives_the_bias_and_finite_gradients():
    x = Tensor(np.full((1, 2, 3), 7.0), requires_grad=True)
    y = group_norm(x, 2, None, [1.0, 2.0])
    np.testing.assert_array_equal(y.data, [[[1, 1, 1], [2, 2, 2]]])
    (y**2).sum().backward()
    assert np.isfinite(x.grad).all()


def test_the_saved_result_is_not_the_users_to_change():
    """Without parameters y is what backward needs: it must survive a second pass unchanged."""
    x = Tensor([[1.0, 2.0, 4.0]], requires_grad=True)
    y = group_norm(x, 1)
    first = grad((y**3).sum(), x, retain_graph=True)
    np.testing.assert_array_equal(first, grad((y**3).sum(), x))


def test_parameters_carry_pytorchs_names():
    assert {k: v.shape for k, v in GroupNorm(2, 4).state_dict().items()} == {
        "weight": (4,),
        "bias": (4,),
    }
    assert GroupNorm(2, 4, affine=False).state_dict() == {}


@pytest.mark.parametrize("shape", [(4, 5), (4,), (), (4, 3, 6)])
def test_a_wrong_input_is_named(shape):
    with pytest.raises(
        ShapeError, match=r"GroupNorm\(2, 6\): expected input \(B, 6, \.\.\.\), got"
    ):
        GroupNorm(2, 6)(np.zeros(shape))


def test_wrong_arguments_of_the_function_are_named():
    with pytest.raises(ShapeError, match=r"with C a multiple of 2, got \(4, 5\)"):
        group_norm(np.zeros((4, 5)), 2)
    with pytest.raises(ShapeError, match=r"expected weight \(4,\), got \(2,\)"):
        group_norm(np.zeros((4, 4)), 2, np.ones(2))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, 4), "num_groups must be an int >= 1, got 0"),
        ((2, 2.5), "num_channels must be an int >= 1, got 2.5"),
        ((3, 4), "multiple of num_groups, got 4 channels in 3 groups"),
        ((2, 4, -1), "eps must be a finite number >= 0"),
    ],
)
def test_wrong_hyper_parameters_are_named(arguments, text):
    with pytest.raises(ValueError, match=text):
        GroupNorm(*arguments)
