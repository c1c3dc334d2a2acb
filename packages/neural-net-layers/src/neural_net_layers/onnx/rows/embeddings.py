"""Rows of a table, alone or added up in bags."""

from typing import Any

import numpy as np

from neural_net_layers.embeddings.embedding import EmbeddingOp
from neural_net_layers.embeddings.embedding_bag import BagMode, EmbeddingBagOp
from neural_net_layers.onnx._graph import Graph, Rows
from neural_net_layers.positions.rotary_embedding import RotateOp

__all__ = ["ROWS"]


def bag(
    g: Graph,
    w: Any,
    s: Any,
    ids: Any,
    bags: Any,
    count: Any,
    mode: BagMode,
    by_frequency: bool = False,
) -> str:
    """Each row goes to its bag, to be added there or compared with what is there."""
    rows, places = g.Gather(w, ids, axis=0), g.Unsqueeze(bags, [1])
    zeros = g.Expand(0.0, [count, w.shape[1]])
    if mode == "max":
        lowest = g.Expand(float("-inf"), [count, w.shape[1]])
        y = g.ScatterND(lowest, places, rows, reduction="max")
        return g.Where(g.Equal(y, lowest), zeros, y)
    if s is not None:
        rows = g.Mul(rows, g.Unsqueeze(s, [1]))
    y = g.ScatterND(zeros, places, rows, reduction="add")
    if mode == "sum":
        return y
    ones = g.Expand(1.0, g.Shape(ids))
    sizes = g.ScatterND(g.Expand(0.0, [count]), places, ones, reduction="add")
    return g.Div(y, g.Unsqueeze(g.Max(sizes, 1.0), [1]))


def rotate(g: Graph, x: Any, cos: Any, sin: Any, interleaved: bool) -> str:
    if interleaved:
        a, b = (g.Slice(x, [i], [np.iinfo(np.int64).max], [-1], [2]) for i in (0, 1))
    else:
        a, b = g.Split(x, num_outputs=2, axis=-1, outputs=2)
    turned = [g.Sub(g.Mul(a, cos), g.Mul(b, sin)), g.Add(g.Mul(b, cos), g.Mul(a, sin))]
    if not interleaved:
        return g.Concat(*turned, axis=-1)
    pairs = g.Concat(*(g.Unsqueeze(y, [-1]) for y in turned), axis=-1)
    return g.Reshape(pairs, g.Shape(x))


ROWS: Rows = {
    EmbeddingOp: lambda g, w, ids, padding_idx, by_frequency: g.Gather(w, ids, axis=0),
    EmbeddingBagOp: bag,
    RotateOp: rotate,
}
