"""State dicts by other names: what each rule does, in which order, and what it refuses."""

import re
import signal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Dense, Parameter, Sequential, convert_state
from neural_net_core.errors import StateDictError


def state(*names: str, shape: tuple[int, ...] = (2, 3)) -> dict[str, Any]:
    """Arrays that are all different."""
    size = int(np.prod(shape))
    return {
        name: np.arange(i * size, (i + 1) * size, dtype=np.float32).reshape(shape)
        for i, name in enumerate(names)
    }


@pytest.mark.parametrize(
    ("pattern", "new", "name", "expected"),
    [
        ("a", "x", "a", "x"),
        ("a", "x", "a.b", "x.b"),
        ("b", "x", "a.b", "a.x"),
        ("a.b", "x", "z.a.b.c", "z.x.c"),
        ("a", "x.y", "a.b", "x.y.b"),
        ("a", "", "a.b", "b"),
        ("b", "", "a.b", "a"),
        ("b", "", "a.b.c", "a.c"),
        ("layer.1", "x", "layer.1.w", "x.w"),
        ("a", "x", "a.a", "x.a"),
        ("*", "x", "a.b", "x.b"),
        ("h.*", "layers.*", "h.11.w", "layers.11.w"),
        ("h.*.attn.*", "*.layers.*", "h.3.attn.w", "3.layers.w"),
        ("h.*.attn", "attn", "h.3.attn.w", "attn.w"),
        ("weight_ih_l*", "cell_*.w", "lstm.weight_ih_l0", "lstm.cell_0.w"),
        ("c_attn.*", "in_proj_*", "h.c_attn.bias", "h.in_proj_bias"),
        ("block*", "b*", "block12.w", "b12.w"),
        ("*_proj", "*", "q_proj.w", "q.w"),
        ("a+b", "x", "a+b.c", "x.c"),
        ("größe", "size", "größe.w", "size.w"),
        ("a", "x", "a..b", "x..b"),
    ],
)
def test_a_pattern_is_found_by_whole_parts(
    pattern: str, new: str, name: str, expected: str
) -> None:
    assert list(convert_state(state(name), rename=[(pattern, new)])) == [expected]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("a", "ab"),
        ("layer.1", "layer.10.w"),
        ("output", "output_norm.w"),
        ("b.a", "a.b"),
        ("a.*.b", "a.b"),
        ("a*", "a"),
        ("a.b", "axb"),
        ("A", "a"),
        ("*.w", "w"),
    ],
)
def test_a_part_of_a_part_is_not_found(pattern: str, name: str) -> None:
    for rules in ({"rename": [(pattern, "x")]}, {"drop": [pattern]}, {"transpose": [pattern]}):
        with pytest.raises(StateDictError, match=f"{re.escape(repr(pattern))} finds no name"):
            convert_state(state(name), **rules)  # type: ignore[arg-type]


def test_rules_of_renaming_act_one_after_the_other() -> None:
    given = state("attention.output.dense.w", "output.dense.w")
    rules = [("attention.output.dense", "out_proj"), ("output.dense", "linear2")]
    assert list(convert_state(given, rename=rules)) == ["out_proj.w", "linear2.w"]
    with pytest.raises(StateDictError, match=r"'attention\.output\.dense' finds no name"):
        convert_state(given, rename=rules[::-1])
    assert list(convert_state(state("a"), rename=[("a", "b"), ("b", "c")])) == ["c"]


def test_names_may_be_exchanged() -> None:
    given = state("a", "b")
    got = convert_state(given, rename=[("a", "x"), ("b", "a"), ("x", "b")])
    assert got["a"] is given["b"]
    assert got["b"] is given["a"]


def test_what_is_dropped_is_gone_before_all_else() -> None:
    given = state("a.w", "b.w", "c.w")
    assert list(convert_state(given, drop=["a", "c.w"])) == ["b.w"]
    for rules in ({"rename": [("a", "x")]}, {"transpose": ["a"]}, {"join": {"x": ["a", "b"]}}):
        with pytest.raises(StateDictError, match="'a' finds no name"):
            convert_state(given, drop=["a"], **rules)  # type: ignore[arg-type]


