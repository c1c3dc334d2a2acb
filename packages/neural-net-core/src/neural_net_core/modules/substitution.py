"""A module that runs with other tensors in place of its parameters, and is itself unchanged.

A parameter is a leaf: nothing has made it. Where the weights of a network are themselves computed,
by one step of learning, as a mixture of two networks, by another network, the gradient is to flow
on into what they were computed from. So for the time of one call the computed tensors stand where
the parameters stood.
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from neural_net_core.checks import check_flag, check_instance
from neural_net_core.context import context
from neural_net_core.errors import NeuralNetError
from neural_net_core.modules.module import Module
from neural_net_core.modules.state_report import as_mapping, state_dict_error
from neural_net_core.tensor import Buffer, Parameter, Tensor, TensorLike

__all__ = ["functional_call"]


def functional_call(
    model: Module,
    parameters: Mapping[str, TensorLike],
    /,
    *inputs: Any,
    strict: bool = False,
    **kwargs: Any,
) -> Any:
    r"""Call a module with other values in place of its parameters and buffers.

    For $y = f_\theta(x)$ it gives $f_{\theta'}(x)$, and the gradient flows into $\theta'$ and what
    that was computed from. The module's own parameters get none where others stand in their place,
    and are afterwards what they were, also if the call fails.

    Called `torch.func.functional_call` in PyTorch, which takes the inputs in a tuple and the
    keywords in a dict, lets names pass that the module has not, and takes tensors of other shapes.

    Args:
        model: Any module.
        parameters: By the names of `state_dict()`: Tensors, through which gradients flow, or
            arrays. Whatever is not named keeps its own values. A tied parameter is replaced
            wherever it stands, under any of its names. What the call writes into a buffer, such as
            a running mean, is written into the array that stands in its place.
        *inputs: What the module is called with.
        strict: Whether all parameters and persistent buffers must be named.
        **kwargs: What else it is called with, by name.

    Returns:
        What the module returns.

    Raises:
        StateDictError: If a name is unknown, a shape does not fit, a tied parameter comes with two
            values, or one is missing and `strict` is set; the message lists all of that.

    Note:
        The tensors stand in the module itself, so that a plain call costs nothing more. **A plain
        call of the same module in another thread at the same time sees them.** Calls of this
        function wait for one another, in all threads: where threads share a module and one of them
        calls it with other tensors, let the others call `functional_call(model, {}, x)`, which is
        the plain call that waits, or give each thread a `copy.deepcopy` of the module.

    Examples:
        The loss of the mixture of two networks, and how it changes with the mixing:

        >>> import numpy as np
        >>> from neural_net_core import Dense, Tensor, grad
        >>> a, b, t = Dense(3, 1), Dense(3, 1), Tensor(0.5, requires_grad=True)
        >>> mixed = {
        ...     name: (1 - t) * p + t * q
        ...     for (name, p), q in zip(a.named_parameters(), b.parameters())
        ... }
        >>> loss = (functional_call(a, mixed, np.ones((4, 3))) ** 2).mean()
        >>> grad(loss, t).shape
        ()
    """
    model = check_instance("functional_call", "model", model, Module)
    strict = check_flag("functional_call", "strict", strict)
    with _exchanging:
        exchange = _Exchange(_places_instead(model, parameters, strict))
        try:
            exchange.begin()
            return model(*inputs, **kwargs)
        finally:
            exchange.end()


class _Place:
    """Where a tensor stands: an attribute of a module or an entry of its lists, dicts and tuples.

    Args:
        owner: The module, list or dict.
        key: The attribute, position or key.
        way: What leads on from there through tuples, which have to be made anew.
    """

    def __init__(self, owner: Any, key: Any, way: tuple[Any, ...] = ()) -> None:
        self.owner, self.key, self.way = owner, key, way

    def exchange(self, tensor: Tensor) -> Any:
        """Let a tensor stand there, and return what `put` brings back."""
        before = self._held()
        self.put(_with(before, self.way, tensor))
        return before

    def put(self, value: Any) -> None:
        """Give the owner another value there."""
        if isinstance(self.owner, Module):
            # Not by the module's own __setattr__, which refuses what is no parameter.
            object.__setattr__(self.owner, self.key, value)
        else:
            self.owner[self.key] = value

    def _held(self) -> Any:
        if isinstance(self.owner, Module):
            return object.__getattribute__(self.owner, self.key)
        return self.owner[self.key]


def _with(holder: Any, way: tuple[Any, ...], tensor: Any) -> Any:
    """Return a tuple, and the tuples in it, with another tensor at the end of a way."""
    if not way:
        return tensor
    step, *rest = way
    if isinstance(holder, MappingProxyType):
        return MappingProxyType({**holder, step: _with(holder[step], tuple(rest), tensor)})
    parts = list(holder)
    parts[step] = _with(parts[step], tuple(rest), tensor)
    return holder._make(parts) if hasattr(holder, "_make") else type(holder)(parts)


class _Exchange:
    """Lets other tensors stand in some places, and puts back what stood there."""

    def __init__(self, places: list[tuple[_Place, Tensor]]) -> None:
        self.places = places
        self.before: list[Any] = []

    def begin(self) -> None:
        """Exchange them."""
        _running.set((*_running.get(), self))
        for place, tensor in self.places:
            self.before.append(place.exchange(tensor))

    def end(self) -> None:
        """Put back what stood there, as far as it was exchanged."""
        while self.before:
            place, _ = self.places[len(self.before) - 1]
            place.put(self.before.pop())
        _running.set(tuple(exchange for exchange in _running.get() if exchange is not self))


# Whoever exchanges something.
_exchanging = threading.RLock()
# The exchanges that a call is in, the outermost first: a module may call this function itself.
_running: ContextVar[tuple[_Exchange, ...]] = ContextVar("exchanges", default=())


def standing() -> tuple[_Exchange, ...]:
    """Return what stands in place of parameters at the moment, for `standing_again`."""
    return _running.get()


@context
def standing_again(exchanges: tuple[_Exchange, ...]) -> Iterator[None]:
    """Let that stand in place of parameters inside which stood there once, and nothing else.

    Args:
        exchanges: What `standing` has returned then.
    """
    now = _running.get()
    if not (now or exchanges):
        yield
        return
    with _exchanging:
        for exchange in now[::-1]:
            exchange.end()
        try:
            for exchange in exchanges:
                exchange.begin()
            yield
        finally:
            for exchange in _running.get()[::-1]:
                exchange.end()
            for exchange in now:
                exchange.begin()


def _places_instead(model: Module, parameters: Any, strict: bool) -> list[tuple[_Place, Tensor]]:
    """Return the places in which something else is to stand, and what.

    Names are those of the module's own parameters, so nothing stands in their place meanwhile.
    """
    with standing_again(()):
        new = _tensors_instead(model, parameters, strict)
        return [(place, new[id(x)]) for place, x in _places_of(model) if id(x) in new]


def _tensors_instead(model: Module, parameters: Any, strict: bool) -> dict[int, Tensor]:
    """Return what is to stand in place of each tensor, by the identity of that, or raise."""
    where = f"functional_call({type(model).__name__})"
    own: dict[str, Any] = {
        **dict(model.named_parameters(remove_duplicate=False)),
        **dict(model.named_buffers(remove_duplicate=False)),
    }
    given = as_mapping(where, parameters)
    new: dict[int, Tensor] = {}
    unfit = []
    for name in [name for name in own if name in given]:
        try:
            tensor = _instead_of(own[name], given[name])
            if not _same(new.setdefault(id(own[name]), tensor), tensor):
                raise ValueError("it is tied to one that came with other values")
        except (ValueError, NeuralNetError) as error:
            unfit.append(f"{name}: {error}")
    needed = {
        name: x
        for name, x in own.items()
        if isinstance(x, Parameter) or (x.persistent and not x.optional)
    }
    missing = [name for name, x in needed.items() if strict and id(x) not in new]
    missing = [name for name in missing if name not in given]
    unexpected = [name for name in given if name not in own]
    if missing or unexpected or unfit:
        raise state_dict_error(
            where, missing=missing, unexpected=unexpected, unfit=unfit, mapping="parameters"
        )
    return new


def _instead_of(own: Parameter | Buffer, value: Any) -> Tensor:
    """Return a value as the tensor that is to stand in place of a parameter or buffer."""
    tensor = value if isinstance(value, Tensor) else Tensor(value, own.dtype)
    if tensor.shape != own.shape:
        raise ValueError(f"expected shape {own.shape}, got {tensor.shape}")
    if isinstance(own, Parameter) or isinstance(tensor, Buffer) or tensor.requires_grad:
        return tensor
    buffer = Buffer(0)  # one that writes into the array that came
    buffer.data = tensor.data
    return buffer


def _same(a: Tensor, b: Tensor) -> bool:
    """Tell whether a tied parameter has come as one: a state dict holds its values twice."""
    constant = not (a.requires_grad or b.requires_grad)
    return a is b or (constant and np.array_equal(a.data, b.data, equal_nan=True))


def _places_of(model: Module) -> Iterator[tuple[_Place, Tensor]]:
    """Yield every place in which a parameter or buffer stands."""
    entered: set[int] = set()
    for module in model.modules():
        names = [*vars(module), *(name for name in module._slots if hasattr(module, name))]
        for name in names:
            yield from _inside(partial(_Place, module, name), (), getattr(module, name), entered)


def _inside(
    place: Any, way: tuple[Any, ...], value: Any, entered: set[int]
) -> Iterator[tuple[_Place, Tensor]]:
    """Yield the places in a value, which stands at the end of a way.

    Args:
        place: Makes the place from the way.
        way: What leads to the value.
        value: A tensor, or what may hold some.
        entered: What has been looked into.
    """
    if isinstance(value, Parameter | Buffer):
        yield place(way), value
    elif isinstance(value, list | deque | dict):
        if id(value) not in entered:
            entered.add(id(value))
            keys = list(value) if isinstance(value, dict) else range(len(value))
            for key in keys:
                yield from _inside(partial(_Place, value, key), (), value[key], entered)
    elif isinstance(value, tuple | MappingProxyType):
        keys = list(value) if isinstance(value, MappingProxyType) else range(len(value))
        for key in keys:
            yield from _inside(place, (*way, key), value[key], entered)
