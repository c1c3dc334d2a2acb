r"""Global average pooling: of every channel, the mean of the whole image.

It stands at the end of a convolutional network in the place of a flattening: the classifier after
it needs no weight per pixel, and images may have any size.
"""

from neural_net_core.modules.module import Module
from neural_net_core.ops import mean
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import check_filled, check_images

__all__ = ["GlobalAvgPool2D", "global_avg_pool2d"]


def global_avg_pool2d(x: TensorLike, keepdims: bool = False) -> Tensor:
    r"""Return the mean of every channel.

    $$ y_{b,c} = \frac{1}{H W} \sum_{h,w} x_{b,c,h,w} $$

    Args:
        x: Images (B, C, H, W).
        keepdims: Whether the image's axes stay, with length 1.

    Returns:
        (B, C), or (B, C, 1, 1).

    Raises:
        ShapeError: If x has not four axes, or empty images.

    Examples:
        >>> global_avg_pool2d([[[[1.0, 2.0], [3.0, 6.0]]]]).data
        array([[3.]], dtype=float32)
    """
    return _pooled("global_avg_pool2d", x, keepdims)


def _pooled(layer: str, x: TensorLike, keepdims: bool) -> Tensor:
    """Check the images and take the means."""
    (x,) = coerce(x)
    check_images(layer, x)
    check_filled(layer, x)
    return mean(x, axis=(2, 3), keepdims=keepdims)


class GlobalAvgPool2D(Module):
    r"""The mean of every channel.

    $$ y_{b,c} = \frac{1}{H W} \sum_{h,w} x_{b,c,h,w} $$

    `AdaptiveAvgPool2d(1)` and a flattening in PyTorch, `GlobalAveragePooling2D` in Keras.

    Args:
        keepdims: Whether the image's axes stay, with length 1.

    Shape:
        input (B, C, H, W) -> output (B, C), or (B, C, 1, 1)

    Raises:
        ShapeError: If the input has not four axes, or empty images.

    References:
        Lin et al. (2013), arXiv:1312.4400, section 3.2.

    Examples:
        >>> import numpy as np
        >>> GlobalAvgPool2D()(np.zeros((5, 16, 7, 9))).shape
        (5, 16)
    """

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def forward(self, x: TensorLike) -> Tensor:
        """Return the means.

        Args:
            x: (B, C, H, W).
        """
        return _pooled("GlobalAvgPool2D", x, self.keepdims)

    def extra_repr(self) -> str:
        """Return what is not the default."""
        return "keepdims=True" if self.keepdims else ""
