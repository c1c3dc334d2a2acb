"""Learning rates by layer: each parameter once, ratios that schedules keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neural_net_optim as optim
from neural_net_core import Dense, Module, ModuleList, Parameter, Sequential, Tanh
from neural_net_optim.layer_wise import layer_of, layer_wise_decay


class Network(Module):
    """A token, two blocks in a list, and a head: what a fine-tuned network looks like."""

    def __init__(self):
        self.token = Parameter(np.ones((1, 3)))
        self.embedding = Dense(2, 3)
        self.blocks = ModuleList([Sequential(Dense(3, 3), Tanh(), Dense(3, 3)) for _ in range(2)])
        self.head = Dense(3, 1)


def rates(groups):
    """Each parameter's rate by its name."""
    return {name: group["lr"] for group in groups for name, _ in group["params"]}


def test_rates_fall_from_the_head_to_the_first_layer():
    groups = layer_wise_decay(Network(), 0.16, 0.5)
    assert [(group["name"], group["lr"]) for group in groups] == [
        ("token", 0.01),
        ("embedding", 0.02),
        ("blocks.0", 0.04),
        ("blocks.1", 0.08),
        ("head", 0.16),
    ]
    assert rates(groups)["blocks.0.2.bias"] == 0.04


def test_a_numbered_layer_within_a_layer_is_none_of_its_own():
    assert layer_of("encoder.layers.3.net.0.weight") == "encoder.layers.3"
    assert layer_of("0.weight") == "0"
    assert layer_of("encoder.norm.weight") == "encoder"
    assert layer_of("token") == "token"
    with pytest.raises(TypeError, match="expected the name of a parameter, got 3"):
        layer_of(3)


def test_layers_of_ones_own():
    """The token counts to the embedding; both then share the smallest rate."""

    def layers(name):
        return "embedding" if name == "token" else layer_of(name)

    groups = layer_wise_decay(Network(), 1.0, 0.5, layers=layers)
    assert next((group["name"], len(group["params"])) for group in groups) == ("embedding", 3)
    assert rates(groups)["token"] == rates(groups)["embedding.bias"] == 0.125


def test_biases_do_not_decay():
    groups = layer_wise_decay(Network(), 1.0, 0.5, weight_decay=0.1)
    decays = {name: group["weight_decay"] for group in groups for name, _ in group["params"]}
    assert {name for name, value in decays.items() if value == 0} == {
        name for name in decays if name.endswith("bias")
    }
    assert rates(groups) == rates(layer_wise_decay(Network(), 1.0, 0.5))
    # A layer without anything that decays has one group, no empty one.
    assert len(groups) == 2 * 4 + 1
    assert all(group["params"] for group in groups)
    everything = optim.penalties.everything
    groups = layer_wise_decay(Network(), 1.0, weight_decay=0.1, only=everything)
    assert len(groups) == 5


def test_an_optimizer_moves_each_layer_by_its_rate():
    """With equal gradients everywhere, SGD's moves are the rates."""
    model = Network()
    before = {name: p.data.copy() for name, p in model.named_parameters()}
    optimizer = optim.SGD(layer_wise_decay(model, 0.5, 0.5))
    for p in model.parameters():
        p.grad = np.ones_like(p.data)
    optimizer.step()
    wanted = rates(optimizer_groups := layer_wise_decay(model, 0.5, 0.5))
    assert len(optimizer_groups) == len(optimizer.param_groups)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(before[name] - p.data, wanted[name], rtol=1e-5)


SCHEDULES = {
    "cosine": lambda o: optim.CosineAnnealingLR(o, 9),
    "step": lambda o: optim.StepLR(o, 2),
    "polynomial": lambda o: optim.PolynomialLR(o, 9),
    "warmup": lambda o: optim.WarmupLR(o, 3, optim.ExponentialLR(o, 0.9)),
    "one cycle": lambda o: optim.OneCycleLR(o, [g["lr"] for g in o.param_groups], 9),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_keep_the_ratios(name):
    optimizer = optim.AdamW(layer_wise_decay(Network(), 0.1, 0.6, weight_decay=0.1))
    start = [group["lr"] for group in optimizer.param_groups]
    ratios = np.array(start) / start[-1]
    schedule = SCHEDULES[name](optimizer)
    changed = 0
    for _ in range(7):
        schedule.step()
        lrs = np.array([group["lr"] for group in optimizer.param_groups])
        np.testing.assert_allclose(lrs / lrs[-1], ratios, rtol=1e-12)
        changed += lrs[-1] != start[-1]
    assert changed


def test_the_state_is_resumed_with_its_rates():
    optimizer = optim.AdamW(layer_wise_decay(Network(), 0.1, 0.6, weight_decay=0.1))
    optim.StepLR(optimizer, 1).step()
    other = optim.AdamW(layer_wise_decay(Network(), 0.3, 0.9, weight_decay=0.2))
    other.load_state_dict(optimizer.state_dict())
    for mine, theirs in zip(optimizer.param_groups, other.param_groups, strict=True):
        assert (mine["lr"], mine["name"]) == (theirs["lr"], theirs["name"])


names = st.lists(st.sampled_from(["a", "b", "0", "1", "w"]), min_size=1, max_size=4).map(".".join)


@given(
    st.lists(names, unique=True, max_size=12),
    st.floats(0.1, 1.0),
    st.none() | st.floats(0, 1),
    st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_each_parameter_is_in_one_group(names, decay, weight_decay, matrices):
    """Whatever the names: each once, in order within its group, at most lr, never less outward."""
    pairs = [
        (name, Parameter(np.ones((1, 1) if matrix else 1)))
        for name, matrix in zip(names, matrices, strict=False)
    ]
    groups = layer_wise_decay(pairs, 0.5, decay, weight_decay=weight_decay)
    given = sorted(name for group in groups for name, _ in group["params"])
    assert given == sorted(names)
    lrs = [group["lr"] for group in groups]
    assert lrs == sorted(lrs) and lrs[-1:] in ([], [0.5])
    layers = {group["name"] for group in groups}
    assert layers == {layer_of(name) for name in names}
    for group in groups:
        same = {layer_of(name) for name, _ in group["params"]}
        assert same == {group["name"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1}, "layer_wise_decay: lr must be a finite number >= 0, got -1"),
        ({"decay": 0}, r"layer_wise_decay: decay must be a number in \(0, 1\], got 0"),
        ({"decay": -0.5}, "decay must be"),
        ({"decay": True}, "decay must be"),
        ({"decay": 1.5}, r"decay must be a number in \(0, 1\], got 1.5"),
        ({"decay": "0.5"}, "decay must be"),
        ({"weight_decay": -1}, "weight_decay must be"),
        ({"layers": 3}, "layers must be a function"),
        ({"layers": lambda name: 3}, "layers must return a text, got 3 for 'token'"),
        ({"only": 3}, "only must be a function"),
        ({"model": [Parameter([1.0])]}, "expected a module or"),
        ({"model": 3}, "expected a module or"),
    ],
)
def test_refuses(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        layer_wise_decay(**{"model": Network(), "lr": 0.1, **options})