def test_matrices_are_transposed_before_they_are_joined_and_renamed() -> None:
    given = state("q.weight", "k.weight", "other.weight")
    got = convert_state(
        given,
        transpose=["q.weight", "k.weight"],
        join={"qk.weight": ["q.weight", "k.weight"]},
        rename=[("qk", "in_proj")],
    )
    assert list(got) == ["other.weight", "in_proj.weight"]
    assert got["other.weight"] is given["other.weight"]
    expected = np.concatenate([given["q.weight"].T, given["k.weight"].T])
    assert got["in_proj.weight"].tolist() == expected.tolist()


def test_one_rule_joins_the_weights_and_biases_of_every_layer() -> None:
    names = [f"h.{i}.{part}.{kind}" for i in range(12) for kind in "wb" for part in "qkv"]
    given = state(*names)
    got = convert_state(given, join={"in_proj_*": ["q.*", "k.*", "v.*"]})
    assert list(got) == [f"h.{i}.in_proj_{kind}" for i in range(12) for kind in "wb"]
    for i in range(12):
        for kind in "wb":
            parts = [given[f"h.{i}.{part}.{kind}"] for part in "qkv"]
            assert got[f"h.{i}.in_proj_{kind}"].tolist() == np.concatenate(parts).tolist()


def test_the_order_of_the_parts_is_that_of_the_rule() -> None:
    given = state("q", "k", "v", shape=(1,))
    got = convert_state(given, join={"x": ["v", "q", "k"]})
    assert got["x"].tolist() == [2, 0, 1]


def test_nothing_that_was_given_is_changed() -> None:
    given = state("a.w", "b.w", "c.w", "d.w")
    before = {name: array.copy() for name, array in given.items()}
    convert_state(
        given, drop=["d"], transpose=["a"], join={"x": ["b", "c"]}, rename=[("x", "y"), ("a", "z")]
    )
    assert list(given) == list(before)
    for name, array in before.items():
        assert given[name].tolist() == array.tolist()


def test_without_rules_it_is_a_copy_of_the_dict() -> None:
    given = state("a", "b")
    got = convert_state(given)
    assert got == given
    assert got is not given


def test_tensors_count_as_their_arrays() -> None:
    weight = Parameter(np.ones((2, 3), np.float32))
    got = convert_state({"w": weight}, transpose=["w"])
    assert type(got["w"]) is np.ndarray
    assert got["w"].shape == (3, 2)


