"""Gives a loaded module the code of a changed source, in the place of its own."""

import gc
import inspect
from types import CodeType, FunctionType, ModuleType

__all__ = ["NotAFunction", "changed_functions", "patch", "transplant"]

Path = tuple[str, ...]


class NotAFunction(Exception):  # noqa: N818
    """The change is not, or not only, in the body of a function that can be found."""


def changed_functions(before: CodeType, after: CodeType, path: Path = ()) -> list[tuple]:
    """Return (path, old code, new code) of each function of a module whose body has changed.

    Args:
        before: The compiled module, or the body of one of its classes.
        after: The same of the changed source.
        path: The names that lead to it: a function's, or a class's and a method's.

    Raises:
        NotAFunction: If something outside all functions has changed, such as a default value.
    """
    if before == after:
        return []
    if before.co_flags & inspect.CO_OPTIMIZED:
        return [(path, before, after)]
    if (
        before.co_code != after.co_code
        or before.co_names != after.co_names
        or len(before.co_consts) != len(after.co_consts)
    ):
        raise NotAFunction
    found = []
    for old, new in zip(before.co_consts, after.co_consts, strict=True):
        if isinstance(old, CodeType) and isinstance(new, CodeType):
            found += changed_functions(old, new, (*path, new.co_name))
        elif repr(old) != repr(new):
            raise NotAFunction
    return found


def patch(module: ModuleType, path: Path, old: CodeType, code: CodeType) -> None:
    """Let the function at a path run other code from now on, whoever holds it.

    Functions that it has made already, and lambdas, are found wherever they are.

    Raises:
        NotAFunction: If it is not there, or the code refers to other outer variables.
    """
    made = dict(changed_inside(old, code))
    if path[-1] == "<lambda>":
        made[old] = code
    if made:
        for function in gc.get_objects():
            if type(function) is FunctionType and function.__code__ in made:
                function.__code__ = made[function.__code__]
    if path[-1] == "<lambda>":
        return
    owner: object = module
    held: object = module
    for name in path:
        owner, held = held, vars(held).get(name)
        if held is None:
            raise NotAFunction
    for function in functions_of(held):
        if function.__code__.co_firstlineno == code.co_firstlineno:
            give(owner, path[-1], function, code)
            return
    raise NotAFunction


def changed_inside(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]]:
    """Return old and new code of the functions inside a function."""
    pairs = []
    if len(old.co_consts) == len(new.co_consts):
        for a, b in zip(old.co_consts, new.co_consts, strict=True):
            if isinstance(a, CodeType) and isinstance(b, CodeType) and a != b:
                pairs += [(a, b), *changed_inside(a, b)]
    return pairs


def give(owner: object, name: str, function: FunctionType, code: CodeType) -> None:
    """Let a function, which stands under a name in its class or module, run other code."""
    if function.__code__.co_freevars and not code.co_freevars and vars(owner)[name] is function:
        # A method that called super() and no longer does.
        fresh = FunctionType(code, function.__globals__, name, function.__defaults__)
        fresh.__kwdefaults__ = function.__kwdefaults__
        setattr(owner, name, fresh)
        return
    try:
        function.__code__ = code
    except ValueError as error:
        raise NotAFunction from error


def functions_of(held: object) -> list[FunctionType]:
    """Return the plain functions inside what a class or module holds under a name."""
    if isinstance(held, property):
        parts = [held.fget, held.fset, held.fdel]
    else:
        parts = [getattr(held, "__func__", getattr(held, "func", held))]
    return [inspect.unwrap(part) for part in parts if inspect.isfunction(inspect.unwrap(part))]


def transplant(module: ModuleType, code: CodeType) -> None:
    """Run the changed source, and give its functions' code and defaults and its other values to
    the module's own functions and classes, which others hold already.
    """
    fresh = ModuleType(module.__name__)
    vars(fresh).update(__file__=module.__file__, __package__=module.__package__)
    exec(code, vars(fresh))  # noqa: S102
    replace(module, fresh, module.__name__)
    fresh = None
    gc.collect()  # or the new operations would count as operations that nobody has checked


def replace(old: object, new: object, owner: str) -> None:
    """Move what is defined in the new module or class into the old one."""
    for name, value in list(vars(new).items()):
        mine = vars(old).get(name)
        if name.startswith("__") and name != "__init__":
            continue
        if inspect.isclass(value) and value.__module__ == owner and inspect.isclass(mine):
            replace(mine, value, owner)
        elif own := functions_of(mine):
            for function, other in zip(own, functions_of(value), strict=True):
                function.__defaults__ = other.__defaults__
                function.__kwdefaults__ = other.__kwdefaults__
                give(old, name, function, other.__code__)
        elif not inspect.isclass(value):
            setattr(old, name, value)
