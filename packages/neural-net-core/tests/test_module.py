"""Modules: the attribute walk, state dicts, modes, hooks, notes on errors, and the summary."""

import copy

import numpy as np
import pytest

from neural_net_core import (
    Buffer,
    Dense,
    Module,
    Parameter,
    Sequential,
    ShapeError,
    StateDictError,
    Tanh,
    Tensor,
)


class Everything(Module):
    """Parameters in every place where the walk looks, and no super().__init__()."""

    def __init__(self):
        self.scale = Parameter([1.0])
        self.layers = [Dense(2, 2), Dense(2, 2, bias=False)]
        self.named = {"a": Dense(2, 1), "b": (Parameter([3.0]),)}
        self.mean = Buffer([0.0])
        self.table = Buffer([0.0], persistent=False)
        self.note = "not a parameter"

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.scale


KEYS = [
    "scale",
    "layers.0.weight",
    "layers.0.bias",
    "layers.1.weight",
    "named.a.weight",
    "named.a.bias",
    "named.b.0",
]


def test_parameters_are_found_in_definition_order():
    assert [name for name, _ in Everything().named_parameters()] == KEYS


def test_the_state_dict_has_persistent_buffers_too():
    assert list(Everything().state_dict()) == [*KEYS, "mean"]


def test_the_state_dict_is_a_copy():
    model = Everything()
    state = model.state_dict()
    model.scale.data[:] = 7
    assert state["scale"][0] == 1


def test_modules_and_children():
    model = Everything()
    names = [name for name, _ in model.named_modules()]
    assert names == ["", "layers.0", "layers.1", "named.a"]
    assert [name for name, _ in model.named_children()] == names[1:]
    assert next(model.modules()) is model


def test_a_tied_parameter_is_one_object_under_two_keys():
    a, b = Dense(3, 3), Dense(3, 3)
    b.weight = a.weight
    model = Sequential(a, b)
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert model.num_parameters() == 9 + 3 + 3
    state = model.state_dict()
    twin = Sequential(Dense(3, 3), Dense(3, 3))
    twin[1].weight = twin[0].weight
    twin.load_state_dict(state)
    assert twin[1].weight is twin[0].weight


def test_loading_copies_in_place_and_counts_a_version():
    model, other = Everything(), Everything()
    before = [(id(p), id(p.data), p.version) for p in model.parameters()]
    model.load_state_dict(other.state_dict())
    assert [(id(p), id(p.data), p.version - 1) for p in model.parameters()] == before
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(mine.data, theirs.data)


def test_loading_reports_everything_wrong_at_once_and_changes_nothing():
    model = Everything()
    before = model.state_dict()
    state = {k: v + 1 for k, v in before.items() if k != "scale"}
    state["extra"] = np.zeros(2)
    state["mean"] = np.zeros((2, 2))
    state["named.b.0"] = np.array([1 + 2j])
    with pytest.raises(StateDictError) as caught:
        model.load_state_dict(state)
    for part in (
        "missing scale (1,)",
        "unexpected extra (2,)",
        "mean: expected shape (1,), got (2, 2)",
        "named.b.0: expected dtype float32, got complex128",
    ):
        assert part in str(caught.value)
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def test_loading_without_strict_says_what_it_passed_over():
    model = Everything()
    result = model.load_state_dict({"scale": [5.0], "extra": [1.0]}, strict=False)
    assert result.unexpected_keys == ["extra"]
    assert result.missing_keys == [*KEYS[1:], "mean"]
    assert model.scale.data[0] == 5


def test_loading_float64_into_float32_keeps_the_dtype():
    model = Dense(2, 2)
    model.load_state_dict({"weight": np.ones((2, 2)), "bias": np.ones(2)})
    assert model.weight.dtype == np.float32


def test_train_and_eval_reach_everything_below():
    model = Everything()
    assert model.training and model.layers[0].training
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    assert all(module.training for module in model.train().modules())


