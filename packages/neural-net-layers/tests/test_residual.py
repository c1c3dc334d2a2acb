"""Residual connections."""

import math

import numpy as np
import pytest

from neural_net_core import Dense, Module, Sequential, ShapeError, Tensor
from neural_net_core.activations.tanh import Tanh
from neural_net_core.init import kaiming_normal
from neural_net_layers import BatchNorm1D, LayerNorm, Residual, ResidualBlock, RMSNorm


def rng(seed=0):
    return np.random.default_rng(seed)


class Double(Module):
    def forward(self, x):
        return x * 2.0


def test_residual_by_hand():
    x = Tensor([3.0, 4.0], requires_grad=True)
    y = Residual(Double())(x)
    y.backward(np.array([1.0, 10.0]))
    assert y.tolist() == [9, 12]
    assert x.grad.tolist() == [3, 30]


def test_a_shortcut_takes_the_inputs_place():
    y = Residual(Double(), shortcut=Residual(Double()))([1.0])
    assert y.tolist() == [5]


def test_parameters_are_found_under_block_and_shortcut():
    layer = Residual(Sequential(Dense(2, 3), Dense(3, 4)), shortcut=Dense(2, 4, bias=False))
    assert list(layer.state_dict()) == [
        "block.0.weight",
        "block.0.bias",
        "block.1.weight",
        "block.1.bias",
        "shortcut.weight",
    ]


def test_a_dropped_block_leaves_the_input_and_evaluation_the_sum():
    layer = Residual(Double(), drop_path=1.0)
    assert layer([[1.0]]).tolist() == [[1]]
    assert layer.eval()([[1.0]]).tolist() == [[3]]


def test_sides_of_different_shape_are_named_even_if_they_would_broadcast():
    with pytest.raises(ShapeError, match=r"got \(2, 3\) past the block and \(2, 1\) through it"):
        Residual(Dense(3, 1))(np.ones((2, 3)))


def composed(block, x):
    """The formula of a block, from its parts."""

    def branch(z):
        return block.output(block.activation(block.hidden(z)))

    shortcut = x if block.projection is None else block.projection(x)
    if block.norm is None:
        return shortcut + branch(x)
    return (
        shortcut + branch(block.norm(x)) if block.norm_first else block.norm(shortcut + branch(x))
    )


@pytest.mark.parametrize("norm", [None, LayerNorm, RMSNorm, BatchNorm1D])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("sizes", [(4,), (4, 4), (4, 6), (4, 3, 8)])
def test_a_block_equals_its_formula(norm, norm_first, sizes):
    block = ResidualBlock(*sizes, norm=norm, norm_first=norm_first, activation=Tanh(), rng=rng())
    x = Tensor(rng(1).normal(size=(5, 4)), requires_grad=True)
    y = block(x)
    np.testing.assert_array_equal(y.data, composed(block, x).data)
    assert y.shape == (5, sizes[1] if len(sizes) > 1 else 4)
    assert (block.projection is None) == (y.shape == x.shape)


def test_parts_and_their_sizes():
    block = ResidualBlock(4, 3, 8)
    assert {k: v.shape for k, v in block.state_dict().items()} == {
        "norm.weight": (4,),
        "norm.bias": (4,),
        "hidden.weight": (8, 4),
        "hidden.bias": (8,),
        "output.weight": (3, 8),
        "output.bias": (3,),
        "projection.weight": (3, 4),
    }
    assert ResidualBlock(4, 3, 8, norm_first=False).norm.normalized_shape == (3,)


def test_a_branch_scale_of_0_begins_as_the_identity_and_still_learns():
    block = ResidualBlock(4, branch_scale=0.0, rng=rng())
    x = Tensor(rng(1).normal(size=(5, 4)), requires_grad=True)
    y = block(x)
    np.testing.assert_array_equal(y.data, x.data)
    (y**2).sum().backward()
    assert block.output.weight.grad.any()


def test_a_branch_scale_acts_on_the_last_layer_only():
    plain, scaled = (ResidualBlock(4, branch_scale=s, rng=rng()) for s in (1.0, 0.5))
    for name, value in plain.state_dict().items():
        factor = 0.5 if name.startswith("output") else 1.0
        np.testing.assert_array_equal(scaled.state_dict()[name], factor * value)


def test_the_sum_of_many_blocks_grows_as_the_square_root_and_branch_scale_stops_it():
    """Variances of independent branches add up; 1/√L keeps their sum at that of one branch."""

    def spread(depth, scale):
        net = Sequential(
            *(
                ResidualBlock(64, init=kaiming_normal, branch_scale=scale, rng=rng(i))
                for i in range(depth)
            )
        )
        x = rng(99).normal(size=(200, 64)).astype(np.float32)
        return (net(x).data - x).std()

    one = spread(1, 1.0)
    assert math.sqrt(16) * 0.8 < spread(16, 1.0) / one < math.sqrt(16) * 1.25
    assert 0.8 < spread(16, 1 / math.sqrt(16)) / one < 1.25


def test_gradients_reach_the_bottom_of_a_deep_net_only_with_residuals():
    """The positive and the negative side of one experiment, with 60 tanh layers."""

    def bottom_over_top(make):
        layers = [make(i) for i in range(60)]
        y = Sequential(*layers)(rng(99).normal(size=(20, 16)))
        (y**2).sum().backward()
        sizes = [np.abs(next(layer.parameters()).grad).max() for layer in (layers[0], layers[-1])]
        return sizes[0] / sizes[1]

    plain = bottom_over_top(lambda i: Sequential(Dense(16, 16, rng=rng(i)), Tanh()))
    residual = bottom_over_top(lambda i: Residual(Sequential(Dense(16, 16, rng=rng(i)), Tanh())))
    assert plain < 1e-6
    assert residual > 1e-2


def test_dropout_and_drop_path_act_in_training_only():
    block = ResidualBlock(4, dropout=0.5, drop_path=0.5, rng=rng())
    x = rng(1).normal(size=(50, 4)).astype(np.float32)
    y = block(x).data
    kept = (y != x).any(1)
    assert 0 < kept.sum() < 50
    block.eval()
    np.testing.assert_array_equal(block(x).data, composed(block, Tensor(x)).data)


def test_a_block_of_another_dtype_is_so_throughout():
    block = ResidualBlock(4, 3, dtype=np.float64)
    assert {p.dtype for p in block.parameters()} == {np.dtype(np.float64)}
    assert block(np.ones((2, 4))).dtype == np.float64


@pytest.mark.parametrize("shape", [(2, 5), (), (4, 2)])
def test_a_wrong_input_is_named(shape):
    with pytest.raises(ShapeError, match=r"ResidualBlock\(4 -> .*\): expected input \(\.\.\., 4\)"):
        ResidualBlock(4, norm=None)(np.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "name"), [((0,), "in_features"), ((4, 0), "out"), ((4, 4, 1.5), "hidden")]
)
def test_wrong_sizes_are_named(arguments, name):
    with pytest.raises(ValueError, match=f"ResidualBlock: {name}"):
        ResidualBlock(*arguments)
