"""Norms: over batches, examples, groups and features."""

import math
from typing import Any

from neural_net_layers.normalization.batch_norm import BatchNormOp, FixedNormOp
from neural_net_layers.normalization.group_norm import GroupNormOp
from neural_net_layers.normalization.layer_norm import LayerNormOp
from neural_net_layers.normalization.modulation import ModulateOp
from neural_net_layers.normalization.rms_norm import RMSNormOp
from neural_net_layers.onnx._graph import Graph, Rows

__all__ = ["ROWS"]


def fixed_norm(g: Graph, x: Any, w: Any, b: Any, mu: Any, variance: Any, eps: float) -> str:
    w, b = filled(g, w, x.shape[1:2]), filled(g, b, x.shape[1:2])
    return g.BatchNormalization(x, w, b, mu, variance, epsilon=eps)


def batch_norm(g: Graph, x: Any, w: Any, b: Any, eps: float, observe: Any = None) -> str:
    """The batch's own mean and variance, of a norm that keeps no running ones."""
    examples = [i for i in range(x.ndim) if i != 1]
    centred = g.Sub(x, g.ReduceMean(x, examples, keepdims=1))
    variance = g.ReduceMean(g.Mul(centred, centred), examples, keepdims=1)
    x_hat = g.Div(centred, g.Sqrt(g.Add(variance, eps)))
    return along_channels(g, x, x_hat, w, b)


def group_norm(
    g: Graph, x: Any, w: Any, b: Any, groups: int, eps: float, observe: Any = None
) -> str:
    """An instance norm whose channels are the groups."""
    rows = g.Reshape(x, [0, groups, -1])
    x_hat = g.InstanceNormalization(rows, g.ones([groups]), g.ones([groups], 0), epsilon=eps)
    return along_channels(g, x, g.Reshape(x_hat, g.Shape(x)), w, b)


def layer_norm(g: Graph, x: Any, w: Any, b: Any, axes: int, eps: float) -> str:
    w = filled(g, w, x.shape[-axes:])
    b = None if b == 0.0 else b
    return g.LayerNormalization(x, w, b, axis=-axes, epsilon=eps)


def rms_norm(g: Graph, x: Any, w: Any, axes: int, eps: float) -> str:
    mean = g.ReduceMean(g.Mul(x, x), list(range(-axes, 0)), keepdims=1)
    x_hat = g.Div(x, g.Sqrt(g.Add(mean, eps)))
    return x_hat if w == 1.0 else g.Mul(x_hat, w)


def filled(g: Graph, parameter: Any, shape: Any) -> Any:
    """Return a parameter, or if it is one number an array of it."""
    return g.ones(shape, parameter) if isinstance(parameter, float) else parameter


def along_channels(g: Graph, x: Any, x_hat: str, w: Any, b: Any) -> str:
    """Return x̂ w + b with a w and a b for each channel."""
    for operator, parameter, nothing in ((g.Mul, w, 1.0), (g.Add, b, 0.0)):
        if not isinstance(parameter, float):
            shaped = g.Unsqueeze(parameter, list(range(1, x.ndim - 1))) if x.ndim > 2 else parameter
            x_hat = operator(x_hat, shaped)
        elif not math.isclose(parameter, nothing):
            x_hat = operator(x_hat, parameter)
    return x_hat


ROWS: Rows = {
    FixedNormOp: fixed_norm,
    BatchNormOp: batch_norm,
    GroupNormOp: group_norm,
    LayerNormOp: layer_norm,
    RMSNormOp: rms_norm,
    ModulateOp: lambda g, x, shift, scale: g.Add(g.Mul(x, g.Add(1, scale)), shift),
}
