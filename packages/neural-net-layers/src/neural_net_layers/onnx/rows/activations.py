"""The activations, most of which ONNX knows by the same name."""

from typing import Any

from neural_net_core.activations.elu import ELUOp
from neural_net_core.activations.gelu import GELUOp, GELUTanhOp
from neural_net_core.activations.glu import GLUOp, SwiGLUOp
from neural_net_core.activations.hardsigmoid import HardsigmoidOp
from neural_net_core.activations.hardswish import HardswishOp
from neural_net_core.activations.hardtanh import HardtanhOp
from neural_net_core.activations.leaky_relu import LeakyReLUOp
from neural_net_core.activations.logsigmoid import LogSigmoidOp
from neural_net_core.activations.mish import MishOp
from neural_net_core.activations.prelu import PReLUOp
from neural_net_core.activations.relu import ReLUOp
from neural_net_core.activations.sigmoid import SigmoidOp
from neural_net_core.activations.silu import SiLUOp
from neural_net_core.activations.softplus import SoftplusOp
from neural_net_core.activations.softsign import SoftsignOp
from neural_net_core.activations.swish import SwishOp
from neural_net_core.activations.tanh import TanhOp
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
    ELUOp: lambda g, x, alpha, scale=1.0: g.Mul(g.Elu(x, alpha=alpha), scale),
    GELUOp: lambda g, x: g.Gelu(x),
    GELUTanhOp: lambda g, x: g.Gelu(x, approximate="tanh"),
    GLUOp: glu,
    SwiGLUOp: swiglu,
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
    SoftsignOp: lambda g, x: g.Softsign(x),
    SwishOp: lambda g, x, beta: g.Mul(x, g.Sigmoid(g.Mul(beta, x))),
    TanhOp: lambda g, x: g.Tanh(x),
}
