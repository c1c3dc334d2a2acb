"""What layers with a border share: which widths are possible, and the layer itself."""

from collections.abc import Sequence
from typing import ClassVar

from neural_net_core.checks import is_whole, shown
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.ops import pad
from neural_net_core.ops.padding import PadMode
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Pair
from neural_net_layers._inputs import coerce

__all__: list[str] = []

Padding = int | Sequence[int]

MOST = 1 << 30  # a wider border fits into no memory


def too_wide(sizes: Sequence[int], widths: Sequence[Pair], mode: PadMode) -> int | None:
    """Return a width that takes more than the array has, or None.

    A mirrored border shows each element but the edge once, a wrapped one each element once, and a
    repeated edge is one element; a constant needs none.
    """
    for size, pair in zip(sizes, widths, strict=True):
        most = {"reflect": max(size - 1, 0), "wrap": size, "edge": size and MOST}.get(mode, MOST)
        if max(pair) > most:
            return max(pair)
    return None


class BorderPad(Module):
    """A border around the last axes of an input.

    A subclass says in `border` what the border holds, and in `axes` which axes get one.
    """

    border: ClassVar[PadMode]
    axes: ClassVar[tuple[str, ...]]
    value: float = 0.0

    def __init__(self, padding: Padding) -> None:
        name, ends = type(self).__name__, 2 * len(self.axes)
        given = tuple(padding) if isinstance(padding, Sequence) else (padding,) * ends
        if len(given) != ends or not all(is_whole(n) and abs(n) <= MOST for n in given):
            order = "left, right" if ends == 2 else "left, right, top, bottom"
            raise ValueError(
                f"{name}: padding must be an int, or {ends} of them ({order}), got {shown(padding)}"
            )
        self.padding = tuple(map(int, given))

    def forward(self, x: TensorLike) -> Tensor:
        """Return the input within its border.

        Args:
            x: Sequences (B, C, L) or images (B, C, H, W), or one of them without B.
        """
        (x,) = coerce(x)
        n, label = len(self.axes), f"{type(self).__name__}(padding={self.padding})"
        if x.ndim not in (n + 1, n + 2):
            axes = ", ".join(self.axes)
            raise ShapeError(
                f"{label}: expected input (B, C, {axes}) or (C, {axes}), got {x.shape}"
            )
        # PyTorch begins with the last axis.
        pairs = [self.padding[2 * i : 2 * i + 2] for i in reversed(range(n))]
        taken = [(max(-before, 0), max(-after, 0)) for before, after in pairs]
        widths = [(max(before, 0), max(after, 0)) for before, after in pairs]
        sizes = [size - sum(ends) for size, ends in zip(x.shape[-n:], taken, strict=True)]
        if min(sizes) < 0 or too_wide(sizes, widths, self.border) is not None:
            raise ShapeError(f"{label}: the padding takes more than the input has, got {x.shape}")
        if any(map(any, taken)):
            kept = (
                slice(first, first + size) for (first, _), size in zip(taken, sizes, strict=True)
            )
            x = x[(..., *kept)]
        return pad(x, [(0, 0)] * (x.ndim - n) + widths, mode=self.border, value=self.value)

    def extra_repr(self) -> str:
        """Return the widths."""
        return f"padding={self.padding}"
