"""The activations, most of which ONNX knows by the same name."""

from typing import Any

from neural_net_core.activations import (
    CELUOp,
    ELUOp,
    GELUOp,
    GELUTanhOp,
    GLUOp,
    HardshrinkOp,
    HardsigmoidOp,
    HardswishOp,
    HardtanhOp,
    LeakyReLUOp,
    LogSigmoidOp,
    MishOp,
    PReLUOp,
    ReLUOp,
    SigmoidOp,
    SiLUOp,
    SoftplusOp,
    SoftshrinkOp,
    SoftsignOp,
    SwiGLUOp,
    SwishOp,
    TanhOp,
    ThresholdOp,
)
from neural_net_layers.onnx._graph import Graph, Rows

__all__ = ["ROWS"]


def glu(g: Graph, x: Any, axis: int) -> str:
    a, b = g.Split(x, num_outputs=2, axis=axis, outputs=2)
    return g.Mul(a, g.Sigmoid(b))


def swiglu(g: Graph, x: Any, axis: int) -> str:
    a, b = g.Split(x, num_outputs=2, axis=axis, outputs=2)
    return g.Mul(g.Mul(a, g.Sigmoid(a)), b)


def softplus(g: Graph, x: Any, beta: float, threshold: float) -> str:
    z = g.Mul(x, beta)
    return g.Where(g.Greater(z, threshold), x, g.Div(g.Softplus(z), beta))


ROWS: Rows = {
    CELUOp: lambda g, x, alpha: g.Celu(x, alpha=alpha),
    ELUOp: lambda g, x, alpha, scale=1.0: g.Mul(g.Elu(x, alpha=alpha), scale),
    GELUOp: lambda g, x: g.Gelu(x),
    GELUTanhOp: lambda g, x: g.Gelu(x, approximate="tanh"),
    GLUOp: glu,
    SwiGLUOp: swiglu,
    HardshrinkOp: lambda g, x, lambd: g.Shrink(x, lambd=lambd, bias=0.0),
    HardsigmoidOp: lambda g, x: g.HardSigmoid(x, alpha=1 / 6, beta=0.5),
    HardswishOp: lambda g, x: g.HardSwish(x),
    HardtanhOp: lambda g, x, low, high: g.Clip(x, low, high),
    LeakyReLUOp: lambda g, x, negative_slope: g.LeakyRelu(x, alpha=negative_slope),
    LogSigmoidOp: lambda g, x: g.Neg(g.Softplus(g.Neg(x))),
    MishOp: lambda g, x: g.Mish(x),
    PReLUOp: lambda g, x, a: g.PRelu(x, a),
    ReLUOp: lambda g, x: g.Relu(x),
    SigmoidOp: lambda g, x: g.Sigmoid(x),
    SiLUOp: lambda g, x: g.Mul(x, g.Sigmoid(x)),
    SoftplusOp: softplus,
    SoftshrinkOp: lambda g, x, lambd: g.Shrink(x, lambd=lambd, bias=lambd),
    SoftsignOp: lambda g, x: g.Softsign(x),
    SwishOp: lambda g, x, beta: g.Mul(x, g.Sigmoid(g.Mul(beta, x))),
    TanhOp: lambda g, x: g.Tanh(x),
    ThresholdOp: lambda g, x, threshold, value: g.Where(g.LessOrEqual(x, threshold), value, x),
}
