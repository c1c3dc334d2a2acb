"""The masks of an attention, asked for one tile of the scores at a time."""

import math

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []

# Examples, heads, queries and keys.
Tile = tuple[slice, slice, slice, slice]


class Visibility:
    """What each query may attend to, applied to one tile of the scores at a time.

    Args:
        keep: Booleans of four axes that broadcast to (B, H, T, S); or None.
        offset: The position of the first query if no query may look ahead; None if it may.
    """

    def __init__(self, keep: Array | None = None, offset: int | None = None) -> None:
        self.keep, self.offset = keep, offset
        self._ahead: dict[tuple[int, int, int], Array] = {}

    def end(self, stop: int, keys: int) -> int:
        """Return how many keys the queries before `stop` can see at most."""
        return keys if self.offset is None else min(max(self.offset + stop, 0), keys)

    def hide(self, scores: Array, tile: Tile) -> None:
        """Set the scores that do not count to −∞, whatever they are.

        As the minimum with a limit of ∞ or −∞: adding −∞ to a score of ∞ would make NaN.

        Args:
            scores: The tile, (queries, keys).
            tile: Which example, head, queries and keys it holds.
        """
        if self.keep is not None:
            visible = self.keep[cut(self.keep, tile)][0, 0]
            np.minimum(scores, _limit(visible, scores), out=scores)
        queries, keys = tile[2:]
        if self.offset is not None:
            # Keys up to the first query's position are visible to all queries of the tile.
            first = max(keys.start, self.offset + queries.start + 1)
            rows, columns = queries.stop - queries.start, keys.stop - first
            if columns > 0:
                hidden = scores[:, first - keys.start :]
                shape = rows, columns, self.offset + queries.start - first
                if shape not in self._ahead:
                    self._ahead[shape] = _limit(np.tri(*shape, bool), scores)
                np.minimum(hidden, self._ahead[shape], out=hidden)


def _limit(visible: Array, like: Array) -> Array:
    """Return ∞ where visible and −∞ where not."""
    infinity = np.full_like(like, math.inf, shape=())
    limit: Array = np.where(visible, infinity, -infinity)
    return limit


def cut(x: Array, tile: Tile) -> tuple[slice, ...]:
    """Return the index of a tile in what broadcasts to the scores."""
    return tuple(slice(None) if n == 1 else part for n, part in zip(x.shape, tile, strict=True))
