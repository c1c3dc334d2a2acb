r"""Max pooling to a given length, whatever the length of the sequence.

A sequence (B, C, L) is an image that is one pixel wide. `AdaptiveMaxPool2DOp`, whose gradient is
described in `adaptive_max_pool2d.py`, does the work.
"""

from typing import Any, Generic, Literal, overload

from neural_net_core.modules.module import Module
from neural_net_core.ops import squeeze
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.pooling._adaptive import Sizes, output_sizes
from neural_net_layers.pooling._pooling import Pooled, as_image
from neural_net_layers.pooling.adaptive_max_pool2d import pool_images

__all__ = ["AdaptiveMaxPool1D", "adaptive_max_pool1d"]


@overload
def adaptive_max_pool1d(
    x: TensorLike, output_size: int | None, return_indices: Literal[False] = False
) -> Tensor: ...
@overload
def adaptive_max_pool1d(
    x: TensorLike, output_size: int | None, return_indices: Literal[True]
) -> tuple[Tensor, Tensor]: ...
@overload
def adaptive_max_pool1d(
    x: TensorLike, output_size: int | None, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]: ...
def adaptive_max_pool1d(
    x: TensorLike, output_size: int | None, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Return the largest numbers of OL windows that together cover the sequence.

    $$ y_{b,c,i} = \max \{ x_{b,c,t} : \lfloor i L / OL \rfloor \le t <
       \lceil (i + 1) L / OL \rceil \} $$

    Args:
        x: Sequences (B, C, L).
        output_size: OL; None keeps the input's length.
        return_indices: Whether to return where the maxima are, too.

    Returns:
        (B, C, OL); with `return_indices`, also the steps of the maxima, of the same shape.

    Raises:
        ShapeError: If x has not three axes, or sequences without a step.
        ValueError: If the size is not an integer from 1.

    Examples:
        >>> adaptive_max_pool1d([[[1.0, 7.0, 6.0]]], 2).data
        array([[[7., 7.]]], dtype=float32)
    """
    sizes = output_sizes("adaptive_max_pool1d", output_size, axes=1)
    return _pooled("adaptive_max_pool1d", x, sizes, return_indices)


def _pooled(
    layer: str, x: Any, sizes: Sizes, return_indices: bool
) -> Tensor | tuple[Tensor, Tensor]:
    """Pool the sequence as an image of one column."""
    y = pool_images(layer, as_image(layer, *coerce(x)), sizes, return_indices, axes=1)
    if isinstance(y, tuple):
        return squeeze(y[0], 3), Tensor(y[1].data[..., 0])
    return squeeze(y, 3)


class AdaptiveMaxPool1D(Module, Generic[Pooled]):
    r"""The largest numbers of OL windows that together cover the sequence, whatever its length.

    Called `AdaptiveMaxPool1d` in PyTorch, `AdaptiveMaxPooling1D` in Keras, whose sequences are
    (B, L, C).

    Args:
        output_size: OL; None keeps the input's length.
        return_indices: Whether to return where the maxima are, too.

    Shape:
        input (B, C, L) -> output (B, C, OL)

    Raises:
        ShapeError: If the input has not three axes, or sequences without a step.

    Examples:
        >>> import numpy as np
        >>> AdaptiveMaxPool1D(3)(np.zeros((5, 16, 7))).shape
        (5, 16, 3)
    """

    @overload
    def __init__(
        self: "AdaptiveMaxPool1D[Tensor]",
        output_size: int | None,
        return_indices: Literal[False] = False,
    ) -> None: ...
    @overload
    def __init__(
        self: "AdaptiveMaxPool1D[tuple[Tensor, Tensor]]",
        output_size: int | None,
        return_indices: Literal[True],
    ) -> None: ...
    def __init__(self, output_size: int | None, return_indices: bool = False) -> None:
        self.sizes = output_sizes("AdaptiveMaxPool1D", output_size, axes=1)
        self.return_indices = return_indices

    def forward(self, x: TensorLike) -> Pooled:
        """Return the maxima, and their steps if asked for.

        Args:
            x: (B, C, L).
        """
        return _pooled("AdaptiveMaxPool1D", x, self.sizes, self.return_indices)  # type: ignore[return-value]

    def extra_repr(self) -> str:
        """Return the size, and what is not the default."""
        more = ", return_indices=True" if self.return_indices else ""
        return f"output_size={self.sizes[0]}{more}"
