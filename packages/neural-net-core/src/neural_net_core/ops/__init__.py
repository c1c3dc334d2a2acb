"""The primitive operations: one class with forward and backward per idea, and its function.

A function takes Tensors, arrays, numbers or nested lists, and returns a Tensor. Its class beside it
is the node of the tape. The names are NumPy's; `sum`, `max` and `min` therefore shadow the builtins
for whoever imports them by name, which `from neural_net_core import ops` avoids.

What the gradient is where the function has a kink, a tie or a pole:

| function | where | gradient |
|---|---|---|
| `absolute`, `norm`, `std` | at 0 | 0 |
| `sign` | everywhere | 0 |
| `sqrt` | at 0 | infinite |
| `power(x, 0)` | everywhere | 0 |
| `power(0, b)` with respect to b | b ≥ 0 | 0 |
| `max`, `min` over axes | ties | shared equally |
| `maximum`, `minimum` of two | ties | half each |
| | one is NaN | all of it, to both |
| `max`, `min` over axes | NaN among the elements | NaN |
| `clip` | on the boundary | passes |
| `where` | the side not chosen | 0 |
| `logsumexp` | nothing but −∞ | 0 |

All of them are PyTorch's choices too, except the last, which is NaN there.
"""

import sys
from typing import TYPE_CHECKING, NoReturn

from neural_net_core.called_differently import explain_attributes, explain_words, unknown_name
from neural_net_core.ops.absolute_value import Absolute, Sign, absolute, sign
from neural_net_core.ops.affine import Linear, linear
from neural_net_core.ops.arithmetic import (
    Add,
    Divide,
    Multiply,
    Negative,
    Subtract,
    add,
    divide,
    multiply,
    negative,
    subtract,
)
from neural_net_core.ops.casting import Cast, cast
from neural_net_core.ops.cumulative import CumSum, cumsum
from neural_net_core.ops.einstein_summation import Einsum, einsum
from neural_net_core.ops.exponential import Exp, Expm1, Log, Log1p, exp, expm1, log, log1p
from neural_net_core.ops.extrema import Max, Min, max, min
from neural_net_core.ops.indexing import GetItem, getitem, take_along_axis
from neural_net_core.ops.joining import (
    Concatenate,
    Split,
    Stack,
    Unstack,
    concatenate,
    split,
    stack,
    unstack,
)
from neural_net_core.ops.matrix_product import MatMul, matmul
from neural_net_core.ops.norms import Norm, norm
from neural_net_core.ops.padding import Pad, PadFromInput, pad
from neural_net_core.ops.powers import Power, PowerConstant, Sqrt, power, sqrt
from neural_net_core.ops.reductions import Mean, Prod, Sum, mean, prod, sum
from neural_net_core.ops.selection import (
    Clip,
    Maximum,
    Minimum,
    Where,
    clip,
    maximum,
    minimum,
    where,
)
from neural_net_core.ops.shape import (
    BroadcastTo,
    ExpandDims,
    Flip,
    MoveAxis,
    Reshape,
    Squeeze,
    SwapAxes,
    Transpose,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    reshape,
    squeeze,
    swapaxes,
    transpose,
)
from neural_net_core.ops.softmaxes import (
    LogSoftmaxOp,
    LogSumExp,
    SoftmaxOp,
    log_softmax,
    logsumexp,
    softmax,
)
from neural_net_core.ops.statistics import Std, Var, std, var
from neural_net_core.ops.trigonometric import Cos, Sin, cos, sin
from neural_net_core.tensor import Tensor

__all__ = [
    "Absolute",
    "Add",
    "BroadcastTo",
    "Cast",
    "Clip",
    "Concatenate",
    "Cos",
    "CumSum",
    "Divide",
    "Einsum",
    "Exp",
    "ExpandDims",
    "Expm1",
    "Flip",
    "GetItem",
    "Linear",
    "Log",
    "Log1p",
    "LogSoftmaxOp",
    "LogSumExp",
    "MatMul",
    "Max",
    "Maximum",
    "Mean",
    "Min",
    "Minimum",
    "MoveAxis",
    "Multiply",
    "Negative",
    "Norm",
    "Pad",
    "PadFromInput",
    "Power",
    "PowerConstant",
    "Prod",
    "Reshape",
    "Sign",
    "Sin",
    "SoftmaxOp",
    "Split",
    "Sqrt",
    "Squeeze",
    "Stack",
    "Std",
    "Subtract",
    "Sum",
    "SwapAxes",
    "Transpose",
    "Unstack",
    "Var",
    "Where",
    "absolute",
    "add",
    "broadcast_to",
    "cast",
    "clip",
    "concatenate",
    "cos",
    "cumsum",
    "divide",
    "einsum",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "getitem",
    "linear",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "norm",
    "pad",
    "power",
    "prod",
    "reshape",
    "sign",
    "sin",
    "softmax",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take_along_axis",
    "transpose",
    "unstack",
    "var",
    "where",
]

explain_attributes(Tensor, [name for name in __all__ if name.islower()])
explain_words(sys.modules[__name__], "axis", "axes", "axis1", "shape", "low", "width", "sections")

if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> NoReturn:
        unknown_name(__name__, name)
