"""States survive the journey through JSON and named arrays with every type and bit."""

import enum
import json
import math
from collections import OrderedDict
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core.dtypes import Array
from neural_net_core.errors import CheckpointError
from neural_net_core.files._state_tree import SCALARS, flatten_state, unflatten_state
from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint
from neural_net_core.tensor import Tensor


def journey(state: Any) -> Any:
    """Flatten, write as JSON, read, and put together."""
    tensors: dict[str, Array] = {}
    text = json.dumps(flatten_state(state, "state", tensors), allow_nan=False)
    result = unflatten_state(json.loads(text), tensors)
    assert tensors == {}
    return result


def assert_same(expected: Any, actual: Any) -> None:
    """Compare values, types, dtypes, signs of zero and the order of keys."""
    assert type(actual) is type(expected)
    if isinstance(expected, np.ndarray | np.generic):
        assert actual.dtype == expected.dtype
        assert actual.shape == expected.shape
        assert np.array_equal(actual, expected, equal_nan=expected.dtype.kind in "fc")
    elif isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            assert_same(expected[key], actual[key])
        for one, other in zip(expected, actual, strict=True):
            assert_same(one, other)
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for one, other in zip(expected, actual, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(actual)
    elif isinstance(expected, float):
        assert expected.hex() == actual.hex()
    else:
        assert actual == expected


keys = st.text(max_size=4) | st.integers() | st.booleans() | st.none() | st.tuples(st.integers())
numpy_scalars = st.sampled_from(sorted(SCALARS)).flatmap(
    lambda name: hnp.from_dtype(np.dtype(name))
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.text(max_size=6)
    | numpy_scalars
    | hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
)
states = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)


@given(states)
def test_every_state_comes_back_with_its_types(state: Any) -> None:
    assert_same(state, journey(state))


def test_an_optimizer_state_reads_as_one_would_write_it() -> None:
    tensors: dict[str, Array] = {}
    m = np.zeros(2, np.float32)
    tree = flatten_state(
        {
            "state": {0: {"step": 3, "m": m}},
            "param_groups": [{"params": [0], "lr": 0.1, "betas": (0.9, 0.999), "name": None}],
        },
        "optimizer",
        tensors,
    )
    assert tree == {
        "state": {"$dict": [[0, {"step": 3, "m": {"$tensor": "optimizer.state.0.m"}}]]},
        "param_groups": [
            {"params": [0], "lr": 0.1, "betas": {"$tuple": [0.9, 0.999]}, "name": None}
        ],
    }
    assert list(tensors) == ["optimizer.state.0.m"]
    assert tensors["optimizer.state.0.m"] is m


def test_equal_paths_of_different_arrays_do_not_collide() -> None:
    state = {"a.b": np.zeros(1), "a": {"b": np.ones(1)}}
    assert_same(state, journey(state))


def test_keys_that_look_like_marks_are_only_keys() -> None:
    state = {"$tensor": "x", "$": {"$tuple": [1]}}
    assert_same(state, journey(state))


def test_sub_classes_come_back_as_the_plain_type() -> None:
    class Name(str):
        pass

    assert_same({"a": "b"}, journey(OrderedDict({Name("a"): Name("b")})))


class Mode(str, enum.Enum):  # noqa: UP042
    TRAIN = "train"


class Place(enum.StrEnum):
    HERE = "here"


class Level(enum.IntEnum):
    HIGH = 3


class Rate(float, enum.Enum):
    LOW = 0.1
    NONE = math.inf


class Flags(enum.IntFlag):
    A = 1
    B = 2


class OddText(str):
    """A text that says something else when it is asked."""

    def __str__(self) -> str:
        return "odd"

    def __format__(self, _: str) -> str:
        return "odd"


class OddNumber(int):
    def __int__(self) -> int:
        return 99

    def __index__(self) -> int:
        return 99

    def __abs__(self) -> int:
        return 99

    def __str__(self) -> str:
        return "odd"

    __repr__ = __str__


class OddFloat(float):
    def __float__(self) -> float:
        return 99.0

    def __repr__(self) -> str:
        return "odd"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Mode.TRAIN, "train"),
        (Place.HERE, "here"),
        (Level.HIGH, 3),
        (Rate.LOW, 0.1),
        (Rate.NONE, math.inf),
        (Flags.A | Flags.B, 3),
        (OddText("text"), "text"),
        (OddNumber(5), 5),
        (OddFloat(0.5), 0.5),
        (OddFloat("-inf"), -math.inf),
        (np.str_("text"), "text"),
    ],
    ids=repr,
)
def test_sub_classes_of_texts_and_numbers_keep_their_value(value: Any, plain: Any) -> None:
    """As a value, in lists and tuples, and as a key beside keys of every kind."""
    assert_same(plain, journey(value))
    assert_same([plain, (plain,)], journey([value, (value,)]))
    assert_same({plain: plain}, journey({value: value}))
    assert_same({plain: 1, 7: 2, "$x": 3}, journey({value: 1, 7: 2, "$x": 3}))
    tensors: dict[str, Array] = {}
    flatten_state({value: np.ones(1)}, "state", tensors)
    if isinstance(plain, str):
        assert list(tensors) == [f"state.{plain}"]


