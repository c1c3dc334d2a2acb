"""Sums, means, extrema, norms and softmaxes along axes, and what is measured between vectors."""

from typing import Any

import numpy as np

from neural_net_core.losses import CosineSimilarityOp, NormalizeOp, PairwiseDistanceOp
from neural_net_core.ops import (
    CumSumOp,
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
    SoftmaxOp: lambda g, x, axis=-1: g.Softmax(x, axis=axis),
    LogSoftmaxOp: lambda g, x, axis=-1: g.LogSoftmax(x, axis=axis),
    NormalizeOp: unit,
    CosineSimilarityOp: cosine,
    PairwiseDistanceOp: distance,
}
