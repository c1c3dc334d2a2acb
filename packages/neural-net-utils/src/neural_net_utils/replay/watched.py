"""What a step finds outside itself and may decide by: noted once, compared before each replay.

A recorded step does not run the Python code between its NumPy calls. So all that this code reads
must be what it was: the settings of modules, the numbers and the objects that its names stand for.
What cannot be compared is not allowed, and the step then runs as it is written.
"""

import functools
import inspect
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from neural_net_core import Module, Tensor
from neural_net_core.dtypes import Array
from neural_net_core.random import default_rng

__all__ = ["UnwatchableError", "Watched"]


class UnwatchableError(Exception):
    """Something that can change in a way that nobody can see; the message says what."""


# Arrays that are no tensors are compared number by number, so they have to be small.
_SMALL = 1 << 16
_MANY = 256

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.dtype, np.generic)


class Watched:
    """What a step depends on besides its arguments, as it is now.

    Attributes:
        tensors: The tensors that were met, by identity.
        modules: The modules that were met, in order.
        functions: Python's functions that may run, by their code.
        sources: Modules of Python whose names the step's own functions use.
    """

    def __init__(self, model: Module) -> None:
        self.tensors: dict[int, Tensor] = {}
        self.modules: dict[int, Module] = {}
        self.functions: dict[types.CodeType, types.FunctionType] = {}
        self.sources: dict[str, types.ModuleType] = {}
        self._held: list[tuple[Tensor, Any, bool]] = []
        self._dicts: list[tuple[Any, dict[Any, Any], str]] = []
        self._lists: list[tuple[list[Any], list[Any], str]] = []
        self._names: list[tuple[Mapping[str, Any], str, Any]] = []
        self._cells: list[tuple[Any, str, Any]] = []
        self._arrays: list[tuple[Array, bytes, str]] = []
        self._classes: list[tuple[type, dict[str, Any]]] = []
        self._seen: set[int] = set()
        self.generators: dict[int, np.random.Generator] = {}
        self.generator(default_rng())
        self.module(model)

    # Noting -------------------------------------------------------------------------------------

    def module(self, module: Module) -> None:
        """Note a module with all its parts."""
        for path, part in module.named_modules():
            if id(part) in self.modules:
                continue
            self.modules[id(part)] = part
            where = f"{path} {type(part).__name__}".strip()
            own = not _is_ours(type(part))
            self._dicts.append((vars(part), dict(vars(part)), where))
            for name, value in vars(part).items():
                if isinstance(value, np.random.Generator):
                    self.generator(value)
                if own:
                    self.value(value, f"{where}.{name}")
                else:
                    self._contents(value, f"{where}.{name}")
            if own:
                self._class(type(part))
        found: list[Any] = [*module.parameters(), *module.buffers()]
        for tensor in found:
            self.tensor(tensor)

    def tensor(self, tensor: Tensor) -> None:
        """Note which array a tensor has, and whether it wants a gradient."""
        if id(tensor) not in self.tensors:
            self.tensors[id(tensor)] = tensor
            self._held.append((tensor, tensor.data, tensor.requires_grad))

    def generator(self, generator: np.random.Generator) -> None:
        """Note from which generators the step may draw."""
        self.generators[id(generator)] = generator

    def arrays(self) -> Iterator[Array]:
        """Yield the arrays that the step can write into: of tensors, and those of modules."""
        for tensor in self.tensors.values():
            yield tensor.data
        for module in self.modules.values():
            for x in vars(module).values():
                if type(x) is np.ndarray:
                    yield x

    def name(self, space: Mapping[str, Any], name: str) -> None:
        """Note what a global name stands for."""
        if name in space:
            self._names.append((space, name, space[name]))
            self.value(space[name], name)

    def cell(self, cell: Any, name: str) -> None:
        """Note what a name of an enclosing function stands for."""
        try:
            value = cell.cell_contents
        except ValueError:
            raise UnwatchableError(f"{name} has no value yet") from None
        self._cells.append((cell, name, value))
        self.value(value, name)

    def value(self, x: Any, what: str) -> None:
        """Note the content of something that a name stands for.

        Raises:
            UnwatchableError: If it is of a kind that can change unseen.
        """
        if isinstance(x, _PLAIN) or x is NotImplemented:
            return
        if id(x) in self._seen:
            return
        self._seen.add(id(x))
        if isinstance(x, Module):
            self.module(x)
        elif isinstance(x, Tensor):
            self.tensor(x)
        elif isinstance(x, np.ndarray):
            if x.nbytes > _SMALL:
                raise UnwatchableError(
                    f"{what} is an array of {x.nbytes:,} bytes outside of the model, too large to "
                    "be compared in every step; make it a Buffer of the model, or an argument"
                )
            self._arrays.append((x, x.tobytes(), what))
        elif isinstance(x, tuple | frozenset):
            for part in x:
                self.value(part, what)
        elif type(x) in (list, dict):
            self._contents(x, what, deeply=True)
        elif isinstance(x, types.FunctionType):
            self.function(x)
        elif isinstance(x, functools.partial):
            for part in (x.func, *x.args, *x.keywords.values()):
                self.value(part, what)
        elif isinstance(x, types.MethodType):
            self.value(x.__self__, what)
            self.value(x.__func__, what)
        elif isinstance(x, types.ModuleType):
            self.source(x)
        elif isinstance(x, type):
            self._class(x)
        elif isinstance(x, np.random.Generator):
            self.generator(x)
        elif isinstance(x, _FIXED):
            return
        elif type(x).__module__.partition(".")[0] == "numpy" and callable(x):
            return  # a function of NumPy
        elif hasattr(x, "__dict__") and not callable(x) and not _is_ours(type(x)):
            self._dicts.append((vars(x), dict(vars(x)), what))
            self._class(type(x))
            for name, value in vars(x).items():
                self.value(value, f"{what}.{name}")
        else:
            raise UnwatchableError(
                f"{what} is a {type(x).__name__}, which can change without being seen"
            )

    def function(self, x: types.FunctionType) -> None:
        """Note a function of Python's; its names are noted when it has run."""
        self.functions[x.__code__] = x
        self._seen.add(id(x))
        for part in (*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()):
            self.value(part, f"a default of {x.__name__}")
        # A decorator's function holds the one that it decorates.
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or (), strict=True):
            held = _content(cell)
            if isinstance(held, types.FunctionType) and id(held) not in self._seen:
                self.cell(cell, name)

    def source(self, x: types.ModuleType) -> None:
        """Note a module of Python, whose functions may be used."""
        self.sources[x.__name__] = x

    def _class(self, x: type) -> None:
        for kind in x.__mro__:
            if _is_ours(kind) or kind.__module__ == "builtins" or id(kind) in self._seen:
                continue
            self._seen.add(id(kind))
            self._classes.append((kind, dict(vars(kind))))
            for held in vars(kind).values():
                held = inspect.unwrap(held) if callable(held) else held
                held = getattr(held, "fget", None) or getattr(held, "__func__", held)
                if isinstance(held, types.FunctionType) and id(held) not in self._seen:
                    self.function(held)

    def _contents(self, x: Any, what: str, *, deeply: bool = False) -> None:
        """Note what lists and dicts hold."""
        if type(x) is list:
            self._lists.append((x, list(x), what))
            parts: Iterable[Any] = x
        elif type(x) is dict:
            self._dicts.append((x, dict(x), what))
            parts = x.values()
        elif type(x) is tuple:
            parts = x
        else:
            return
        if deeply and len(x) > _MANY:
            raise UnwatchableError(
                f"{what} holds {len(x)} objects, too many to compare in every step"
            )
        for part in parts:
            if deeply:
                self.value(part, what)
            else:
                self._contents(part, what)

    # Comparing ----------------------------------------------------------------------------------

    def change(self) -> str:
        """Return what is not as it was, or "" if all is."""
        for tensor, array, wants in self._held:
            if tensor.data is not array or tensor.requires_grad is not wants:
                return "the array of a parameter or buffer was replaced, or it was frozen"
        for now, then, where in self._dicts:
            if now is not then and not _same(now, then):
                return f"the settings of {where} have changed"
        for held, before, where in self._lists:
            if not _same(held, before):
                return f"{where} has changed"
        for space, name, value in self._names:
            if space.get(name) is not value and not _same(space.get(name), value):
                return f"{name} has changed"
        for cell, name, value in self._cells:
            if _content(cell) is not value and not _same(_content(cell), value):
                return f"{name} has changed"
        for array, content, where in self._arrays:
            if array.tobytes() != content:
                return f"{where} has changed"
        for kind, members in self._classes:
            if not _same(dict(vars(kind)), members):
                return f"the class {kind.__name__} has changed"
        return ""


def _same(a: Any, b: Any) -> bool:
    """Tell whether two things are equal; what cannot be compared is not."""
    try:
        return type(a) is type(b) and bool(a == b)
    except Exception:
        return False


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith("neural_net_")


# What has no content that could change.
_FIXED = (
    np.ufunc,
    property,
    staticmethod,
    classmethod,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
)
