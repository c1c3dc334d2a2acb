"""Matrix products, sums of products, and determinants."""

from typing import Any

from neural_net_core.linalg import DetOp
from neural_net_core.ops import EinsumOp, LinearOp, MatMulOp, OuterOp
from neural_net_layers.onnx._graph import Graph, Rows

__all__ = ["ROWS"]


def linear(g: Graph, x: Any, w: Any, b: Any) -> str:
    if x.ndim == 2:
        return g.Gemm(x, w, b, transB=1)
    y = g.MatMul(x, g.Transpose(w, perm=[1, 0]))
    return y if b is None else g.Add(y, b)


ROWS: Rows = {
    LinearOp: linear,
    MatMulOp: lambda g, a, b: g.MatMul(a, b),
    OuterOp: lambda g, a, b: g.Mul(g.Unsqueeze(a, [1]), b),
    EinsumOp: lambda g, *arrays, subscripts: g.Einsum(*arrays, equation=subscripts),
    DetOp: lambda g, a: g.Det(a),
}
