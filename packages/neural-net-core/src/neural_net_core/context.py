"""Context managers that work as decorators of every kind of function.

`contextlib`'s decorators are entered when the function is called and left when the call returns.
A generator function or a coroutine function has not begun by then, so they would have no effect on
its body. Here the context is entered whenever the body runs and left whenever it pauses: what
happens between two steps of a generator belongs to the caller and is not touched.
"""

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

__all__ = ["Decorating", "Switch", "context"]

_P = ParamSpec("_P")
_F = TypeVar("_F", bound=Callable[..., Any])

_Function = Callable[..., Any]
_Fresh = Callable[[], AbstractContextManager[Any]]


class Decorating(AbstractContextManager[Any]):
    """Base of context managers that may decorate functions, generators and coroutines."""

    def fresh(self) -> AbstractContextManager[Any]:
        """Return a manager like this one that nobody has entered yet; threads share none."""
        raise NotImplementedError

    def __call__(self, fn: _F) -> _F:
        """Return the function with this context around all that its body does.

        Args:
            fn: A function, generator function, coroutine function or asynchronous generator
                function; the result is of the same kind.
        """
        if inspect.isasyncgenfunction(fn):
            wrapper = _around_async_generator(self.fresh, fn)
        elif inspect.iscoroutinefunction(fn):
            wrapper = _around_coroutine(self.fresh, fn)
        elif inspect.isgeneratorfunction(fn):
            wrapper = _around_generator(self.fresh, fn)
        else:
            wrapper = _around_call(self.fresh, fn)
        return functools.wraps(fn)(wrapper)  # type: ignore[return-value]


def _around_call(fresh: _Fresh, fn: _Function) -> _Function:
    def call(*args: Any, **kwargs: Any) -> Any:
        with fresh():
            return fn(*args, **kwargs)

    return call


def _around_generator(fresh: _Fresh, fn: _Function) -> _Function:
    def steps(*args: Any, **kwargs: Any) -> Any:
        return (yield from _stepwise(fresh, fn(*args, **kwargs)))

    return steps


def _around_coroutine(fresh: _Fresh, fn: _Function) -> _Function:
    async def run(*args: Any, **kwargs: Any) -> Any:
        return await _awaited(fresh, fn(*args, **kwargs))

    return run


def _around_async_generator(fresh: _Fresh, fn: _Function) -> _Function:
    async def steps(*args: Any, **kwargs: Any) -> Any:
        body = fn(*args, **kwargs)
        resume, value = body.asend, None
        try:
            while True:
                try:
                    item = await _awaited(fresh, resume(value))
                except StopAsyncIteration:
                    return
                try:
                    value = yield item
                    resume = body.asend
                except GeneratorExit:
                    raise
                except BaseException as error:
                    resume, value = body.athrow, error
        finally:
            await _awaited(fresh, body.aclose())

    return steps


def _stepwise(fresh: _Fresh, body: Any) -> Generator[Any, Any, Any]:
    """Run a generator or a coroutine, with the context entered anew for each step."""
    resume, value = body.send, None
    while True:
        with fresh():
            try:
                item = resume(value)
            except StopIteration as end:
                return end.value
        try:
            value = yield item
            resume = body.send
        except GeneratorExit:
            with fresh():
                body.close()
            raise
        except BaseException as error:
            resume, value = body.throw, error


_awaited = types.coroutine(_stepwise)


class Switch(Decorating):
    """Set a context variable on entry and put it back on exit.

    Each thread and each asyncio task has its own, and an exception puts it back as it leaves.
    """

    variable: ClassVar[ContextVar[bool]]
    mode: ClassVar[bool] = True

    def __init__(self, *function: object) -> None:
        if function:
            name = type(self).__name__
            raise TypeError(f"{name}: it takes no arguments; a decorator is written `@{name}()`")
        # A stack, because a decorated recursive function enters the same object many times.
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(self.variable.set(self.mode))

    def __exit__(self, *error: object) -> None:
        self.variable.reset(self._tokens.pop())

    def fresh(self) -> Self:
        return type(self)()


class _FromGenerator(Decorating):
    """What `context` makes of a generator function and its arguments."""

    def __init__(self, make: _Fresh) -> None:
        self._make = make
        # A stack, because one object may be entered again inside itself.
        self._entered: list[AbstractContextManager[Any]] = []

    def fresh(self) -> AbstractContextManager[Any]:
        return self._make()

    def __enter__(self) -> Any:
        manager = self._make()
        value = manager.__enter__()
        self._entered.append(manager)
        return value

    def __exit__(self, *error: Any) -> bool | None:
        return self._entered.pop().__exit__(*error)


def context(fn: Callable[_P, Iterator[Any]]) -> Callable[_P, Decorating]:
    """Make a context manager of a generator function with one `yield`, as `contextlib` does.

    Args:
        fn: What stands before its `yield` happens on entry, what stands after it on exit.

    Returns:
        A function that gives a context manager, which also decorates generators and coroutines.
    """
    manager = contextlib.contextmanager(fn)

    @functools.wraps(fn)
    def make(*args: _P.args, **kwargs: _P.kwargs) -> Decorating:
        return _FromGenerator(lambda: manager(*args, **kwargs))

    return make
