"""From what was recorded to a program: what is left out, what things are called, what is given."""

from typing import Any

import numpy as np

from neural_net_core import Tensor
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.recorded_array import plain
from neural_net_utils.program.calls import Call
from neural_net_utils.program.line import Line
from neural_net_utils.program.names import name_values, with_parents
from neural_net_utils.program.program import Program
from neural_net_utils.program.source import Writer
from neural_net_utils.program.step_recorder import StepRecorder
from neural_net_utils.program.values import GIVEN, Value

__all__ = ["written"]

_UNSEEN = (
    "computed from nothing that the step was given (a random draw, a table, memory written outside "
    "NumPy)"
)


def written(recorder: StepRecorder, returned: Any) -> Program:
    """Return the program of a recorded step.

    Args:
        recorder: What the step did.
        returned: What it returned.
    """
    kept = _results(recorder, returned)
    calls = _without_checks(recorder.calls, kept)
    calls = _with_literals(_without_copies(calls, kept))
    _tell_models_apart(recorder)
    writer = Writer(name_values(calls, kept, recorder.outputs, recorder.paths))
    lines = tuple(
        Line(writer.line(call), call.place.section, _comment(recorder, call), call)
        for call in calls
    )
    used = {x.root for call in calls for x in call.operands} | {value.root for value in kept}
    given = [value for value in recorder.values.all if value in used and value.role in GIVEN]
    given.sort(key=lambda value: GIVEN.index(value.role))
    inputs = {value.name: value.start for value in given if value.start is not None}
    results = {writer.of(value): value.array.copy("K") for value in kept}
    unseen = ", ".join(value.name for value in given if value.role == "unseen")
    notes = (f"{_UNSEEN}: {unseen}",) if unseen else ()
    for value in recorder.values.all:
        value.array = value.array[:0] if value.array.ndim else np.empty(())
    roles = {
        role: tuple(value.name for value in given if value.role == role)
        for role in GIVEN
        if any(value.role == role for value in given)
    }
    return Program(lines, inputs, roles, results, writer.numbers, notes)


def _tell_models_apart(recorder: StepRecorder) -> None:
    """Put the model before the names of its parameters, if there are several models."""
    models = {
        model: name
        for model, name in recorder.models.items()
        if next(iter(model.parameters()), None) is not None
    }
    if len(models) < 2:
        return
    for model, name in models.items():
        for path, tensor in (*model.named_parameters(), *model.named_buffers()):
            value = recorder.values.known(tensor.data)
            if value is not None:
                value.wishes["role"] = f"{name or type(model).__name__.lower()}.{path}"


def _results(recorder: StepRecorder, returned: Any) -> list[Value]:
    """Return what a step leaves: what it returned, gradients, and all given arrays it wrote."""
    found = [recorder.values.of(array) for array in _arrays(returned)]
    grads = (tensor.grad for tensor in recorder.held.values())
    found += (recorder.values.of(grad) for grad in grads if grad is not None)
    found += [x for x in recorder.values.all if _has_changed(x)]
    return [x for x in dict.fromkeys(found) if x.role not in _LEFT_ALONE or x.is_followed]


# What is no result where the step has not written it.
_LEFT_ALONE = ("literal", "gradient")


def _has_changed(value: Value) -> bool:
    """Tell whether a given array was written, whoever did it; unseen memory is nobody's result."""
    start = value.start
    is_own = value.role in GIVEN and value.role != "unseen"
    if not is_own or start is None:
        return False
    return value.is_followed or start.tobytes() != value.array.tobytes()


def _arrays(x: Any) -> list[Array]:
    if isinstance(x, Tensor):
        return _arrays(x.data)
    if isinstance(x, np.ndarray):
        return [plain(x)]
    if isinstance(x, dict):
        x = list(x.values())
    return [array for part in x for array in _arrays(part)] if isinstance(x, tuple | list) else []


def _without_checks(calls: list[Call], results: list[Value]) -> list[Call]:
    """Return the calls that the results depend on, or of which Python has read a number."""
    needed = {part for value in results for part in with_parents(value)}
    kept = []
    for call in reversed(calls):
        made = call.results if call.target is None else (call.target.root,)
        if call.kind == "read" or not needed.isdisjoint(made):
            kept.append(call)
            needed.update(part for value in call.operands for part in with_parents(value))
    return kept[::-1]


def _without_copies(calls: list[Call], results: list[Value]) -> list[Call]:
    """Return the calls without the tape's copies of gradients that nobody else uses any more.

    A parameter must not share its gradient's memory with anybody; here, nobody is left to share it.
    """
    last_use = {x.root: i for i, call in enumerate(calls) for x in call.operands}
    left = {value.root for value in results}
    kept = []
    for i, call in enumerate(calls):
        is_copy = call.name == "copy" and call.place.who == "the tape"
        source: Any = call.args[0] if is_copy else None
        is_own = is_copy and source.role == "made" and source.parent is None
        if is_own and last_use[source] == i and source not in left:
            copy = call.results[0]
            copy.role, copy.parent, copy.text = "view", source, "{}"
            source.of, source.prefix = copy.of, copy.prefix
        else:
            kept.append(call)
    return kept


def _with_literals(calls: list[Call]) -> list[Call]:
    """Return the calls, with literal arrays made before the first call that writes into them."""
    made: set[Value] = set()
    lines = []
    written = {call.target.root for call in calls if call.target is not None}
    for call in calls:
        for value in call.operands:
            root = value.root
            if root.role == "literal" and root in written and root not in made:
                made.add(root)
                lines.append(Call("literal", "array", (), {}, (root,), place=call.place))
        lines.append(call)
    return lines


def _comment(recorder: StepRecorder, call: Call) -> str:
    op, where = call.place.op, call.place.who
    if op is not None:
        path = recorder.paths.get(op, "")
        where = f"{path}: {op.idea.__name__}" if path else op.idea.__name__
    if call.kind == "read":
        return f"{where}: Python computes with this number, {call.options['number']:.6g}"
    return where
