"""A part of a network: parameters, sub-modules, and a forward pass.

A module finds its parameters by walking its own attributes in the order of their definition,
through lists, tuples and dictionaries. So there is nothing to register and no `super().__init__()`
to forget:

    class Twice(Module):
        def __init__(self, width):
            self.layers = [Dense(width, width), Dense(width, width)]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    Twice(3).state_dict().keys()    # layers.0.weight, layers.0.bias, layers.1.weight, …
"""

import reprlib
from collections import UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, ParamSpec, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from neural_net_core import observing
from neural_net_core.called_differently import explain_modules
from neural_net_core.checks import check_callable, check_dtype, check_flag
from neural_net_core.dtypes import Array, is_floating
from neural_net_core.errors import StateDictError
from neural_net_core.modules._fitting import checked_data, fitted, root_of
from neural_net_core.modules._notes import explain
from neural_net_core.modules.state_report import as_mapping, state_dict_error
from neural_net_core.modules.summary import summarize
from neural_net_core.tensor import Buffer, Parameter, Tensor, TensorLike

__all__ = ["HookHandle", "LoadResult", "Module"]

Hook = Callable[["Module", tuple[Any, ...], Any], Any]


class HookHandle:
    """The way to take a forward hook off again; also a context manager."""

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class LoadResult(tuple[list[str], list[str]]):
    """What `load_state_dict(strict=False)` passed over: `missing_keys` and `unexpected_keys`."""

    __slots__ = ()

    @property
    def missing_keys(self) -> list[str]:
        """Keys of the module that the state dict does not have."""
        return self[0]

    @property
    def unexpected_keys(self) -> list[str]:
        """Keys of the state dict that the module does not have."""
        return self[1]


P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class HasForward(Protocol[P, R_co]):
    """What `Module.__call__` is called on, for type checkers: it has `forward`'s own signature."""

    @property
    def forward(self) -> Callable[P, R_co]:
        """The forward pass."""

    @property
    def _forward_hooks(self) -> Mapping[int, Callable[..., Any]] | None: ...


