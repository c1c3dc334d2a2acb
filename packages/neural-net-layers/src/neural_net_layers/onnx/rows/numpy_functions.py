"""What layers and models compute with ids, masks and lengths in NumPy, on the way to operations."""

from typing import Any, Literal

import numpy as np

from neural_net_layers.onnx._graph import Graph
from neural_net_layers.onnx.rows.shapes import getitem, reshape

__all__ = ["FUNCTIONS"]


def astype(g: Graph, x: Any, dtype: Any) -> str:
    return g.Identity(x) if x.dtype == dtype else g.Cast(x, to=g.type_of(dtype))


def bitwise(operator: str) -> Any:
    """Return what is written for &, | and ~, which are other operators for whole numbers."""

    def write(g: Graph, *inputs: Any) -> str:
        booleans = all(isinstance(x, bool) or getattr(x, "dtype", None) == np.bool_ for x in inputs)
        return getattr(g, operator if booleans else f"Bitwise{operator}")(*inputs)

    return write


def searchsorted(g: Graph, ends: Any, places: Any, side: Literal["left", "right"] = "left") -> str:
    """How many ends lie before each place."""
    before = g.LessOrEqual if side == "right" else g.Less
    passed = before(g.Unsqueeze(ends, [0]), g.Unsqueeze(places, [1]))
    return g.ReduceSum(g.Cast(passed, to=g.type_of(np.int64)), [1], keepdims=0)


def append(g: Graph, a: Any, b: Any) -> str:
    b = g.size(b) if isinstance(b, int) or not hasattr(b, "ndim") else b
    return g.Concat(a, b, axis=0)


FUNCTIONS = {
    "getitem": getitem,
    "reshape": reshape,
    "astype": astype,
    "bitwise_and": bitwise("And"),
    "bitwise_or": bitwise("Or"),
    "invert": bitwise("Not"),
    "logical_and": lambda g, a, b: g.And(a, b),
    "logical_or": lambda g, a, b: g.Or(a, b),
    "logical_not": lambda g, x: g.Not(x),
    "equal": lambda g, a, b: g.Equal(a, b),
    "not_equal": lambda g, a, b: g.Not(g.Equal(a, b)),
    "less": lambda g, a, b: g.Less(a, b),
    "less_equal": lambda g, a, b: g.LessOrEqual(a, b),
    "greater": lambda g, a, b: g.Greater(a, b),
    "greater_equal": lambda g, a, b: g.GreaterOrEqual(a, b),
    "add": lambda g, a, b: g.Add(a, b),
    "subtract": lambda g, a, b: g.Sub(a, b),
    "multiply": lambda g, a, b: g.Mul(a, b),
    "maximum": lambda g, a, b: g.Max(a, b),
    "minimum": lambda g, a, b: g.Min(a, b),
    "where": lambda g, c, a, b: g.Where(c, a, b),
    "cumsum": lambda g, x, axis: g.CumSum(x, np.array(axis, np.int64)),
    "expand_dims": lambda g, x, axis: g.Unsqueeze(x, [axis]),
    "append": append,
    "compress": lambda g, kept, x: g.Compress(x, kept),
    "flatnonzero": lambda g, x: g.Reshape(g.NonZero(g.Reshape(x, [-1])), [-1]),
    "searchsorted": searchsorted,
}
