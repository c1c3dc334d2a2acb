"""Lists the public names of the five packages with their signatures, for public_names.txt.

    uv run python tests/public_names.py   # writes the file; name the change in CHANGELOG.md

Public is what `__all__` of a package lists, and of its subpackages except those named `fast`: each
function and class with its parameters and their defaults, each class with its own methods.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from neural_net_core import Op

RECORD = Path(__file__).with_suffix(".txt")
ROOTS = [f"neural_net_{package}" for package in ("core", "optim", "layers", "viz", "utils")]


def value_text(value: Any) -> str:
    """A default as it would be written, the same in every process."""
    if inspect.isroutine(value) or inspect.isclass(value):
        return value.__qualname__
    text = repr(value)
    return f"<{type(value).__name__}>" if " at 0x" in text else text


def signature_text(thing: Any) -> str:
    """The parameters with their defaults; types can be written in more than one way."""
    try:
        signature = inspect.signature(thing)
    except ValueError:  # a builtin
        return "(…)"
    plain = []
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        text = {
            parameter.VAR_POSITIONAL: f"*{parameter.name}",
            parameter.VAR_KEYWORD: f"**{parameter.name}",
        }.get(parameter.kind, parameter.name)
        if (
            parameter.kind is parameter.KEYWORD_ONLY
            and "*" not in plain
            and not any(name.startswith("*") for name in plain)
        ):
            plain.append("*")
        if parameter.default is not parameter.empty:
            text += f"={value_text(parameter.default)}"
        plain.append(text)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            plain.append("/")
    while plain.count("/") > 1:
        plain.remove("/")
    return f"({', '.join(plain)})"


def methods(cls: type) -> Iterator[str]:
    """Yield the public methods and properties that a class itself defines.

    An operation's `forward` and `backward` are called by the engine alone, so they are left out.
    """
    for name, member in sorted(vars(cls).items()):
        if name.startswith("_") or (issubclass(cls, Op) and name in ("forward", "backward")):
            continue
        if isinstance(member, classmethod | staticmethod):
            member = member.__func__
        if inspect.isfunction(member):
            yield name + signature_text(member)
        elif isinstance(member, property):
            yield name


def public_names(module: ModuleType) -> Iterator[str]:
    """Yield a line for each public name of a package or subpackage."""
    for name in sorted(module.__all__):
        thing = getattr(module, name)
        path = f"{module.__name__}.{name}"
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            yield path + signature_text(thing)
            yield from (f"{path}.{method}" for method in methods(thing))
        elif inspect.isroutine(thing):
            yield path + signature_text(thing)
        else:
            yield path


def packages(root: ModuleType) -> Iterator[ModuleType]:
    """Yield a package and its subpackages."""
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        parts = info.name.split(".")
        if info.ispkg and "fast" not in parts and not any(part.startswith("_") for part in parts):
            yield importlib.import_module(info.name)


def text() -> str:
    """The whole record."""
    roots = [importlib.import_module(name) for name in ROOTS]
    lines = [line for root in roots for part in packages(root) for line in public_names(part)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    RECORD.write_text(text(), encoding="utf-8")
    print(f"{RECORD}: {len(RECORD.read_text(encoding='utf-8').splitlines())} lines")
