"""What a step finds outside itself and may decide by: noted once, compared before each replay.

A recorded step does not run the Python code between its NumPy calls. So all that this code reads
must be what it was: the settings of modules, the numbers and the objects that its names stand for.
What cannot be compared is not allowed, and the step then runs as it is written.
"""

import enum
import functools
import types
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from operator import attrgetter, is_
from typing import Any

import numpy as np

from neural_net_core import Module, Tensor
from neural_net_core.dtypes import Array
from neural_net_core.random import default_rng
from neural_net_utils.replay.objects import (
    PLAIN,
    content_of,
    functions_in,
    has_slots,
    is_all_in_its_dict,
    is_ours,
    same,
    same_members,
)
from neural_net_utils.replay.pure import PURE_MODULES, is_pure_function, is_standard, root_of

__all__ = ["ANY", "UnwatchableError", "Watched"]


# Among the names that a step reads: it can read every other one, too.
ANY = "*"

# What tensors have besides their arrays, and seldom is looked at.
_OF_TENSORS = frozenset(["name", "optional", "persistent"])


class UnwatchableError(Exception):
    """Something that can change in a way that nobody can see; the message says what."""


# Arrays that are no tensors are compared number by number, so they have to be small.
_SMALL = 1 << 16
_MANY = 256


class Watched:
    """What a step depends on besides its arguments, as it is now.

    Attributes:
        tensors: The tensors that were met, by identity.
        modules: The modules that were met, in order.
        functions: Python's functions that may run, by their code.
        generators: The random generators that may be drawn from, by identity.
    """

    def __init__(self, model: Module) -> None:
        self.tensors: dict[int, Tensor] = {}
        self.modules: dict[int, Module] = {}
        self.functions: dict[types.CodeType, list[types.FunctionType]] = {}
        self.generators: dict[int, np.random.Generator] = {}
        self._sources: dict[str, types.ModuleType] = {}
        self._held: list[tuple[Tensor, Any, bool]] = []
        self._dicts: list[tuple[Any, dict[Any, Any], str]] = []
        self._laid: list[Array] = []
        self._strides: list[tuple[int, ...]] = []
        self._objects: list[Any] = []
        self._kinds: list[type] = []
        self._attributes: list[dict[str, Any]] = []
        self._keys: list[tuple[dict[Any, Any], list[Any], str]] = []
        self._dicts_now: list[Any] = []
        self._values_now: list[Any] = []
        self._sizes_then: list[int] = []
        self._names_then: list[Any] = []
        self._values_then: list[Any] = []
        self._lists: list[tuple[list[Any], list[Any], str]] = []
        self._names: dict[tuple[int, str], tuple[Mapping[str, Any], str, Any]] = {}
        self._absent: dict[int, tuple[dict[str, Any], set[str]]] = {}
        self._cells: dict[int, tuple[Any, str, Any]] = {}
        self._arrays: list[tuple[Array, bytes, str]] = []
        self._classes: list[tuple[type, dict[str, Any], tuple[type, ...]]] = []
        self._known: set[type] = set()
        self._run: dict[int, tuple[types.FunctionType, tuple[Any, ...]]] = {}
        self._labels: dict[tuple[int, str], tuple[Tensor, str, Any]] = {}
        # Held, so that no other object gets the identity of one of them.
        self._seen: dict[int, Any] = {}
        self.generator(default_rng())
        self.module(model)

    @property
    def size(self) -> int:
        """How much is watched: it grows with whatever is found."""
        return len(self._seen) + len(self._names) + len(self._cells) + len(self._run)

    # Noting -------------------------------------------------------------------------------------

    def module(self, module: Module) -> None:
        """Note a module with all its parts."""
        for path, part in module.named_modules():
            if id(part) in self.modules:
                continue
            self.modules[id(part)] = part
            where = f"{path} {type(part).__name__}".strip()
            own = not is_ours(type(part))
            if own and not is_all_in_its_dict(part):
                raise UnwatchableError(f"{where} has slots, which are not compared")
            self._object(part, where)
            for name, value in vars(part).items():
                if type(value) is np.ndarray:
                    self._lay(value)
                    continue  # it is read where it is, and what Python reads of it is noted
                if own:
                    self.value(value, f"{where}.{name}")
                else:
                    self._setting(value, f"{where}.{name}")
            if own:
                self._class(type(part))
        found: list[Any] = [*module.parameters(), *module.buffers()]
        for tensor in found:
            self.tensor(tensor)

    def _lay(self, array: Array) -> None:
        """Note how an array lies in memory: its shape can be set, too."""
        self._laid.append(array)
        self._strides.append(array.strides)

    def _object(self, x: Any, where: str) -> None:
        """Note of which class something is, and its attributes."""
        self._objects.append(x)
        self._kinds.append(type(x))
        self._attributes.append(vars(x))
        self._dicts.append((vars(x), dict(vars(x)), where))

    def tensor(self, tensor: Tensor) -> None:
        """Note which array a tensor has, and whether it wants a gradient."""
        if id(tensor) not in self.tensors:
            self.tensors[id(tensor)] = tensor
            self._held.append((tensor, tensor.data, tensor.requires_grad))
            self._lay(tensor.data)
            kind = type(tensor)
            if not is_ours(kind):
                if has_slots(kind):
                    raise UnwatchableError(f"a {kind.__name__} has slots, which are not compared")
                self._class(kind)
                if hasattr(tensor, "__dict__"):
                    self._object(tensor, f"a {kind.__name__}")
                    for name, value in vars(tensor).items():
                        self.value(value, f"{kind.__name__}.{name}")

    def generator(self, generator: np.random.Generator) -> None:
        """Note from which generators the step may draw."""
        self.generators[id(generator)] = generator

    def name(self, space: Mapping[str, Any], name: str) -> None:
        """Note what a global name stands for."""
        if name in space and (id(space), name) not in self._names:
            self._names[id(space), name] = (space, name, space[name])
            if space[name] is not np:  # which is seen under a global name
                self.value(space[name], name)

    def absent(self, space: dict[str, Any], name: str) -> None:
        """Note that a name is not among the global ones, but Python's own."""
        self._absent.setdefault(id(space), (space, set()))[1].add(name)

    def cell(self, cell: Any, name: str) -> None:
        """Note what a name of an enclosing function stands for."""
        if id(cell) in self._cells:
            return
        try:
            value = cell.cell_contents
        except ValueError:
            raise UnwatchableError(f"{name} has no value yet") from None
        self._cells[id(cell)] = (cell, name, value)
        self.value(value, name)

    def value(self, x: Any, what: str) -> None:
        """Note the content of something that a name stands for.

        Raises:
            UnwatchableError: If it is of a kind that can change unseen.
        """
        if isinstance(x, enum.Enum):
            if id(x) not in self._seen and not is_ours(type(x)):
                self._seen[id(x)] = x
                self._object(x, what)
                for part in vars(x).values():
                    self.value(part, what)
            x = x.value
        if isinstance(x, PLAIN) and not hasattr(x, "__dict__") and not isinstance(x, np.void):
            return
        if x is NotImplemented or id(x) in self._seen:
            return
        self._seen[id(x)] = x
        kind = type(x)
        if isinstance(x, Module):
            self.module(x)
        elif isinstance(x, Tensor):
            self.tensor(x)
        elif kind is np.ndarray and not x.dtype.hasobject:
            if x.nbytes > _SMALL:
                raise UnwatchableError(
                    f"{what} is an array of {x.nbytes:,} bytes outside of the model, too large to "
                    "be compared in every step; make it a Buffer of the model, or an argument"
                )
            self._arrays.append((x, x.tobytes(), what))
            self._lay(x)
        elif isinstance(x, tuple | frozenset) and not getattr(x, "__dict__", None):
            for part in x:
                self.value(part, what)
        elif kind in (list, dict):
            self._contents(x, what)
        elif isinstance(x, types.FunctionType):
            self.function(x, what)
        elif isinstance(x, functools.partial):
            self._dicts.append((x.keywords, dict(x.keywords), what))
            self._object(x, what)
            for part in (x.func, *x.args, *x.keywords.values(), *vars(x).values()):
                self.value(part, what)
        elif isinstance(x, types.MethodType):
            self.value(x.__self__, what)
            self.value(x.__func__, what)
        elif isinstance(x, types.ModuleType):
            if is_standard(x.__name__.partition(".")[0]) or x is np:
                raise UnwatchableError(
                    f"{what} is the module {x.__name__}"
                    + (", which is seen under a global name alone" if x is np else "")
                )
            self.source(x)
        elif isinstance(x, type):
            self._class(x)
        elif isinstance(x, np.random.Generator):
            self.generator(x)
        elif isinstance(x, _FIXED) or _is_pure(x):
            return
        elif is_all_in_its_dict(x) and not is_ours(kind):
            self._object(x, what)
            self._class(kind)
            for name, value in vars(x).items():
                self.value(value, f"{what}.{name}")
        else:
            raise UnwatchableError(
                f"{what} is a {kind.__name__}, which can change without being seen"
            )

    def function(self, x: types.FunctionType, what: str = "") -> None:
        """Note a function of Python's; what it reads is noted when it has run."""
        if is_standard(root_of(x)):
            raise UnwatchableError(f"{what or x.__name__} is {x.__module__}.{x.__name__}()")
        known: list[Any] = self.functions.setdefault(x.__code__, [])
        if x not in known:
            known.append(x)
            self._seen[id(x)] = x
        # A decorator's function holds the one that it decorates.
        for cell in x.__closure__ or ():
            held = content_of(cell)
            if isinstance(held, types.FunctionType) and id(held) not in self._seen:
                self.function(held)

    def surroundings(self, x: types.FunctionType) -> None:
        """Note what else belongs to a function that runs: its defaults and its attributes."""
        if id(x) in self._run:
            return
        self._run[id(x)] = (x, _made_of(x))
        self._dicts.append((vars(x), dict(vars(x)), x.__name__))
        if x.__kwdefaults__:
            self._dicts.append((x.__kwdefaults__, dict(x.__kwdefaults__), x.__name__))
        for part in (*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()):
            self.value(part, f"a default of {x.__name__}")

    def source(self, x: types.ModuleType) -> None:
        """Note a module of Python, whose names may be used."""
        self._sources[x.__name__] = x

    def members(self, names: Collection[str]) -> None:
        """Note what stands under names in the classes, modules and tensors that were met.

        Args:
            names: The names that the step reads, and `ANY` if it can read every other one.
        """
        for kind, members, _ in list(self._classes):
            for name in members if ANY in names else names:
                if name in members and not isinstance(members[name], _METHODS):
                    if ANY in names and name.startswith("__") and name.endswith("__"):
                        continue
                    self.value(members[name], f"{kind.__name__}.{name}")
        for name in _OF_TENSORS if ANY in names else _OF_TENSORS & set(names):
            for x in self.tensors.values():
                if hasattr(x, name):
                    self._labels[id(x), name] = (x, name, getattr(x, name))
        for source in list(self._sources.values()):
            if source.__name__.partition(".")[0] not in PURE_MODULES:
                if ANY in names:
                    raise UnwatchableError(
                        f"any name of {source.__name__} may be read, as by getattr()"
                    )
                for name in names:
                    self.name(vars(source), name)

    def _class(self, x: type) -> None:
        for kind in x.__mro__:
            root = root_of(kind)
            if root in PURE_MODULES or root == "builtins" or kind in self._known:
                continue
            if is_standard(root) and root != "argparse":
                raise UnwatchableError(f"{x.__name__} is a {kind.__module__}.{kind.__name__}")
            self._known.add(kind)
            self._seen[id(kind)] = kind
            self._classes.append((kind, dict(vars(kind)), kind.__bases__))
            if not is_ours(type(kind)):
                self._class(type(kind))
            for held in vars(kind).values():
                for function in functions_in(held):
                    self.function(function)

    def _setting(self, x: Any, what: str) -> None:
        """Note a setting of one of our modules: it may hold what somebody else has made."""
        if type(x) in (list, dict, tuple):
            if type(x) is list:
                self._lists.append((x, list(x), what))
            elif type(x) is dict:
                self._dicts.append((x, dict(x), what))
            for part in (*x, *x.values()) if type(x) is dict else x:
                self._setting(part, what)
        elif isinstance(x, np.random.Generator):
            self.generator(x)
        elif isinstance(x, Tensor):
            self.tensor(x)
        elif isinstance(x, Module):
            return
        elif not is_ours(type(x)):
            self.value(x, what)
        elif hasattr(x, "__dict__") and id(x) not in self._seen:  # such as the window of a layer
            self._seen[id(x)] = x
            self._object(x, what)
            for name, part in vars(x).items():
                self._setting(part, f"{what}.{name}")

    def _contents(self, x: Any, what: str) -> None:
        """Note what lists and dicts hold."""
        if len(x) > _MANY:
            raise UnwatchableError(
                f"{what} holds {len(x)} objects, too many to compare in every step"
            )
        if type(x) is list:
            self._lists.append((x, list(x), what))
        else:
            self._dicts.append((x, dict(x), what))
            if not all(type(key) is str for key in x):  # 1 and True are equal
                self._keys.append((x, list(x), what))
        for part in [*x, *x.values()] if type(x) is dict else list(x):
            self.value(part, what)

    # What a step can write into -------------------------------------------------------------------

    def arrays(self) -> Iterator[Array]:
        """Yield the arrays of tensors, those of modules, and those that names stand for."""
        yield from self.model_arrays()
        for array, _, _ in self._arrays:
            yield array

    def model_arrays(self) -> Iterator[Array]:
        """Yield the arrays of tensors and of modules, which a record reads where they are."""
        for tensor in self.tensors.values():
            yield tensor.data
        for module in self.modules.values():
            for x in vars(module).values():
                if type(x) is np.ndarray:
                    yield x

    # Comparing ----------------------------------------------------------------------------------

    def change(self) -> str:
        """Return what is not as it was, or "" if all is."""
        try:
            return self._change()
        except Exception as error:  # of objects that do not let themselves be compared
            return f"it cannot be compared: {type(error).__name__}: {error}"

    def _change(self) -> str:
        for tensor, array, wants in self._held:
            if tensor.data is not array or tensor.requires_grad is not wants:
                return "the array of a parameter or buffer was replaced, or it was frozen"
        if list(map(_strides, self._laid)) != self._strides:
            return "an array has another layout"
        if not self._objects_are_as_they_were():
            return "an object is of another class than it was, or all its attributes were replaced"
        for x, name, label in self._labels.values():
            if not same(getattr(x, name, None), label):
                return f"the {name} of a parameter or buffer has changed"
        if not self._dicts_are_as_they_were():
            for now, then, where in self._dicts:
                if not same_members(now, then):
                    return f"the settings of {where} have changed"
        for now, keys, where in self._keys:
            if not all(map(same, now, keys)):
                return f"the keys of {where} have changed"
        for held, before, where in self._lists:
            if len(held) != len(before) or not all(map(same, held, before)):
                return f"{where} has changed"
        for space, name, value in self._names.values():
            now = space.get(name)
            if now is not value and not same(now, value):
                return f"{name} has changed"
        for space, names in self._absent.values():
            if not space.keys().isdisjoint(names):
                return f"{', '.join(names & space.keys())} has another meaning now"
        for cell, name, value in self._cells.values():
            now = content_of(cell)
            if now is not value and not same(now, value):
                return f"{name} has changed"
        for array, content, where in self._arrays:
            if array.tobytes() != content:
                return f"{where} has changed"
        for kind, members, bases in self._classes:
            if kind.__bases__ != bases or not same_members(vars(kind), members):
                return f"the class {kind.__name__} has changed"
        for function, (code, defaults, more) in self._run.values():
            is_same = function.__code__ is code and function.__defaults__ is defaults
            if not is_same or function.__kwdefaults__ is not more:
                return f"the function {function.__name__} has changed"
        return ""

    def _objects_are_as_they_were(self) -> bool:
        """Tell whether all objects have the class and the dict of attributes that they had."""
        return list(map(type, self._objects)) == self._kinds and all(
            map(is_, map(_attributes, self._objects), self._attributes)
        )

    def _dicts_are_as_they_were(self) -> bool:
        """Tell whether all dicts hold the very objects that they held, all at one go.

        A network has hundreds of settings, and this is asked in every step.
        """
        if len(self._sizes_then) != len(self._dicts):
            self._dicts_now = [now for now, _, _ in self._dicts]
            self._values_now = [now.values() for now in self._dicts_now]  # which follow the dicts
            self._sizes_then = [len(then) for _, then, _ in self._dicts]
            self._names_then = [name for _, then, _ in self._dicts for name in then]
            self._values_then = [x for _, then, _ in self._dicts for x in then.values()]
        return (
            list(map(len, self._dicts_now)) == self._sizes_then
            and list(chain.from_iterable(self._dicts_now)) == self._names_then
            and all(map(is_, chain.from_iterable(self._values_now), self._values_then))
        )


_attributes, _strides = attrgetter("__dict__"), attrgetter("strides")


def _made_of(x: types.FunctionType) -> tuple[Any, ...]:
    return x.__code__, x.__defaults__, x.__kwdefaults__


def _is_pure(x: Any) -> bool:
    return isinstance(x, types.BuiltinFunctionType) and is_pure_function(x)


_METHODS = (types.FunctionType, property, staticmethod, classmethod, functools.cached_property)

# What has no content that could change.
_FIXED = (
    np.ufunc,
    type(np.sum),
    property,
    staticmethod,
    classmethod,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
)
