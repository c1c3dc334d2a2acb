"""Every public name is listed once in its module's `__all__` and says what it is."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

PACKAGES = ["core", "optim", "layers", "viz", "utils"]


def public_modules() -> Iterator[str]:
    """The packages and all their modules without a leading underscore."""
    for package in PACKAGES:
        root = importlib.import_module(f"neural_net_{package}")
        yield root.__name__
        for info in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if not any(part.startswith("_") for part in info.name.split(".")):
                yield info.name


MODULES = sorted(public_modules())


@pytest.mark.parametrize("name", MODULES)
def test_a_public_module_lists_its_names(name: str) -> None:
    module = importlib.import_module(name)
    assert hasattr(module, "__all__"), f"{name} has no __all__"
    assert len(module.__all__) == len(set(module.__all__))
    missing = [public for public in module.__all__ if not hasattr(module, public)]
    assert missing == []


@pytest.mark.parametrize("name", MODULES)
def test_a_public_module_and_its_names_are_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    silent = []
    for public in getattr(module, "__all__", []):
        thing = getattr(module, public)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        if not thing.__doc__:
            silent.append(public)
        if inspect.isclass(thing):
            silent += [f"{public}.{method}" for method in undocumented_methods(thing)]
    assert silent == []


def undocumented_methods(cls: type) -> list[str]:
    """Public methods that a class defines without a word, unless it overrides one that speaks."""
    said_by_the_class = {"forward", "backward"}
    methods = [
        name
        for name, value in vars(cls).items()
        if not name.startswith("_") and name not in said_by_the_class
        if inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)
    ]
    return [name for name in methods if not inspect.getdoc(getattr(cls, name))]


# What figures are made of takes what figures have checked.
CALLED = [name for name in MODULES if not name.startswith("neural_net_viz.drawing")]


@pytest.mark.parametrize("name", CALLED)
def test_no_public_function_checks_its_arguments_only_when_its_answer_is_used(name: str) -> None:
    module = importlib.import_module(name)
    late = [
        public
        for public in getattr(module, "__all__", [])
        if inspect.isgeneratorfunction(getattr(module, public))
    ]
    assert late == []
