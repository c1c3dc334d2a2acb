r"""Max pooling to a given size, whatever the size of the image.

The image is cut into OH × OW windows as even as possible, which may differ in size by one and then
overlap: row i of the output sees the rows ⌊i H / OH⌋ to ⌈(i + 1) H / OH⌉ − 1. Windows that are all
of one size are those of `MaxPool2D`.
"""

from typing import Generic, Literal, overload

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._geometry import Window
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._adaptive import OutputSize, Sizes, output_sizes, seen_pixels
from neural_net_layers.pooling._pooling import Pooled, check_filled, check_images
from neural_net_layers.pooling.max_pool2d import MaxPool2DOp, first_maxima, places_of_maxima

__all__ = ["AdaptiveMaxPool2D", "AdaptiveMaxPool2DOp", "adaptive_max_pool2d"]


class AdaptiveMaxPool2DOp(Op):
    """y[b, c, i, j] = max of x[b, c, p] over the pixels p of window (i, j);  dx = dy at the first

    Pixels are counted row by row, p = h W + w. Windows may overlap, and a pixel that is the maximum
    of several gets the sum of what they give; of equal maxima in one window the first has all of
    the gradient, as in `MaxPool2DOp`. Saves which pixels the maxima are.

    Inputs: x (B, C, H, W) and the pixels (OH, OW, K) of each window in order, of which a smaller
    window repeats some.
    """

    def forward(self, x: Array, pixels: Array) -> Array:
        self.shape = x.shape
        places = places_in_windows(x, pixels)  # (B, C, OH, OW)
        batch, channel = np.ogrid[: x.shape[0], : x.shape[1]]
        # Rows and columns of the maxima, each beside its image and channel.
        rows, columns = np.divmod(places, x.shape[3])
        self.at = batch[..., None, None], channel[..., None, None], rows, columns
        return x[self.at]

    def backward(self, dy: Array) -> tuple[Array, None]:
        dx = np.zeros_like(dy, shape=self.shape)
        np.add.at(dx, self.at, dy)  # which counts a pixel each time
        return dx, None


def places_in_windows(x: Array, pixels: Array) -> Array:
    """Return which pixel each maximum is, h · W + w, as PyTorch counts: (B, C, OH, OW)."""
    batch, channels, height, width = x.shape
    # `take` lays the places of a window side by side, where an index in brackets would not.
    seen = x.reshape(batch, channels, height * width).take(pixels, axis=2)  # (B, C, OH, OW, K)
    first = first_maxima(seen, pixels)
    return np.take_along_axis(np.broadcast_to(pixels, seen.shape), first[..., None], -1)[..., 0]


@overload
def adaptive_max_pool2d(
    x: TensorLike, output_size: OutputSize, return_indices: Literal[False] = False
) -> Tensor: ...
@overload
def adaptive_max_pool2d(
    x: TensorLike, output_size: OutputSize, return_indices: Literal[True]
) -> tuple[Tensor, Tensor]: ...
@overload
def adaptive_max_pool2d(
    x: TensorLike, output_size: OutputSize, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]: ...
def adaptive_max_pool2d(
    x: TensorLike, output_size: OutputSize, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Return the largest numbers of OH × OW windows that together cover the image.

    $$ y_{b,c,i,j} = \max \{ x_{b,c,h,w} : \lfloor i H / OH \rfloor \le h <
       \lceil (i + 1) H / OH \rceil, \text{ and } w \text{ likewise} \} $$

    Args:
        x: Images (B, C, H, W).
        output_size: (OH, OW), or one number for both; None keeps the input's.
        return_indices: Whether to return where the maxima are, too.

    Returns:
        (B, C, OH, OW); with `return_indices`, also the places h · W + w, of the same shape.

    Raises:
        ShapeError: If x has not four axes, or an empty image.
        ValueError: If a size is not an integer from 1.

    Examples:
        >>> adaptive_max_pool2d([[[[1.0, 7.0, 6.0]]]], (1, 2)).data
        array([[[[7., 7.]]]], dtype=float32)
    """
    sizes = output_sizes("adaptive_max_pool2d", output_size)
    (x,) = coerce(x)
    check_images("adaptive_max_pool2d", x)
    return pool_images("adaptive_max_pool2d", x, sizes, return_indices)


def pool_images(
    layer: str, x: Tensor, sizes: Sizes, return_indices: bool, axes: int = 2
) -> Tensor | tuple[Tensor, Tensor]:
    """Run the operation on images: windows that are all of one size are an ordinary pooling."""
    check_filled(layer, x, axes)
    height, width = x.data.shape[2:]
    oh, ow = sizes[0] or height, sizes[1] or width
    y: Tensor
    if height % oh == 0 and width % ow == 0:
        tile = (height // oh, width // ow)
        window = Window(tile, tile)
        y = MaxPool2DOp.apply(x, window=window)
        return (y, Tensor(places_of_maxima(x.data, window))) if return_indices else y
    pixels = seen_pixels((height, width), (oh, ow))
    y = AdaptiveMaxPool2DOp.apply(x, pixels)
    if not return_indices:
        return y
    return y, Tensor(places_in_windows(x.data, pixels))


class AdaptiveMaxPool2D(Module, Generic[Pooled]):
    r"""The largest numbers of OH × OW windows that together cover the image, whatever its size.

    Called `AdaptiveMaxPool2d` in PyTorch, `AdaptiveMaxPooling2D` in Keras.

    Args:
        output_size: (OH, OW), or one number for both; None keeps the input's.
        return_indices: Whether to return where the maxima are, too.

    Shape:
        input (B, C, H, W) -> output (B, C, OH, OW)

    Raises:
        ShapeError: If the input has not four axes, or an empty image.

    Examples:
        >>> import numpy as np
        >>> AdaptiveMaxPool2D((3, None))(np.zeros((5, 16, 7, 9))).shape
        (5, 16, 3, 9)
    """

    @overload
    def __init__(
        self: "AdaptiveMaxPool2D[Tensor]",
        output_size: OutputSize,
        return_indices: Literal[False] = False,
    ) -> None: ...
    @overload
    def __init__(
        self: "AdaptiveMaxPool2D[tuple[Tensor, Tensor]]",
        output_size: OutputSize,
        return_indices: Literal[True],
    ) -> None: ...
    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        self.output_size = output_sizes("AdaptiveMaxPool2D", output_size)
        self.return_indices = return_indices

    def forward(self, x: TensorLike) -> Pooled:
        """Return the maxima, and their places if asked for.

        Args:
            x: (B, C, H, W).
        """
        (x,) = coerce(x)
        check_images("AdaptiveMaxPool2D", x)
        return pool_images("AdaptiveMaxPool2D", x, self.output_size, self.return_indices)  # type: ignore[return-value]

    def extra_repr(self) -> str:
        """Return the size, and what is not the default."""
        more = ", return_indices=True" if self.return_indices else ""
        return f"output_size={self.output_size}{more}"
