"""Generated 2-D classification data: spirals, moons, circles, blobs, the XOR pattern.

All return `x` (n, 2) float32 and `y` (n,) int64, in random order, the classes equally large (to
within one).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from neural_net_core.checks import (
    check_array,
    check_count,
    check_fraction,
    check_number,
    is_whole,
)
from neural_net_core.dtypes import Array
from neural_net_core.random import resolve_rng

__all__ = ["blobs", "circles", "moons", "two_spirals", "xor_points"]


def two_spirals(
    n: int = 200,
    *,
    noise: float = 0.0,
    turns: float = 1.75,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    r"""Two interleaved spirals, a hard test for a small network.

    $$ x = r (\cos\theta, \sin\theta), \quad \theta = 2\pi\,\text{turns}\,r + c\,\pi, \quad
    r \in [0.05, 1] $$

    for class c in {0, 1}.

    Args:
        n: number of points.
        noise: standard deviation of the normal noise added to both coordinates (the arms of 1.75
            turns lie about 0.28 apart).
        turns: how often each arm goes round.
        rng: source of the noise and the order; None means the library's generator.

    Returns:
        `x` (n, 2) within the unit circle but for the noise, and `y` (n,).

    Source: Lang & Witbrock (1988), Learning to Tell Two Spirals Apart (the task; not their points).

    Examples:
        >>> x, y = two_spirals(6)
        >>> x.shape, sorted(y.tolist())
        ((6, 2), [0, 0, 0, 1, 1, 1])
    """
    turns = check_number("two_spirals", "turns", turns)
    rng = resolve_rng(rng)
    y = _labels("two_spirals", n, 2)
    radius = np.empty(n)
    for c in (0, 1):
        radius[y == c] = np.linspace(0.05, 1, np.count_nonzero(y == c))
    angle = 2 * math.pi * turns * radius + math.pi * y
    x = radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _finish("two_spirals", x, y, noise, rng)


def moons(
    n: int = 200, *, noise: float = 0.1, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Two half circles that reach into each other.

    Args:
        n: number of points.
        noise: standard deviation of the normal noise; 0.1 just keeps the classes apart.
        rng: source of the noise and the order; None means the library's generator.

    Returns:
        `x` (n, 2), about -1 to 2 by -0.5 to 1, and `y` (n,).
    """
    rng = resolve_rng(rng)
    y = _labels("moons", n, 2)
    angle = np.empty(n)
    for c in (0, 1):
        angle[y == c] = np.linspace(0, math.pi, np.count_nonzero(y == c))
    # The second moon is the first, turned by half a circle and moved by (1, 0.5).
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 - 2 * y)[:, np.newaxis]
    x += np.outer(y, (1.0, 0.5))
    return _finish("moons", x, y, noise, rng)


def circles(
    n: int = 200,
    *,
    noise: float = 0.05,
    factor: float = 0.5,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """A circle (class 1) inside a circle of radius 1 (class 0).

    Args:
        n: number of points.
        noise: standard deviation of the normal noise.
        factor: radius of the inner circle, 0 to 1.
        rng: source of the noise and the order; None means the library's generator.

    Returns:
        `x` (n, 2) and `y` (n,).
    """
    check_fraction("circles", "factor", factor, 0, 1)
    rng = resolve_rng(rng)
    y = _labels("circles", n, 2)
    angle = np.empty(n)
    for c in (0, 1):
        angle[y == c] = np.linspace(0, 2 * math.pi, np.count_nonzero(y == c), endpoint=False)
    radius = np.where(y == 1, factor, 1.0)
    x = radius[:, np.newaxis] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _finish("circles", x, y, noise, rng)


def blobs(
    n: int = 200,
    centers: int | Sequence[Sequence[float]] = 3,
    *,
    spread: float = 0.3,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """Normally distributed clouds, one per class.

    Args:
        n: number of points.
        centers: the clouds' centres (K, D), or a number K of them, even on the unit circle.
        spread: standard deviation of each cloud.
        rng: source of the points and the order; None means the library's generator.

    Returns:
        `x` (n, D) and `y` (n,).
    """
    rng = resolve_rng(rng)
    if is_whole(centers):
        count = check_count("blobs", "centers", centers, 1)
        angle = np.arange(count) * (2 * math.pi / count)
        places = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        places = check_array("blobs", "centers", centers).astype(np.float64)
        if places.ndim != 2 or len(places) == 0:
            raise ValueError(f"blobs: centers must be (K, D) with K >= 1, got {places.shape}")
    y = _labels("blobs", n, len(places))
    check_fraction("blobs", "spread", spread, 0, math.inf)
    return _finish("blobs", places[y], y, spread, rng)


def xor_points(
    n: int = 200, *, noise: float = 0.0, rng: np.random.Generator | None = None
) -> tuple[Array, Array]:
    """Points of the square [-1, 1]², class 1 where the coordinates' signs differ.

    Args:
        n: number of points.
        noise: standard deviation of the noise added after the classes are decided.
        rng: source of the points; None means the library's generator.

    Returns:
        `x` (n, 2) and `y` (n,).
    """
    rng = resolve_rng(rng)
    y = _labels("xor_points", n, 2)
    x = rng.random((n, 2))
    x[:, 1] *= 1 - 2 * y  # the right half: class 0 above, class 1 below …
    x *= rng.choice([-1.0, 1.0], size=(n, 1))  # … and the same turned by half a circle
    return _finish("xor_points", x, y, noise, rng)


def _labels(where: str, n: int, classes: int) -> Array:
    """Class numbers (n,), 0 to K - 1 in turn."""
    return np.arange(check_count(where, "n", n, 1)) % classes


def _finish(
    where: str, x: Array, y: Array, noise: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Add noise and shuffle."""
    check_fraction(where, "noise", noise, 0, math.inf)
    order = rng.permutation(len(y))
    x = x + noise * rng.standard_normal(x.shape)
    return x[order].astype(np.float32), y[order].astype(np.int64)
