"""Arithmetic, powers, exponentials, comparisons with a number: each element by itself."""

import math
from typing import Any

from neural_net_core.ops import (
    AbsoluteOp,
    AddOp,
    Arctan2Op,
    CastOp,
    CeilOp,
    ClipOp,
    CosOp,
    DivideOp,
    ErfOp,
    Expm1Op,
    ExpOp,
    FloorOp,
    Log1pOp,
    LogAddExpOp,
    LogOp,
    MaximumOp,
    MinimumOp,
    MultiplyOp,
    NegativeOp,
    PowerConstantOp,
    PowerOp,
    RoundOp,
    RoundStraightThroughOp,
    SignOp,
    SinOp,
    SqrtOp,
    SubtractOp,
    WhereOp,
)
from neural_net_layers.onnx._graph import Graph, Rows

__all__ = ["ROWS", "logaddexp"]


def expm1(g: Graph, x: Any) -> str:
    """Near 0 eˣ − 1 = 2 t / (1 − t) with t = tanh(x/2), which keeps the digits."""
    t = g.Tanh(g.Div(x, 2))
    near = g.Div(g.Mul(2, t), g.Sub(1, t))
    return g.Where(g.Less(g.Abs(x), 1), near, g.Sub(g.Exp(x), 1))


def log1p(g: Graph, x: Any) -> str:
    """ln(1 + x) = 2 artanh(x / (2 + x)), which keeps the digits near 0."""
    near = g.Mul(2, g.Atanh(g.Div(x, g.Add(2, x))))
    return g.Where(g.Less(g.Abs(x), 0.5), near, g.Log(g.Add(1, x)))


def logaddexp(g: Graph, a: Any, b: Any) -> str:
    """The larger one and a rest; where both are −∞, −∞ − (−∞) must not be computed."""
    rest = g.Log(g.Add(1, g.Exp(g.Neg(g.Abs(g.Sub(a, b))))))
    return g.Add(g.Max(a, b), g.Where(g.Equal(a, b), math.log(2), rest))


def arctan2(g: Graph, a: Any, b: Any) -> str:
    """The angle by the slope, and half a turn more on the left; on the vertical there is none."""
    half_turn = g.Where(g.Less(a, 0), -math.pi, math.pi)
    vertical = g.Equal(b, 0)
    slope = g.Div(a, g.Where(vertical, 1, b))
    angle = g.Add(g.Atan(slope), g.Where(g.Less(b, 0), half_turn, 0))
    return g.Where(vertical, g.Mul(g.Sign(a), math.pi / 2), angle)


ROWS: Rows = {
    AddOp: lambda g, a, b: g.Add(a, b),
    SubtractOp: lambda g, a, b: g.Sub(a, b),
    MultiplyOp: lambda g, a, b: g.Mul(a, b),
    DivideOp: lambda g, a, b: g.Div(a, b),
    NegativeOp: lambda g, x: g.Neg(x),
    AbsoluteOp: lambda g, x: g.Abs(x),
    SignOp: lambda g, x: g.Sign(x),
    PowerOp: lambda g, a, b: g.Pow(a, b),
    PowerConstantOp: lambda g, x, exponent: g.Pow(x, exponent),
    SqrtOp: lambda g, x: g.Sqrt(x),
    ExpOp: lambda g, x: g.Exp(x),
    Expm1Op: expm1,
    LogOp: lambda g, x: g.Log(x),
    Log1pOp: log1p,
    SinOp: lambda g, x: g.Sin(x),
    CosOp: lambda g, x: g.Cos(x),
    Arctan2Op: arctan2,
    ErfOp: lambda g, x: g.Erf(x),
    LogAddExpOp: logaddexp,
    FloorOp: lambda g, x: g.Floor(x),
    CeilOp: lambda g, x: g.Ceil(x),
    RoundOp: lambda g, x: g.Round(x),
    RoundStraightThroughOp: lambda g, x: g.Round(x),
    MaximumOp: lambda g, a, b: g.Max(a, b),
    MinimumOp: lambda g, a, b: g.Min(a, b),
    ClipOp: lambda g, x, low, high: g.Clip(x, low, high),
    WhereOp: lambda g, c, a, b: g.Where(c, a, b),
    CastOp: lambda g, x, dtype: g.Cast(x, to=g.type_of(dtype)),
}
