"""Sums, means, extrema, norms and softmaxes along axes, and what is measured between vectors."""

import math
from typing import Any

import numpy as np

from neural_net_core.losses import CosineSimilarityOp, NormalizeOp, PairwiseDistanceOp
from neural_net_core.ops import (
    CumProdOp,
    CumSumOp,
    LogCumSumExpOp,
    LogSoftmaxOp,
    LogSumExpOp,
    MaxOp,
    MeanOp,
    MinOp,
    NormOp,
    ProdOp,
    SoftmaxOp,
    StdOp,
    SumOp,
    VarOp,
)
from neural_net_layers.onnx._graph import Graph, Rows
from neural_net_layers.onnx.rows.elementwise import logaddexp

__all__ = ["ROWS"]


def reduced_by(operator: str) -> Any:
    """Return the row of a reduction that ONNX knows."""

    def row(g: Graph, x: Any, axis: Any = None, keepdims: bool = False) -> str:
        return getattr(g, operator)(x, axes(axis), keepdims=int(keepdims))

    return row


def axes(axis: Any) -> list[int] | None:
    """Return one axis or several as a list, None for all."""
    return None if axis is None else [axis] if isinstance(axis, int) else list(axis)


def variance(g: Graph, x: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> str:
    mean = g.ReduceMean(x, axes(axis), keepdims=1)
    centred = g.Sub(x, mean)
    y = g.ReduceMean(g.Mul(centred, centred), axes(axis), keepdims=int(keepdims))
    if ddof == 0:
        return y
    n = g.Cast(g.Div(g.Size(x), g.Size(mean)), to=g.type_of(x.dtype))
    return g.Mul(y, g.Div(n, g.Sub(n, ddof)))


def running(step: Any, first: float) -> Any:
    """Return the row of what goes on from one element to the next along an axis, by a loop.

    Args:
        step: Writes the nodes of one step: from the graph, the value so far and an element.
        first: The value before the first element.
    """

    def row(g: Graph, x: Any, axis: int) -> str:
        if x.ndim == 0 or x.shape[axis] == 0:
            return g.Identity(x)
        axis %= x.ndim
        there = [axis, *(i for i in range(x.ndim) if i != axis)]
        back = [there.index(i) for i in range(x.ndim)]
        state = g.Expand(first, [x.shape[i] for i in there[1:]])

        def write(state: str, element: str) -> tuple[list[str], str]:
            y = step(g, state, element)
            return [y], y

        _, y = g.loop(write, [state], [g.Transpose(x, perm=there)], reverse=False)
        return g.Transpose(y, perm=back)

    return row


def unit(g: Graph, x: Any, axis: int, eps: float) -> str:
    return g.Div(x, g.Max(g.ReduceL2(x, [axis], keepdims=1), eps))


def cosine(g: Graph, a: Any, b: Any, axis: int, eps: float) -> str:
    products = g.Mul(unit(g, a, axis, eps), unit(g, b, axis, eps))
    return g.ReduceSum(products, [axis], keepdims=0)


def distance(g: Graph, a: Any, b: Any, p: float, eps: float) -> str:
    v = g.Abs(g.Add(g.Sub(a, b), eps))
    return g.Pow(g.ReduceSum(g.Pow(v, p), [-1], keepdims=0), 1 / p)


ROWS: Rows = {
    SumOp: reduced_by("ReduceSum"),
    MeanOp: reduced_by("ReduceMean"),
    ProdOp: reduced_by("ReduceProd"),
    MaxOp: reduced_by("ReduceMax"),
    MinOp: reduced_by("ReduceMin"),
    NormOp: reduced_by("ReduceL2"),
    LogSumExpOp: reduced_by("ReduceLogSumExp"),
    VarOp: variance,
    StdOp: lambda g, x, **options: g.Sqrt(variance(g, x, **options)),
    CumSumOp: lambda g, x, axis: g.CumSum(x, np.array(axis, np.int64)) if x.ndim else x,
    CumProdOp: running(lambda g, y, x: g.Mul(y, x), 1.0),
    LogCumSumExpOp: running(logaddexp, -math.inf),
    SoftmaxOp: lambda g, x, axis=-1: g.Softmax(x, axis=axis),
    LogSoftmaxOp: lambda g, x, axis=-1: g.LogSoftmax(x, axis=axis),
    NormalizeOp: unit,
    CosineSimilarityOp: cosine,
    PairwiseDistanceOp: distance,
}
