r"""Which positions may be attended to: one convention, and helpers that keep to it.

**`keep` is True where a position may be attended to.** Every function and layer of this package
takes boolean masks under names that say so, `keep` and `key_keep`, and numbers that are added to
the scores under another, `bias`. PyTorch has two conventions, which contradict each other:

| here | PyTorch |
|---|---|
| `keep` (True = attend) | `F.scaled_dot_product_attention(attn_mask=keep)` (True = attend) |
| `keep` (True = attend) | `nn.MultiheadAttention(attn_mask=~keep)` (True = **blocked**) |
| `key_keep` (True = a token) | `key_padding_mask=~key_keep` (True = **padding**) |
| `bias` (added to the scores) | `attn_mask=bias`, a floating one, in both |
| `causal=True, offset=0` | `is_causal=True` (the first query sees the first key alone) |

Masks combine: a position counts only if `keep`, `key_keep` and `causal` all allow it. Nothing
switches one of them off. A query that may attend to nothing gets zeros, and zero gradients.
"""

import sys

import numpy as np

from neural_net_core.checks import check_array, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.tensor import TensorLike

__all__ = ["causal_keep", "padding_keep"]

MOST = sys.maxsize >> 1  # a position and an offset added still fit an index


def causal_keep(
    queries: int, keys: int | None = None, offset: int = 0, *, window: int | None = None
) -> Array:
    r"""Return which keys each query may attend to if none may look ahead.

    $$ \text{keep}_{ij} = [\,j \le \text{offset} + i\,] $$

    Query i stands at position offset + i. With offset 0 the first query sees the first key alone
    (PyTorch's alignment, "top left"); with offset = keys − queries the last query sees the last
    key ("bottom right"), which is what generation with a cache needs.

    Args:
        queries: T.
        keys: S; None means T.
        offset: The position of the first query.
        window: How many keys back a query sees, itself included; None means all.

    Returns:
        Booleans (T, S), True = may be attended to.

    Raises:
        ValueError: If the window is less than 1.

    Examples:
        >>> causal_keep(3).astype(int)
        array([[1, 0, 0],
               [1, 1, 0],
               [1, 1, 1]])
        >>> causal_keep(1, 3, offset=2, window=2).astype(int)
        array([[0, 1, 1]])
    """
    queries = check_count("causal_keep", "queries", queries, 0)
    keys = queries if keys is None else check_count("causal_keep", "keys", keys, 0)
    position = np.arange(queries)[:, None] + check_count("causal_keep", "offset", offset, -MOST)
    key = np.arange(keys)
    keep: Array = key <= position
    if window is not None:
        keep &= key > position - check_count("causal_keep", "window", window)
    return keep


def padding_keep(lengths: TensorLike, length: int | None = None) -> Array:
    """Return which positions of padded sequences hold a token.

    Args:
        lengths: (B,), how many tokens each sequence has.
        length: T, how long the padded sequences are; None means the longest.

    Returns:
        Booleans (B, T), True = a token, False = padding.

    Raises:
        ShapeError: If the lengths are not one axis, or one is outside 0 to T.

    Examples:
        >>> padding_keep([1, 3]).astype(int)
        array([[1, 0, 0],
               [1, 1, 1]])
    """
    lengths = check_array("padding_keep", "lengths", lengths, ndim=1, kinds="iu")
    longest = int(lengths.max(initial=0))
    length = longest if length is None else check_count("padding_keep", "length", length, 0)
    if longest > length or (lengths < 0).any():
        raise ShapeError(f"padding_keep: expected lengths from 0 to {length}, got {lengths}")
    keep: Array = np.arange(length) < lengths[:, None]
    return keep
