"""Which of a step's own functions have run, and whether what they read and write can be watched."""

import builtins
import dis
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

from neural_net_core.context import context
from neural_net_utils.replay.traced_array import MAKERS
from neural_net_utils.replay.watched import UnwatchableError, Watched

__all__ = ["codes_that_run", "watch_code"]

# Functions of Python whose result depends on nothing but their arguments.
_PURE = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "callable",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "frozenset",
        "getattr",
        "hasattr",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "object",
        "pow",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "zip",
    ]
)
_PURE_MODULES = frozenset(
    [
        "numpy",
        "math",
        "operator",
        "functools",
        "itertools",
        "typing",
        "collections",
        "dataclasses",
        "enum",
        "abc",
        "types",
        "contextlib",
        "neural_net_core",
        "neural_net_optim",
        "neural_net_layers",
        "neural_net_utils",
        "neural_net_viz",
    ]
)
# What a random generator is asked for; in layers, `neural_net_core.observing.drawn` does it.
_DRAWS = frozenset(
    [
        "random",
        "normal",
        "uniform",
        "integers",
        "choice",
        "permutation",
        "permuted",
        "shuffle",
        "standard_normal",
        "standard_exponential",
        "exponential",
        "binomial",
        "poisson",
        "bytes",
        "gumbel",
        "laplace",
        "multinomial",
        "beta",
        "gamma",
        "default_rng",
        "rand",
        "randn",
        "randint",
        "seed",
    ]
)
_STANDARD = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))


@context
def codes_that_run() -> Iterator[dict[types.CodeType, dict[str, Any]]]:
    """Collect the functions of Python that run in this thread, but those of the packages.

    Yields:
        The code of each, with its global names; filled as they run.
    """
    found: dict[types.CodeType, dict[str, Any]] = {}

    def profile(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code not in found and not _is_known(frame):
            found[frame.f_code] = frame.f_globals

    former = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield found
    finally:
        sys.setprofile(former)


def _is_known(frame: types.FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    if module.partition(".")[0] in _PURE_MODULES or module.startswith("namedtuple_"):
        return True
    file = frame.f_code.co_filename
    is_standard = file.startswith(_STANDARD) and "site-packages" not in file
    return is_standard or file.startswith("<frozen")


def watch_code(found: dict[types.CodeType, dict[str, Any]], watched: Watched) -> None:
    """Watch all that the functions of a step read, besides what they are given.

    Args:
        found: The functions that have run.
        watched: Takes in what they read.

    Raises:
        UnwatchableError: If they read what cannot be watched, or change what outlives the step.
    """
    inner = {
        constant
        for code in found
        for constant in code.co_consts
        if isinstance(constant, types.CodeType)
    }
    for code, space in found.items():
        name = code.co_name
        function = watched.functions.get(code)
        if code.co_freevars and function is None and code not in inner:
            raise UnwatchableError(f"{name} is a function whose surroundings cannot be seen")
        cells = (
            dict(zip(code.co_freevars, function.__closure__ or (), strict=True)) if function else {}
        )
        for instruction in dis.get_instructions(code):
            operation, argument = instruction.opname, instruction.argval
            if operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                raise UnwatchableError(f"{name} changes the global name {argument}")
            if operation in ("STORE_DEREF", "DELETE_DEREF") and argument in cells:
                raise UnwatchableError(f"{name} changes {argument} of the function around it")
            if operation in ("LOAD_GLOBAL", "LOAD_NAME"):
                _global(name, code, space, argument, watched)
            elif (
                operation in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_CLOSURE") and argument in cells
            ):
                if argument != "__class__":
                    watched.cell(cells[argument], argument)
                    _check_draws(name, code, cells[argument].cell_contents)
            elif operation == "IMPORT_NAME":
                _check_module(name, code, str(argument))


def _global(
    name: str, code: types.CodeType, space: dict[str, Any], argument: str, watched: Watched
) -> None:
    """Watch a global name that a function reads."""
    if argument not in space:
        value = getattr(builtins, argument, None)
        is_error = isinstance(value, type) and issubclass(value, BaseException)
        if argument not in _PURE and not is_error and callable(value):
            raise UnwatchableError(f"{name} calls {argument}(), which a record would leave out")
        return
    value = space[argument]
    if isinstance(value, types.ModuleType):
        _module(name, code, value, watched)
    elif isinstance(value, types.BuiltinFunctionType):
        module = (getattr(value, "__module__", None) or "").partition(".")[0]
        if module == "numpy" and argument in MAKERS:
            raise UnwatchableError(
                f"{name} calls {argument} by itself; written np.{argument} it is seen"
            )
        if module not in _PURE_MODULES and module != "builtins":
            raise UnwatchableError(f"{name} calls {argument}() of {module or 'an object'}")
    _check_draws(name, code, value)
    watched.name(space, argument)


def _module(name: str, code: types.CodeType, module: types.ModuleType, watched: Watched) -> None:
    root = module.__name__.partition(".")[0]
    if root in _PURE_MODULES:
        if root == "numpy" and (draws := _DRAWS & set(code.co_names)):
            raise UnwatchableError(_drawing(name, draws))
        return
    file = getattr(module, "__file__", None) or ""
    if not file or (file.startswith(_STANDARD) and "site-packages" not in file):
        raise UnwatchableError(f"{name} uses the module {module.__name__}")
    for attribute in code.co_names:  # whatever of it this function may read
        if attribute in vars(module):
            watched.name(vars(module), attribute)


def _check_module(name: str, code: types.CodeType, module: str) -> None:
    if module.partition(".")[0] not in _PURE_MODULES:
        raise UnwatchableError(f"{name} imports {module}")
    if module.startswith("numpy") and (draws := _DRAWS & set(code.co_names)):
        raise UnwatchableError(_drawing(name, draws))


def _check_draws(name: str, code: types.CodeType, value: Any) -> None:
    import numpy as np

    if isinstance(value, np.random.Generator) and (draws := _DRAWS & set(code.co_names)):
        raise UnwatchableError(_drawing(name, draws))


def _drawing(name: str, draws: Any) -> str:
    return (
        f"{name} draws at random itself ({', '.join(sorted(draws))}); a record sees what layers "
        "draw, and what goes through neural_net_core.observing.drawn"
    )
