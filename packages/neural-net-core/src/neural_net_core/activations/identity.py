"""No activation at all, as a module."""

from typing import Any

from neural_net_core.modules.module import Module

__all__ = ["Identity"]


class Identity(Module):
    """Returns its input: a placeholder where an activation or a layer is switched off.

    Args:
        *args: Accepted and ignored, so that it can stand in for any module.
        **kwargs: Likewise.

    Shape:
        any -> the same

    Examples:
        >>> Identity()(3)
        3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        """Return x."""
        return x
