"""Modules that hold other modules: one after the other, by number, or by name.

Each is a module like any other: a subclass may have parameters and modules as attributes too.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, overload

import numpy as np

from neural_net_core.checks import check_count, check_items, is_whole, shown
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor

__all__ = ["ModuleDict", "ModuleList", "Sequential"]

# What a container holds, so that `layers[0](x)` has the type that the layer gives it. `ModuleList`
# alone means any modules.
if TYPE_CHECKING:
    from typing_extensions import TypeVar  # that of Python 3.13, which has defaults

    M = TypeVar("M", bound=Module, default=Module)
else:
    from typing import TypeVar

    M = TypeVar("M")


def _members_of(
    container: "ModuleList[Any] | ModuleDict[Any] | Sequential",
) -> Iterable[tuple[str, Any]]:
    """Return the modules inside by their own names, and what a subclass has besides."""
    members: list[tuple[str, Any]] = []
    for name, value in Module._members(container):
        if name != "_modules":
            members.append((name, value))
        elif isinstance(value, dict):
            members += value.items()
        else:
            members += [(str(i), module) for i, module in enumerate(value)]
    return members


def _check_name(owner: object, name: Any) -> str:
    if not isinstance(name, str) or not name or "." in name:
        raise ValueError(f"{type(owner).__name__}: expected a name without dots, got {name!r}")
    return name


def _check_module(owner: object, module: Any) -> Any:
    if not isinstance(module, Module):
        raise TypeError(f"{type(owner).__name__}: expected a Module, got {type(module).__name__}")
    return module


def _check_modules(owner: object, modules: Any) -> list[Any]:
    items = check_items(type(owner).__name__, "modules", modules)
    return [_check_module(owner, module) for module in items]


def _check_place(owner: Sized, i: Any) -> int:
    # An IndexError ends a loop over what has no __iter__ of its own.
    if not (is_whole(i) and -len(owner) <= i < len(owner)):
        raise IndexError(
            f"{type(owner).__name__}: i must be an int below {len(owner)}, the number of modules, "
            f"got {shown(i)}"
        )
    return int(i)


def _named(owner: "ModuleDict[Any] | Sequential", name: Any) -> Any:
    modules: Any = owner._modules
    if not isinstance(name, str) or name not in modules:
        raise KeyError(
            f"{type(owner).__name__}: no module of the name {shown(name)}, only {list(modules)}"
        )
    return modules[name]


class ModuleList(Module, Generic[M]):
    """A list of modules; its `forward` is the owner's to write.

    Args:
        modules: The modules, in order. Their parameters are named `0.weight`, `1.weight`, ….
    """

    def __init__(self, modules: Iterable[M] = ()) -> None:
        self._modules: list[M] = _check_modules(self, modules)

    def _members(self) -> Iterable[tuple[str, Any]]:
        return _members_of(self)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[M]:
        return iter(self._modules)

    @overload
    def __getitem__(self, i: int) -> M: ...
    @overload
    def __getitem__(self, i: slice) -> "ModuleList[M]": ...
    def __getitem__(self, i: int | slice) -> "M | ModuleList[M]":
        # A subclass may be constructed from something else than its modules.
        if isinstance(i, slice):
            return ModuleList(self._modules[i])
        return self._modules[_check_place(self, i)]

    def __setitem__(self, i: int, module: M) -> None:
        self._modules[_check_place(self, i)] = _check_module(self, module)

    def append(self, module: M) -> None:
        """Add a module at the end."""
        self._modules.append(_check_module(self, module))

    def extend(self, modules: Iterable[M]) -> None:
        """Add modules at the end."""
        self._modules.extend(_check_modules(self, modules))

    def insert(self, i: int, module: M) -> None:
        """Put a module before position i."""
        place = check_count("ModuleList.insert", "i", i, -sys.maxsize)
        self._modules.insert(place, _check_module(self, module))


class Sequential(Module):
    r"""Modules applied one after the other, each to the output of the one before.

    $$ y = f_n(\dots f_2(f_1(x))) $$

    Args:
        *modules: The modules in order, named `0`, `1`, …; or one mapping of names to modules.

    Examples:
        >>> from neural_net_core import Dense, Sequential, Tanh
        >>> net = Sequential(Dense(2, 4), Tanh(), Dense(4, 1))
        >>> list(net.state_dict())
        ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            named = dict(modules[0])
        else:
            named = {str(i): module for i, module in enumerate(modules)}  # type: ignore[misc]
        self._modules = {
            _check_name(self, name): _check_module(self, module) for name, module in named.items()
        }

    def _members(self) -> Iterable[tuple[str, Any]]:
        return _members_of(self)

    def forward(self, x: Any) -> Tensor:
        """Apply the modules in order.

        Args:
            x: What the first module takes.

        Returns:
            What the last module gives; a Tensor, unless that one is a recurrent layer or the like.
        """
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            x = as_input(self, x)  # whose dtype the first module may not know: Flatten has none
        for module in self._modules.values():
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, i: int | str) -> Module: ...
    @overload
    def __getitem__(self, i: slice) -> "Sequential": ...
    def __getitem__(self, i: int | str | slice) -> Any:
        if isinstance(i, str):
            return _named(self, i)
        if isinstance(i, slice):
            return Sequential(dict(list(self._modules.items())[i]))
        return list(self._modules.values())[_check_place(self, i)]

    def append(self, module: Module) -> None:
        """Add a module at the end, named by its position, or by the next number that is free."""
        names = map(str, count(len(self._modules)))
        name = next(name for name in names if name not in self._modules)
        self._modules[name] = _check_module(self, module)


class ModuleDict(Module, Generic[M]):
    """Modules by name; its `forward` is the owner's to write.

    Args:
        modules: The modules by name. Their parameters are named `name.weight`.
    """

    def __init__(self, modules: Mapping[str, M] | None = None) -> None:
        self._modules: dict[str, M] = {}
        if not isinstance(modules, Mapping | None):
            raise ValueError(f"ModuleDict: modules must be a dict of them, got {shown(modules)}")
        for name, module in (modules or {}).items():
            self[name] = module

    def _members(self) -> Iterable[tuple[str, Any]]:
        return _members_of(self)

    def __getitem__(self, name: str) -> M:
        module: M = _named(self, name)
        return module

    def __setitem__(self, name: str, module: M) -> None:
        self._modules[_check_name(self, name)] = _check_module(self, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Iterable[M]:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, M]]:
        """Return the names with their modules."""
        return self._modules.items()
