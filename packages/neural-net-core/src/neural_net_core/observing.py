"""Where operations and modules say what they do, to whoever observes them.

Nobody does, nearly always: then they look at one number, `watching`, and nothing else happens.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from neural_net_core.context import context

__all__ = [
    "BackwardObserver",
    "Observer",
    "View",
    "array_of",
    "backward_observed_by",
    "drawn",
    "drawn_by",
    "handed_out",
    "modules",
    "observed_by",
    "runner",
    "viewed_by",
    "works_run_by",
]

# Called with an operation's class, options, inputs and results, the modules it happened in, and
# how many seconds its forward pass took.
Observer = Callable[
    [type[Any], Mapping[str, Any], tuple[Any, ...], Any, tuple[Any, ...], float], None
]
# Called with an operation, the gradients of its results and those that it returned for its inputs,
# None where there is none, and how many seconds its backward pass took.
BackwardObserver = Callable[[Any, Sequence[Any], Sequence[Any], float], None]
# Called before an operation or an update with it, with what its arrays belong to, and with these;
# returns the arrays to compute with.
View = Callable[[Any, tuple[Any, ...], Sequence[Any]], Sequence[Any]]
# Called with works, and with what would run them side by side.
Run = Callable[[Sequence[Callable[[], Any]], Callable[..., list[Any]]], list[Any]]
# Called with a random generator's method and its arguments, in its place.
Draw = Callable[[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]], Any]

watching = 0  # how many observers there are, in all threads
_counting = threading.Lock()
_observers: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())
_backward_observers: ContextVar[tuple[BackwardObserver, ...]] = ContextVar(
    "backward_observers", default=()
)
_views: ContextVar[tuple[View, ...]] = ContextVar("views", default=())
_runner: ContextVar[Run | None] = ContextVar("runner", default=None)
_draws: ContextVar[Draw | None] = ContextVar("draws", default=None)
# The modules that are being called, the outermost first.
_modules: ContextVar[tuple[Any, ...]] = ContextVar("modules", default=())


@context
def observed_by(observer: Observer) -> Iterator[None]:
    """Tell an observer of every operation that runs inside, in this thread or task.

    Args:
        observer: Called after each operation with its class, its options, its inputs, its result
            (a Tensor, or a tuple of them), the modules in whose `forward` it happened, and the
            seconds that it took.
    """
    token = _observers.set((*_observers.get(), observer))
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _observers.reset(token)


@context
def backward_observed_by(observer: BackwardObserver) -> Iterator[None]:
    """Tell an observer of every step of a reverse pass that begins inside, in this thread or task.

    Args:
        observer: Called after each operation's backward pass with the operation, the gradients of
            its results, those of its inputs, and the seconds that it took. It may keep the first;
            the reverse pass adds to the others, so what is to be kept of them has to be copied.
    """
    token = _backward_observers.set((*_backward_observers.get(), observer))
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _backward_observers.reset(token)


def _count(change: int) -> None:
    global watching
    with _counting:
        watching += change


def tell(
    op: type[Any], config: Mapping[str, Any], inputs: tuple[Any, ...], result: Any, seconds: float
) -> None:
    """Pass on what an operation has done."""
    for observer in _observers.get():
        observer(op, config, inputs, result, _modules.get(), seconds)


def tell_backward(op: Any, dys: Sequence[Any], dxs: Sequence[Any], seconds: float) -> None:
    """Pass on what a step of a reverse pass has done."""
    for observer in _backward_observers.get():
        observer(op, dys, dxs, seconds)


@context
def viewed_by(view: View) -> Iterator[None]:
    """Let somebody hand out the arrays that operations and optimizers compute with inside.

    What is handed out holds the same numbers in the same memory; it may be an array that tells what
    is done with it.

    Args:
        view: Called before each operation with it, its inputs and their arrays; before each update
            of a parameter with the optimizer, the parameter and the names of its state, and the
            arrays of the values, the gradient and the state; and with None, a buffer and its array
            before the buffer is written. It returns the arrays.
    """
    token = _views.set((*_views.get(), view))
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _views.reset(token)


def handed_out(by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> Sequence[Any]:
    """Return the arrays that an operation or an optimizer is to compute with."""
    for view in _views.get():
        arrays = view(by, of, arrays)
    return arrays


def array_of(tensor: Any) -> Any:
    """Return a parameter's or buffer's array, for whoever writes it without an optimizer."""
    return handed_out(None, (tensor,), [tensor.data])[0] if watching else tensor.data


@context
def drawn_by(draw: Draw) -> Iterator[None]:
    """Let somebody see what is drawn at random inside, in this thread or task.

    Args:
        draw: Called with a generator's method, its arguments, and those by name, in place of the
            method; it returns what that returns.
    """
    token = _draws.set(draw)
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _draws.reset(token)


def drawn(method: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a method of a random generator: layers draw here, so that it can be seen.

    Args:
        method: Such as `rng.random`.
        *args: Its arguments.
        **options: Its arguments by name.
    """
    if watching and (draw := _draws.get()) is not None:
        return draw(method, args, options)
    return method(*args, **options)


@context
def works_run_by(run: Run) -> Iterator[None]:
    """Let somebody run works that otherwise several threads would share.

    Args:
        run: Called with functions without arguments, and with what would run them side by side;
            returns their results.
    """
    token = _runner.set(run)
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _runner.reset(token)


def runner() -> Run | None:
    """Return who runs works in place of several threads, if anybody does."""
    return _runner.get()


def modules() -> tuple[Any, ...]:
    """Return the modules that are being called, the outermost first."""
    return _modules.get()


@context
def inside(module: Any) -> Iterator[None]:
    """Count what runs inside as part of a module."""
    token = _modules.set((*_modules.get(), module))
    try:
        yield
    finally:
        _modules.reset(token)


@context
def as_part_of(modules: tuple[Any, ...]) -> Iterator[None]:
    """Count what runs inside as part of these modules, the outermost first, and of no others."""
    token = _modules.set(modules)
    try:
        yield
    finally:
        _modules.reset(token)
