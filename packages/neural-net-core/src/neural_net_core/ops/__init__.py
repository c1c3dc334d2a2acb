"""The primitive operations: one class with forward and backward per idea, and its function.

A function takes Tensors, arrays, numbers or nested lists, and returns a Tensor. Its class beside it
is the node of the tape. The names are NumPy's; `sum`, `max` and `min` therefore shadow the builtins
for whoever imports them by name, which `from neural_net_core import ops` avoids.

What the gradient is where the function has a kink, a tie or a pole:

| function | where | gradient |
|---|---|---|
| `absolute`, `norm`, `std` | at 0 | 0 |
| `sign`, `floor`, `ceil`, `round` | everywhere | 0 |
| `sqrt` | at 0 | infinite |
| `power(x, 0)` | everywhere | 0 |
| `power(0, b)` with respect to b | b ≥ 0 | 0 |
| `maximum`, `minimum` of two | ties | half each |
| | one is NaN | all of it, to both |
| `max`, `min` over axes | ties | shared equally |
| | NaN among the elements | all of it, shared by those that are NaN |
| `sort`, `topk` | ties | each element its own |
| `arctan2` | at the origin | 0 |
| `clip` | on the boundary | passes |
| `where` | the side not chosen | 0 |
| `logsumexp`, `logaddexp`, `logcumsumexp` | nothing but −∞ | 0 |
| `put_along_axis` | several at one position | all of it to the one that stays |

All of them are PyTorch's choices too, except the last two: NaN there, and all of it to each.
`relu` and `hardtanh` let the gradient pass where x is NaN, as `clip` does not; `absolute` and most
other functions make it NaN.
"""

import sys
from typing import TYPE_CHECKING, NoReturn

from neural_net_core.called_differently import explain_attributes, explain_words, unknown_name
from neural_net_core.ops.affine import LinearOp, linear
from neural_net_core.ops.arithmetic import (
    AddOp,
    DivideOp,
    MultiplyOp,
    NegativeOp,
    SubtractOp,
    add,
    divide,
    multiply,
    negative,
    subtract,
)
from neural_net_core.ops.casting import CastOp, cast
from neural_net_core.ops.cumulative import (
    CumProdOp,
    CumSumOp,
    LogCumSumExpOp,
    cumprod,
    cumsum,
    logcumsumexp,
)
from neural_net_core.ops.einstein_summation import EinsumOp, einsum
from neural_net_core.ops.elementwise.absolute_value import AbsoluteOp, SignOp, absolute, sign
from neural_net_core.ops.elementwise.error_function import ErfOp, erf
from neural_net_core.ops.elementwise.exponential import (
    Expm1Op,
    ExpOp,
    Log1pOp,
    LogOp,
    exp,
    expm1,
    log,
    log1p,
)
from neural_net_core.ops.elementwise.powers import PowerConstantOp, PowerOp, SqrtOp, power, sqrt
from neural_net_core.ops.elementwise.rounding import (
    CeilOp,
    FloorOp,
    RoundOp,
    RoundStraightThroughOp,
    ceil,
    floor,
    round,
    round_straight_through,
)
from neural_net_core.ops.elementwise.trigonometric import Arctan2Op, CosOp, SinOp, arctan2, cos, sin
from neural_net_core.ops.extrema import MaxOp, MinOp, max, min
from neural_net_core.ops.indexing import GetItemOp, getitem, take_along_axis
from neural_net_core.ops.joining import (
    ConcatenateOp,
    SplitOp,
    StackOp,
    UnstackOp,
    concatenate,
    split,
    stack,
    unstack,
)
from neural_net_core.ops.matrix_product import MatMulOp, OuterOp, matmul, outer
from neural_net_core.ops.norms import NormOp, norm
from neural_net_core.ops.padding import PadFromInputOp, PadOp, pad
from neural_net_core.ops.reductions import MeanOp, ProdOp, SumOp, mean, prod, sum
from neural_net_core.ops.repetition import RepeatInterleaveOp, TileOp, repeat_interleave, tile
from neural_net_core.ops.scattering import (
    IndexAddOp,
    PutAlongAxisOp,
    ScatterAddOp,
    index_add,
    put_along_axis,
    scatter_add,
)
from neural_net_core.ops.selection import (
    ClipOp,
    MaximumOp,
    MinimumOp,
    WhereOp,
    clip,
    maximum,
    minimum,
    where,
)
from neural_net_core.ops.shape import (
    BroadcastToOp,
    ExpandDimsOp,
    FlipOp,
    MoveAxisOp,
    ReshapeOp,
    RollOp,
    SqueezeOp,
    SwapAxesOp,
    TransposeOp,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    reshape,
    roll,
    squeeze,
    swapaxes,
    transpose,
)
from neural_net_core.ops.softmaxes import (
    LogAddExpOp,
    LogSoftmaxOp,
    LogSumExpOp,
    SoftmaxOp,
    log_softmax,
    logaddexp,
    logsumexp,
    softmax,
)
from neural_net_core.ops.sorting import SortOp, TopKOp, sort, topk
from neural_net_core.ops.statistics import StdOp, VarOp, std, var
from neural_net_core.ops.triangles import TrilOp, TriuOp, tril, triu
from neural_net_core.tensor import Tensor

