"""Modules: the attribute walk, state dicts, modes, hooks, notes on errors, and the summary."""

import copy
import dataclasses
import enum
from collections import OrderedDict, UserDict, UserList, deque
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from neural_net_core import (
    Buffer,
    Checkpoint,
    Dense,
    DTypeError,
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


class Holder(Module):
    """Holds anything under one attribute."""

    def __init__(self, part):
        self.b = part

    def forward(self, x):
        return x


WALKS = {
    "parameters": lambda m: list(m.parameters()),
    "named_parameters": lambda m: list(m.named_parameters(remove_duplicate=False)),
    "modules": lambda m: list(m.modules()),
    "state_dict": lambda m: m.state_dict(),
    "load_state_dict": lambda m: m.load_state_dict({}, strict=False),
    "eval": lambda m: m.eval(),
}
one, two = Dense(1, 1), Dense(1, 1)
ENUM = enum.Enum("Kind", {"A": "a"}, type=str)


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize(
    ("part", "first", "second"),
    [
        ({"a.b": one, "a": {"b": two}}, "self.b['a.b'] (Dense)", "self.b['a']['b'] (Dense)"),
        ({1: one, "1": two}, "self.b[1] (Dense)", "self.b['1'] (Dense)"),
        ({"1": Parameter([1.0]), 1: two}, "self.b['1'] (Parameter)", "self.b[1] (Dense)"),
        ({None: Buffer([1.0]), "None": Buffer([1.0])}, "self.b[None]", "self.b['None'] (Buffer)"),
        ({"0.1": one, 0: [Tanh(), two]}, "self.b['0.1'] (Dense)", "self.b[0][1] (Dense)"),
        ({"a.weight": Parameter([1.0]), "a": one}, "self.b['a.weight']", "self.b['a'].weight"),
        ({ENUM.A: one, "b": {"x": Sequential(two)}, "b.x.0": one}, "['x'].0 (Dense)", "['b.x.0']"),
        ([{"0.weight": Parameter([1.0])}, {"x": one}, {1: one, "1": two}], "[2][1]", "[2]['1']"),
    ],
    ids=repr,
)
def test_two_parts_under_one_path_are_both_named(walk, part, first, second):
    with pytest.raises(StateDictError) as caught:
        WALKS[walk](Holder(part))
    assert first in str(caught.value) and second in str(caught.value)


def test_an_attribute_and_a_dict_can_meet_as_well():
    model = Holder({"c": one})
    vars(model)["b.c"] = two
    with pytest.raises(StateDictError, match=r"self\.b\['c'\] \(Dense\) and self\.b\.c \(Dense\)"):
        model.state_dict()


def test_a_module_with_a_clash_can_still_be_looked_at():
    assert "self.b[1] (Dense) and self.b['1'] (Dense)" in repr(Holder({1: one, "1": two}))
    assert "(b.y)" in repr(Sequential(Holder({"x": {1: one, "1": two}}), Holder({"y": one})))


def test_one_part_under_one_path_twice_is_no_clash():
    model = Holder({"a.b": one, "a": {"b": one}})
    assert list(model.state_dict()) == ["b.a.b.weight", "b.a.b.bias"]
    assert list(Holder({1: one, "2": one}).state_dict()) == [
        f"b.{i}.{name}" for i in (1, 2) for name in ("weight", "bias")
    ]


def test_an_enum_that_is_a_text_is_a_key_like_its_text():
    assert list(Holder({ENUM.A: one}).state_dict()) == ["b.a.weight", "b.a.bias"]


def test_a_module_may_know_its_parent():
    """Directly, through a list, or a module between them: no part is inside itself."""
    for wrap in (lambda m: m, lambda m: [m], lambda m: {"up": (m,)}, Holder):
        parent, child = Holder(None), Dense(2, 2)
        parent.b = child
        child.parent = wrap(parent)
        assert list(parent.state_dict()) == ["b.weight", "b.bias"]
        assert [k for k, _ in parent.named_parameters(remove_duplicate=False)] == [
            "b.weight",
            "b.bias",
        ]
        assert next(parent.modules()) is parent
        assert "Dense(2 -> 2" in repr(parent) and "..." in repr(parent)
        parent.load_state_dict(parent.state_dict())
        parent.eval().astype(np.float64)
        assert child.weight.dtype == np.float64 and not child.training
        assert "Dense" in parent.summary((1, 2))
        twin = copy.deepcopy(parent)
        assert list(twin.state_dict()) == list(parent.state_dict())
        twin.b.weight.data[:] = 7
        assert not (child.weight.data == 7).any()


def test_siblings_may_know_each_other():
    a, b = Dense(1, 1, bias=False), Dense(1, 1, bias=False)
    a.other, b.other = b, a
    model = Sequential(a, b)
    assert [k for k, _ in model.named_parameters()] == ["0.weight", "0.other.weight"]
    assert list(model.state_dict()) == ["0.weight", "0.other.weight", "1.weight", "1.other.weight"]
    items = []
    items.append(items)
    assert list(Holder([items, a]).parameters()) == [a.weight, b.weight]


def test_a_chain_of_ten_thousand_modules_is_walked():
    inner = None
    for _ in range(10_000):
        inner = Holder(inner)
    inner.last = Dense(1, 1)
    assert len(list(inner.modules())) == 10_001
    assert list(inner.state_dict()) == ["last.weight", "last.bias"]


@pytest.mark.parametrize("wrong", ["no", "false", 0, None, [], np.ones(2)], ids=repr)
def test_a_flag_is_true_or_false(wrong):
    model = Sequential(Dense(1, 1))
    for call in (
        model.train,
        model.requires_grad_,
        lambda flag: model.load_state_dict(model.state_dict(), strict=flag),
        lambda flag: model.num_parameters(trainable_only=flag),
    ):
        with pytest.raises(ValueError, match="must be True or False, got"):
            call(wrong)
    assert model.training and model[0].training and model[0].weight.requires_grad


def test_parts_in_slots_are_parts():
    class Slotted(Module):
        __slots__ = ("head", "unset")

        def __init__(self):
            self.body, self.head = Dense(1, 1), Dense(1, 2)

    class Below(Slotted):
        __slots__ = "scale"

        def __init__(self):
            super().__init__()
            self.scale = Parameter([1.0])

    assert set(Slotted().state_dict()) == {
        "body.weight", "body.bias", "head.weight", "head.bias",
    }  # fmt: skip
    assert len(list(Below().parameters())) == 5
    assert "(head): Dense(1 -> 2)" in repr(Below())

    @dataclasses.dataclass(slots=True, eq=False, repr=False)
    class Data(Module):
        head: Dense
        scale: float = 1.0

    assert list(Data(Dense(1, 1)).state_dict()) == ["head.weight", "head.bias"]


def test_parts_in_every_ordered_collection_are_parts():
    for held in (deque([one]), MappingProxyType({"0": one}), OrderedDict({0: one}), (one,)):
        assert list(Holder(held).state_dict()) == ["b.0.weight", "b.0.bias"]


@pytest.mark.parametrize("kind", [set, frozenset])
def test_parts_in_a_set_are_refused_and_not_lost(kind):
    for part in (Dense(1, 1), Parameter([1.0])):
        for held in (kind([part]), [kind([part])]):
            with pytest.raises(
                StateDictError, match=r"a (frozen)?set holds a .*no order.*; use a list"
            ):
                list(Holder(held).parameters())
    assert list(Holder(kind(["words", 1])).parameters()) == []
    assert list(Holder(kind()).parameters()) == []


def test_a_clash_of_paths_does_not_hide_another_error():
    class Failing(Module):
        def forward(self, x):
            raise KeyError("the error itself")

    model = Sequential(Failing())
    model[0].b = {1: one, "1": two}
    with pytest.raises(KeyError, match="the error itself"):
        model(np.ones(1))


def tied():
    """Three names of one weight, two of one bias, one of another."""
    model = Sequential(Dense(2, 2), Dense(2, 2), Dense(2, 2))
    model[1].weight = model[2].weight = model[0].weight
    model[2].bias = model[0].bias
    return model


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("weight", ["0.weight", "1.weight", "2.weight"])
@pytest.mark.parametrize("bias", ["0.bias", "2.bias"])
def test_a_tied_parameter_is_loaded_if_any_of_its_paths_came(strict, weight, bias):
    model = tied()
    new = np.arange(4.0).reshape(2, 2)
    result = model.load_state_dict({weight: new, bias: [5, 6], "1.bias": [7, 8]}, strict=strict)
    assert result == ([], [])
    for i in range(3):
        np.testing.assert_array_equal(model[i].weight.data, new)
    assert model[0].bias.data.tolist() == model[2].bias.data.tolist() == [5, 6]
    assert model[1].weight is model[0].weight


def test_a_tied_parameter_that_did_not_come_at_all_is_missing():
    with pytest.raises(StateDictError, match=r"missing 0\.bias \(2,\), 2\.bias \(2,\)"):
        tied().load_state_dict({"1.weight": np.ones((2, 2)), "1.bias": [1, 1]})
    result = tied().load_state_dict({"1.bias": [1, 1]}, strict=False)
    assert result.missing_keys == ["0.weight", "0.bias", "1.weight", "2.weight", "2.bias"]


def test_an_optional_buffer_may_be_absent():
    class Counting(Module):
        def __init__(self):
            self.mean = Buffer([0.0])
            self.count = Buffer(np.array(3), optional=True)

    model = Counting()
    assert model.load_state_dict({"mean": [2.0]}) == ([], [])
    assert model.mean.data == 2 and model.count.data == 3
    assert model.load_state_dict({"mean": [2.0], "count": 5}) == ([], [])
    assert model.count.data == 5
    with pytest.raises(StateDictError, match="missing mean"):
        model.load_state_dict({"count": 6})
    assert model.count.data == 5
    assert copy.deepcopy(model).load_state_dict({"mean": [2.0]}) == ([], [])


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (None, "got NoneType None"),
        ("weights.safetensors", r"got str 'weights\.safetensors'; load_tensors\(path\)"),
        (Path("weights"), r"got PosixPath .*; load_tensors\(path\)"),
        (Dense(1, 1), r"got Dense Dense\(1 -> 1\); give its state_dict\(\)"),
        (Checkpoint(model={"weight": [1.0]}), "got Checkpoint .*; give its model"),
        ([("weight", 1)], r"got list \[\('weight', 1\)\]"),
        (3, "got int 3"),
        (np.ones(2), "got ndarray"),
        (iter([]), "got list_iterator"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_state_that_is_no_mapping_is_refused(state, text, strict):
    with pytest.raises(StateDictError, match=f"^Dense: expected a state dict.*{text}"):
        Dense(1, 1).load_state_dict(state, strict=strict)


def test_numbers_that_the_dtype_cannot_hold_are_refused():
    model = Dense(1, 2)
    before = model.state_dict()
    huge = float(np.finfo(np.float32).max) * 4
    with pytest.raises(StateDictError, match="bias: got float64 numbers that float32 cannot"):
        model.load_state_dict({"weight": np.ones((2, 1)), "bias": [1.0, huge]})
    assert all((model.state_dict()[k] == before[k]).all() for k in before)
    model.load_state_dict({"weight": [[np.inf], [np.nan]], "bias": [-np.inf, 0]})
    assert model.weight.data[0] == np.inf


def test_integers_do_not_wrap_around():
    model = Holder(Buffer(np.zeros(2, np.int8)))
    with pytest.raises(StateDictError, match="b: got int64 numbers that int8 cannot hold"):
        model.load_state_dict({"b": [1, 300]})
    model.load_state_dict({"b": [1, -128]})
    assert model.b.data.tolist() == [1, -128]


def test_a_read_only_parameter_stops_the_others_from_being_loaded():
    model = Sequential(Dense(1, 1), Dense(1, 1))
    before = model.state_dict()
    model[1].bias.data = np.broadcast_to(model[1].bias.data, (1,))
    with pytest.raises(StateDictError, match=r"1\.bias: its array is read-only"):
        model.load_state_dict({k: v + 1 for k, v in before.items()})
    assert all((model.state_dict()[k] == before[k]).all() for k in before)


def test_two_weights_can_be_exchanged():
    model = Sequential(Dense(2, 2), Dense(2, 2))
    before = model.state_dict()
    own = dict(model.named_parameters())
    model.load_state_dict(
        {
            "0.weight": own["1.weight"],
            "1.weight": own["0.weight"].data[:],
            "0.bias": own["1.bias"].data[::-1],
            "1.bias": own["0.bias"],
        }
    )
    after = model.state_dict()
    np.testing.assert_array_equal(after["0.weight"], before["1.weight"])
    np.testing.assert_array_equal(after["1.weight"], before["0.weight"])
    np.testing.assert_array_equal(after["0.bias"], before["1.bias"][::-1])
    np.testing.assert_array_equal(after["1.bias"], before["0.bias"])


def test_a_value_that_is_no_array_is_named():
    class Unwilling:
        def __array__(self, *_, **__):
            raise RuntimeError("call detach() first")

    with pytest.raises(StateDictError, match="bias: Unwilling is no array: call detach"):
        Dense(1, 1).load_state_dict({"weight": [[1.0]], "bias": Unwilling()})
    with pytest.raises(StateDictError, match="bias: list is no array: "):
        Dense(1, 1).load_state_dict({"weight": [[1.0]], "bias": [[1], [2, 3]]})


def test_the_error_of_a_large_model_is_short_and_says_what_to_do():
    """As for a language model whose file was saved with a wrapper around it."""
    model = Sequential(*[Dense(2, 2) for _ in range(100)])
    state = {f"model.{k}": v for k, v in model.state_dict().items()}
    with pytest.raises(StateDictError) as caught:
        model.load_state_dict(state)
    text = str(caught.value)
    assert len(text) < 800
    assert "missing 0.weight (2, 2), 0.bias (2,)" in text and "and 195 more (200 in all)" in text
    assert "unexpected model.0.weight (2, 2)" in text
    code = text.splitlines()[-1].strip()
    assert code == "{k.removeprefix('model.'): v for k, v in state.items()}"
    assert model.load_state_dict(eval(code, {"state": state})) == ([], [])  # noqa: S307


# A parameter's place and its data --------------------------------------------------------------


class Pair(Module):
    """One parameter and one buffer."""

    def __init__(self):
        self.w, self.b = Parameter([1.0, 2.0]), Buffer([3.0, 4.0])


class Slotted(Module):
    """The same in slots."""

    __slots__ = ("b", "w")

    def __init__(self):
        self.w, self.b = Parameter([1.0, 2.0]), Buffer([3.0, 4.0])


@pytest.mark.parametrize("kind", [Pair, Slotted])
@pytest.mark.parametrize("name", ["w", "b"])
@pytest.mark.parametrize(
    "result",
    [lambda t: t - 0.1, lambda t: t.data, lambda t: t.detach(), float, lambda t: 1.0, np.float32],
)
def test_a_result_never_takes_the_place_of_a_parameter_or_buffer(kind, name, result):
    m = kind()
    held = getattr(m, name)
    value = result(held.sum() if result in (float, np.float32) else held)
    with pytest.raises(TypeError, match=rf"{kind.__name__}\.{name} is a \w+, .* `m.{name} -= ...`"):
        setattr(m, name, value)
    assert getattr(m, name) is held
    assert list(m.state_dict()) == (["w", "b"] if kind is Pair else ["b", "w"])


@pytest.mark.parametrize("name", ["w", "b"])
@pytest.mark.parametrize("value", [Parameter([1.0]), Buffer([1.0]), Tanh(), None, [Tanh()]])
def test_another_part_or_nothing_may_take_its_place(name, value):
    m = Pair()
    setattr(m, name, value)
    assert getattr(m, name) is value
    m = Pair()
    delattr(m, name)
    setattr(m, name, 1.0)
    m.other = Tensor([1.0])
    m.other = m.other + 1


HIDING = np.ma.array([1.0, 2.0], np.float32, mask=[True, False])
NO_DATA = [
    HIDING,
    np.array(["a", "b"]),
    np.array([1.0, None]),
    np.ones(2, np.float16),
    np.ones(2, np.longdouble),
    np.ones(2, complex),
    np.ones(2, "M8[s]"),
    "ab",
    [1.0, 2.0],
    None,
]


@pytest.mark.parametrize("data", NO_DATA, ids=str)
@pytest.mark.parametrize("name", ["w", "b"])
def test_data_that_are_no_numbers_are_not_saved(name, data):
    m = Pair()
    getattr(m, name).data = data
    with pytest.raises(TypeError, match=rf"^{name}: "):
        m.state_dict()


def test_a_parameter_of_integers_is_not_saved():
    m = Pair()
    m.b.data = np.ones(2, int)
    m.state_dict()
    m.w.data = np.ones(2, int)
    with pytest.raises(DTypeError, match="w: dtype must be a floating dtype"):
        m.state_dict()


@pytest.mark.parametrize("data", [x for x in NO_DATA if isinstance(x, np.ndarray)], ids=str)
def test_nothing_is_computed_from_data_that_are_no_numbers(data):
    if data is HIDING:
        pytest.skip("its dtype is like any other; the optimizer and the file refuse it")
    m = Pair()
    m.w.data = data
    with pytest.raises(DTypeError):
        m.w * 2.0


def test_what_a_mask_hides_is_not_loaded():
    m = Pair()
    with pytest.raises(StateDictError, match="w: expected an array without hidden elements"):
        m.load_state_dict({"w": HIDING, "b": [1.0, 2.0]})
    np.testing.assert_array_equal(m.w.data, [1, 2])
    m.load_state_dict({"w": np.ma.array([5.0, 6.0]), "b": [1.0, 2.0]})
    np.testing.assert_array_equal(m.w.data, [5, 6])


@pytest.mark.parametrize(
    "hold",
    [
        lambda part: UserDict(a=1, b=part),
        lambda part: UserList([1, part]),
        lambda part: {"a": 1, "b": part}.values(),
        lambda part: {1, part},
        lambda part: partial(print, part),
        lambda part: partial(print, b=part),
        lambda part: [UserList([part])],
    ],
)
@pytest.mark.parametrize("part", [Parameter([1.0]), Buffer([1.0]), Tanh()], ids=repr)
def test_parts_in_what_gives_them_no_path_are_refused_and_not_lost(hold, part):
    m = Pair()
    m.held = hold(part)
    for look in (m.state_dict, lambda: list(m.parameters()), m.eval):
        with pytest.raises(StateDictError, match=f"holds a {type(part).__name__}, .* use a list"):
            look()
    m.held = hold(2)
    assert list(m.state_dict()) == ["w", "b"]
