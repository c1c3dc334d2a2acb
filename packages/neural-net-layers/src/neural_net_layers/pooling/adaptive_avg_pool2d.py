r"""Average pooling to a given size, whatever the size of the image.

The image is cut into OH × OW windows as even as possible, which may differ in size by one and then
overlap: row i of the output is the mean of the rows ⌊i H / OH⌋ to ⌈(i + 1) H / OH⌉ − 1.
"""

from typing import Any

from neural_net_core.modules.module import Module
from neural_net_core.ops import mean, reshape
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._adaptive import OutputSize, Sizes, averages, output_sizes
from neural_net_layers.pooling._pooling import check_filled, check_images
from neural_net_layers.pooling._resample import ResampleOp

__all__ = ["AdaptiveAvgPool2D", "adaptive_avg_pool2d"]


def adaptive_avg_pool2d(x: TensorLike, output_size: OutputSize) -> Tensor:
    r"""Return the means of OH × OW windows that together cover the image.

    $$ y_{b,c,i,j} = \operatorname{mean} \{ x_{b,c,h,w} : \lfloor i H / OH \rfloor \le h <
       \lceil (i + 1) H / OH \rceil, \text{ and } w \text{ likewise} \} $$

    Args:
        x: Images (B, C, H, W).
        output_size: (OH, OW), or one number for both; None keeps the input's.

    Returns:
        (B, C, OH, OW).

    Raises:
        ShapeError: If x has not four axes, or an empty image.
        ValueError: If a size is not an integer from 1.

    Examples:
        >>> adaptive_avg_pool2d([[[[1.0, 2.0, 6.0]]]], (1, 2)).data
        array([[[[1.5, 4. ]]]], dtype=float32)
    """
    return _pooled("adaptive_avg_pool2d", x, output_sizes("adaptive_avg_pool2d", output_size))


def _pooled(layer: str, x: Any, sizes: Sizes) -> Tensor:
    """Check the image and run the operation."""
    (x,) = coerce(x)
    check_images(layer, x)
    check_filled(layer, x)
    batch, channels, height, width = x.data.shape
    oh, ow = sizes[0] or height, sizes[1] or width
    if height % oh == 0 and width % ow == 0:
        tiles = reshape(x, (batch, channels, oh, height // oh, ow, width // ow))
        return mean(tiles, axis=(3, 5))
    weights = [averages(height, oh), averages(width, ow)]
    y: Tensor = ResampleOp.apply(x, *(matrix.astype(x.data.dtype) for matrix in weights))
    return y


class AdaptiveAvgPool2D(Module):
    r"""The means of OH × OW windows that together cover the image, whatever its size.

    Called `AdaptiveAvgPool2d` in PyTorch, `AdaptiveAveragePooling2D` in Keras.

    Args:
        output_size: (OH, OW), or one number for both; None keeps the input's.

    Shape:
        input (B, C, H, W) -> output (B, C, OH, OW)

    Raises:
        ShapeError: If the input has not four axes.

    Examples:
        >>> import numpy as np
        >>> AdaptiveAvgPool2D((3, None))(np.zeros((5, 16, 7, 9))).shape
        (5, 16, 3, 9)
    """

    def __init__(self, output_size: OutputSize) -> None:
        self.output_size = output_sizes("AdaptiveAvgPool2D", output_size)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the means.

        Args:
            x: (B, C, H, W).
        """
        return _pooled("AdaptiveAvgPool2D", x, self.output_size)

    def extra_repr(self) -> str:
        """Return the size."""
        return f"output_size={self.output_size}"
