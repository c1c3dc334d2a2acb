"""Random small changes of images, so that a network never sees quite the same one twice.

Every function takes images of any of the digits' layouts, (B, 64), (B, 8, 8) or (B, C, H, W), and
returns a new array of the same shape and dtype (float32 for float16). `Augment` joins them for a
`DataLoader`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_count, check_fraction, check_number, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.random import resolve_rng

__all__ = ["Augment", "add_noise", "mixup", "rotate", "shift"]


def shift(images: Array, max_pixels: int = 1, *, rng: np.random.Generator | None = None) -> Array:
    """Move each image by a random whole number of pixels; zeros come in from the edge.

    Args:
        images: (B, H·W) of square images, (B, H, W) or (B, C, H, W).
        max_pixels: the offset of each axis is drawn from -max_pixels … max_pixels.
        rng: None means the library's generator.

    Returns:
        Shifted images of the same shape.

    Examples:
        >>> import numpy as np
        >>> out = shift(np.ones((1, 3, 3)), 3, rng=np.random.default_rng(0))
        >>> out.shape
        (1, 3, 3)
    """
    far = check_count("shift", "max_pixels", max_pixels, 0)
    images = check_array("shift", "images", images)
    stack = _stack_of("shift", images)  # (B, C, H, W)
    count, _, height, width = stack.shape
    down, right = resolve_rng(rng).integers(-far, far + 1, (2, count))
    padded = np.pad(stack, ((0, 0), (0, 0), (far, far), (far, far)))
    rows = np.arange(height) + (far - down)[:, np.newaxis]  # (B, H)
    columns = np.arange(width) + (far - right)[:, np.newaxis]  # (B, W)
    image = np.arange(count)[:, np.newaxis, np.newaxis]
    # Advanced indices around a slice come first in the result: (B, H, W, C).
    moved = padded[image, :, rows[:, :, np.newaxis], columns[:, np.newaxis]]
    return moved.transpose(0, 3, 1, 2).reshape(images.shape)


def rotate(
    images: Array, max_degrees: float = 15.0, *, rng: np.random.Generator | None = None
) -> Array:
    """Turn each image about its centre by a random angle, with bilinear interpolation.

    Args:
        images: (B, H·W) of square images, (B, H, W) or (B, C, H, W).
        max_degrees: the angle is uniform in [-max_degrees, max_degrees], anti-clockwise.
        rng: None means the library's generator.

    Returns:
        Turned images of the same shape; what comes from outside is zero.
    """
    max_degrees = check_fraction("rotate", "max_degrees", max_degrees, 0, 180)
    images = check_array("rotate", "images", images)
    stack = _stack_of("rotate", images)
    count, _, height, width = stack.shape
    angle = np.radians(resolve_rng(rng).uniform(-max_degrees, max_degrees, (count, 1, 1)))
    # For each pixel of the result: where it comes from, by the opposite turn about the centre.
    y, x = np.mgrid[:height, :width]
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    source_y = np.cos(angle) * y + np.sin(angle) * x + (height - 1) / 2  # (B, H, W)
    source_x = np.cos(angle) * x - np.sin(angle) * y + (width - 1) / 2
    return _bilinear(stack, source_y, source_x).astype(images.dtype).reshape(images.shape)


def add_noise(images: Array, std: float = 0.1, *, rng: np.random.Generator | None = None) -> Array:
    """Add normal noise; the result is not clipped.

    Args:
        images: floating data of any shape.
        std: standard deviation of the noise.
        rng: None means the library's generator.
    """
    std = check_fraction("add_noise", "std", std, 0, math.inf)
    images = check_array("add_noise", "images", images)
    noise = resolve_rng(rng).standard_normal(images.shape, dtype=np.float32)
    return np.asarray((images + std * noise).astype(images.dtype))


def mixup(
    x: Array, y: Array, alpha: float = 0.2, *, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    r"""Blend each sample with another one of the batch, inputs and targets alike.

    $$ \tilde x = \lambda x_i + (1 - \lambda) x_j, \quad \tilde y = \lambda y_i + (1 - \lambda) y_j,
    \quad \lambda \sim \mathrm{Beta}(\alpha, \alpha) $$

    Args:
        x: inputs (B, ...), floating.
        y: targets (B, ...), floating; for classes one-hot rows: class numbers cannot be mixed.
        alpha: > 0; small values mostly leave a sample as it is.
        rng: None means the library's generator.

    Returns:
        Mixed `x` and `y`, one λ per sample.

    Source: Zhang et al. (2018), mixup, arXiv:1710.09412, eq. 1 (there one λ per batch).
    """
    alpha = check_number("mixup", "alpha", alpha, above=0)
    x, y = check_array("mixup", "x", x), check_array("mixup", "y", y)
    if y.dtype.kind != "f":
        raise ValueError(f"mixup: targets must be floating, got {y.dtype}: use one_hot first")
    if not x.ndim or not y.ndim or len(x) != len(y):
        raise ShapeError(f"mixup: x and y must be (B, ...), got {x.shape} and {y.shape}")
    rng = resolve_rng(rng)
    other = rng.permutation(len(x))
    share = rng.beta(alpha, alpha, len(x)).astype(np.float32)
    share_x = share.reshape(-1, *[1] * (x.ndim - 1))
    share_y = share.reshape(-1, *[1] * (y.ndim - 1))
    mixed_x = share_x * x + (1 - share_x) * x[other]
    mixed_y = share_y * y + (1 - share_y) * y[other]
    return mixed_x.astype(x.dtype), mixed_y.astype(y.dtype)


class Augment:
    """Rotation, shift and noise on the first array of each batch, as a loader's `transform`.

    Args:
        shift: largest offset in pixels; 0 leaves it out.
        rotate: largest angle in degrees; 0 leaves it out.
        noise: standard deviation of the noise; 0 leaves it out.

    Examples:
        >>> import numpy as np
        >>> augment = Augment(shift=1, rotate=10)
        >>> x, y = augment((np.ones((2, 64)), np.array([3, 4])), np.random.default_rng(0))
        >>> x.shape, y.tolist()
        ((2, 64), [3, 4])
    """

    def __init__(self, *, shift: int = 0, rotate: float = 0.0, noise: float = 0.0) -> None:
        self.shift = check_count("Augment", "shift", shift, 0)
        self.rotate = check_fraction("Augment", "rotate", rotate, 0, 180)
        self.noise = check_fraction("Augment", "noise", noise, 0, math.inf)

    def __call__(self, batch: Any, rng: np.random.Generator) -> tuple[Any, ...]:
        if not isinstance(batch, (tuple, list)) or not batch:
            raise ValueError(f"Augment: batch must be a tuple of arrays, got {shown(batch)}")
        images, *others = batch
        if self.rotate:
            images = rotate(images, self.rotate, rng=rng)
        if self.shift:
            images = shift(images, self.shift, rng=rng)
        if self.noise:
            images = add_noise(images, self.noise, rng=rng)
        return (images, *others)


def _stack_of(where: str, images: Array) -> Array:
    """Any layout as (B, C, H, W), without a copy."""
    if images.ndim == 4:
        return images
    if images.ndim == 3:
        return images[:, np.newaxis]
    if images.ndim == 2 and math.isqrt(images.shape[1]) ** 2 == images.shape[1]:
        side = math.isqrt(images.shape[1])
        return images.reshape(len(images), 1, side, side)
    raise ShapeError(
        f"{where}: expected square images (B, H·W), or (B, H, W) or (B, C, H, W), "
        f"got {images.shape}"
    )


def _bilinear(stack: Array, y: Array, x: Array) -> Array:
    """Values of (B, C, H, W) at fractional places (B, H, W); zero outside."""
    padded = np.pad(stack, ((0, 0), (0, 0), (1, 1), (1, 1)))
    # A place further out than the zero border is as zero as the border itself.
    y, x = (y + 1).clip(0, padded.shape[2] - 1), (x + 1).clip(0, padded.shape[3] - 1)
    top = np.floor(y).astype(np.intp).clip(max=padded.shape[2] - 2)
    left = np.floor(x).astype(np.intp).clip(max=padded.shape[3] - 2)
    part_y, part_x = (y - top)[..., np.newaxis], (x - left)[..., np.newaxis]  # (B, H, W, 1)
    image = np.arange(len(stack))[:, np.newaxis, np.newaxis]

    def corner(down: int, right: int) -> Array:
        return padded[image, :, top + down, left + right]  # (B, H, W, C)

    upper = (1 - part_x) * corner(0, 0) + part_x * corner(0, 1)
    lower = (1 - part_x) * corner(1, 0) + part_x * corner(1, 1)
    return np.asarray(((1 - part_y) * upper + part_y * lower).transpose(0, 3, 1, 2))
