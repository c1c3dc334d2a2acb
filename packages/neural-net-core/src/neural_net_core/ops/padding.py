"""Padding: more elements at the ends of axes, constant or taken from the array itself."""

from typing import Any, Literal

import numpy as np

from neural_net_core.checks import check_array, check_word, is_number, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike, as_tensor

__all__ = ["PadFromInputOp", "PadMode", "PadOp", "pad"]

PadMode = Literal["constant", "reflect", "edge", "wrap"]

Widths = list[tuple[int, int]]


class PadOp(Op):
    """y = x within a border of a constant;  dx = dy without the border"""

    def __init__(self, widths: Widths, value: float) -> None:
        self.widths = widths
        self.value = value

    def forward(self, x: Array) -> Array:
        shape = [n + sum(pair) for n, pair in zip(x.shape, self.widths, strict=True)]
        self.inside = tuple(
            slice(before, before + n) for n, (before, _) in zip(x.shape, self.widths, strict=True)
        )
        y = np.full_like(x, self.value, shape=shape)
        y[self.inside] = x
        return y

    def backward(self, dy: Array) -> Array:
        return dy[self.inside]


class PadFromInputOp(Op):
    """y = x within a border of its own elements;  dx = dy inside, plus what each copy received"""

    def __init__(self, widths: Widths, mode: str) -> None:
        self.widths = widths
        self.mode: Any = mode

    def forward(self, x: Array) -> Array:
        # Which element each place of the padded axis shows: padding the positions tells.
        self.sources = [
            np.pad(np.arange(n), width, mode=self.mode) if width != (0, 0) else None
            for n, width in zip(x.shape, self.widths, strict=True)
        ]
        self.lengths = x.shape
        for axis, source in enumerate(self.sources):
            if source is not None:
                x = x.take(source, axis=axis)
        return x

    def backward(self, dy: Array) -> Array:
        for axis, source in enumerate(self.sources):
            if source is not None:
                before, n = self.widths[axis][0], self.lengths[axis]
                padded = dy.swapaxes(axis, 0)
                folded = padded[before : before + n].copy()
                # The border is narrow, so a loop over its slices is cheap, and a source that
                # occurs twice counts twice.
                for i in (*range(before), *range(before + n, len(source))):
                    folded[source[i]] += padded[i]
                dy = folded.swapaxes(axis, 0)
        return dy


def pad(
    x: TensorLike, width: TensorLike, mode: PadMode = "constant", *, value: float = 0.0
) -> Tensor:
    """Return x with elements added before and after, along each axis.

    Args:
        x: Any shape.
        width: As in NumPy: one number for all ends; a pair (before, after) for all axes; or one
            pair per axis, first axis first (PyTorch's `pad` begins with the last).
        mode: `"constant"`; `"reflect"`, mirrored without repeating the edge; `"edge"`, the edge
            repeated (`"replicate"` in PyTorch); or `"wrap"`, from the other end (`"circular"`).
        value: The constant.

    Raises:
        ValueError: If a width is negative or no whole number, the mode is none of the four, or
            the value is no number.

    Examples:
        >>> pad([1.0, 2.0, 3.0], (2, 1)).data
        array([0., 0., 1., 2., 3., 0.], dtype=float32)
        >>> pad([1.0, 2.0, 3.0], (2, 1), mode="reflect").data
        array([3., 2., 1., 2., 3., 2.], dtype=float32)
    """
    x = as_tensor(x)
    numbers = check_array("pad", "width", width, kinds="iu")
    if numbers.size and int(numbers.min()) < 0:
        raise ValueError(f"pad: expected width of at least 0, got {shown(width)}")
    try:
        pairs = np.broadcast_to(numbers, (x.ndim, 2)).tolist()
    except ValueError:
        raise ShapeError(
            f"pad: expected width as one number, a pair, or {x.ndim} pairs, got {shown(width)}"
        ) from None
    widths: Widths = [(before, after) for before, after in pairs]
    if not is_number(value):  # NaN and infinity are
        raise ValueError(f"pad: expected value to be a number, got {shown(value)}")
    check_word("pad", "mode", mode, ("constant", "reflect", "edge", "wrap"))
    if mode == "constant":
        return PadOp.apply(x, widths=widths, value=value)
    return PadFromInputOp.apply(x, widths=widths, mode=mode)
