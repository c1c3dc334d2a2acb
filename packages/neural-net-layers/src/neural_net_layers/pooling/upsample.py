r"""Larger images: every pixel repeated (nearest), or values in between (bilinear).

Decoders and generators enlarge an image in this way before a convolution, as an alternative to
`ConvTranspose2D` that paints no chequered pattern.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from neural_net_core.checks import check_word, is_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Pair, as_pair, times
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import check_images
from neural_net_layers.pooling._resample import ResampleOp

__all__ = ["RepeatPixelsOp", "Upsample", "upsample"]

MOST = 1 << 20  # a larger factor makes images that no memory holds

Mode = Literal["nearest", "bilinear"]
Scale = float | Sequence[float] | None


class RepeatPixelsOp(Op):
    """y = x with every pixel repeated in f rows and g columns;  dx = Σ dy over the copies"""

    def __init__(self, factors: Pair) -> None:
        self.factors = factors

    def forward(self, x: Array) -> Array:
        f, g = self.factors
        return np.repeat(np.repeat(x, f, axis=2), g, axis=3)

    def backward(self, dy: Array) -> Array:
        f, g = self.factors
        return sum(dy[:, :, i::f, j::g] for i in range(f) for j in range(g))  # type: ignore[return-value]


def upsample(
    x: TensorLike,
    size: int | Sequence[int] | None = None,
    scale_factor: Scale = None,
    mode: Mode = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    r"""Return images of another size.

    `"nearest"` takes the pixel ⌊i H / OH⌋. `"bilinear"` takes the two rows (and columns) around the
    place that corresponds to i, weighted by how near they are: (i + ½) H / OH − ½, so that pixels
    are areas and the images' borders coincide, or i (H − 1) / (OH − 1) with `align_corners`, so
    that the middles of the corner pixels do.

    Args:
        x: Images (B, C, H, W).
        size: (OH, OW), or one number for both.
        scale_factor: By how much the image grows, instead of a size: OH = ⌊H · factor⌋.
        mode: `"nearest"` or `"bilinear"`.
        align_corners: Only with `"bilinear"`; None means False.

    Returns:
        (B, C, OH, OW).

    Raises:
        ShapeError: If x has not four axes, or the output would be empty.
        ValueError: If not exactly one of `size` and `scale_factor` is given, or an option is out
            of its range.

    Examples:
        >>> upsample([[[[1.0, 3.0]]]], scale_factor=(1, 2)).data
        array([[[[1., 1., 3., 3.]]]], dtype=float32)
        >>> upsample([[[[1.0, 3.0]]]], size=(1, 3), mode="bilinear", align_corners=True).data
        array([[[[1., 2., 3.]]]], dtype=float32)
    """
    options = _options("upsample", size, scale_factor, mode, align_corners)
    return _upsampled("upsample", x, *options, mode, bool(align_corners))


def _options(
    layer: str,
    size: int | Sequence[int] | None,
    scale_factor: Scale,
    mode: str,
    align_corners: bool | None,
) -> tuple[Pair | None, tuple[float, float] | None]:
    """Return the checked size and scale factors, one of them None."""
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"{layer}: expected either size or scale_factor, got {size} and {scale_factor}"
        )
    check_word(layer, "mode", mode, ("nearest", "bilinear"))
    if mode == "nearest" and align_corners is not None:
        raise ValueError(f"{layer}: align_corners says nothing with mode='nearest'; leave it None")
    if size is not None:
        return as_pair(layer, "size", size), None
    pair: tuple[Any, ...] = (scale_factor,) * 2
    if isinstance(scale_factor, Sequence):
        pair = tuple(scale_factor)
    if len(pair) != 2 or not all(is_number(s) and 0 < s < MOST for s in pair):
        raise ValueError(
            f"{layer}: expected scale_factor to be a positive number, or two, got {scale_factor!r}"
        )
    return None, (float(pair[0]), float(pair[1]))


def _upsampled(
    layer: str,
    x: Any,
    size: Pair | None,
    factors: tuple[float, float] | None,
    mode: str,
    align_corners: bool,
) -> Tensor:
    """Check the image and run the operation."""
    (x,) = coerce(x)
    check_images(layer, x)
    height, width = x.data.shape[2:]
    if size is None:
        assert factors is not None
        size = (int(height * factors[0]), int(width * factors[1]))
    if min(height, width, *size) < 1:
        raise ShapeError(
            f"{layer}: nothing is left of the output, {times(size)} for the input {x.shape}"
        )
    y: Tensor
    if mode == "nearest" and size[0] % height == 0 and size[1] % width == 0:
        whole = (size[0] // height, size[1] // width)
        if factors is None or factors == whole:
            y = RepeatPixelsOp.apply(x, factors=whole)
            return y
    scales = (None, None) if factors is None else factors
    weights = [
        _nearest(n, out, scale) if mode == "nearest" else _bilinear(n, out, scale, align_corners)
        for n, out, scale in zip((height, width), size, scales, strict=True)
    ]
    y = ResampleOp.apply(x, *(matrix.astype(x.data.dtype) for matrix in weights))
    return y


def _nearest(n: int, out: int, scale: float | None) -> Array:
    """Return the matrix (out, n) with a 1 where an output takes its input."""
    if out in (n, 2 * n):
        scale = None  # as in PyTorch, a factor of 2.1 that comes to twice the size repeats evenly
    # In single precision, as in PyTorch: it decides which way a place between two pixels falls.
    step = np.float32(n / out if scale is None else 1 / scale)
    source = np.floor(np.arange(out, dtype=np.float32) * step).astype(np.int64)
    return np.asarray(np.minimum(source, n - 1)[:, None] == np.arange(n), float)


def _bilinear(n: int, out: int, scale: float | None, align_corners: bool) -> Array:
    """Return the matrix (out, n) of the weights of the two inputs around each output."""
    if out == n:
        return np.eye(n)  # whatever the factor was, as in PyTorch
    i = np.arange(out)
    if align_corners:
        place = i * ((n - 1) / (out - 1) if out > 1 else 0.0)
    else:
        step = n / out if scale is None else 1 / scale
        place = np.maximum((i + 0.5) * step - 0.5, 0)
    first = place.astype(np.int64)  # at most n - 1
    second = np.minimum(first + 1, n - 1)
    weights = np.zeros((out, n))
    fraction = place - first
    np.add.at(weights, (i, first), 1 - fraction)
    np.add.at(weights, (i, second), fraction)
    return weights


class Upsample(Module):
    r"""Images of another size: pixels repeated, or values in between.

    Called `Upsample` in PyTorch, `UpSampling2D` in Keras.

    Args:
        size: (OH, OW), or one number for both.
        scale_factor: By how much the image grows, instead of a size: OH = ⌊H · factor⌋.
        mode: `"nearest"` or `"bilinear"`.
        align_corners: Only with `"bilinear"`: whether the middles of the corner pixels coincide
            (True) or the borders of the images do (False, and None).

    Shape:
        input (B, C, H, W) -> output (B, C, OH, OW)

    Raises:
        ShapeError: If the input has not four axes.

    Examples:
        >>> import numpy as np
        >>> Upsample(scale_factor=2)(np.zeros((5, 16, 7, 7))).shape
        (5, 16, 14, 14)
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: Scale = None,
        mode: Mode = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        options = _options("Upsample", size, scale_factor, mode, align_corners)
        self.size, self.scale_factor = options
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: TensorLike) -> Tensor:
        """Return the images in the new size.

        Args:
            x: (B, C, H, W).
        """
        align = bool(self.align_corners)
        return _upsampled("Upsample", x, self.size, self.scale_factor, self.mode, align)

    def extra_repr(self) -> str:
        """Return the size, and what is not the default."""
        parts = [f"scale_factor={self.scale_factor}" if self.size is None else f"size={self.size}"]
        if self.mode != "nearest":
            parts.append(f"mode={self.mode!r}")
        if self.align_corners is not None:
            parts.append(f"align_corners={self.align_corners}")
        return ", ".join(parts)
