"""Keys and values of what has been read, so that generation computes each of them once.

Without a cache, writing the n-th token reads all n − 1 before it again. With one, the projections,
norms and feed-forward parts run for the new token alone; only the attention itself looks back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neural_net_core.checks import check_array, check_count, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import PositionError, ShapeError

__all__ = ["DecoderCache", "KeyValueCache"]


class KeyValueCache:
    """Grows by the keys and values of one attention, call by call.

    Hand the same object to every call of `MultiHeadAttention` for one batch of sequences, under
    `no_grad()`: what is in it is a constant to the gradient. Memory is doubled when it is full, so
    that n tokens cost n steps and not n².

    Attributes:
        length: How many positions it holds.

    Examples:
        >>> import numpy as np
        >>> cache = KeyValueCache()
        >>> keys, values = cache.append(np.ones((1, 2, 3, 4)), np.ones((1, 2, 3, 4)))
        >>> cache.length, keys.shape
        (3, (1, 2, 3, 4))
    """

    def __init__(self) -> None:
        self.length = 0
        self._keys: Array | None = None
        self._values: Array | None = None

    @property
    def keys(self) -> Array:
        """The keys, (B, K, length, D)."""
        return self._filled(self._keys)

    @property
    def values(self) -> Array:
        """The values, (B, K, length, E)."""
        return self._filled(self._values)

    def append(self, keys: Array, values: Array) -> tuple[Array, Array]:
        """Add positions at the end and return all keys and all values so far.

        Args:
            keys: (B, K, N, D).
            values: (B, K, N, E).

        Returns:
            Views of the cache, (B, K, length, D) and (B, K, length, E).

        Raises:
            ShapeError: If they do not continue what is in the cache; it is then unchanged.
        """
        keys = check_array("KeyValueCache", "keys", keys)
        values = check_array("KeyValueCache", "values", values)
        if keys.shape[:3] != values.shape[:3] or keys.ndim != 4 or values.ndim != 4:
            raise ShapeError(
                "KeyValueCache: expected keys (B, K, N, D) and values (B, K, N, E), got "
                f"{keys.shape} and {values.shape}"
            )
        for name, held, new in (("keys", self._keys, keys), ("values", self._values, values)):
            if held is not None and (held.shape[:2], held.shape[3]) != (
                new.shape[:2],
                new.shape[3],
            ):
                batch, heads, _, width = held.shape
                raise ShapeError(
                    f"KeyValueCache: expected {name} ({batch}, {heads}, N, {width}), got "
                    f"{new.shape}; a new batch of sequences needs a new cache"
                )
        stop = self.length + keys.shape[2]
        self._keys = self._with_room(self._keys, keys, stop)
        self._values = self._with_room(self._values, values, stop)
        self._keys[:, :, self.length : stop] = keys
        self._values[:, :, self.length : stop] = values
        self.length = stop
        return self.keys, self.values

    def select(self, examples: Any) -> None:
        """Keep some examples of the batch, in a new order, as beam search does.

        Args:
            examples: Their indices; one may come several times.

        Raises:
            PositionError: If there is no such example; the cache is then unchanged.
            ShapeError: If they are no list.
            DTypeError: If one is no integer.
        """
        chosen = check_array("KeyValueCache", "examples", examples, ndim=1, kinds="iu")
        if self._keys is None or self._values is None:
            return
        batch = len(self._keys)
        if not np.all((-batch <= chosen) & (chosen < batch)):
            raise PositionError(
                f"KeyValueCache: expected examples below {batch}, got {shown(examples)}"
            )
        self._keys, self._values = self._keys[chosen], self._values[chosen]

    def truncate(self, length: int) -> None:
        """Forget all positions from `length` on.

        Args:
            length: How many to keep, at most as many as there are.

        Raises:
            ValueError: If it is not from 0 to `length`.
        """
        self.length = check_count("KeyValueCache", "length", length, 0, self.length)

    def _filled(self, x: Array | None) -> Array:
        return np.empty((0, 0, 0, 0)) if x is None else x[:, :, : self.length]

    def _with_room(self, held: Array | None, new: Array, stop: int) -> Array:
        if held is not None and stop <= held.shape[2]:
            return held
        room = stop if held is None else max(stop, 2 * held.shape[2])
        grown = np.empty_like(new, shape=(*new.shape[:2], room, new.shape[3]), order="C")
        if held is not None:
            grown[:, :, : self.length] = held[:, :, : self.length]
        return grown

    def __repr__(self) -> str:
        return f"KeyValueCache(length {self.length})"


class DecoderCache:
    """The caches of one decoder layer.

    Attributes:
        self_attention: Grows with what is written.
        memory: Filled by the first call with the keys and values of what is read.
    """

    def __init__(self) -> None:
        self.self_attention = KeyValueCache()
        self.memory = KeyValueCache()

    @property
    def length(self) -> int:
        """How many positions have been written."""
        return self.self_attention.length

    def select(self, examples: Any) -> None:
        """Keep some examples of the batch, in a new order.

        Args:
            examples: Their indices; one may come several times.

        Raises:
            PositionError: If there is no such example; the cache is then unchanged.
        """
        with unchanged_by_errors(self):
            self.self_attention.select(examples)
            self.memory.select(examples)

    def __repr__(self) -> str:
        return f"DecoderCache(length {self.length}, memory {self.memory.length})"


@contextmanager
def unchanged_by_errors(*caches: Any) -> Iterator[None]:
    """Let caches hold what they held before, if the code inside raises.

    A layer adds keys before it attends to them, and a stack calls one layer after the other: where
    a later part fails, what the earlier ones have added must not be read by the next call.
    """
    parts = [part for cache in caches for part in _parts(cache)]
    held = [(part.length, part._keys, part._values) for part in parts]
    try:
        yield
    except BaseException:
        for part, before in zip(parts, held, strict=True):
            part.length, part._keys, part._values = before
        raise


def _parts(cache: Any) -> list[KeyValueCache]:
    """Return what a layer's cache consists of: nothing, if it is none, which the layer refuses."""
    if isinstance(cache, DecoderCache):
        return [cache.self_attention, cache.memory]
    return [cache] if isinstance(cache, KeyValueCache) else []
