"""The switch that says whether operations are recorded.

It lives in a context variable: each thread and each asyncio task has its own, and an exception
inside `no_grad` switches recording back on as it leaves.
"""

from contextvars import ContextVar, Token
from types import TracebackType

from neural_net_core.context import Decorating

__all__ = ["enable_grad", "is_grad_enabled", "no_grad"]

enabled: ContextVar[bool] = ContextVar("enabled", default=True)


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors that require gradients are being recorded."""
    return enabled.get()


class _SetRecording(Decorating):
    """Set the switch on entry and put it back on exit; works as a decorator too."""

    mode: bool

    def __init__(self, *function: object) -> None:
        if function:
            name = type(self).__name__
            raise TypeError(f"{name}: it takes no arguments; a decorator is written `@{name}()`")
        # A stack, because a decorated recursive function enters the same object many times.
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(enabled.set(self.mode))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        enabled.reset(self._tokens.pop())

    def fresh(self) -> "_SetRecording":
        return type(self)()


class no_grad(_SetRecording):  # noqa: N801 (a context manager, named as the field names it)
    """Record nothing inside: results do not require gradients and hold no graph.

    Examples:
        >>> from neural_net_core import Tensor
        >>> x = Tensor([1.0], requires_grad=True)
        >>> with no_grad():
        ...     (x * 2).requires_grad
        False
    """

    mode = False


class enable_grad(_SetRecording):  # noqa: N801 (a context manager, named as the field names it)
    """Record again inside a `no_grad` block."""

    mode = True
