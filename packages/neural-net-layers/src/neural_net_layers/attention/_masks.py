"""The masks of an attention: what is accepted, and what is hidden from all queries left out."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError
from neural_net_core.ops import where
from neural_net_core.plain import plain_array
from neural_net_core.tensor import Tensor, TensorLike

__all__: list[str] = []


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
    return mask


def check_broadcasts(name: str, shape: tuple[int, ...], scores: tuple[int, ...]) -> None:
    """Raise if a mask or a bias does not broadcast to the scores.

    Args:
        name: How the message calls it.
        shape: Its shape.
        scores: The shape of the scores, (…, H, T, S) or (T, S).

    Raises:
        ShapeError: If it does not.
    """
    try:
        fits = np.broadcast_shapes(shape, scores) == scores
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{name}: expected a shape that broadcasts to {scores}, got {shape}")


def unseen_keys(
    scores: tuple[int, ...], keep: Array | None, offset: int | None, shared: int = 1
) -> Array | None:
    """Return which keys no query sees, broadcasting to (…, K, S, 1); None if each is seen by one.

    Args:
        scores: The shape of the scores, (…, H, T, S) or (T, S).
        keep: Booleans that broadcast to it; or None.
        offset: The position of the first query if no query may look ahead; None if it may.
        shared: K, how many heads of keys there are.
    """
    queries, keys = scores[-2:]
    end = keys if offset is None else offset + queries
    if keep is None and end >= keys:
        return None
    seen = np.arange(keys)[None] < end  # (1, S)
    if keep is not None:
        kept = np.atleast_2d(keep).any(axis=-2, keepdims=True)  # (…, H, 1, S)
        if kept.ndim > 2 and kept.shape[-3] > shared:  # a key is seen if one of its heads sees it
            kept = kept.reshape(*kept.shape[:-3], shared, -1, 1, kept.shape[-1]).any(axis=-3)
        seen = seen & kept
    return None if seen.all() else ~seen.swapaxes(-1, -2)


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
