"""What the signatures say: words are Literals, data is TensorLike, a module's call is typed."""

import ast
import importlib
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neural_net_core import Module

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["core", "optim", "layers", "viz", "utils"]


class Function:
    """A function of the sources, by its parameters; a class stands for its `__init__`."""

    def __init__(self, node: ast.FunctionDef, owner: ast.ClassDef | None, module: str) -> None:
        self.node = node
        self.name = owner.name if owner and node.name == "__init__" else node.name
        self.label = f"{module}: {owner.name + '.' if owner else ''}{node.name}"
        arguments = node.args.posonlyargs + node.args.args
        self.positional = [a.arg for a in arguments if a.arg not in ("self", "cls")]
        # An optimizer's class lists what each of its options may be.
        self.limits = ast.unparse(owner) if owner and node.name == "__init__" else ""
        self.annotations = {
            a.arg: ast.unparse(a.annotation)
            for a in arguments + node.args.kwonlyargs
            if a.annotation is not None
        }

    def texts(self) -> Iterator[str]:
        """Yield the parameters that any text may be given for."""
        for name, annotation in self.annotations.items():
            if "str" in [part.strip() for part in annotation.split("|")]:
                yield name


def functions(source: str, module: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(source)):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                yield Function(child, node if isinstance(node, ast.ClassDef) else None, module)


def is_name(node: ast.AST, name: str) -> bool:
    """Tell whether an expression is a parameter, or the attribute that keeps it."""
    return (isinstance(node, ast.Name) and node.id == name) or (
        isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == "self"
    )


def is_words(node: ast.AST) -> bool:
    """Tell whether an expression is a text that is no sign, or a few of them."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and len(node.value) > 1 and node.value.isidentifier()
    return isinstance(node, ast.Tuple | ast.List | ast.Set) and all(map(is_words, node.elts))


def chooses(function: Function, name: str, known: dict[str, tuple[Function, set[str]]]) -> bool:
    """Tell whether a function compares a parameter with fixed words, or hands it on to one."""
    if f"'{name}': choice(" in function.limits:
        return True
    for node in ast.walk(function.node):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(is_name(s, name) for s in sides) and any(is_words(s) for s in sides):
                return True
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            place = {"check_word": 2, "check_reduction": 1}.get(called)
            if called == "check" and "choice(" in ast.unparse(node.func):
                place = 2
            if place is not None and any(is_name(a, name) for a in node.args[place : place + 1]):
                return True
            if called in known:
                other, words = known[called]
                pairs = [(k.arg, k.value) for k in node.keywords]
                pairs += zip(other.positional, node.args, strict=False)
                if any(word in words and is_name(value, name) for word, value in pairs):
                    return True
    return False


def free_words(sources: dict[str, str]) -> list[str]:
    """List the parameters of public functions that take words but are annotated `str`."""
    found = [f for module, source in sources.items() for f in functions(source, module)]
    known: dict[str, tuple[Function, set[str]]] = {}
    labels: set[str] = set()
    while True:  # until a round finds no more
        before = sum(len(words) for _, words in known.values())
        for function in found:
            for name in function.texts():
                if chooses(function, name, known):
                    known.setdefault(function.name, (function, set()))[1].add(name)
                    if not function.name.startswith("_"):
                        labels.add(f"{function.label}({name})")
        if sum(len(words) for _, words in known.values()) == before:
            return sorted(labels)


def sources() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.glob("packages/*/src/**/*.py"))
        if not path.name.startswith("_") or path.name == "__init__.py"
    }


OTHERS = {
    "numpy_protocol.py: numpy_ufunc(method)",  # NumPy's words
    "recorder.py: Recorder.ufunc(method)",
    "recorder.py: Recorder.method(name)",
    "python_code.py: profile(event)",  # Python's
    "pure.py: is_standard(root)",
    "canvas.py: Canvas.marker(shape)",  # one of MARKERS, which are picked by number
    "axes.py: Plot.points(marker)",
}


def test_parameters_that_take_fixed_words_are_literals() -> None:
    assert {label.rpartition("/")[2] for label in free_words(sources())} == OTHERS


@pytest.mark.parametrize(
    "body",
    [
        "return mode == 'min'",
        "return mode in ('min', 'max')",
        "check_word('f', 'mode', mode, WORDS)",
        "self.mode = choice('min', 'max').check('f', 'mode', mode)",
        "return g(1, how=mode)",
        "return g(1, mode)",
    ],
)
def test_the_test_above_can_fail(body: str) -> None:
    source = f"def f(self, mode: str | None): {body}\ndef g(x, how: str): return how != 'less'\n"
    assert "m: f(mode)" in free_words({"m": source})
    assert free_words({"m": source.replace("str", "Mode")}) == []


def modules() -> list[type[Module]]:
    """All public layers, losses, activations and containers that have a forward pass."""
    named = {}
    for package in PACKAGES:
        root = importlib.import_module(f"neural_net_{package}")
        for name in root.__all__:
            value = getattr(root, name)
            if inspect.isclass(value) and issubclass(value, Module) and hasattr(value, "forward"):
                named[name] = value
    return [named[name] for name in sorted(named)]


# What they return is the user's: Identity its input, Sequential what its last module returns.
ANYTHING = {"Identity", "Sequential"}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_a_layer_says_what_it_takes_and_returns(module: type[Module]) -> None:
    forward: Any = module.forward
    hints = typing.get_type_hints(forward)
    result = hints.pop("return")
    # Those whose result depends on a flag say so in overloads of `__call__`, which the program
    # in `typing/` uses.
    overloaded = "need_weights" in inspect.signature(forward).parameters
    if module.__name__ not in ANYTHING:
        assert (result is Any) == overloaded
        assert Any not in hints.values()
