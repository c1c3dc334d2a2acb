"""Queries, keys and values of any number of axes as (B, H, T, D), and back."""

import math
from typing import Any

from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError

__all__: list[str] = []


class Layout:
    """The shapes of one attention, checked.

    Args:
        query: (…, H, T, D), or (T, D).
        key: (…, K, S, D), with H a multiple of K.
        value: (…, K, S, E).

    Attributes:
        lead: The axes before the heads.
        heads: H.
        groups: H / K, how many heads of queries share one of keys and values.
        queries: T.
        keys: S.

    Raises:
        ShapeError: If they do not fit each other.
    """

    def __init__(
        self, query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]
    ) -> None:
        heads, shared = (shape[-3] if len(shape) > 2 else 1 for shape in (query, key))
        if (
            not 2 <= len(query) == len(key) == len(value)
            or not query[:-3] == key[:-3] == value[:-3]
            or query[-1] != key[-1]
            or key[:-1] != value[:-1]
            or shared == 0
            or heads % shared
        ):
            raise ShapeError(
                "scaled_dot_product_attention: expected query (..., H, T, D), key (..., K, S, D) "
                "and value (..., K, S, E) with H a multiple of K, got "
                f"{query}, {key} and {value}"
            )
        self.shapes = query, key, value
        self.lead = query[:-3]
        self.heads, self.groups = heads, heads // shared
        self.queries, self.keys = query[-2], key[-2]

    @property
    def scores(self) -> tuple[int, ...]:
        """The shape of the scores, (…, H, T, S) or (T, S)."""
        heads = (self.heads,) if len(self.shapes[0]) > 2 else ()
        return (*self.lead, *heads, self.queries, self.keys)

    def split(self, *arrays: Array) -> Any:
        """Return arrays of any number of axes with four: (B, heads, time, features)."""
        batch = math.prod(self.lead)
        return tuple(
            x if x.ndim == 4 else x.reshape(batch, *((1,) if x.ndim == 2 else ()), *x.shape[-3:])
            for x in arrays
        )

    def joined(self, x: Array) -> Array:
        """Return an array (B, H, T, …) with the axes that the query came with."""
        ndim = len(self.shapes[0])
        return x if ndim == 4 else x.reshape(*self.lead, *x.shape[4 - min(ndim, 3) :])
