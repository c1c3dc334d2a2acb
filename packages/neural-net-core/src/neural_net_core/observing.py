"""Where operations and modules say what they do, to whoever observes them.

Nobody does, nearly always: then they look at one number, `watching`, and nothing else happens.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from neural_net_core.context import context

__all__ = ["Observer", "observed_by"]

# Called with an operation's class, options, inputs and results, and the modules it happened in.
Observer = Callable[[type[Any], Mapping[str, Any], tuple[Any, ...], Any, tuple[Any, ...]], None]

watching = 0  # how many observers there are, in all threads
_counting = threading.Lock()
_observers: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())
# The modules that are being called, the outermost first.
_modules: ContextVar[tuple[Any, ...]] = ContextVar("modules", default=())


@context
def observed_by(observer: Observer) -> Iterator[None]:
    """Tell an observer of every operation that runs inside, in this thread or task.

    Args:
        observer: Called after each operation with its class, its options, its inputs, its result
            (a Tensor, or a tuple of them), and the modules in whose `forward` it happened.
    """
    token = _observers.set((*_observers.get(), observer))
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _observers.reset(token)


def _count(change: int) -> None:
    global watching
    with _counting:
        watching += change


def tell(op: type[Any], config: Mapping[str, Any], inputs: tuple[Any, ...], result: Any) -> None:
    """Pass on what an operation has done."""
    for observer in _observers.get():
        observer(op, config, inputs, result, _modules.get())


@context
def inside(module: Any) -> Iterator[None]:
    """Count what runs inside as part of a module."""
    token = _modules.set((*_modules.get(), module))
    try:
        yield
    finally:
        _modules.reset(token)
