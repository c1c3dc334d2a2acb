"""Queries, keys and values of any number of axes as (B, H, T, D), and back."""

import math
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []


class Layout:
    """The shapes of one attention.

    Args:
        query: (…, H, T, D), or (T, D).
        key: (…, K, S, D), with H a multiple of K.
        value: (…, K, S, E).

    Attributes:
        lead: The axes before the heads.
        groups: H / K, how many heads of queries share one of keys and values.
        keys: S.
    """

    def __init__(
        self, query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]
    ) -> None:
        heads, shared = (shape[-3] if len(shape) > 2 else 1 for shape in (query, key))
        self.shapes = query, key, value
        self.lead = query[:-3]
        self.groups, self.keys = heads // shared, key[-2]

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

    def with_four_axes(self, x: Array) -> Array:
        """Return what broadcasts to the scores (…, H, T, S) with four axes, (B or 1, …)."""
        ndim = len(self.shapes[0])
        x = x.reshape((1,) * (max(ndim, 4) - x.ndim) + x.shape)
        if x.ndim > 4:
            if any(n != 1 for n in x.shape[:-3]):
                x = np.broadcast_to(x, (*self.lead, *x.shape[-3:]))
            x = x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
        return x
