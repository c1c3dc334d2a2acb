"""What stands where: order, and adding or writing at positions that come as numbers."""

from typing import Any

import numpy as np

from neural_net_core.ops import IndexAddOp, PutAlongAxisOp, ScatterAddOp, SortOp, TopKOp
from neural_net_layers.onnx._graph import Graph, Rows

__all__ = ["ROWS"]


def sort(g: Graph, x: Any, axis: int = -1, descending: bool = False) -> Any:
    return topk(g, x, x.shape[axis], axis, descending)


def topk(g: Graph, x: Any, k: Any, axis: int = -1, largest: bool = True) -> Any:
    """ONNX too counts the first of equal ones first."""
    return g.TopK(x, g.size(k), axis=axis, largest=int(largest), sorted=1, outputs=2)


def index_add(g: Graph, x: Any, indices: Any, source: Any, axis: int = 0) -> str:
    """Each slice has one position, so all its numbers have it."""
    others = [i for i in range(x.ndim) if i != axis]
    return scatter(g, x, g.Unsqueeze(whole(g, indices), others), source, axis, "add")


def scatter_add(g: Graph, x: Any, indices: Any, source: Any, axis: int) -> str:
    return scatter(g, x, whole(g, indices), source, axis, "add")


def put_along_axis(g: Graph, x: Any, indices: Any, values: Any, axis: int) -> str:
    return scatter(g, x, whole(g, indices), values, axis, "none")


def whole(g: Graph, indices: Any) -> str:
    return g.Cast(indices, to=g.type_of(np.int64))


def scatter(g: Graph, x: Any, indices: str, source: Any, axis: int, reduction: str) -> str:
    """Positions and numbers in one shape: that of x, and along the axis the positions' own."""
    n = g.Shape(x)
    own = g.Gather(g.Shape(indices), np.array([axis]), axis=0)
    shape = g.Concat(g.Slice(n, [0], [axis]), own, g.Slice(n, [axis + 1], [x.ndim]), axis=0)
    return g.ScatterElements(
        x, g.Expand(indices, shape), g.Expand(source, shape), axis=axis, reduction=reduction
    )


ROWS: Rows = {
    SortOp: sort,
    TopKOp: topk,
    IndexAddOp: index_add,
    ScatterAddOp: scatter_add,
    PutAlongAxisOp: put_along_axis,
}