def test_what_comes_out_is_loaded() -> None:
    one = Sequential(Dense(3, 2), Dense(2, 1))
    other = Sequential(Dense(3, 2), Dense(2, 1))
    theirs = {
        f"net.fc{int(n[0]) + 1}.{n[2:]}": a.T if a.ndim == 2 else a
        for n, a in one.state_dict().items()
    }
    rules = [("net.fc1", "0"), ("net.fc2", "1")]
    other.load_state_dict(convert_state(theirs, transpose=["weight"], rename=rules))
    x = np.ones((4, 3), np.float32)
    assert other(x).tolist() == one(x).tolist()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "rename finds none": (
        {"rename": [("attn.querry", "q")]},
        "rename 'attn.querry' finds no name; near it are 'attn.query', ",
    ),
    "drop finds none": ({"drop": ["x"]}, "drop 'x' finds no name; near it are "),
    "transpose finds none": ({"transpose": ["x"]}, "transpose 'x' finds no name; near"),
    "join finds none": ({"join": {"x": ["attn.query", "z"]}}, "join 'z' finds no name; near"),
    "two names become one": (
        {"rename": [("query", "key")]},
        r"'l.0.attn.query.weight' and 'l.0.attn.key.weight' would both be 'l.0.attn.key.weight'",
    ),
    "layers become one": (
        {"rename": [("l.*", "l")]},
        "'l.0.attn.query.weight' and .* would both be 'l.attn.query.weight'",
    ),
    "a joined one has the name of another": (
        {"join": {"norm.weight": ["attn.query.weight", "attn.key.weight"]}},
        r"'l.0.norm.weight' and 'l.0.attn.query.weight \+ l.0.attn.key.weight' would both be",
    ),
    "a part is lacking": (
        {"join": {"qv": ["attn.query.weight", "attn.value.weight"]}},
        "join 'l.1.qv' lacks its part 'attn.value.weight'",
    ),
    "a part occurs twice": (
        {"join": {"all": ["l.*.attn.query.weight", "l.*.attn.key.weight"]}},
        "join 'all' finds 'l.*.attn.query.weight' twice for 'all': 'l.0.*' and 'l.1.",
    ),
    "one array in two": (
        {
            "join": {
                "a": ["attn.query.weight", "attn.key.weight"],
                "b": ["norm.weight", "attn.key.weight"],
            }
        },
        "join 'attn.key.weight' finds no name",
    ),
    "one array twice in one": (
        {"join": {"a": ["attn.query.weight", "attn.query.weight"]}},
        "join 'l.0.a' lacks its part 'attn.query.weight'",
    ),
    "other shapes": (
        {"join": {"a": ["attn.query.weight", "norm.weight"]}},
        r"cannot join 'l.0.a': .*shape \(2, 3\) and dtype float32; .*shape \(3,\)",
    ),
    "other dtypes": (
        {"join": {"a": ["norm.weight", "norm.count"]}},
        r"cannot join 'l.0.a': .*float32; .*int64",
    ),
    "no matrix": ({"transpose": ["norm.weight"]}, r"cannot transpose .*shape \(3,\).*: no matrix"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_rule_that_does_not_fit_is_named(case: str) -> None:
    rules, words = REFUSED[case]
    given = state(
        *[f"l.{i}.attn.{part}.weight" for i in range(2) for part in ("query", "key")],
        "l.0.attn.value.weight",
    )
    given |= {f"l.{i}.norm.weight": np.ones(3, np.float32) for i in range(2)}
    given |= {f"l.{i}.norm.count": np.ones(3, np.int64) for i in range(2)}
    with pytest.raises(StateDictError, match=f"convert_state: {words}") as caught:
        convert_state(given, **rules)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "rules",
    [
        {"drop": "pooler"},
        {"drop": [3]},
        {"drop": [""]},
        {"drop": ["a."]},
        {"drop": [".a"]},
        {"drop": ["a..b"]},
        {"drop": ["*a*"]},
        {"drop": ["\ud800"]},
        {"transpose": 3},
        {"rename": {"a": "b"}},
        {"rename": ["ab"]},
        {"rename": [("a",)]},
        {"rename": [("a", None)]},
        {"rename": [("a", "b.")]},
        {"rename": [("a.*", "*.*")]},
        {"rename": [("a", "*")]},
        {"join": ["a", "b"]},
        {"join": {"x": "ab"}},
        {"join": {"x": ["a"]}},
        {"join": {"": ["a", "b"]}},
        {"join": {3: ["a", "b"]}},
        {"join": {"*": ["a", "b"]}},
    ],
    ids=repr,
)
def test_a_rule_of_another_form_is_refused(rules: Any) -> None:
    with pytest.raises(ValueError, match=r"^convert_state: (drop|transpose|rename|join) "):
        convert_state(state("a", "b"), **rules)


@pytest.mark.parametrize("given", [None, "weights.safetensors", [("a", 1)], Dense(1, 1)], ids=repr)
def test_what_is_no_state_dict_is_refused(given: Any) -> None:
    with pytest.raises(StateDictError, match="convert_state: expected a state dict"):
        convert_state(given)


names = st.lists(st.sampled_from(["a", "b", "c", "0", "1", "a_b"]), min_size=1, max_size=4)


@given(st.lists(names.map(".".join), unique=True, min_size=1), st.data())
def test_renaming_there_and_back_gives_what_was(keys: list[str], data: st.DataObject) -> None:
    given = state(*keys)
    key = data.draw(st.sampled_from(keys)).split(".")
    begin = data.draw(st.integers(0, len(key) - 1))
    pattern = ".".join(key[begin : data.draw(st.integers(begin + 1, len(key)))])
    there = convert_state(given, rename=[(pattern, "other")])
    back = convert_state(there, rename=[("other", pattern)])
    assert list(back) == list(given)
    assert all(back[name] is given[name] for name in given)


def test_a_name_that_a_stranger_made_long_does_not_hang() -> None:
    """Steps that grew with the square of its length would take hours."""
    given = {("a" * 500_000 + ".") * 5 + "b" * 500_000: np.ones(1)}
    signal.alarm(60)
    try:
        with pytest.raises(StateDictError, match="finds no name") as caught:
            convert_state(given, drop=[".".join(["a*a"] * 6)])
    finally:
        signal.alarm(0)
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize("pattern", ["a**", "**", "layers.a*b*.weight", "*.**.*"])
def test_a_part_of_a_name_has_one_star_at_most(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"has two \* in one part of a name"):
        convert_state(state("a"), drop=[pattern])
    assert convert_state({"a.x.b.y": np.ones(1), "c": np.ones(1)}, drop=["a.*.b.*"]).keys() == {"c"}