class Module:
    """Base class of every layer and network; a subclass writes `__init__` and `forward`.

    An attribute that is a parameter or buffer cannot be replaced by a result, as in
    `m.w = m.w - 0.1`, which would take it out of the module: that is a TypeError. Elements of lists
    and dicts cannot be watched so; there, too, write `m.ws[0] -= 0.1`.

    Attributes:
        training: Whether the module behaves as in training (dropout drops, batch norm uses the
            batch) or as in evaluation; set by `train` and `eval`.
    """

    training: bool = True
    _forward_hooks: dict[int, Hook] | None = None
    _slots: ClassVar[tuple[str, ...]] = ()

    forward: Callable[..., Any]

    def __call__(self: HasForward[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run `forward`, then the forward hooks; an error gets a note with the module's path."""
        try:
            if observing.watching:
                with observing.inside(self):
                    y = self.forward(*args, **kwargs)
            else:
                y = self.forward(*args, **kwargs)
        except Exception as error:
            explain(error, self, kwargs)
            raise
        if self._forward_hooks:
            for hook in tuple(self._forward_hooks.values()):
                changed = hook(self, args, y)
                y = y if changed is None else changed
        return y

    def __setattr__(self, name: str, value: Any) -> None:
        # Computing modules set no attributes, so this costs time only where one is constructed.
        held = getattr(self, name, None) if name in self._slots else self.__dict__.get(name)
        if isinstance(held, _TENSORS) and not isinstance(value, _REPLACING):
            kind = type(held).__name__
            raise TypeError(
                f"{type(self).__name__}.{name} is a {kind}, and a {type(value).__name__} in its "
                f"place would not belong to the module: change its values by `m.{name} -= ...` "
                f"inside `with no_grad():` or by `m.{name}.data = ...`, put `{kind}(...)` there, "
                f"or `del m.{name}` before"
            )
        super().__setattr__(name, value)

    # The walk -------------------------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Attributes in slots are not among the variables of an object.
        slots = vars(cls).get("__slots__", ())
        cls._slots = (*cls._slots, *([slots] if isinstance(slots, str) else slots))

    def _members(self) -> Iterable[tuple[str, Any]]:
        """Yield the attributes by name; containers override this to leave out a level of names."""
        own = [item for item in vars(self).items() if item[0] != "_forward_hooks"]
        if self._slots:
            own += [(name, getattr(self, name)) for name in self._slots if hasattr(self, name)]
        return own

    def _walk(self, *, deep: bool = True) -> Iterator[tuple[str, Any]]:
        """Yield every tensor and module below, with its path, in definition order.

        What holds itself, such as a module with an attribute for its parent, is not a part of
        itself: the walk does not enter what it is in already.

        Args:
            deep: Whether to go on below the modules that are found.

        Raises:
            StateDictError: If two different parts have the same path, or one is in a set.
        """
        found: dict[str, Any] = {}
        inside = {id(self)}
        levels = [("", id(self), iter(_parts(self)))]
        while levels:
            prefix, owner, parts = levels[-1]
            for key, value in parts:
                path = prefix + key
                enter = True
                if isinstance(value, _PARTS):
                    if id(value) in inside or found.get(path) is value:
                        continue
                    if path in found:
                        raise self._two_parts(path)
                    found[path] = value
                    yield path, value
                    enter = deep and isinstance(value, Module)
                if enter and id(value) not in inside:
                    inside.add(id(value))
                    levels.append((path + ".", id(value), iter(_parts(value))))
                    break
            else:
                inside.discard(owner)
                levels.pop()

    def _two_parts(self, path: str) -> StateDictError:
        first, second, *_ = _spellings(self, path)
        return StateDictError(
            f"{type(self).__name__}: {first} and {second} are two parts, and both have the path "
            f"{path!r}; give one of them another name or key"
        )

    def _named(self, kind: type, *, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, value in self._walk():
            if isinstance(value, kind) and not (remove_duplicate and id(value) in seen):
                seen.add(id(value))
                yield path, value

    def named_parameters(self, *, remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Yield each parameter with its path; a tied one once, under its first path.

        Args:
            remove_duplicate: False yields a tied parameter under each of its paths.
        """
        for path, parameter in self._named(Parameter, remove_duplicate=remove_duplicate):
            if parameter.name is None:
                # So that errors in a backward pass, which sees no modules, can name it.
                parameter.name = path
            yield path, parameter

    def parameters(self) -> Iterator[Parameter]:
        """Yield each parameter once, in definition order."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, *, remove_duplicate: bool = True) -> Iterator[tuple[str, Buffer]]:
        """Yield each buffer with its path."""
        return self._named(Buffer, remove_duplicate=remove_duplicate)

    def buffers(self) -> Iterator[Buffer]:
        """Yield each buffer once, in definition order."""
        return (buffer for _, buffer in self.named_buffers())

    def named_modules(self, *, remove_duplicate: bool = True) -> Iterator[tuple[str, "Module"]]:
        """Yield this module (path "") and every module below it, outer before inner."""
        yield "", self
        yield from self._named(Module, remove_duplicate=remove_duplicate)

    def modules(self) -> Iterator["Module"]:
        """Yield this module and every module below it, each once."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Yield the modules directly below this one, with their paths."""
        return ((k, v) for k, v in self._walk(deep=False) if isinstance(v, Module))

    def children(self) -> Iterator["Module"]:
        """Yield the modules directly below this one."""
        return (module for _, module in self.named_children())

    # State ----------------------------------------------------------------------------------

    def _state(self) -> dict[str, Parameter | Buffer]:
        return {
            path: value
            for path, value in self._walk()
            if isinstance(value, Parameter) or (isinstance(value, Buffer) and value.persistent)
        }

    def state_dict(self) -> dict[str, Array]:
        """Return copies of all parameters and persistent buffers by path.

        Copies, so that a state kept as "the best so far" does not change with the next step. Tied
        parameters stand under each of their paths, as in PyTorch.

        Raises:
            DTypeError: If somebody has set `data` to what is no array of numbers.
        """
        return {path: checked_data(path, value).copy() for path, value in self._state().items()}

    def load_state_dict(
        self, state: Mapping[str, TensorLike], *, strict: bool = True
    ) -> LoadResult:
        """Copy values into the parameters and buffers, which keep their identity and dtype.

        Args:
            state: Arrays by path, such as another module's `state_dict()` or a loaded file.
                A tied tensor may come under one of its paths or under several.
            strict: Whether missing and unexpected keys are errors.

        Returns:
            The missing and the unexpected keys.

        Raises:
            StateDictError: If anything does not fit; the message counts all of it and shows the
                first few of each kind, and nothing has been changed.
        """
        name, own = type(self).__name__, self._state()
        check_flag(f"{name}.load_state_dict", "strict", strict)
        given = as_mapping(name, state)
        # A tied tensor has come if one of its paths has: some programs save only the first.
        came = {id(tensor) for key, tensor in own.items() if key in given}
        missing = [
            key
            for key, tensor in own.items()
            if not (id(tensor) in came or (isinstance(tensor, Buffer) and tensor.optional))
        ]
        unexpected = [key for key in given if key not in own]
        roots = {id(root_of(tensor.data)) for tensor in own.values()}
        arrays, unfit = {}, []
        # In the module's order: if a tied weight comes with two values, the last one counts.
        for key in [key for key in own if key in given]:
            try:
                arrays[key] = fitted(own[key], given[key], roots)
            except ValueError as error:
                unfit.append(f"{key}: {error}")
        if unfit or (strict and (missing or unexpected)):
            raise state_dict_error(
                name,
                missing={key: str(own[key].shape) for key in missing} if strict else (),
                unexpected={k: _shape_of(given[k]) for k in unexpected} if strict else (),
                unfit=unfit,
            )
        for key, array in arrays.items():
            np.copyto(own[key].data, array)
            own[key].version += 1
        for _ in self.named_parameters():
            pass  # names them, for the error of a backward pass recorded before this change
        return LoadResult((missing, unexpected))

    # Changing everything below ----------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set training behaviour on this module and all below it, and return it."""
        mode = check_flag(f"{type(self).__name__}.train", "mode", mode)
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation behaviour on this module and all below it, and return it."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget all gradients (they become None, as an optimizer's `zero_grad` does)."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Freeze (False) or unfreeze all parameters, and return the module."""
        flag = check_flag(f"{type(self).__name__}.requires_grad_", "requires_grad", requires_grad)
        for parameter in self.parameters():
            parameter.requires_grad_(flag)
        return self

    def astype(self, dtype: npt.DTypeLike) -> Self:
        """Convert all floating parameters and buffers in place, and return the module.

        Call it before making an optimizer, which holds arrays of the parameters' dtype.

        Args:
            dtype: float32 or float64.

        Raises:
            DTypeError: If it is another one; nothing has been changed.
        """
        wanted = check_dtype(f"{type(self).__name__}.astype", dtype)
        for _, tensor in self._named(Tensor, remove_duplicate=True):
            if is_floating(tensor.data):
                tensor.data = tensor.data.astype(wanted)
                tensor.grad = None
                tensor.version += 1
        return self

    def apply(self, function: Callable[["Module"], object]) -> Self:
        """Call a function on every module below and then this one, and return it."""
        check_callable("Module.apply", "function", function)
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def register_forward_hook(self, hook: Hook) -> HookHandle:
        """Call `hook(module, args, output)` after each forward pass.

        Args:
            hook: Returns None, or a value that replaces the output.

        Returns:
            A handle whose `remove()` takes the hook off again; it works in a `with` block too.
        """
        check_callable("Module.register_forward_hook", "hook", hook)
        if self._forward_hooks is None:
            self._forward_hooks = {}
        key = max(self._forward_hooks, default=-1) + 1
        self._forward_hooks[key] = hook
        return HookHandle(self._forward_hooks, key)

    # What it looks like -----------------------------------------------------------------------

    def num_parameters(self, *, trainable_only: bool = False) -> int:
        """Return how many numbers the parameters hold; tied ones count once.

        Args:
            trainable_only: Leave out frozen parameters.
        """
        check_flag("Module.num_parameters", "trainable_only", trainable_only)
        return sum(p.size for p in self.parameters() if p.requires_grad or not trainable_only)

    def extra_repr(self) -> str:
        """Return what stands between the brackets of `repr`, such as the sizes of a layer."""
        return ""

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        head = f"{type(self).__name__}({self.extra_repr()}"
        try:
            children = list(self.named_children())
        except StateDictError as error:  # to look at the module is how one finds out why
            return f"{head}\n  {error}\n)"
        if not children:
            return head + ")"
        lines = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in children]
        return head + "\n  " + "\n  ".join(lines) + "\n)"

    def summary(
        self,
        input_shape: tuple[int, ...] | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        example: Any = None,
    ) -> str:
        """Return a table of the modules with their output shapes and parameter counts.

        Args:
            input_shape: The shape of one input batch, such as (1, 64).
            dtype: The input's dtype; an integer one for token indices.
            example: Instead of a shape what `forward` takes, a tuple if that is several: then the
                table has the operations and bytes of each forward pass, too (see `Call.cost`).
        """
        return summarize(self, input_shape, dtype, example)


explain_modules(Module)

# What parts would be lost in, since it has no order, or no keys of its own: it is looked into to
# say so, as far as that changes nothing (a generator would be used up).
_UNFIT: dict[type, Callable[[Any], Iterable[Any]]] = {
    set: iter,
    frozenset: iter,
    type({}.values()): iter,
    UserDict: lambda owner: owner.data.values(),
    UserList: lambda owner: owner.data,
    partial: lambda owner: (owner.func, *owner.args, *owner.keywords.values()),
}
# What is walked through.
_HOLDERS = (list, tuple, dict, deque, MappingProxyType, *_UNFIT)
_MAPPINGS = (dict, MappingProxyType)
_TENSORS = (Parameter, Buffer)
_PARTS = (*_TENSORS, Module)
_WALKED = _PARTS + _HOLDERS
# What may stand where a parameter or buffer stood: parts, what may hold some, and nothing.
_REPLACING = (*_WALKED, type(None))
_PLAIN = frozenset({bool, int, float, str, type(None)})  # most attributes, told apart at once


def _pairs(owner: Any) -> Iterable[tuple[Any, Any]]:
    """Return what a module, list, tuple or dict holds, by name, number or key."""
    if isinstance(owner, Module):
        return owner._members()
    if isinstance(owner, _MAPPINGS):
        return owner.items()
    for kind, contents in _UNFIT.items():
        if isinstance(owner, kind):
            for part in contents(owner):
                if isinstance(part, _PARTS):
                    raise StateDictError(
                        f"a {type(owner).__name__} holds a {type(part).__name__}, and has no order "
                        "or keys by which parts could be named; use a list or a dict"
                    )
            return ()
    return enumerate(owner)


def _parts(owner: Any) -> list[tuple[str, Any]]:
    """Return what of that is a part or may hold some, in a list, as the walker may change it."""
    return [
        (key if type(key) is str else _text(key), part)
        for key, part in _pairs(owner)
        if type(part) not in _PLAIN and isinstance(part, _WALKED)
    ]


def _text(key: Any) -> str:
    """Return a dict's key as a part of a path; an enum that is a text counts as that text."""
    return str.__str__(key) if isinstance(key, str) else str(key)


def _spellings(owner: Any, path: str, spelt: str = "self") -> Iterator[str]:
    """Yield how each part of this path is written, such as `self.blocks['a.b']`."""
    for key, part in _pairs(owner):
        name = _text(key)
        here = f"{spelt}.{key}" if isinstance(owner, Module) else f"{spelt}[{key!r}]"
        if name == path and isinstance(part, _PARTS):
            yield f"{here} ({type(part).__name__})"
        elif path.startswith(name + ".") and isinstance(part, (Module, *_HOLDERS)):
            yield from _spellings(part, path[len(name) + 1 :], here)


def _shape_of(value: Any) -> str:
    """Return the shape of what has one, for an error message."""
    shape = getattr(value, "shape", None)
    return str(shape) if isinstance(shape, tuple) else type(value).__name__
