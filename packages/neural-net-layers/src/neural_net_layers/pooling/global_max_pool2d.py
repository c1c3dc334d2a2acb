r"""Global max pooling: of every channel, the largest number of the whole image.

It tells whether something occurs anywhere in an image of any size: a convolution finds it, and the
maximum forgets where it was.
"""

from neural_net_core.modules.module import Module
from neural_net_core.ops import max as max_over
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import check_filled, check_images

__all__ = ["GlobalMaxPool2D", "global_max_pool2d"]


def global_max_pool2d(x: TensorLike, keepdims: bool = False) -> Tensor:
    r"""Return the largest number of every channel; equal maxima share the gradient equally.

    $$ y_{b,c} = \max_{h,w} x_{b,c,h,w} $$

    Args:
        x: Images (B, C, H, W).
        keepdims: Whether the image's axes stay, with length 1.

    Returns:
        (B, C), or (B, C, 1, 1).

    Raises:
        ShapeError: If x has not four axes, or empty images.

    Examples:
        >>> global_max_pool2d([[[[1.0, 2.0], [6.0, 3.0]]]]).data
        array([[6.]], dtype=float32)
    """
    return _pooled("global_max_pool2d", x, keepdims)


def _pooled(layer: str, x: TensorLike, keepdims: bool) -> Tensor:
    """Check the images and take the maxima."""
    (x,) = coerce(x)
    check_images(layer, x)
    check_filled(layer, x)
    return max_over(x, axis=(2, 3), keepdims=keepdims)


class GlobalMaxPool2D(Module):
    r"""The largest number of every channel.

    $$ y_{b,c} = \max_{h,w} x_{b,c,h,w} $$

    `amax` in PyTorch, and a flattened `AdaptiveMaxPool2d(1)` but for this: several equal maxima
    share the gradient, where that gives all of it to the first. `GlobalMaxPooling2D` in Keras.

    Args:
        keepdims: Whether the image's axes stay, with length 1.

    Shape:
        input (B, C, H, W) -> output (B, C), or (B, C, 1, 1)

    Raises:
        ShapeError: If the input has not four axes, or empty images.

    References:
        Oquab et al. (2015), Is object localization for free?, section 3.

    Examples:
        >>> import numpy as np
        >>> GlobalMaxPool2D()(np.zeros((5, 16, 7, 9))).shape
        (5, 16)
    """

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def forward(self, x: TensorLike) -> Tensor:
        """Return the maxima.

        Args:
            x: (B, C, H, W).
        """
        return _pooled("GlobalMaxPool2D", x, self.keepdims)

    def extra_repr(self) -> str:
        """Return what is not the default."""
        return "keepdims=True" if self.keepdims else ""
