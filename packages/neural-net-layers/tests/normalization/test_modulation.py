"""Adaptive layer normalization."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, grad
from neural_net_core.testing import gradcheck
from neural_net_layers import AdaptiveLayerNorm, layer_norm, modulate


def test_a_case_worked_by_hand():
    leaves = [Tensor(v, requires_grad=True) for v in ([[1.0, 2.0]], [[10.0, 0.0]], [[0.0, 1.0]])]
    y = modulate(*leaves)
    assert y.tolist() == [[11, 4]]
    dx, dshift, dscale = grad(y, leaves, gradient=np.array([[1.0, 10.0]]))
    assert dx.tolist() == [[1, 20]]
    assert dshift.tolist() == [[1, 10]]
    assert dscale.tolist() == [[1, 20]]


@pytest.mark.parametrize("inner", [(), (4,), (4, 5)])
def test_a_condition_of_an_example_acts_on_all_its_positions(inner):
    rng = np.random.default_rng(0)
    x, shift, scale = (
        Tensor(rng.normal(size=s), np.float64, requires_grad=True)
        for s in [(2, *inner, 3), (2, 3), (2, 3)]
    )
    per_position = (2, *[1] * len(inner), 3)
    y = modulate(x, shift, scale)
    plain = x * (scale.reshape(per_position) + 1) + shift.reshape(per_position)
    np.testing.assert_allclose(y.data, plain.data)
    dy = rng.normal(size=y.shape)
    for one, other in zip(
        grad(y, [x, shift, scale], dy), grad(plain, [x, shift, scale], dy), strict=True
    ):
        np.testing.assert_allclose(one, other)


def test_lists_of_integers_are_numbers_of_the_default_dtype():
    y = modulate([[1, 2]], [[10, 0]], [[0, 1]])
    assert y.dtype == np.float32
    assert y.tolist() == [[11, 4]]


def test_an_example_may_be_one_row_of_features():
    y, gate = AdaptiveLayerNorm(3, 5)(np.ones((2, 3)), np.ones((2, 5)))
    assert y.shape == gate.shape == (2, 3)


def test_a_number_of_features_that_is_none_is_named():
    for sizes, name in (((0, 5), "features"), ((3, 0), "condition_features")):
        with pytest.raises(ValueError, match=f"AdaptiveLayerNorm: {name} must be an int >= 1"):
            AdaptiveLayerNorm(*sizes)


def test_scale_0_and_shift_0_leave_the_input():
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    zero = np.zeros((2, 3), np.float32)
    np.testing.assert_array_equal(modulate(x, zero, zero).data, x)


@pytest.mark.parametrize(
    ("shift", "scale", "name"), [((2, 4), (2, 3), "shift"), ((2, 3), (3, 3), "scale")]
)
def test_a_condition_of_a_wrong_size_is_named(shift, scale, name):
    with pytest.raises(ShapeError, match=f"expected {name} to broadcast to"):
        modulate(np.zeros((2, 4, 3)), np.zeros(shift), np.zeros(scale))


def test_a_condition_larger_than_the_input_is_refused():
    """Broadcasting the other way would quietly make more examples."""
    with pytest.raises(ShapeError, match=r"to \(1, 3\), got \(2, 3\)"):
        modulate(np.zeros((1, 3)), np.zeros((2, 3)), np.zeros((1, 3)))


def test_a_block_begins_as_the_identity_and_the_condition_can_be_learned():
    layer = AdaptiveLayerNorm(3, 5)
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(2, 4, 3)), requires_grad=True)
    y, gate = layer(x, rng.normal(size=(2, 5)))
    np.testing.assert_array_equal(y.data, layer_norm(x, 3).data)
    np.testing.assert_array_equal((x + gate * y).data, x.data)
    (x + gate * y).sum().backward()
    assert layer.modulation.weight.grad[6:].any()  # the gate's rows: from there the rest wakes


def test_shift_scale_and_gate_stand_in_this_order():
    layer = AdaptiveLayerNorm(2, 1, eps=0.0)
    layer.modulation.bias.data[:] = [10, 20, 1, 2, 5, 6]
    y, gate = layer([[[1.0, 3.0]]], [[0.0]])
    np.testing.assert_allclose(y.data, [[[-1 * 2 + 10, 1 * 3 + 20]]])
    assert gate.tolist() == [[[5, 6]]]
    assert list(layer.state_dict()) == ["modulation.weight", "modulation.bias"]


def test_gradients_reach_everything():
    layer = AdaptiveLayerNorm(3, 2).astype(np.float64)
    rng = np.random.default_rng(0)
    for parameter in layer.parameters():
        parameter.data[...] = rng.normal(size=parameter.shape)
    inputs = [rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 2)), *layer.parameters()]
    assert gradcheck(lambda x, c, *_: layer(x, c), inputs)


@pytest.mark.parametrize(
    ("x", "condition"),
    [((2, 4, 3), (3, 5)), ((2, 4, 3), (5,)), ((3,), (1, 5)), ((2, 3), (2, 1, 5))],
)
def test_a_condition_that_does_not_fit_the_batch_is_named(x, condition):
    with pytest.raises(ShapeError, match="AdaptiveLayerNorm: expected x"):
        AdaptiveLayerNorm(3, 5)(np.zeros(x), np.zeros(condition))
