r"""Average pooling to a given length, whatever the length of the sequence.

The sequence is cut into OL windows as even as possible, which may overlap: step i of the output is
the mean of the steps ⌊i L / OL⌋ to ⌈(i + 1) L / OL⌉ − 1. Each is a weighted sum of steps, so one
matrix product gives all of them.
"""

from typing import Any

from neural_net_core.modules.module import Module
from neural_net_core.ops import matmul, mean, reshape
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._adaptive import averages, output_sizes
from neural_net_layers.pooling._pooling import check_filled, check_sequences

__all__ = ["AdaptiveAvgPool1D", "adaptive_avg_pool1d"]


def adaptive_avg_pool1d(x: TensorLike, output_size: int | None) -> Tensor:
    r"""Return the means of OL windows that together cover the sequence.

    $$ y_{b,c,i} = \operatorname{mean} \{ x_{b,c,t} : \lfloor i L / OL \rfloor \le t <
       \lceil (i + 1) L / OL \rceil \} $$

    Args:
        x: Sequences (B, C, L).
        output_size: OL; None keeps the input's length.

    Returns:
        (B, C, OL).

    Raises:
        ShapeError: If x has not three axes, or sequences without a step.
        ValueError: If the size is not an integer from 1.

    Examples:
        >>> adaptive_avg_pool1d([[[1.0, 2.0, 6.0]]], 2).data
        array([[[1.5, 4. ]]], dtype=float32)
    """
    size, _ = output_sizes("adaptive_avg_pool1d", output_size, axes=1)
    return _pooled("adaptive_avg_pool1d", x, size)


def _pooled(layer: str, x: Any, windows: int | None) -> Tensor:
    """Check the sequence and take the means."""
    (x,) = coerce(x)
    check_sequences(layer, x)
    check_filled(layer, x, axes=1)
    batch, channels, length = x.data.shape
    windows = windows or length
    if length % windows == 0:
        return mean(reshape(x, (batch, channels, windows, length // windows)), axis=3)
    return matmul(x, averages(length, windows).T.astype(x.data.dtype))


class AdaptiveAvgPool1D(Module):
    r"""The means of OL windows that together cover the sequence, whatever its length.

    Called `AdaptiveAvgPool1d` in PyTorch, `AdaptiveAveragePooling1D` in Keras, whose sequences are
    (B, L, C).

    Args:
        output_size: OL; None keeps the input's length.

    Shape:
        input (B, C, L) -> output (B, C, OL)

    Raises:
        ShapeError: If the input has not three axes, or sequences without a step.

    Examples:
        >>> import numpy as np
        >>> AdaptiveAvgPool1D(3)(np.zeros((5, 16, 7))).shape
        (5, 16, 3)
    """

    def __init__(self, output_size: int | None) -> None:
        self.output_size, _ = output_sizes("AdaptiveAvgPool1D", output_size, axes=1)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the means.

        Args:
            x: (B, C, L).
        """
        return _pooled("AdaptiveAvgPool1D", x, self.output_size)

    def extra_repr(self) -> str:
        """Return the size."""
        return f"output_size={self.output_size}"
