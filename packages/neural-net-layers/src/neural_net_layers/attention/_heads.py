"""Features cut into heads, (B, T, h D) to (B, h, T, D), and heads that several queries share."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__: list[str] = []


class SplitHeadsOp(Op):
    """Views (B, h, T, D) of the groups of heads that stand beside each other in (B, T, Σ h D).

    Backward writes the gradients of all groups beside each other again. It equals a reshape, a
    split and a transposition, without a copy on the way.

    Args:
        heads: How many heads each group has.
    """

    def __init__(self, heads: tuple[int, ...]) -> None:
        self.heads = heads

    def forward(self, x: Array) -> tuple[Array, ...]:
        self.shape = x.shape
        batch, time, width = x.shape
        each = width // sum(self.heads)
        x = x.reshape(batch, time, sum(self.heads), each).swapaxes(1, 2)  # (B, Σ h, T, D)
        return tuple(np.split(x, np.cumsum(self.heads)[:-1], axis=1))

    def backward(self, *dys: Array) -> Array:
        return np.concatenate([dy.swapaxes(1, 2) for dy in dys], axis=2).reshape(self.shape)


def split_heads(x: Tensor, *heads: int) -> tuple[Tensor, ...]:
    """Return (B, T, Σ h D) as one (B, h, T, D) for each number of heads."""
    return SplitHeadsOp.apply(x, heads=heads)  # type: ignore[return-value]


def merge_heads(x: Tensor) -> Tensor:
    """Return (B, H, T, D) as (B, T, H D)."""
    batch, heads, time, width = x.shape
    merged: Tensor = x.transpose(0, 2, 1, 3).reshape(batch, time, heads * width)
    return merged


def repeat_heads(x: Array, groups: int) -> Array:
    """Return (…, K, S, D) as (…, K G, S, D), each head G times; without heads as it is."""
    return x if groups == 1 else np.repeat(x, groups, axis=-3)


def add_heads(dy: Array, groups: int) -> Array:
    """Return the gradient of `repeat_heads`: (…, K G, S, D) summed to (…, K, S, D)."""
    if groups == 1:
        return dy
    *lead, heads, time, width = dy.shape
    dx: Array = dy.reshape(*lead, heads // groups, groups, time, width).sum(axis=-3)
    return dx