def test_freezing_and_zero_grad():
    model = Dense(2, 1)
    model(np.ones((1, 2))).backward()
    assert model.weight.grad is not None
    model.zero_grad()
    assert model.weight.grad is None
    model.requires_grad_(False)
    assert not model(np.ones((1, 2))).requires_grad
    assert model.num_parameters() == 3 and model.num_parameters(trainable_only=True) == 0


def test_astype_keeps_identity():
    model = Everything()
    ids = [id(p) for p in model.parameters()]
    model.astype(np.float64)
    assert [id(p) for p in model.parameters()] == ids
    assert all(p.dtype == np.float64 for p in model.parameters())
    assert model.mean.dtype == np.float64


def test_apply_visits_inner_modules_first():
    seen = []
    model = Sequential(Dense(1, 1), Sequential(Tanh()))
    model.apply(lambda m: seen.append(type(m).__name__))
    assert seen[-1] == "Sequential" and sorted(seen) == [
        "Dense",
        "Sequential",
        "Sequential",
        "Tanh",
    ]


def test_a_forward_hook_sees_and_may_replace_the_output():
    layer = Dense(2, 1)
    seen = []
    handle = layer.register_forward_hook(
        lambda m, args, y: seen.append((m, args[0].shape, y.shape))
    )
    x = Tensor(np.ones((3, 2)))
    layer(x)
    assert seen == [(layer, (3, 2), (3, 1))]
    handle.remove()
    handle.remove()
    layer(x)
    assert len(seen) == 1
    with layer.register_forward_hook(lambda m, args, y: y * 0):
        assert float(layer(x).sum()) == 0
    assert float(layer(x).sum()) != 0 or float(layer.weight.data.sum()) == 0


def test_an_error_says_where_in_the_network_it_happened():
    model = Sequential(Dense(2, 3), Sequential(Tanh(), Dense(4, 1)))
    with pytest.raises(ShapeError) as caught:
        model(np.ones((1, 2)))
    assert str(caught.value) == "Dense(4 -> 1): expected input (..., 4), got (1, 3)"
    assert caught.value.__notes__ == ["in 1.1 (Dense) of Sequential"]


def test_a_module_applied_to_itself_fifty_times():
    layer = Dense(3, 3, rng=np.random.default_rng(0), dtype=np.float64)
    x = np.ones((1, 3))
    y = Tensor(x, dtype=np.float64)
    for _ in range(50):
        y = layer(y).__mul__(0.9)
    y.sum().backward()
    numeric = np.zeros((3, 3))
    weight, eps = layer.weight.data, 1e-6
    for i in np.ndindex(3, 3):
        values = []
        for sign in (1, -1):
            w = weight.copy()
            w[i] += sign * eps
            h = x
            for _ in range(50):
                h = (h @ w.T + layer.bias.data) * 0.9
            values.append(h.sum())
        numeric[i] = (values[0] - values[1]) / (2 * eps)
    np.testing.assert_allclose(layer.weight.grad, numeric, rtol=1e-5, atol=1e-8)


def test_a_copied_module_shares_nothing():
    model = Everything()
    twin = copy.deepcopy(model)
    twin.scale.data[:] = 9
    assert model.scale.data[0] == 1
    assert list(twin.state_dict()) == list(model.state_dict())


def test_repr_is_a_tree():
    text = repr(Sequential(Dense(2, 3), Sequential(Tanh())))
    assert text.splitlines() == [
        "Sequential(",
        "  (0): Dense(2 -> 3)",
        "  (1): Sequential(",
        "    (0): Tanh()",
        "  )",
        ")",
    ]


def test_the_summary_counts_and_leaves_no_trace():
    model = Sequential(Dense(64, 128), Tanh(), Dense(128, 10))
    text = model.summary((1, 64))
    assert "9,610 parameters" in text.splitlines()[-1]
    assert "(1, 128)" in text and "8,320" in text and "1,290" in text
    assert model.training and not model[0]._forward_hooks