@pytest.mark.parametrize("key", [Mode.TRAIN, OddText("text"), Level.HIGH], ids=repr)
def test_metadata_and_every_part_keep_them_too(tmp_path: Path, key: Any) -> None:
    state = {"value": key, key: [key]}
    save_checkpoint(tmp_path / "t", optimizer=state, extra={"x": state, "y": key}, metadata=state)
    loaded = load_checkpoint(tmp_path / "t")
    plain = journey(key)
    for part in (loaded.optimizer, loaded.metadata, (loaded.extra or {})["x"]):
        assert_same({"value": plain, plain: [plain]}, part)
    assert_same(plain, (loaded.extra or {})["y"])


def test_two_keys_that_are_one_as_plain_text_are_refused() -> None:
    class Apart(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return self is other

        def __hash__(self) -> int:
            return id(self)

    with pytest.raises(CheckpointError, match=r"cannot save s\.a: two keys are equal as plain"):
        flatten_state({"a": {Apart("x"): 1, Apart("x"): 2}}, "s", {})


def test_an_enum_of_no_plain_kind_is_refused_by_its_place() -> None:
    with pytest.raises(CheckpointError, match=r"cannot save s\.mode: expected .* got .*Colour"):
        flatten_state({"mode": enum.Enum("Colour", ["RED"]).RED}, "s", {})


def test_a_tensor_is_saved_as_its_array() -> None:
    assert_same(np.ones(2, np.float32), journey(Tensor(np.ones(2, np.float32))))


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, len, np.complex64(1)], ids=repr)
def test_what_is_no_data_is_refused_by_its_place(value: Any) -> None:
    with pytest.raises(CheckpointError, match=r"cannot save optimizer\.groups\.1\.odd: expected"):
        flatten_state({"groups": [{}, {"odd": value}]}, "optimizer", {})


def test_a_state_that_contains_itself_is_refused() -> None:
    state: dict[str, Any] = {}
    state["self"] = state
    with pytest.raises(CheckpointError, match="does it contain itself"):
        flatten_state(state, "model", {})


def test_nesting_up_to_the_limit_comes_back() -> None:
    state: Any = np.float32(0.1)
    for _ in range(100):
        state = {"a": state}
    assert_same(state, journey(state))
    with pytest.raises(CheckpointError, match="nested deeper"):
        flatten_state({"a": state}, "model", {})


def test_an_integer_too_long_for_python_to_read_is_not_written() -> None:
    with pytest.raises(CheckpointError, match="more than 4,096 bits"):
        flatten_state({"n": 1 << 5000}, "state", {})


@pytest.mark.parametrize(
    "tree",
    [
        {"$tensor": "nowhere"},
        {"$tensor": ["w"]},
        {"$tensor": None},
        {"$tensor": "w", "more": 1},
        {"more": 1, "$tensor": "w"},
        {"$tuple": 3},
        {"$dict": [[1]]},
        {"$dict": [[[], 1]]},
        {"$dict": [[1, 1], [1, 2]]},
        {"$dict": [[1, 1], [True, 2]]},
        {"$dict": 3},
        {"$scalar": ["float32"]},
        {"$scalar": ["float99", 1]},
        {"$scalar": ["uint8", 300]},
        {"$scalar": ["int8", 0.5]},
        {"$scalar": ["float32", 1e300]},
        {"$scalar": ["float32", "text"]},
        {"$scalar": ["float32", [1, 2]]},
        {"$scalar": [[], 1]},
        {"$scalar": {}},
        {"$float": "1.0"},
        {"$float": []},
        {"$else": 1},
        [[{"deep": {"$else": 1}}]],
    ],
    ids=repr,
)
def test_a_tree_that_nobody_writes_is_refused(tree: Any) -> None:
    with pytest.raises(CheckpointError):
        unflatten_state(tree, {"w": np.ones(1)})


def test_an_array_is_handed_out_once() -> None:
    """Two references to one array would tie two states together."""
    tree = [{"$tensor": "w"}, {"$tensor": "w"}]
    with pytest.raises(CheckpointError):
        unflatten_state(tree, {"w": np.ones(1)})


def test_a_tree_deeper_than_any_written_is_refused() -> None:
    tree: Any = 1
    for _ in range(300):
        tree = [tree]
    with pytest.raises(CheckpointError, match="nested too deep"):
        unflatten_state(tree, {})


def test_integers_have_up_to_4096_bits() -> None:
    for sign in (1, -1):
        tree = flatten_state({"n": sign * (2**4096 - 1)}, "s", {})
        assert unflatten_state(tree, {}) == {"n": sign * (2**4096 - 1)}
        with pytest.raises(CheckpointError, match="more than 4,096 bits"):
            flatten_state({"n": sign * 2**4096}, "s", {})
