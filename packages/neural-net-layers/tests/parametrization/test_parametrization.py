"""What every parametrization of a layer has in common, whatever the layer and the name."""

import copy
from functools import partial

import numpy as np
import pytest

import neural_net_layers
from neural_net_core import (
    Dense,
    Parameter,
    Sequential,
    Tanh,
    Tensor,
    load_checkpoint,
    no_grad,
    no_init,
    save_checkpoint,
)
from neural_net_layers import (
    LSTM,
    Conv2D,
    ConvTranspose2D,
    Embedding,
    LayerNorm,
    MultiHeadAttention,
    remove_parametrizations,
    spectral_norm,
    weight_norm,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def numbers(*shape):
    return rng(1).normal(size=shape).astype(np.float32)


# A layer, the name of one of its parameters, and an input.
LAYERS = {
    "dense": (lambda: Dense(4, 3, rng=rng()), "weight", numbers(5, 4)),
    "bias": (lambda: LayerNorm(4), "weight", numbers(5, 4)),
    "convolution": (lambda: Conv2D(2, 3, 3, rng=rng()), "weight", numbers(2, 2, 5, 5)),
    "transposed": (lambda: ConvTranspose2D(2, 3, 3, rng=rng()), "weight", numbers(2, 2, 5, 5)),
    "lstm": (lambda: LSTM(4, 3, rng=rng()), "weight_hh_l0", numbers(2, 5, 4)),
    "attention": (lambda: MultiHeadAttention(4, 2, rng=rng()), "in_proj_weight", numbers(2, 5, 4)),
    "embedding": (lambda: Embedding(6, 3, rng=rng()), "weight", np.array([[0, 5, 2]])),
}
KINDS = {
    "weight_norm": weight_norm,
    "spectral_norm": partial(spectral_norm, rng=rng(2)),
}
every_layer = pytest.mark.parametrize("made", LAYERS.values(), ids=LAYERS)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def run(layer, x):
    y = layer(x)
    return (y[0] if isinstance(y, tuple) else y).data


@every_layer
def test_weight_norm_changes_nothing_at_first(made):
    make, name, x = made
    before = run(make(), x)
    np.testing.assert_allclose(run(weight_norm(make(), name), x), before, rtol=1e-5, atol=1e-6)


@every_layer
@every_kind
def test_the_layer_computes_with_what_it_reads(made, kind):
    """As a plain layer that has the computed weight does."""
    make, name, x = made
    layer, plain = kind(make(), name), make()
    if name == "weight" and isinstance(plain, LayerNorm):
        layer.parametrizations[name].kept().data[...] = [1.0, 2.0, -1.0, 0.5]
    y = run(layer, x)
    with no_grad():
        getattr(plain, name).data[...] = getattr(layer, name).data
    np.testing.assert_allclose(y, run(plain, x), rtol=1e-5, atol=1e-6)


@every_layer
@every_kind
def test_every_original_gets_a_gradient_and_the_layer_trains(made, kind):
    make, name, x = made
    layer = kind(make(), name)
    y = layer(x)
    y = y[0] if isinstance(y, tuple) else y
    (y * numbers(*y.shape)).sum().backward()
    for path, p in layer.named_parameters():
        assert p.grad is not None, path
        assert p.grad.shape == p.shape
    assert not any(path == name for path, _ in layer.named_parameters())


@every_kind
def test_it_stays_a_layer_of_its_kind(kind):
    layer = kind(Dense(4, 3, rng=rng()))
    assert isinstance(layer, Dense)
    assert type(layer).__name__ == "ParametrizedDense"
    assert repr(layer).startswith("ParametrizedDense(4 -> 3")
    assert (layer.in_features, layer.weight.shape) == (4, (3, 4))
    assert isinstance(layer.weight, Tensor)
    assert not isinstance(layer.weight, Parameter)
    with pytest.raises(ValueError, match=r"expected input \(..., 4\), got \(2, 3\)"):
        layer(np.ones((2, 3)))
    with pytest.raises(TypeError, match="unknown argument 'input': here it is x"):
        layer(input=np.ones((2, 4)))


@every_kind
def test_the_parameter_keeps_its_identity_until_it_is_put_back(kind):
    layer = Dense(4, 3, rng=rng())
    weight, bias = layer.weight, layer.bias
    kind(layer)
    assert any(p is weight for p in layer.parameters())
    value = layer.weight.data
    assert remove_parametrizations(layer, "weight") is layer
    assert type(layer) is Dense
    assert layer.weight is weight
    assert layer.bias is bias
    np.testing.assert_array_equal(weight.data, value)
    assert list(layer.state_dict()) == ["bias", "weight"]
    kind(layer)  # and again


@every_kind
def test_reading_changes_nothing(kind):
    layer = kind(Dense(4, 3, rng=rng()))
    before = layer.state_dict()
    values = [layer.weight.data for _ in range(3)]
    assert values[0].tobytes() == values[1].tobytes() == values[2].tobytes()
    after = layer.state_dict()
    assert all(before[key].tobytes() == after[key].tobytes() for key in before)


@every_kind
def test_a_state_goes_into_another_layer(kind):
    net = Sequential(kind(Dense(4, 3, rng=rng())), Tanh(), kind(Dense(3, 2, rng=rng(3))))
    other = Sequential(kind(Dense(4, 3)), Tanh(), kind(Dense(3, 2)))
    held = dict(other.named_parameters())
    other.load_state_dict(net.state_dict())
    x = numbers(5, 4)
    np.testing.assert_array_equal(other.eval()(x).data, net.eval()(x).data)
    assert all(p is held[path] for path, p in other.named_parameters())


@every_kind
def test_several_parameters_of_one_layer(kind):
    layer, x = LSTM(4, 3, rng=rng()), numbers(2, 5, 4)
    names = ["weight_ih_l0", "weight_hh_l0"]
    for name in names:
        kind(layer, name)
    assert type(layer).__name__ == "ParametrizedLSTM"
    assert list(layer.parametrizations) == names
    expected = run(layer.eval(), x)
    remove_parametrizations(layer, names[0])
    assert list(layer.parametrizations) == names[1:]
    np.testing.assert_allclose(run(layer, x), expected, rtol=1e-6)
    remove_parametrizations(layer, names[1])
    assert type(layer) is LSTM
    assert not hasattr(layer, "parametrizations")
    np.testing.assert_allclose(run(layer, x), expected, rtol=1e-6)


@every_kind
def test_copies_are_independent(kind):
    layer, x = kind(Dense(4, 3, rng=rng())), numbers(5, 4)
    twin = copy.deepcopy(layer).eval()
    expected = run(twin, x)
    for p in layer.parameters():
        p.data *= 3
    run(layer, x)
    np.testing.assert_array_equal(run(twin, x), expected)


@every_kind
def test_mode_dtype_and_frozen_parameters_are_those_of_the_layer(kind):
    layer = Dense(4, 3, rng=rng()).eval()
    layer.weight.requires_grad_(False)
    kind(layer)
    assert all(not module.training for module in layer.modules())
    assert not layer.weight.requires_grad
    assert all(not p.requires_grad for name, p in layer.named_parameters() if name != "bias")
    layer.astype(np.float64).train()
    assert layer(numbers(2, 4)).dtype == layer.weight.dtype == np.float64
    assert all(module.training for module in layer.modules())
    with no_init():
        assert not kind(Dense(4, 3)).weight.data.any()


@every_kind
def test_what_cannot_be_parametrized_is_named(kind):
    name = "weight_norm" if kind is weight_norm else "spectral_norm"
    layer = Dense(4, 3)
    with pytest.raises(ValueError, match=f"{name}: Dense has no parameter 'w' of its own, but wei"):
        kind(layer, "w")
    with pytest.raises(ValueError, match=f"{name}: Tanh has no parameter 'weight' of its own, but"):
        kind(Tanh())
    with pytest.raises(ValueError, match=f"{name}: layer must be a Module, got 3"):
        kind(3)
    with pytest.raises(ValueError, match=f"{name}: Dense has no parameter 'bias'"):
        kind(Dense(4, 3, bias=False), "bias")
    with pytest.raises(TypeError, match=f"{name}: unknown argument 'dim': here it is axis"):
        getattr(neural_net_layers, name)(layer, dim=0)
    with pytest.raises(ValueError, match=f"{name}: axis must be an int from -2 to 1"):
        kind(layer, axis=2)
    assert type(layer) is Dense
    kind(layer)
    with pytest.raises(ValueError, match=f"{name}: weight of ParametrizedDense is parametrized"):
        kind(layer)
    with pytest.raises(TypeError, match=r"ParametrizedDense\.weight is computed"):
        layer.weight = Parameter(np.ones((3, 4)))
    with pytest.raises(ValueError, match="remove_parametrizations: 'bias' of ParametrizedDense is"):
        remove_parametrizations(layer, "bias")


@every_kind
def test_training_goes_on_to_the_bit_from_a_checkpoint(kind, tmp_path):
    """The vectors of the power iteration are part of the state."""

    def made():
        return Sequential(kind(Dense(4, 6, rng=rng())), Tanh(), kind(Dense(6, 2, rng=rng(3))))

    def train(net, seed):
        draw = rng(seed)
        for _ in range(5):
            net.zero_grad()
            (net(draw.normal(size=(6, 4))) ** 2).mean().backward()
            for p in net.parameters():
                p.data -= 0.1 * p.grad
                p.version += 1

    through = made()
    train(through, 0)
    save_checkpoint(tmp_path / "middle.safetensors", model=through)
    train(through, 1)
    resumed = made()
    load_checkpoint(tmp_path / "middle.safetensors", model=resumed)
    train(resumed, 1)
    expected = through.state_dict()
    for path, values in resumed.state_dict().items():
        assert values.tobytes() == expected[path].tobytes(), path
