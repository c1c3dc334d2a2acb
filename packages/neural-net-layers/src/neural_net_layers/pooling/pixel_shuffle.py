r"""Channels become pixels, and pixels channels: an image larger or smaller without a sum.

A network that makes images larger works on the small image, where a convolution costs r² times
less, and gives r² numbers for every pixel; put side by side, they are a tile of r × r pixels of the
large image (sub-pixel convolution). The other way round, an image gets smaller and loses nothing.
"""

from neural_net_core.checks import check_count
from neural_net_core.errors import ShapeError
from neural_net_core.modules.module import Module
from neural_net_core.ops import reshape, transpose
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce

__all__ = ["PixelShuffle", "PixelUnshuffle", "pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(x: TensorLike, upscale_factor: int) -> Tensor:
    r"""Return images r times as high and wide, whose pixels were channels.

    $$ y_{b,\,c,\,r h + u,\,r w + v} = x_{b,\,r^2 c + r u + v,\,h,\,w} $$

    Args:
        x: Images (…, C r², H, W).
        upscale_factor: r, at least 1.

    Returns:
        (…, C, r H, r W).

    Raises:
        ShapeError: If x has fewer than three axes, or r² does not divide its channels.
        ValueError: If the factor is not an integer from 1.

    Examples:
        >>> pixel_shuffle([[[1.0]], [[2.0]], [[3.0]], [[4.0]]], 2).data
        array([[[1., 2.],
                [3., 4.]]], dtype=float32)
    """
    factor = check_count("pixel_shuffle", "upscale_factor", upscale_factor)
    return _shuffled("pixel_shuffle", x, factor)


def _shuffled(layer: str, x: TensorLike, r: int) -> Tensor:
    """Check the images and put channels side by side."""
    (x,) = coerce(x)
    if x.ndim < 3 or x.shape[-3] % r**2:
        raise ShapeError(f"{layer}: expected input (..., C·{r**2}, H, W), got {x.shape}")
    *batch, channels, h, w = x.shape
    n, c = len(batch), channels // r**2
    parts = reshape(x, (*batch, c, r, r, h, w))  # (…, C, u, v, H, W)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return reshape(transpose(parts, order), (*batch, c, h * r, w * r))


def pixel_unshuffle(x: TensorLike, downscale_factor: int) -> Tensor:
    r"""Return images r times less high and wide, whose channels were pixels.

    $$ y_{b,\,r^2 c + r u + v,\,h,\,w} = x_{b,\,c,\,r h + u,\,r w + v} $$

    Args:
        x: Images (…, C, r H, r W).
        downscale_factor: r, at least 1.

    Returns:
        (…, C r², H, W).

    Raises:
        ShapeError: If x has fewer than three axes, or r does not divide height and width.
        ValueError: If the factor is not an integer from 1.

    Examples:
        >>> pixel_unshuffle([[[1.0, 2.0], [3.0, 4.0]]], 2).data.tolist()
        [[[1.0]], [[2.0]], [[3.0]], [[4.0]]]
    """
    factor = check_count("pixel_unshuffle", "downscale_factor", downscale_factor)
    return _unshuffled("pixel_unshuffle", x, factor)


def _unshuffled(layer: str, x: TensorLike, r: int) -> Tensor:
    """Check the images and put neighbours into channels."""
    (x,) = coerce(x)
    if x.ndim < 3 or x.shape[-2] % r or x.shape[-1] % r:
        raise ShapeError(f"{layer}: expected input (..., C, {r}·H, {r}·W), got {x.shape}")
    *batch, c, height, width = x.shape
    n, h, w = len(batch), height // r, width // r
    parts = reshape(x, (*batch, c, h, r, w, r))  # (…, C, H, u, W, v)
    order = (*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return reshape(transpose(parts, order), (*batch, c * r**2, h, w))


class PixelShuffle(Module):
    r"""Images r times as high and wide, whose pixels were channels.

    $$ y_{b,\,c,\,r h + u,\,r w + v} = x_{b,\,r^2 c + r u + v,\,h,\,w} $$

    Called `PixelShuffle` in PyTorch.

    Args:
        upscale_factor: r, at least 1.

    Shape:
        input (…, C r², H, W) -> output (…, C, r H, r W)

    Raises:
        ShapeError: If the input has fewer than three axes, or r² does not divide its channels.

    References:
        Shi et al. (2016), arXiv:1609.05158, eq. 4; there the channels of the output change fastest.

    Examples:
        >>> import numpy as np
        >>> PixelShuffle(3)(np.zeros((5, 9, 10, 12))).shape
        (5, 1, 30, 36)
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = check_count("PixelShuffle", "upscale_factor", upscale_factor)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the larger images.

        Args:
            x: (…, C r², H, W).
        """
        return _shuffled("PixelShuffle", x, self.upscale_factor)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    r"""Images r times less high and wide, whose channels were pixels.

    $$ y_{b,\,r^2 c + r u + v,\,h,\,w} = x_{b,\,c,\,r h + u,\,r w + v} $$

    Called `PixelUnshuffle` in PyTorch. It undoes `PixelShuffle`.

    Args:
        downscale_factor: r, at least 1.

    Shape:
        input (…, C, r H, r W) -> output (…, C r², H, W)

    Raises:
        ShapeError: If the input has fewer than three axes, or r does not divide height and width.

    References:
        Shi et al. (2016), arXiv:1609.05158, section 3.2, the other way round.

    Examples:
        >>> import numpy as np
        >>> PixelUnshuffle(3)(np.zeros((5, 1, 30, 36))).shape
        (5, 9, 10, 12)
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = check_count("PixelUnshuffle", "downscale_factor", downscale_factor)

    def forward(self, x: TensorLike) -> Tensor:
        """Return the smaller images.

        Args:
            x: (…, C, r H, r W).
        """
        return _unshuffled("PixelUnshuffle", x, self.downscale_factor)

    def extra_repr(self) -> str:
        """Return the factor."""
        return f"downscale_factor={self.downscale_factor}"
