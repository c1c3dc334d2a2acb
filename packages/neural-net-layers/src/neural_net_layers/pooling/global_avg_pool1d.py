r"""Global average pooling of sequences: of every channel, the mean over all steps.

It makes one vector of a sequence of any length, for a classifier behind it.
"""

from neural_net_core.modules.module import Module
from neural_net_core.ops import mean
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import check_filled, check_sequences

__all__ = ["GlobalAvgPool1D", "global_avg_pool1d"]


def global_avg_pool1d(x: TensorLike, keepdims: bool = False) -> Tensor:
    r"""Return the mean of every channel.

    $$ y_{b,c} = \frac{1}{L} \sum_t x_{b,c,t} $$

    Args:
        x: Sequences (B, C, L).
        keepdims: Whether the axis of steps stays, with length 1.

    Returns:
        (B, C), or (B, C, 1).

    Raises:
        ShapeError: If x has not three axes, or empty sequences.

    Examples:
        >>> global_avg_pool1d([[[1.0, 2.0, 6.0]]]).data
        array([[3.]], dtype=float32)
    """
    return _pooled("global_avg_pool1d", x, keepdims)


def _pooled(layer: str, x: TensorLike, keepdims: bool) -> Tensor:
    """Check the sequences and take the means."""
    (x,) = coerce(x)
    check_sequences(layer, x)
    check_filled(layer, x, axes=1)
    return mean(x, axis=2, keepdims=keepdims)


class GlobalAvgPool1D(Module):
    r"""The mean of every channel of a sequence.

    $$ y_{b,c} = \frac{1}{L} \sum_t x_{b,c,t} $$

    `AdaptiveAvgPool1d(1)` and a flattening in PyTorch, `GlobalAveragePooling1D` in Keras, whose
    sequences are (B, L, C).

    Args:
        keepdims: Whether the axis of steps stays, with length 1.

    Shape:
        input (B, C, L) -> output (B, C), or (B, C, 1)

    Raises:
        ShapeError: If the input has not three axes, or empty sequences.

    References:
        Lin et al. (2013), arXiv:1312.4400, section 3.2, for images.

    Examples:
        >>> import numpy as np
        >>> GlobalAvgPool1D()(np.zeros((5, 16, 7))).shape
        (5, 16)
    """

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def forward(self, x: TensorLike) -> Tensor:
        """Return the means.

        Args:
            x: (B, C, L).
        """
        return _pooled("GlobalAvgPool1D", x, self.keepdims)

    def extra_repr(self) -> str:
        """Return what is not the default."""
        return "keepdims=True" if self.keepdims else ""