__all__ = [
    "AbsoluteOp",
    "AddOp",
    "Arctan2Op",
    "BroadcastToOp",
    "CastOp",
    "CeilOp",
    "ClipOp",
    "ConcatenateOp",
    "CosOp",
    "CumProdOp",
    "CumSumOp",
    "DivideOp",
    "EinsumOp",
    "ErfOp",
    "ExpOp",
    "ExpandDimsOp",
    "Expm1Op",
    "FlipOp",
    "FloorOp",
    "GetItemOp",
    "IndexAddOp",
    "LinearOp",
    "Log1pOp",
    "LogAddExpOp",
    "LogCumSumExpOp",
    "LogOp",
    "LogSoftmaxOp",
    "LogSumExpOp",
    "MatMulOp",
    "MaxOp",
    "MaximumOp",
    "MeanOp",
    "MinOp",
    "MinimumOp",
    "MoveAxisOp",
    "MultiplyOp",
    "NegativeOp",
    "NormOp",
    "OuterOp",
    "PadFromInputOp",
    "PadOp",
    "PowerConstantOp",
    "PowerOp",
    "ProdOp",
    "PutAlongAxisOp",
    "RepeatInterleaveOp",
    "ReshapeOp",
    "RollOp",
    "RoundOp",
    "RoundStraightThroughOp",
    "ScatterAddOp",
    "SignOp",
    "SinOp",
    "SoftmaxOp",
    "SortOp",
    "SplitOp",
    "SqrtOp",
    "SqueezeOp",
    "StackOp",
    "StdOp",
    "SubtractOp",
    "SumOp",
    "SwapAxesOp",
    "TileOp",
    "TopKOp",
    "TransposeOp",
    "TrilOp",
    "TriuOp",
    "UnstackOp",
    "VarOp",
    "WhereOp",
    "absolute",
    "add",
    "arctan2",
    "broadcast_to",
    "cast",
    "ceil",
    "clip",
    "concatenate",
    "cos",
    "cumprod",
    "cumsum",
    "divide",
    "einsum",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "floor",
    "getitem",
    "index_add",
    "linear",
    "log",
    "log1p",
    "log_softmax",
    "logaddexp",
    "logcumsumexp",
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
    "outer",
    "pad",
    "power",
    "prod",
    "put_along_axis",
    "repeat_interleave",
    "reshape",
    "roll",
    "round",
    "round_straight_through",
    "scatter_add",
    "sign",
    "sin",
    "softmax",
    "sort",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take_along_axis",
    "tile",
    "topk",
    "transpose",
    "tril",
    "triu",
    "unstack",
    "var",
    "where",
]

explain_attributes(Tensor, [name for name in __all__ if name.islower()])
explain_words(sys.modules[__name__], "axis", "axes", "axis1", "shape", "low", "width", "sections")
explain_words(sys.modules[__name__], "k", "reps")

if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> NoReturn:
        unknown_name(__name__, name)
