"""Bring the names and layouts of somebody else's state dict into those of a module.

Two programs that hold the same network rarely call its arrays the same. Patterns speak of names by
their parts, which stand between dots: `attention.output` is found in
`layer.3.attention.output.bias` and not in `attention.output_norm.bias`, and `layer.1` not in
`layer.10`. A `*` stands for a part or for some letters of one:

    h.*.attn.c_attn      finds h.0.attn.c_attn.weight, h.11.attn.c_attn.bias, …
    weight_ih_l*         finds lstm.weight_ih_l0, …

Regular expressions, which the field uses too, need a backslash before each of the many dots, find
`layer.1` in `layer.10`, and some of them take for ever on a name that a stranger made for them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_core.checks import check_items, check_text, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import StateDictError
from neural_net_core.files._near_names import near
from neural_net_core.modules.state_report import as_mapping
from neural_net_core.tensor import Tensor

__all__ = ["convert_state"]

WHERE = "convert_state"


def convert_state(
    state: Mapping[str, Any],
    *,
    rename: Iterable[tuple[str, str]] = (),
    join: Mapping[str, Sequence[str]] | None = None,
    transpose: Iterable[str] = (),
    drop: Iterable[str] = (),
) -> dict[str, Array]:
    """Return a state dict by other names, with arrays left out, transposed and joined.

    A pattern is one or more whole parts of a name, as they stand between dots, with a `*` for any
    one part or for the rest of one. It is found wherever its parts stand in a name, and the first
    such place counts. What takes its place has no `*`, or as many, each of which becomes what that
    of the pattern found.

    The rules act in this order: `drop`, `transpose` and `join` look at the names as they are in
    the state. Then the rules of `rename` act one after the other, each on the names that the one
    before has left; so the longer of two patterns goes first.

    Args:
        state: Names to arrays, such as `load_tensors` returns; it is not changed.
        rename: Pairs of a pattern and what takes its place; "" takes the parts away.
        join: What takes the place of several patterns to the patterns: the arrays that come by the
            same name so are put together along their first axis, in the order of the patterns.
        transpose: Patterns of matrices, (I, O), that are (O, I) here.
        drop: Patterns of names to leave out.

    Returns:
        Names to arrays: those of the state, views of those that are transposed, and new ones where
        some are joined.

    Raises:
        StateDictError: If a rule finds no name (the message has some that are near it), two arrays
            come by one name, a joined one lacks a part or its parts do not fit, or an array to be
            transposed is no matrix.
        ValueError: If a rule is not of the form described.

    Examples:
        >>> import numpy as np
        >>> theirs = {
        ...     "bert.layer.0.query.weight": np.zeros((1, 2)),
        ...     "bert.layer.0.key.weight": np.ones((1, 2)),
        ...     "bert.position_ids": np.arange(3),
        ... }
        >>> convert_state(
        ...     theirs,
        ...     drop=["position_ids"],
        ...     join={"in_proj_weight": ["query.weight", "key.weight"]},
        ...     rename=[("bert", ""), ("layer.*", "layers.*")],
        ... )
        {'layers.0.in_proj_weight': array([[0., 0.],
               [1., 1.]])}
    """
    given = {
        check_text(WHERE, "a name", name): array.data if isinstance(array, Tensor) else array
        for name, array in as_mapping(WHERE, state).items()
    }
    drops, transposes = _checked_patterns("drop", drop), _checked_patterns("transpose", transpose)
    joins = _checked_joins({} if join is None else join)
    pairs = check_items(WHERE, "rename", rename, "a list of pairs")
    renames = [_checked_pair(pair) for pair in pairs]

    dropped = {name for pattern in drops for name in pattern.find(given)}
    arrays = {name: array for name, array in given.items() if name not in dropped}
    for name in {name for pattern in transposes for name in pattern.find(arrays)}:
        arrays[name] = _transposed(name, arrays[name])
    joined = [pair for new, patterns in joins for pair in _joined(new, patterns, arrays)]
    # Where each came from, what it is called, and the array.
    rows = [(name, name, array) for name, array in arrays.items()] + joined
    for pattern, new in renames:
        pattern.find([name for _, name, _ in rows])
        rows = [(origin, pattern.replaced(new, name), array) for origin, name, array in rows]
    origins: dict[str, str] = {}
    for origin, name, _ in rows:
        if name in origins:
            raise StateDictError(
                f"{WHERE}: {origins[name]!r:.200} and {origin!r:.200} would both be {name!r:.80}"
            )
        origins[name] = origin
    return {name: array for _, name, array in rows}


class _Pattern:
    """Whole parts of a name, wherever they stand in it."""

    def __init__(self, argument: str, text: Any) -> None:
        self.argument, self.text = argument, _checked_parts(argument, text)
        if any(part.count("*") > 1 for part in self.text.split(".")):
            raise ValueError(f"{WHERE}: {argument} {text!r:.80} has two * in one part of a name")
        parts = re.escape(self.text).replace(r"\*", "([^.]+)")
        self.expression = re.compile(rf"(?<![^.]){parts}(?![^.])")

    def find(self, names: Iterable[str]) -> list[str]:
        """Return the names in which it stands, or raise if there is none."""
        found = [name for name in names if self.expression.search(name)]
        if not found:
            raise StateDictError(
                f"{WHERE}: {self.argument} {self.text!r:.80} finds no name{near(self.text, names)}"
            )
        return found

    def replaced(self, new: str, name: str) -> str:
        """Return a name with something else in its place, the same name if it is not there."""
        found = self.expression.search(name)
        if found is None:
            return name
        stars = iter(found.groups())
        middle = "".join(next(stars) if letter == "*" else letter for letter in new)
        before, after = name[: found.start()], name[found.end() :]
        return ".".join(filter(None, (before.removesuffix("."), middle, after.removeprefix("."))))


def _joined(
    new: str, patterns: list[_Pattern], arrays: dict[str, Any]
) -> list[tuple[str, str, Array]]:
    """Take the parts of joined arrays out of `arrays`, and return the rows that come of them."""
    found: list[dict[str, str]] = []
    for pattern in patterns:
        found.append({})
        for part in pattern.find(arrays):
            name = pattern.replaced(new, part)
            if name in found[-1]:
                raise StateDictError(
                    f"{WHERE}: join {new!r:.80} finds {pattern.text!r:.80} twice for "
                    f"{name!r:.80}: {found[-1][name]!r:.80} and {part!r:.80}"
                )
            found[-1][name] = part
    rows = []
    for name in dict.fromkeys(name for parts in found for name in parts):
        taken: dict[str, Any] = {}
        for pattern, parts in zip(patterns, found, strict=True):
            there = parts.get(name)
            if there is None or there not in arrays:  # or another array has it already
                raise StateDictError(
                    f"{WHERE}: join {name!r:.80} lacks its part {pattern.text!r:.80}"
                )
            taken[there] = arrays.pop(there)
        rows.append((" + ".join(taken), name, _concatenated(name, taken)))
    return rows


def _concatenated(name: str, parts: Mapping[str, Any]) -> Array:
    """Return the parts of an array together; no dtype is changed on the way."""
    given = list(parts.values())
    try:
        return np.concatenate(given, dtype=given[0].dtype, casting="equiv")
    except (AttributeError, TypeError, ValueError):
        said = "; ".join(f"{part!r:.80} is {shown(array)}" for part, array in parts.items())
        raise StateDictError(f"{WHERE}: cannot join {name!r:.80}: {said}") from None


def _transposed(name: str, matrix: Any) -> Array:
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2:
        raise StateDictError(f"{WHERE}: cannot transpose {name!r:.80}, {shown(matrix)}: no matrix")
    return matrix.T


def _checked_patterns(argument: str, texts: Any) -> list[_Pattern]:
    return [_Pattern(argument, text) for text in check_items(WHERE, argument, texts)]


def _checked_parts(argument: str, text: Any) -> str:
    """Return text that is one or more parts of a name."""
    checked = check_text(WHERE, argument, text)
    if not all(checked.split(".")):
        raise ValueError(
            f"{WHERE}: {argument} {checked!r:.80} must be parts of a name with one dot between them"
        )
    return checked


def _checked_pair(pair: Any) -> tuple[_Pattern, str]:
    """Return a rule of `rename`."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise ValueError(
            f"{WHERE}: rename must be a list of pairs (pattern, what takes its place), "
            f"got {shown(pair)} in it"
        )
    pattern = _Pattern("rename", pair[0])
    new = check_text(WHERE, "rename", pair[1])
    return pattern, new and _checked_new("rename", pattern, new)


def _checked_joins(join: Any) -> list[tuple[str, list[_Pattern]]]:
    """Return the rules of `join`."""
    if not isinstance(join, Mapping):
        raise ValueError(
            f"{WHERE}: join must be a dict of what takes the place of several patterns to the "
            f"patterns, got {shown(join)}"
        )
    rules = []
    for new, texts in join.items():
        patterns = _checked_patterns("join", texts)
        if len(patterns) < 2:
            raise ValueError(f"{WHERE}: join {shown(new)} must have at least two parts")
        for pattern in patterns:
            _checked_new("join", pattern, new)
        rules.append((new, patterns))
    return rules


def _checked_new(argument: str, pattern: _Pattern, new: Any) -> str:
    """Return what takes the place of a pattern."""
    checked = _checked_parts(argument, new)
    if checked.count("*") not in (0, pattern.text.count("*")):
        raise ValueError(
            f"{WHERE}: {argument} {checked!r:.80} must have no * or as many as {pattern.text!r:.80}"
        )
    return checked
