"""What the arrays of a program are called: after what they are."""

import keyword
import re
from collections.abc import Mapping
from types import MappingProxyType

from neural_net_core import Op
from neural_net_utils.program.calls import Call
from neural_net_utils.program.values import GIVEN, Value

__all__ = ["name_values", "with_parents"]

# A result that nobody has named is called after what makes it. Python's own names, such as sum and
# max, stay what they are.
_RESULTS = {
    "": "chosen", "absolute": "magnitude", "add": "added", "add.reduce": "total", "all": "every",
    "any": "some", "astype": "converted", "divide": "quotient", "matmul": "product",
    "max": "largest", "maximum.reduce": "largest", "min": "smallest", "minimum.reduce": "smallest",
    "multiply": "product", "negative": "minus", "round": "rounded", "subtract": "difference",
    "sum": "total",
}  # fmt: skip

# From the best name to the worst.
_KINDS = ("role", "user", "module", "op", "local", "call")

_TAKEN = {"np", "float", *keyword.kwlist}


def name_values(
    calls: list[Call],
    results: list[Value],
    outputs: dict[Op, list[Value]],
    paths: dict[Op, str],
) -> set[str]:
    """Give every value that the calls use a name of its own; return all names that are taken.

    Args:
        calls: The calls, in order.
        results: What the step leaves.
        outputs: What each operation has returned.
        paths: The module of each operation, such as "0 Dense".
    """
    for op, values in outputs.items():
        for value in values:
            value.wishes.setdefault("op", _of_op(op, paths.get(op, "")))
    for call in calls:
        _name_update(call)
    taken: dict[str, Op | None] = dict.fromkeys(_TAKEN)
    used = [*(x for call in calls for x in (*call.operands, *call.results)), *results]
    for value in used:
        for part in with_parents(value):
            if part.role in GIVEN:
                _name(part, taken)
    for call in calls:
        for value in call.results:
            value.wishes.setdefault("call", _RESULTS.get(_short(call), _short(call)))
            updated = call.place.updated
            if updated is not None and value.of is None and "op" not in value.wishes:
                for kind in ("local", "call"):
                    if kind in value.wishes:
                        value.wishes[kind] += f"_{updated.name}"
            _name(value, taken, call.place.op, outputs)
    return set(taken)


def _name_update(call: Call) -> None:
    """Let what is taken off a parameter be called its step, and what replaces it the new one."""
    target, args = call.target, call.args
    if call.kind == "setitem" and args[0] is Ellipsis and isinstance(args[1], Value):
        if target is not None and target.role in GIVEN:
            args[1].belong("new", target)
    elif call.name == "np.subtract" and all(isinstance(x, Value) for x in args):
        p, step = args
        if p.role == "parameter" and step.role == "made" and step.of is None:
            step.belong("step", p)


def with_parents(value: Value) -> list[Value]:
    """Return a value and all in whose memory it lies."""
    found = [value]
    while (parent := found[-1].parent) is not None:
        found.append(parent)
    return found


def _name(
    value: Value,
    taken: dict[str, Op | None],
    op: Op | None = None,
    outputs: Mapping[Op, list[Value]] = MappingProxyType({}),
) -> None:
    """Give a value the first name that it may have; `taken` tells whose names are in use."""
    if value.name or value.role == "view" or not (value.wishes or value.role in GIVEN):
        return
    wanted = _wanted(value)
    is_local = value.wishes.get("local") == wanted and op is not None and outputs.get(op)
    if is_local and wanted in taken and taken[wanted] is not op:
        wanted = f"{wanted}_{_wanted(is_local[0])}"  # another operation was first
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken[name] = op
    value.name = name


def _wanted(value: Value) -> str:
    of = value.of
    if of is not None and (of.name or of.root.name):
        return f"{value.prefix}_{of.name or of.root.name}"
    return _as_name(next((value.wishes[k] for k in _KINDS if value.wishes.get(k)), "unseen"))


def _as_name(path: str) -> str:
    """Return the name of a parameter as a Python name: w0 for "0.weight", b0 for "0.bias"."""
    match = re.fullmatch(r"(\d+)\.(weight|bias)", path)
    if match:
        return match[2][0] + match[1]
    name = re.sub(r"\W", "_", path)
    return f"_{name}" if name[:1].isdigit() else name


def _of_op(op: Op, path: str) -> str:
    name = op.idea.__name__.removesuffix("Op")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()
    number = path.partition(" ")[0]
    if not number.isdigit():
        return name
    return f"{name}_{number}" if re.search(r"\d", name) else name + number


def _short(call: Call) -> str:
    return call.name.removeprefix("np.").replace("linalg.", "").replace("lib.stride_tricks.", "")
