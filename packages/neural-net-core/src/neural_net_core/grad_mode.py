"""The switch that says whether operations are recorded.

It lives in a context variable: each thread and each asyncio task has its own, and an exception
inside `no_grad` switches recording back on as it leaves.
"""

from contextvars import ContextVar

from neural_net_core.context import Switch

__all__ = ["enable_grad", "is_grad_enabled", "no_grad"]

enabled: ContextVar[bool] = ContextVar("enabled", default=True)


def is_grad_enabled() -> bool:
    """Tell whether operations on tensors that require gradients are being recorded."""
    return enabled.get()


class no_grad(Switch):  # noqa: N801 (a context manager, named as the field names it)
    """Record nothing inside: results do not require gradients and hold no graph.

    Examples:
        >>> from neural_net_core import Tensor
        >>> x = Tensor([1.0], requires_grad=True)
        >>> with no_grad():
        ...     (x * 2).requires_grad
        False
    """

    variable = enabled
    mode = False


class enable_grad(Switch):  # noqa: N801 (a context manager, named as the field names it)
    """Record again inside a `no_grad` block."""

    variable = enabled
    mode = True
