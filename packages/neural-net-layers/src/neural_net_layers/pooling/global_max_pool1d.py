r"""Global max pooling of sequences: of every channel, the largest number over all steps.

It tells whether something occurs anywhere in a sequence of any length: a convolution finds it, and
the maximum forgets where it was.
"""

from neural_net_core.modules.module import Module
from neural_net_core.ops import max as max_over
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._pooling import check_filled, check_sequences

__all__ = ["GlobalMaxPool1D", "global_max_pool1d"]


def global_max_pool1d(x: TensorLike, keepdims: bool = False) -> Tensor:
    r"""Return the largest number of every channel; equal maxima share the gradient equally.

    $$ y_{b,c} = \max_t x_{b,c,t} $$

    Args:
        x: Sequences (B, C, L).
        keepdims: Whether the axis of steps stays, with length 1.

    Returns:
        (B, C), or (B, C, 1).

    Raises:
        ShapeError: If x has not three axes, or empty sequences.

    Examples:
        >>> global_max_pool1d([[[1.0, 6.0, 2.0]]]).data
        array([[6.]], dtype=float32)
    """
    return _pooled("global_max_pool1d", x, keepdims)


def _pooled(layer: str, x: TensorLike, keepdims: bool) -> Tensor:
    """Check the sequences and take the maxima."""
    (x,) = coerce(x)
    check_sequences(layer, x)
    check_filled(layer, x, axes=1)
    return max_over(x, axis=2, keepdims=keepdims)


class GlobalMaxPool1D(Module):
    r"""The largest number of every channel of a sequence.

    $$ y_{b,c} = \max_t x_{b,c,t} $$

    `amax` in PyTorch, and a flattened `AdaptiveMaxPool1d(1)` but for this: several equal maxima
    share the gradient, where that gives all of it to the first. `GlobalMaxPooling1D` in Keras,
    whose sequences are (B, L, C).

    Args:
        keepdims: Whether the axis of steps stays, with length 1.

    Shape:
        input (B, C, L) -> output (B, C), or (B, C, 1)

    Raises:
        ShapeError: If the input has not three axes, or empty sequences.

    References:
        Collobert et al. (2011), arXiv:1103.0398, section 3.3.2 (max over time).

    Examples:
        >>> import numpy as np
        >>> GlobalMaxPool1D()(np.zeros((5, 16, 7))).shape
        (5, 16)
    """

    def __init__(self, keepdims: bool = False) -> None:
        self.keepdims = keepdims

    def forward(self, x: TensorLike) -> Tensor:
        """Return the maxima.

        Args:
            x: (B, C, L).
        """
        return _pooled("GlobalMaxPool1D", x, self.keepdims)

    def extra_repr(self) -> str:
        """Return what is not the default."""
        return "keepdims=True" if self.keepdims else ""
