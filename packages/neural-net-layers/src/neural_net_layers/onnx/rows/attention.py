"""Attention, and its heads."""

from typing import Any

import numpy as np

from neural_net_layers.attention._heads import SplitHeadsOp
from neural_net_layers.attention.blocked_attention import BlockedAttentionOp
from neural_net_layers.attention.scaled_dot_product_attention import AttentionOp
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._graph import Graph, Rows

__all__ = ["ROWS"]


def split_heads(g: Graph, x: Any, heads: tuple[int, ...]) -> Any:
    each = x.shape[2] // sum(heads)
    y = g.Reshape(x, [0, 0, sum(heads), each])
    y = g.Transpose(y, perm=[0, 2, 1, 3])  # (B, Σ h, T, D)
    return g.Split(y, list(heads), axis=1, outputs=len(heads)) if len(heads) > 1 else (y,)


def attention(
    g: Graph, q: Any, k: Any, v: Any, b: Any = None, keep: Any = None, *,
    scale: float, offset: Any = None, need_weights: bool = False, dropout: float = 0.0,
    rng: Any = None, whole: bool = False,
) -> Any:  # fmt: skip
    """A hidden score is −∞, and its weight 0 even where nothing else is in the row."""
    if dropout:
        raise ExportError(f"dropout={dropout} is for training; it is 0 in evaluation")
    keys, values = repeated(g, k, q), repeated(g, v, q)
    last = k.ndim - 1
    flipped = g.Transpose(keys, perm=[*range(last - 1), last, last - 1])
    s = g.MatMul(g.Mul(q, scale), flipped)  # (…, H, T, S)
    s = s if b is None else g.Add(s, b)
    if keep is not None:
        s = g.Where(keep, s, float("-inf"))
    if offset is not None:
        s = g.Where(g.triangle(q.shape[-2], k.shape[-2], offset), s, float("-inf"))
    if b is None and keep is None and offset is None:
        p = g.Softmax(s, axis=-1)
    else:
        lowest = float(np.finfo(g.dtype).min)
        p = g.Softmax(g.Max(s, lowest), axis=-1)
        p = g.Where(g.Less(s, lowest), 0.0, p)
    y = g.MatMul(p, values)
    return (y, p) if need_weights else y


def repeated(g: Graph, k: Any, q: Any) -> Any:
    """Return (…, K, S, D) as (…, H, S, D), each head for as many heads of queries as share it."""
    if q.ndim == 2 or q.shape[-3] == k.shape[-3]:
        return k
    *batch, heads, keys, width = k.shape
    groups = q.shape[-3] // heads
    spread = g.Expand(g.Unsqueeze(k, [-3]), [groups, 1, 1])
    joined = g.like([*batch, heads, groups, keys, width], [*batch, heads * groups, keys, width])
    return g.Reshape(spread, joined)


ROWS: Rows = {
    SplitHeadsOp: split_heads,
    AttentionOp: attention,
    BlockedAttentionOp: attention,
}
