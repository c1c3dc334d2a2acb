"""One recorded call: which function, on which values, and where in the step it happened."""

import inspect
import sys
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from neural_net_core import Module, Op
from neural_net_core.numpy_calls.numpy_call import NumpyCall
from neural_net_utils.program.values import Value, Values

__all__ = [
    "Call",
    "Number",
    "Place",
    "Section",
    "called",
    "floats_of",
    "place_of",
    "wish_names",
]


Section = Literal["forward", "backward", "update"]


@dataclass(frozen=True)
class Place:
    """Where in the step a call happened.

    Attributes:
        section: "forward", "backward" or "update".
        op: The operation whose forward or backward pass it belongs to, or None.
        who: Who called outside of all operations, such as "the tape" or "SGD".
        updated: The parameter that an optimizer is at.
    """

    section: Section
    op: Op | None = None
    who: str = ""
    updated: Value | None = None


@dataclass(frozen=True)
class Number:
    """A number of Python's that a variable of the caller held.

    Attributes:
        name: The variable.
        number: The number.
    """

    name: str
    number: float


@dataclass(eq=False, kw_only=True)
class Call(NumpyCall):
    """One call of NumPy, with its place in the step.

    Attributes:
        place: Where it happened.
    """

    place: Place


_HERE = ("neural_net_utils.program.", "neural_net_core.numpy_calls.")


def _callers() -> list[FrameType]:
    """Return the frames from NumPy's caller outwards to the recording itself."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(_HERE):
            if frames and module == "neural_net_utils.program.recording":
                break
        elif frames or not module.startswith("numpy"):
            frames.append(frame)
        frame = frame.f_back
    return frames


def place_of(before: Section) -> tuple[Place, list[FrameType]]:
    """Return where the running call happens, and the frames of its callers.

    Args:
        before: The section of the call before, for calls that the step itself makes.
    """
    frames = _callers()
    optimizer = ""
    for frame in frames:
        module, code = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        me = frame.f_locals.get("self")
        if isinstance(me, Op) and code in ("forward", "backward"):
            return Place("forward" if code == "forward" else "backward", me), frames
        if module == "neural_net_core.tape":
            return Place("backward", None, "the tape"), frames
        if module.startswith("neural_net_optim"):
            optimizer = code if me is None else type(me).__name__
    # What the step itself computes after the backward pass leads to new parameters, as a rule.
    return Place("update" if optimizer or before == "backward" else before, None, optimizer), frames


def wish_names(frames: list[FrameType], outputs: dict[Op, list[Value]], values: Values) -> None:
    """Let values be called as the variables are that hold them in the callers' functions.

    Args:
        frames: The callers, the innermost first.
        outputs: What each operation has returned; what its `backward` is given are gradients of it.
        values: All arrays so far.
    """
    for i, frame in enumerate(frames):
        ours = frame.f_globals.get("__name__", "").startswith("neural_net_")
        held = dict(frame.f_locals)
        me = held.get("self")
        if frame.f_code.co_name == "backward" and isinstance(me, Op):
            for x, of in zip(_arguments(frame), outputs.get(me, ()), strict=False):
                value = values.met(x)
                if value is not None and value.whole.role == "made" and value.whole.of is None:
                    value.whole.belong("d", of)
        kind = "local" if ours else "user"
        if ours and i:
            if frame.f_code.co_name != "forward" or not isinstance(held.get("self"), Module):
                continue
            kind = "module"
        # What a function was given has its name from where it was made.
        given = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        for name, x in held.items():
            value = values.met(x)
            if value is not None and name not in given and not name.startswith("_"):
                value.whole.wishes.setdefault(kind, name)


def floats_of(frame: FrameType) -> dict[int, str]:
    """Return what a function calls the floating numbers of Python's that it holds, by identity."""
    held = dict(frame.f_locals)
    if isinstance(held.get("self"), Op):
        held = vars(held["self"]) | held
    return {id(x): name for name, x in held.items() if type(x) is float}


def called(x: Any) -> str:
    """Return which variable of the step's own code holds an object, or "" if none does."""
    for frame in _callers():
        if not frame.f_globals.get("__name__", "").startswith("neural_net_"):
            seen = {name: frame.f_globals.get(name) for name in frame.f_code.co_names}
            for name, held in (seen | dict(frame.f_locals)).items():
                if held is x and name != "self":
                    return name
    return ""


def _arguments(frame: FrameType) -> list[Any]:
    """Return what a method was called with."""
    code, held = frame.f_code, frame.f_locals
    arguments = [held.get(name) for name in code.co_varnames[1 : code.co_argcount]]
    if code.co_flags & inspect.CO_VARARGS:
        arguments += held.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount], ())
    return arguments
