"""The masks of an attention, checked, combined, and asked for one tile of the scores at a time."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.ops import where
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.attention.attention_mask import causal_keep

__all__: list[str] = []

# Examples, heads, queries and keys.
Tile = tuple[slice, slice, slice, slice]


def as_keep(name: str, keep: TensorLike) -> Array:
    """Return a mask as an array of booleans, or raise and say what True means.

    Args:
        name: How the message calls it.
        keep: Booleans, or a Tensor of them.

    Raises:
        DTypeError: If it is not boolean: 0 and −∞ are added to scores, 0 and 1 are guesswork.
    """
    mask = plain_array(keep)
    if mask.dtype != np.bool_:
        raise DTypeError(
            f"{name}: expected booleans, True = may be attended to, got {mask.dtype}; numbers to "
            "add to the scores are given as bias="
        )
    return mask.copy()  # which the caller may change before the backward pass


def with_four_axes(name: str, x: Array, scores: tuple[int, ...]) -> Array:
    """Return what broadcasts to the scores (…, H, T, S) with four axes, (B or 1, …).

    Args:
        name: How the message calls it.
        x: A mask or a bias.
        scores: The shape of the scores, of two axes or more.

    Raises:
        ShapeError: If it does not broadcast.
    """
    try:
        fits = np.broadcast_shapes(x.shape, scores) == scores
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{name}: expected a shape that broadcasts to {scores}, got {x.shape}")
    x = x.reshape((1,) * (max(len(scores), 4) - x.ndim) + x.shape)
    if x.ndim > 4:
        if any(n != 1 for n in x.shape[:-3]):
            x = np.broadcast_to(x, (*scores[:-3], *x.shape[-3:]))
        x = x.reshape(math.prod(x.shape[:-3]), *x.shape[-3:])
    return x


def blank(x: Tensor, hidden: Array) -> Tensor:
    """Return x with zeros where it is hidden, if it is not all finite: 0 · NaN reaches the rest.

    Args:
        x: Any shape.
        hidden: Booleans that broadcast to it.
    """
    with np.errstate(all="ignore"):
        finite = math.isfinite(float(np.add.reduce(x.data, axis=None)))
    return x if finite else where(hidden, 0, x)


def without_padding(label: str, x: Tensor, key_keep: TensorLike) -> Tensor:
    """Return a sequence whose padding, where it is not finite, is zero.

    Args:
        label: For messages.
        x: (B, S, D).
        key_keep: Booleans (B, S), True = a token; or (B, more), of which the last S are x's.
    """
    mask = as_keep(f"{label}: key_keep", key_keep)
    if mask.ndim != 2 or len(mask) != len(x) or mask.shape[1] < x.shape[1]:
        raise ShapeError(f"{label}: expected key_keep {x.shape[:2]}, got {mask.shape}")
    return blank(x, ~mask[:, mask.shape[1] - x.shape[1] :, None])


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

    def unseen(self, queries: int, keys: int) -> Array | None:
        """Return which keys no query sees, (B or 1, S), or None if each is seen by one."""
        end = self.end(queries, keys)
        if self.keep is None and end == keys:
            return None
        seen = np.arange(keys)[None] < end
        if self.keep is not None:
            seen = seen & self.keep.any(axis=(1, 2))
        return None if seen.all() else ~seen

    def hide(self, scores: Array, tile: Tile) -> None:
        """Set the scores that do not count to −∞, whatever they are.

        As the minimum with a limit of ∞ or −∞: adding −∞ to a score of ∞ would make NaN.

        Args:
            scores: The tile, of two or four axes.
            tile: Which examples, heads, queries and keys it holds.
        """
        if self.keep is not None:
            visible = self.keep[cut(self.keep, tile)]
            visible = visible.reshape(visible.shape[-scores.ndim :])
            np.minimum(scores, _limit(visible, scores), out=scores)
        queries, keys = tile[2:]
        if self.offset is not None:
            # Keys up to the first query's position are visible to all queries of the tile.
            first = max(keys.start, self.offset + queries.start + 1)
            rows, columns = queries.stop - queries.start, keys.stop - first
            if columns > 0:
                hidden = scores[..., first - keys.start :]
                shape = rows, columns, self.offset + queries.start - first
                if shape not in self._ahead:
                    self._ahead[shape] = _limit(causal_keep(*shape), scores)
                np.minimum(hidden, self._ahead[shape], out=hidden)


def _limit(visible: Array, like: Array) -> Array:
    """Return ∞ where visible and −∞ where not."""
    infinity = np.full_like(like, math.inf, shape=())
    limit: Array = np.where(visible, infinity, -infinity)
    return limit


def cut(x: Array, tile: Tile) -> tuple[slice, ...]:
    """Return the index of a tile in what broadcasts to the scores."""
    return tuple(slice(None) if n == 1 else part for n, part in zip(x.shape, tile, strict=True))
