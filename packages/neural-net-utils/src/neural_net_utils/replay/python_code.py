"""Which of a step's own functions have run, and whether what they read and write can be watched."""

import builtins
import dis
import gc
import itertools
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from neural_net_core.context import context
from neural_net_utils.replay.pure import (
    DRAWS,
    PURE,
    PURE_MODULES,
    READERS,
    SCALARS,
    is_pure_function,
    is_standard,
    root_of,
)
from neural_net_utils.replay.traced_array import MAKERS
from neural_net_utils.replay.watched import ANY, UnwatchableError, Watched

__all__ = ["Codes", "codes_that_run", "is_profiled", "watch_code"]

_STANDARD = str(Path(os.__file__).parent)  # `sysconfig` needs files that not every system has


def is_profiled() -> bool:
    """Tell whether a profiler of C runs in this thread, which cannot be put aside."""
    profile = sys.getprofile()
    return profile is not None and not callable(profile)


class Codes(dict[types.CodeType, dict[str, Any]]):
    """The functions of Python that have run, with their global names.

    Attributes:
        effects: What some function has done that a record would leave out, such as writing a file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.effects: list[str] = []

    def take_in(self, other: "Codes") -> None:
        """Add what has run another time."""
        self.update(other)
        self.effects += other.effects


@context
def codes_that_run() -> Iterator[Codes]:
    """Collect the functions of Python that run in this thread, but those of the packages.

    Yields:
        The code of each, with its global names; filled as they run.
    """
    found = Codes()

    def profile(frame: types.FrameType, event: str, called: Any) -> None:
        if event == "c_call" and _has_effects(called, frame) and not _is_imported(frame):
            name = frame.f_code.co_name
            found.effects.append(
                f"{name} calls {called.__name__}(), which a record would leave out"
            )
        is_new = event == "call" and frame.f_code not in found
        if is_new and not _is_known(frame) and not _is_imported(frame):
            found[frame.f_code] = frame.f_globals

    former, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # what is called when garbage is collected is no part of a step
    sys.setprofile(profile)
    try:
        yield found
    finally:
        sys.setprofile(former)
        if collects:
            gc.enable()


def _has_effects(x: Any, frame: types.FrameType) -> bool:
    """Tell whether a function of C writes or reads what is no array: files, the time, streams.

    The time that an operation takes is measured for its observers.
    """
    owner = getattr(x, "__self__", None)
    module = getattr(x, "__module__", None) or type(owner).__module__
    if module == "builtins":
        return x.__name__ in ("print", "open", "input")
    if module == "time":
        return not frame.f_globals.get("__name__", "").startswith("neural_net_core.")
    return module in _OUTSIDE and x.__name__ != "fspath"


_OUTSIDE = frozenset(["_io", "io", "posix", "nt", "_random", "_socket", "_posixsubprocess"])


def _is_known(frame: types.FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    if module.partition(".")[0] in PURE_MODULES or module.startswith("namedtuple_"):
        return True
    file = frame.f_code.co_filename
    is_standard_file = file.startswith(_STANDARD) and "site-packages" not in file
    return is_standard_file or file.startswith("<frozen")


def _is_imported(frame: types.FrameType) -> bool:
    """Tell whether a function runs because something is imported, which happens only once.

    The packages import what they seldom need when they need it, and whoever has installed a finder
    of modules is asked then. What a step itself imports is seen in its code.
    """
    caller = frame.f_back
    while caller is not None:
        if caller.f_code.co_filename.startswith("<frozen importlib"):
            return True
        caller = caller.f_back
    return False


def watch_code(found: Codes, watched: Watched) -> None:
    """Watch all that the functions of a step read, besides what they are given.

    Args:
        found: The functions that have run.
        watched: Takes in what they read.

    Raises:
        UnwatchableError: If they read what cannot be watched, or change what outlives the step.
    """
    names = {name for code in found for name in _names_in(code)}
    size = -1
    while size != watched.size:  # what one function reads may lead to another
        size = watched.size
        for code, space in found.items():
            _watch(code, space, watched)
        watched.members(names)
    inner = {
        constant
        for code in found
        for constant in code.co_consts
        if isinstance(constant, types.CodeType)
    }
    for code in found:
        if code not in watched.functions and code not in inner:
            raise UnwatchableError(
                f"{code.co_name} is a function whose surroundings cannot be seen"
            )
    if found.effects:
        raise UnwatchableError(found.effects[0])


def _names_in(code: types.CodeType) -> Iterator[str]:
    """Yield the names that a function may read of any object, and `ANY` if it finds out others.

    Those of a class pattern, and what getattr() and the like are given, are among its constants.
    """
    yield from code.co_names
    constants = list(code.co_consts)
    for x in constants:
        if isinstance(x, str):
            yield x
        elif isinstance(x, tuple | frozenset):
            constants += x
    if not _OTHER_NAMES.isdisjoint(code.co_names):
        yield ANY


_OTHER_NAMES = frozenset(
    ["getattr", "__getattribute__", "__dict__", "attrgetter", "methodcaller", "getattr_static"]
)


def _watch(code: types.CodeType, space: dict[str, Any], watched: Watched) -> None:
    """Watch what a function reads."""
    name = code.co_name
    functions = watched.functions.get(code, [])
    for function in functions:
        watched.surroundings(function)
    cells = [
        dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        for function in functions
    ]
    for held in cells:
        for around, cell in held.items():
            if around != "__class__":
                watched.cell(cell, around)
                _check_draws(name, code, cell.cell_contents)
    instructions = list(dis.get_instructions(code))
    for i, instruction in enumerate(instructions):
        operation, argument = instruction.opname, instruction.argval
        if operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            raise UnwatchableError(f"{name} changes the global name {argument}")
        if operation in ("STORE_DEREF", "DELETE_DEREF") and any(argument in x for x in cells):
            raise UnwatchableError(f"{name} changes {argument} of the function around it")
        if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            _global(name, code, space, argument, watched)
        elif operation == "IMPORT_NAME":
            _check_module(name, code, str(argument))
        _check_use(name, instructions, i, space)


def _check_use(name: str, instructions: list[Any], i: int, space: dict[str, Any]) -> None:
    """Refuse what a record would not see, of whatever object it is asked."""
    operation, argument = instructions[i].opname, instructions[i].argval
    is_global = operation in ("LOAD_GLOBAL", "LOAD_NAME")
    if not is_global and operation not in ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "IMPORT_FROM"):
        return
    before = instructions[i - 1] if i else None
    of_module = (
        before is not None
        and before.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        and isinstance(space.get(before.argval), types.ModuleType)
    )
    if argument in _GRADIENTS and not (argument == "grad" and (of_module or is_global)):
        raise UnwatchableError(f"{name} uses {argument}, and what gradients there are may change")
    of_numpy = is_global and root_of(space.get(argument)) == "numpy"
    if argument in READERS and (
        of_module or of_numpy or operation == "IMPORT_FROM" or argument in _ANYWHERE
    ):
        raise UnwatchableError(f"{name} uses np.{argument}, whose use a record does not see")
    # np.float32(x) reads a number out of an array unseen; as a dtype it is only named.
    held: Any = space.get(argument) if is_global else None
    makes_number = (
        (argument in SCALARS and (of_module or not str(argument).isalpha()))
        or (isinstance(held, type) and issubclass(held, np.generic))
        or (argument == "type" and before is not None and before.argval == "dtype")
    )
    if makes_number and _is_called(instructions[i + 1 : i + 4]):
        raise UnwatchableError(
            f"{name} makes a number with {argument}(), which a record does not see; float(), int() "
            "and astype() are seen"
        )


def _is_called(following: list[Any]) -> bool:
    """Tell whether what stands on the stack is called with something that is no constant."""
    names = [x.opname for x in following if x.opname not in ("PUSH_NULL", "CACHE")]
    if not names[0].startswith("LOAD_"):
        return False
    is_constant = names[0] in ("LOAD_CONST", "LOAD_SMALL_INT")
    return not (is_constant and names[1].startswith(("PRECALL", "CALL", "KW_NAMES")))


_ANYWHERE = (
    "nditer", "ndenumerate", "nested_iters", "as_strided", "shares_memory", "may_share_memory",
)  # fmt: skip

# Functions and attributes that read or change the gradients that there are before the step.
_GRADIENTS = frozenset(
    ["grad", "zero_grad", "grad_norm", "clip_grad_norm", "clip_grad_value", "adaptive_clip_grad"]
)


def _global(
    name: str, code: types.CodeType, space: dict[str, Any], argument: str, watched: Watched
) -> None:
    """Watch a global name that a function reads."""
    if argument not in space:
        value = getattr(builtins, argument, None)
        is_error = isinstance(value, type) and issubclass(value, BaseException)
        if argument not in PURE and not is_error and callable(value):
            raise UnwatchableError(f"{name} calls {argument}(), which a record would leave out")
        watched.absent(space, argument)
        return
    value = space[argument]
    if isinstance(value, types.ModuleType):
        _module(name, code, argument, value, watched)
    elif isinstance(value, types.BuiltinFunctionType):
        if root_of(value) == "numpy" and argument in MAKERS:
            raise UnwatchableError(
                f"{name} calls {argument} by itself; written np.{argument} it is seen"
            )
        if not is_pure_function(value):
            raise UnwatchableError(f"{name} calls {argument}() of {root_of(value) or 'an object'}")
    elif root_of(value) == "numpy" and value.__module__.startswith("numpy.random"):
        raise UnwatchableError(_drawing(name, {argument}))
    _check_draws(name, code, value)
    watched.name(space, argument)


def _module(
    name: str, code: types.CodeType, argument: str, module: types.ModuleType, watched: Watched
) -> None:
    root = module.__name__.partition(".")[0]
    if root in PURE_MODULES:
        is_random = module.__name__.startswith("numpy.random")
        if root == "numpy" and (is_random or "random" in _asked(code, argument)):
            _check_numpy(name, code, module.__name__)
        return
    if is_standard(root) or not getattr(module, "__file__", None):
        raise UnwatchableError(f"{name} uses the module {module.__name__}")
    if "getattr" in code.co_names:
        raise UnwatchableError(f"{name} may read any name of {module.__name__} by getattr()")
    watched.source(module)


def _asked(code: types.CodeType, name: str) -> set[str]:
    """Return which attributes of a module a function reads; "random" where that cannot be told."""
    instructions = list(dis.get_instructions(code))
    return {
        after.argval if after.opname in ("LOAD_ATTR", "LOAD_METHOD") else "random"
        for before, after in itertools.pairwise(instructions)
        if before.opname in ("LOAD_GLOBAL", "LOAD_NAME") and before.argval == name
    }


def _check_module(name: str, code: types.CodeType, module: str) -> None:
    if module.partition(".")[0] not in PURE_MODULES:
        raise UnwatchableError(f"{name} imports {module}")
    if module == "numpy":
        raise UnwatchableError(f"{name} imports numpy by itself; above the function it is seen")
    _check_numpy(name, code, module)


def _check_numpy(name: str, code: types.CodeType, module: str) -> None:
    """Refuse a function that draws at random by NumPy itself."""
    draws = DRAWS & set(code.co_names)
    if draws and ("random" in code.co_names or module.startswith("numpy.random")):
        raise UnwatchableError(_drawing(name, draws))


def _check_draws(name: str, code: types.CodeType, value: Any) -> None:
    draws = DRAWS & set(code.co_names)
    if isinstance(value, np.random.Generator) and draws and "drawn" not in code.co_names:
        raise UnwatchableError(_drawing(name, draws))


def _drawing(name: str, draws: Any) -> str:
    return (
        f"{name} draws at random itself ({', '.join(sorted(draws))}); a record sees what layers "
        "draw, and what goes through neural_net_core.observing.drawn"
    )
