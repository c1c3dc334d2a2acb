r"""Sinusoidal positions: every place of a sequence has its own pattern of slow and fast waves.

A pair of features turns like the hand of a clock, the first pair by one radian per step, each
further pair more slowly. So near places look alike, and the pattern of place p + k follows from
that of place p by turning each hand by a fixed angle:

    (sin ω(p + k), cos ω(p + k)) = rotation(ω k) · (sin ω p, cos ω p)

which is why a linear layer can find "k places before".
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count, check_dtype, check_number, shown
from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.errors import ShapeError
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Buffer, Tensor, TensorLike
from neural_net_layers._inputs import coerce

__all__ = ["PositionalEncoding", "sinusoidal_positions"]


def sinusoidal_positions(
    length: int, features: int, base: float = 10_000.0, *, dtype: npt.DTypeLike | None = None
) -> Array:
    r"""Return the patterns of the first places.

    $$ P_{p, 2i} = \sin(p / b^{2i / D}), \qquad P_{p, 2i+1} = \cos(p / b^{2i / D}) $$

    Args:
        length: T, how many places.
        features: D; an odd one ends with a sine that has no cosine.
        base: b; the slowest wave is nearly 2π b places long.
        dtype: None means the default. The angles are computed in float64, as large ones lose
            digits.

    Returns:
        P (T, D).

    References:
        Vaswani et al. (2017), arXiv:1706.03762, section 3.5.

    Examples:
        >>> sinusoidal_positions(2, 4, dtype="float64").round(3)
        array([[0.   , 1.   , 0.   , 1.   ],
               [0.841, 0.54 , 0.01 , 1.   ]])
    """
    length = check_count("sinusoidal_positions", "length", length)
    features = check_count("sinusoidal_positions", "features", features)
    angles = np.outer(np.arange(length), frequencies(features, base))  # (T, ⌈D/2⌉)
    kind = get_default_dtype() if dtype is None else check_dtype("sinusoidal_positions", dtype)
    table = np.empty((length, features), kind)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : features // 2])
    return table


def frequencies(features: int, base: float) -> Array:
    """Return ω = b^(−2i/D) for i = 0, 1, …, one for each pair of features, in float64."""
    base = check_number("positions", "base", base, above=0)
    return np.power(float(base), -np.arange(0, features, 2) / features)


def check_places(label: str, x: Tensor, features: int, length: int, offset: int) -> None:
    """Raise if x is not (…, T, D), or has places beyond the table."""
    if x.ndim < 2 or x.shape[-1] != features:
        raise ShapeError(f"{label}: expected input (..., T, {features}), got {x.shape}")
    offset = check_count(label, "offset", offset, 0)
    if offset + x.shape[-2] > length:
        raise ShapeError(
            f"{label}: places {offset} to {offset + x.shape[-2] - 1} are not all among the "
            f"{length} of the table; make the layer with a larger max_length"
        )


class HasLength(Protocol):
    """A cache of keys and values, which knows how many places it holds."""

    @property
    def length(self) -> int:
        """How many."""
        ...


def first_place(label: str, offset: int, cache: HasLength | Sequence[HasLength] | None) -> int:
    """Return the place of the first vector: the offset, or behind what a cache holds.

    Args:
        label: For messages.
        offset: As it was given.
        cache: A cache of keys and values, a list with one for each layer, or None.
    """
    if cache is None:
        return offset
    held = cache[0] if isinstance(cache, list | tuple) and cache else cache
    length = getattr(held, "length", None)
    if not isinstance(length, int):
        raise TypeError(
            f"{label}: cache must be a cache of keys and values, or a list of them as new_cache() "
            f"makes it, got {shown(cache)}"
        )
    if type(offset) is not int or offset != 0:
        raise ValueError(f"{label}: expected offset= or cache=, got both")
    return length


class PositionalEncoding(Module):
    r"""Adds to every vector of a sequence the sinusoidal pattern of its place.

    $$ y_{t} = x_{t} + P_{\text{offset} + t} $$

    Nothing is learned. In the paper the embeddings before it are multiplied by √D, so that
    they are not drowned by the patterns, whose length is √(D/2); with embeddings drawn from
    N(0, 1) that is not needed.

    Args:
        features: D, even or odd.
        max_length: The number of places in the table.
        base: See `sinusoidal_positions`.
        dtype: The table's dtype; None means the default, float32.

    Shape:
        (…, T, D) -> (…, T, D)

    Attributes:
        table: P (max_length, D), a buffer that state dicts do not hold.

    Raises:
        ShapeError: If the input does not end in (T, D), or T is more than the table has.

    References:
        Vaswani et al. (2017), arXiv:1706.03762, section 3.5.

    Examples:
        >>> import numpy as np
        >>> PositionalEncoding(2, max_length=9)(np.zeros((1, 3, 2))).data.round(2)
        array([[[ 0.  ,  1.  ],
                [ 0.84,  0.54],
                [ 0.91, -0.42]]], dtype=float32)
    """

    def __init__(
        self,
        features: int,
        max_length: int = 5000,
        base: float = 10_000.0,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.features = check_count("PositionalEncoding", "features", features)
        self.max_length = check_count("PositionalEncoding", "max_length", max_length)
        self.base = base
        table = sinusoidal_positions(max_length, features, base, dtype=dtype)
        self.table = Buffer(table, table.dtype, persistent=False)

    def forward(
        self,
        x: TensorLike,
        offset: int = 0,
        *,
        cache: HasLength | Sequence[HasLength] | None = None,
    ) -> Tensor:
        """Return x with the patterns added.

        Args:
            x: (…, T, D).
            offset: The place of the first vector.
            cache: What the layers behind it have read, from their `new_cache`, or a
                `KeyValueCache`: the first vector's place is behind it. None means that there is
                none.
        """
        (x,) = coerce(as_input(self, x))
        label = f"PositionalEncoding({self.features})"
        offset = first_place(label, offset, cache)
        check_places(label, x, self.features, self.max_length, offset)
        part = self.table.data[offset : offset + x.shape[-2]]
        y: Tensor = x + part.astype(x.dtype, copy=False)
        return y

    def extra_repr(self) -> str:
        """Return the sizes."""
        base = "" if self.base == 10_000 else f", base={self.base}"
        return f"{self.features}, max_length={self.max_length}{base}"
