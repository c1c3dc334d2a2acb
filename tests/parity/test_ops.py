"""Every primitive operation against PyTorch, on at least 20 shapes each: values and gradients."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)
from harness import MINIMUM_CASES, broadcast_shapes, check, random_axis, unary_shapes

from neural_net_core import Tensor, ops
from neural_net_core.testing import op_classes


class Row(NamedTuple):
    """One comparison: the operation that must run, both sides, and the cases."""

    op: type
    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    shapes: list[Any]
    options: dict[str, Any] = {}  # noqa: RUF012 (never changed)


def some_axes(rng, shapes):
    """Return axis and keepdims: none, one or several axes, all with at least one element."""
    shape = shapes[0]
    candidates = [axis for axis, n in enumerate(shape) if n > 0]
    keepdims = bool(rng.integers(2))
    if not candidates or (len(candidates) == len(shape) and rng.random() < 0.25):
        return {"axis": None, "keepdims": keepdims}
    several = rng.permutation(candidates)[: int(rng.integers(1, len(candidates) + 1))].tolist()
    signed = [axis - len(shape) if rng.random() < 0.5 else axis for axis in several]
    return {"axis": signed[0] if len(signed) == 1 else tuple(signed), "keepdims": keepdims}


def one_axis(rng, shapes):
    """Return axis and keepdims for the functions that take a single axis in PyTorch."""
    return {**random_axis(rng, shapes), "keepdims": bool(rng.integers(2))}


def over(function):
    """Return a PyTorch reduction that takes our names, and None for all axes."""

    def reduce(x, axis, keepdims):
        axes = tuple(range(x.ndim)) if axis is None else axis
        return function(x, dim=axes, keepdim=keepdims)

    return reduce


def product_over(x, axis, keepdims):
    return x.prod(dim=axis, keepdim=keepdims)


def matmul_shapes():
    rng = np.random.default_rng(1)
    cases = [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (4, 3, 2)), ((4, 2, 3), (3,))]
    cases += [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0, 2, 3), (3, 2)), ((5, 1, 2, 3), (4, 3, 2))]
    while len(cases) < 24:
        n, k, m = (int(i) for i in rng.integers(1, 7, 3))
        batch, other = broadcast_shapes(count=12, seed=len(cases))[-1]
        cases.append(((*batch, n, k), (*other, k, m)))
    return cases


def linear_shapes():
    rng = np.random.default_rng(2)
    cases = []
    for batch in [(), (1,), (0,), (0, 2), (3, 1), *(s for (s,) in unary_shapes(17, seed=3))]:
        i, o = (int(n) for n in rng.integers(1, 9, 2))
        cases.append(((*batch, i), (o, i), (o,)))
    return cases


def positive(low=0.2, high=2.0):
    return {"low": low, "high": high}


def random_shape(rng, shapes):
    """Return another shape with as many elements."""
    shape = shapes[0]
    return {"shape": (*shape[1:], *shape[:1], 1) if rng.random() < 0.5 else (int(np.prod(shape)),)}


def permutation(rng, shapes):
    ndim = len(shapes[0])
    return {"axes": tuple(int(i) - ndim * int(rng.integers(2)) for i in rng.permutation(ndim))}


def two_axes(rng, shapes):
    ndim = len(shapes[0])
    return {"a": int(rng.integers(-ndim, ndim)), "b": int(rng.integers(-ndim, ndim))}


def new_axis(rng, shapes):
    ndim = len(shapes[0]) + 1
    return {"axis": int(rng.integers(-ndim, ndim))}


def axis_of_length_one(rng, shapes):
    ones = [axis for axis, n in enumerate(shapes[0]) if n == 1]
    return {"axis": int(rng.choice(ones)) if ones and rng.random() < 0.7 else None}


def larger_shape(rng, shapes):
    shape = shapes[0]
    lead = tuple(int(n) for n in rng.integers(1, 4, size=int(rng.integers(0, 3))))
    return {"shape": lead + tuple(int(rng.integers(1, 5)) if n == 1 else n for n in shape)}


def any_index(rng, shapes):
    """Return an index of every kind: basic, by integers with repetitions, by booleans, mixed."""
    shape = shapes[0]
    n = shape[0]
    kind = int(rng.integers(6))
    if kind == 0 or n == 0:
        return {"index": (slice(None), None, ...)}
    if kind == 1:
        return {"index": (slice(None, int(rng.integers(1, n + 1))), ...)}
    if kind == 2:
        return {"index": rng.integers(-n, n, size=(2, 3))}
    if kind == 3:
        return {"index": rng.random(shape) < 0.5}
    if kind == 4 and len(shape) > 1 and shape[1]:
        return {"index": (rng.integers(-n, n, 5), rng.integers(0, shape[1], 5))}
    return {"index": (..., rng.integers(0, shape[-1], 4))}


def index_torch(x, index):
    parts = index if isinstance(index, tuple) else (index,)
    return x[tuple(torch.tensor(p) if isinstance(p, np.ndarray) else p for p in parts)]


def pieces(rng, shapes):
    """Return an axis and the positions at which to cut it."""
    shape = shapes[0]
    axis = int(rng.integers(len(shape)))
    cuts = sorted(int(i) for i in rng.integers(0, shape[axis] + 1, 2))
    return {"cuts": cuts, "axis": axis}


def joined_shapes():
    """Return three shapes that differ in the length of the second axis only."""
    rng = np.random.default_rng(4)
    return [
        tuple((*shape[:1], int(rng.integers(0, 4)), *shape[2:]) for _ in range(3))
        for (shape,) in unary_shapes(least=2)
    ]


def widths(rng, shapes):
    return {"width": rng.integers(0, 4, (len(shapes[0]), 2)).tolist()}


def pad_torch(x, width, mode="constant", value=0.0):
    flat = [n for pair in reversed(width) for n in pair]
    return F.pad(x, flat, mode=mode, value=value) if mode == "constant" else F.pad(x, flat, mode)


def image_shapes():
    rng = np.random.default_rng(5)
    return [
        (tuple(int(n) for n in (*rng.integers(1, 4, 2), *rng.integers(4, 8, 2))),)
        for _ in range(MINIMUM_CASES)
    ]


def image_widths(rng, shapes):
    return {"width": [[0, 0], [0, 0], *rng.integers(0, 4, (2, 2)).tolist()]}


def pad_row(mode, theirs):
    return Row(
        ops.PadFromInputOp,
        f"pad {mode}",
        lambda x, width: ops.pad(x, width, mode),
        lambda x, width: F.pad(x, [n for pair in width[:1:-1] for n in pair], theirs),
        image_shapes(),
        {"config": image_widths},
    )


def condition_first(rng, shapes):
    return [rng.random(shapes[0]) < 0.5, rng.normal(size=shapes[1]), rng.normal(size=shapes[2])]


def with_positions(rng, shapes):
    """Return an array and positions along its last axis, with repetitions."""
    shape = shapes[0]
    high = shape[-1] if shape[-1] else 1
    return [rng.normal(size=shape), rng.integers(0, high, size=(*shape[:-1], 4))]


SUBSCRIPTS = {
    "ij,jk->ik": "ij jk",
    "bik,bjk->bij": "bik bjk",
    "...ij,...jk->...ik": "abij jk",
    "i,j->ij": "i j",
    "ij->j": "ij",
    "ii->i": "ii",
    "iij,jk->k": "iij jk",
    "ij,kl->il": "ij kl",
    "ij,jk,kl->il": "ij jk kl",
    "bhqd,bhkd->bhqk": "bhqd bhkd",
}


def einsum_shapes(letters):
    rng = np.random.default_rng(6)
    cases = []
    for case in range(MINIMUM_CASES):
        sizes = {a: 1 if rng.random() < 0.2 else int(rng.integers(2, 6)) for a in letters}
        if case == 0:
            sizes[letters[0]] = 0
        cases.append(tuple(tuple(sizes[a] for a in term) for term in letters.split()))
    return cases


def with_zeros(rng, shapes):
    """Return numbers of which about every fourth is zero."""
    x = rng.uniform(-2, 2, shapes[0])
    return [np.where(rng.random(shapes[0]) < 0.25, 0, x)]


def with_ties(rng, shapes):
    """Return a few different numbers, NaN among them."""
    return [rng.choice([-1, 0, 1, 2.5, np.nan], shapes[0])]


def all_different(rng, shapes):
    size = int(np.prod(shapes[0]))
    return [rng.permutation(size).reshape(shapes[0]) / max(size, 1) - 0.5]


def direction(rng, shapes):
    return {**random_axis(rng, shapes), "descending": bool(rng.integers(2))}


def first_k(rng, shapes):
    options = random_axis(rng, shapes)
    k = int(rng.integers(0, shapes[0][options["axis"]] + 1))
    return {**options, "k": k, "largest": bool(rng.integers(2))}


def diagonal(rng, shapes):
    return {"k": int(rng.integers(-4, 5))}


def copies(rng, shapes):
    return {"reps": tuple(int(n) for n in rng.integers(0, 4, int(rng.integers(1, 5))))}


def one_number(rng, shapes):
    axis = None if rng.random() < 0.2 else random_axis(rng, shapes)["axis"]
    return {"repeats": int(rng.integers(0, 4)), "axis": axis}


def number_of_each(rng, shapes):
    axis = random_axis(rng, shapes)["axis"]
    return {"repeats": rng.integers(0, 4, shapes[0][axis]), "axis": axis}


def shifts(rng, shapes):
    """Return one shift of all or of one axis, or several of several axes."""
    ndim = len(shapes[0])
    kind = int(rng.integers(3))
    if kind == 0:
        return {"shift": int(rng.integers(-9, 9)), "axis": None}
    if kind == 1:
        return {"shift": int(rng.integers(-9, 9)), **random_axis(rng, shapes)}
    axes = tuple(int(a) for a in rng.integers(-ndim, ndim, 2))
    return {"shift": tuple(int(n) for n in rng.integers(-9, 9, 2)), "axis": axes}


def roll_torch(x, shift, axis):
    return x.roll(shift) if axis is None else x.roll(shift, axis)


def slices_to_add(rng, shapes):
    """Return an array, positions on its first axis, with repetitions, and a slice for each."""
    (shape,) = shapes
    indices = rng.integers(0, shape[0], 5) if shape[0] else np.zeros(0, int)
    return [rng.normal(size=shape), indices, rng.normal(size=(len(indices), *shape[1:]))]


def numbers_to_add(rng, shapes):
    x, indices = with_positions(rng, shapes)
    return [x, indices, rng.normal(size=indices.shape)]


def numbers_to_put(rng, shapes):
    """Positions without repetitions: PyTorch's gradient is wrong for those, by its own words."""
    (shape,) = shapes
    indices = np.argsort(rng.random(shape), -1)[..., : int(rng.integers(0, shape[-1] + 1))]
    return [rng.normal(size=shape), indices, rng.normal(size=indices.shape)]


SOME_LINES = [case for case in unary_shapes(30, least=1) if case[0][-1]]
UNARY, BINARY = unary_shapes(), broadcast_shapes()
ROWS = [
    Row(ops.AddOp, "add", ops.add, torch.add, BINARY),
    Row(ops.SubtractOp, "subtract", ops.subtract, torch.sub, BINARY),
    Row(ops.MultiplyOp, "multiply", ops.multiply, torch.mul, BINARY),
    Row(ops.DivideOp, "divide", ops.divide, torch.div, BINARY, positive()),
    Row(ops.NegativeOp, "negative", ops.negative, torch.neg, UNARY),
    Row(ops.PowerOp, "power", ops.power, torch.pow, BINARY, positive()),
    *(
        Row(
            ops.PowerConstantOp,
            f"power {n}",
            lambda x, n=n: ops.power(x, n),
            lambda x, n=n: torch.pow(x, n),
            UNARY,
            {} if n in (0, 1, 2, 3) else positive(),
        )
        for n in (0, 1, 2, 3, -1, 0.5, -1.5)
    ),
    Row(ops.SqrtOp, "sqrt", ops.sqrt, torch.sqrt, UNARY, positive()),
    Row(ops.ExpOp, "exp", ops.exp, torch.exp, UNARY),
    Row(ops.Expm1Op, "expm1", ops.expm1, torch.expm1, UNARY),
    Row(ops.LogOp, "log", ops.log, torch.log, UNARY, positive()),
    Row(ops.Log1pOp, "log1p", ops.log1p, torch.log1p, UNARY, positive(-0.8)),
    Row(ops.SinOp, "sin", ops.sin, torch.sin, UNARY, positive(-9.0, 9.0)),
    Row(ops.CosOp, "cos", ops.cos, torch.cos, UNARY, positive(-9.0, 9.0)),
    Row(ops.AbsoluteOp, "absolute", ops.absolute, torch.abs, UNARY),
    Row(ops.SignOp, "sign", ops.sign, torch.sign, UNARY),
    Row(
        ops.CastOp,
        "cast",
        lambda x: ops.cast(ops.cast(ops.cast(x, np.float64), np.float32), x.dtype),
        lambda x: x.to(torch.float32).to(x.dtype),
        UNARY,
    ),
    Row(ops.MatMulOp, "matmul", ops.matmul, torch.matmul, matmul_shapes()),
    Row(ops.LinearOp, "linear", ops.linear, F.linear, linear_shapes()),
    Row(
        ops.LinearOp,
        "linear without bias",
        ops.linear,
        F.linear,
        [case[:2] for case in linear_shapes()],
    ),
    Row(ops.SumOp, "sum", ops.sum, over(torch.sum), UNARY, {"config": some_axes}),
    Row(ops.MeanOp, "mean", ops.mean, over(torch.mean), UNARY, {"config": some_axes}),
    Row(ops.ProdOp, "prod", ops.prod, product_over, UNARY, {"config": one_axis}),
    Row(ops.MaxOp, "max", ops.max, over(torch.amax), UNARY, {"config": some_axes}),
    Row(ops.MinOp, "min", ops.min, over(torch.amin), UNARY, {"config": some_axes}),
    *(
        Row(
            op,
            f"{ours.__name__} ddof {ddof}",
            lambda x, axis, keepdims, f=ours, d=ddof: f(x, axis, ddof=d, keepdims=keepdims),
            over(functools.partial(theirs, correction=ddof)),
            shapes,
            {"config": some_axes},
        )
        for op, ours, theirs in ((ops.VarOp, ops.var, torch.var), (ops.StdOp, ops.std, torch.std))
        for ddof, shapes in (
            (0, UNARY),
            (1, [(tuple(n + 1 for n in shape),) for (shape,) in unary_shapes(least=1)]),
        )
    ),
    Row(ops.NormOp, "norm", ops.norm, over(torch.linalg.vector_norm), UNARY, {"config": some_axes}),
    Row(
        ops.LogSumExpOp,
        "logsumexp",
        ops.logsumexp,
        over(torch.logsumexp),
        UNARY,
        {"config": some_axes},
    ),
    Row(ops.ReshapeOp, "reshape", ops.reshape, torch.reshape, UNARY, {"config": random_shape}),
    Row(
        ops.TransposeOp,
        "transpose",
        ops.transpose,
        lambda x, axes: x.permute(axes),
        UNARY,
        {"config": permutation},
    ),
    Row(
        ops.SwapAxesOp,
        "swapaxes",
        lambda x, a, b: ops.swapaxes(x, a, b),
        lambda x, a, b: torch.swapaxes(x, a, b),
        unary_shapes(least=1),
        {"config": two_axes},
    ),
    Row(
        ops.MoveAxisOp,
        "moveaxis",
        lambda x, a, b: ops.moveaxis(x, a, b),
        lambda x, a, b: torch.moveaxis(x, a, b),
        unary_shapes(least=1),
        {"config": two_axes},
    ),
    Row(
        ops.SqueezeOp,
        "squeeze",
        ops.squeeze,
        lambda x, axis: x.squeeze() if axis is None else x.squeeze(axis),
        UNARY,
        {"config": axis_of_length_one},
    ),
    Row(
        ops.ExpandDimsOp,
        "expand_dims",
        ops.expand_dims,
        lambda x, axis: x.unsqueeze(axis),
        UNARY,
        {"config": new_axis},
    ),
    Row(
        ops.BroadcastToOp,
        "broadcast_to",
        ops.broadcast_to,
        lambda x, shape: torch.broadcast_to(x, shape),
        UNARY,
        {"config": larger_shape},
    ),
    Row(
        ops.FlipOp,
        "flip",
        ops.flip,
        lambda x, axis: x.flip(axis),
        unary_shapes(least=1),
        {"config": random_axis},
    ),
    Row(
        ops.GetItemOp,
        "getitem",
        ops.getitem,
        index_torch,
        unary_shapes(60, least=1),
        {"config": any_index},
    ),
    Row(
        ops.GetItemOp,
        "take_along_axis",
        lambda x, i: ops.take_along_axis(x, i, -1),
        lambda x, i: torch.gather(x, -1, i),
        unary_shapes(least=1),
        {"make": with_positions},
    ),
    Row(
        ops.ConcatenateOp,
        "concatenate",
        lambda *xs: ops.concatenate(xs, 1),
        lambda *xs: torch.cat(xs, 1),
        joined_shapes(),
    ),
    Row(
        ops.StackOp,
        "stack",
        lambda *xs, axis: ops.stack(xs, axis),
        lambda *xs, axis: torch.stack(xs, axis),
        [case * 3 for case in UNARY],
        {"config": new_axis},
    ),
    Row(
        ops.SplitOp,
        "split",
        lambda x, cuts, axis: ops.split(x, cuts, axis),
        lambda x, cuts, axis: torch.tensor_split(x, cuts, axis),
        unary_shapes(least=1),
        {"config": pieces},
    ),
    Row(
        ops.UnstackOp,
        "unstack",
        ops.unstack,
        lambda x, axis: torch.unbind(x, axis),
        [(tuple(max(n, 1) for n in shape),) for (shape,) in unary_shapes(least=1)],
        {"config": random_axis},
    ),
    Row(ops.PadOp, "pad", ops.pad, pad_torch, unary_shapes(least=1), {"config": widths}),
    pad_row("reflect", "reflect"),
    pad_row("edge", "replicate"),
    pad_row("wrap", "circular"),
    Row(
        ops.WhereOp,
        "where",
        ops.where,
        torch.where,
        broadcast_shapes(3),
        {"make": condition_first},
    ),
    Row(ops.MaximumOp, "maximum", ops.maximum, torch.maximum, BINARY),
    Row(ops.MinimumOp, "minimum", ops.minimum, torch.minimum, BINARY),
    Row(
        ops.ClipOp,
        "clip",
        lambda x: ops.clip(x, -0.5, 1),
        lambda x: torch.clamp(x, -0.5, 1),
        UNARY,
    ),
    Row(ops.CumSumOp, "cumsum", ops.cumsum, torch.cumsum, UNARY, {"config": random_axis}),
    *(
        Row(
            ops.EinsumOp,
            f"einsum {subscripts}",
            lambda *xs, s=subscripts: ops.einsum(s, *xs),
            lambda *xs, s=subscripts: torch.einsum(s, *xs),
            einsum_shapes(letters),
        )
        for subscripts, letters in SUBSCRIPTS.items()
    ),
    Row(
        ops.SoftmaxOp,
        "softmax",
        ops.softmax,
        torch.softmax,
        UNARY,
        {"config": random_axis, "low": -5.0, "high": 5.0},
    ),
    Row(ops.FloorOp, "floor", ops.floor, torch.floor, UNARY),
    Row(ops.CeilOp, "ceil", ops.ceil, torch.ceil, UNARY),
    Row(ops.RoundOp, "round", ops.round, torch.round, UNARY, {"low": -9.0, "high": 9.0}),
    Row(
        ops.RoundStraightThroughOp,
        "round_straight_through",
        ops.round_straight_through,
        # By the identity in whole numbers too, whose sum x + (y − x) rounds.
        lambda x: x.round().detach() + (x - x.detach()),
        UNARY,
    ),
    Row(ops.ErfOp, "erf", ops.erf, torch.erf, UNARY, positive(-4.0, 4.0)),
    Row(ops.Arctan2Op, "arctan2", ops.arctan2, torch.atan2, BINARY),
    Row(ops.LogAddExpOp, "logaddexp", ops.logaddexp, torch.logaddexp, BINARY, positive(-9, 9)),
    Row(ops.CumProdOp, "cumprod", ops.cumprod, torch.cumprod, UNARY, {"config": random_axis}),
    Row(
        ops.CumProdOp,
        "cumprod with zeros",
        ops.cumprod,
        torch.cumprod,
        UNARY,
        {"config": random_axis, "make": with_zeros},
    ),
    Row(
        ops.LogCumSumExpOp,
        "logcumsumexp",
        ops.logcumsumexp,
        torch.logcumsumexp,
        UNARY,
        {"config": random_axis, "low": -9.0, "high": 9.0},
    ),
    *(
        Row(
            ops.SortOp,
            name,
            lambda x, axis, descending: ops.sort(x, axis, descending=descending),
            lambda x, axis, descending: torch.sort(x, dim=axis, descending=descending, stable=True),
            unary_shapes(least=1),
            {"config": direction, "make": make},
        )
        for name, make in (("sort", all_different), ("sort ties", with_ties))
    ),
    Row(
        ops.TopKOp,
        "topk",
        lambda x, k, axis, largest: ops.topk(x, k, axis, largest=largest),
        lambda x, k, axis, largest: torch.topk(x, k, axis, largest),
        unary_shapes(least=1),
        {"config": first_k, "make": all_different},
    ),
    *(
        Row(op, ours.__name__, ours, lambda x, k, f=theirs: f(x, k), shapes, {"config": diagonal})
        for op, ours, theirs in (
            (ops.TrilOp, ops.tril, torch.tril),
            (ops.TriuOp, ops.triu, torch.triu),
        )
        for shapes in [unary_shapes(least=2)]
    ),
    Row(
        ops.OuterOp,
        "outer",
        ops.outer,
        torch.outer,
        [((n,), (m,)) for n in range(5) for m in (0, 1, 3, 6)],
    ),
    Row(ops.TileOp, "tile", ops.tile, lambda x, reps: x.tile(reps), UNARY, {"config": copies}),
    Row(
        ops.RepeatInterleaveOp,
        "repeat_interleave",
        ops.repeat_interleave,
        lambda x, repeats, axis: x.repeat_interleave(repeats, axis),
        unary_shapes(least=1),
        {"config": one_number},
    ),
    Row(
        ops.GetItemOp,
        "repeat_interleave, a number of each",
        ops.repeat_interleave,
        lambda x, repeats, axis: x.repeat_interleave(torch.tensor(repeats), axis),
        unary_shapes(least=1),
        {"config": number_of_each},
    ),
    Row(ops.RollOp, "roll", ops.roll, roll_torch, unary_shapes(least=1), {"config": shifts}),
    Row(
        ops.IndexAddOp,
        "index_add",
        ops.index_add,
        lambda x, i, s: x.index_add(0, i, s),
        unary_shapes(least=1),
        {"make": slices_to_add},
    ),
    Row(
        ops.ScatterAddOp,
        "scatter_add",
        lambda x, i, s: ops.scatter_add(x, i, s, -1),
        lambda x, i, s: x.scatter_add(-1, i, s),
        SOME_LINES,
        {"make": numbers_to_add},
    ),
    Row(
        ops.PutAlongAxisOp,
        "put_along_axis",
        lambda x, i, v: ops.put_along_axis(x, i, v, -1),
        lambda x, i, v: x.scatter(-1, i, v),
        SOME_LINES,
        {"make": numbers_to_put},
    ),
    Row(
        ops.LogSoftmaxOp,
        "log_softmax",
        ops.log_softmax,
        torch.log_softmax,
        UNARY,
        {"config": random_axis, "low": -5.0, "high": 5.0},
    ),
]


def test_every_primitive_operation_is_compared():
    compared = {row.op for row in ROWS}
    assert [op.__name__ for op in op_classes("neural_net_core.ops") if op not in compared] == []


# PyTorch's variance warns about lines of one element, and about results without elements.
@pytest.mark.filterwarnings("ignore:.*degrees of freedom is <= 0")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_agrees_with_pytorch(row):
    assert row.op in check(row.name, row.ours, row.theirs, row.shapes, **row.options)


@pytest.mark.parametrize(
    ("ours", "theirs", "numbers"),
    [
        (ops.absolute, torch.abs, [0.0, -0.0, 1.0]),
        (lambda x: ops.power(x, 0), lambda x: x**0, [0.0, 2.0]),
        (lambda x: ops.power(x, 1), lambda x: x**1, [0.0, 2.0]),
        (lambda x: ops.power(x, 2), lambda x: x**2, [0.0, 2.0]),
        (ops.norm, torch.linalg.vector_norm, [0.0, 0.0]),
        (ops.std, lambda x: x.std(correction=0), [3.0, 3.0]),
        (ops.max, torch.amax, [1.0, 3.0, 3.0, 3.0]),
        (ops.min, torch.amin, [1.0, 1.0, 3.0]),
        (ops.prod, torch.prod, [0.0, 2.0, 3.0]),
        (ops.prod, torch.prod, [0.0, 2.0, 0.0]),
        (lambda x: ops.clip(x, -1, 1), lambda x: x.clamp(-1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0]),
        (ops.softmax, lambda x: x.softmax(-1), [-1e4, 1e4, 0.0, -np.inf]),
        (ops.log_softmax, lambda x: x.log_softmax(-1), [-1e4, 1e4, 0.0]),
        (ops.logsumexp, lambda x: x.logsumexp(0), [-1e4, 1e4, -np.inf]),
        (ops.sign, torch.sign, [0.0, -1.0]),
    ],
)
def test_kinks_ties_and_extremes_as_in_pytorch(ours, theirs, numbers):
    x = Tensor(numbers, requires_grad=True)
    y = ours(x)
    z_in = torch.tensor(numbers, requires_grad=True)
    z = theirs(z_in)
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-6)
    y.sum().backward()
    z.sum().backward()
    np.testing.assert_allclose(x.grad, z_in.grad.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_nan_and_infinities_in_the_larger_or_smaller_of_two(name):
    values = [np.nan, 1.0, 2.0, np.inf, -np.inf, 0.0]
    pairs = np.array([(a, b) for a in values for b in values], np.float32)
    dy = np.arange(1, len(pairs) + 1, dtype=np.float32)
    theirs = [torch.tensor(pairs[:, i].copy(), requires_grad=True) for i in (0, 1)]
    ours = [Tensor(pairs[:, i], requires_grad=True) for i in (0, 1)]
    getattr(torch, name)(*theirs).backward(torch.tensor(dy))
    getattr(ops, name)(*ours).backward(dy)
    for t, x in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(x.grad, t.grad.numpy())


@pytest.mark.parametrize("limits", [(0, 2), (None, 2), (0, None)])
def test_nan_and_infinities_in_clip(limits):
    values = np.array([np.nan, 1, 2, 0, np.inf, -np.inf], np.float32)
    t, x = torch.tensor(values, requires_grad=True), Tensor(values, requires_grad=True)
    torch.clamp(t, *limits).sum().backward()
    ops.clip(x, *limits).backward(np.ones(6))
    np.testing.assert_array_equal(x.grad, t.grad.numpy())


@pytest.mark.parametrize("name", ["max", "min"])
def test_nan_among_the_elements_of_an_extremum(name):
    # As PyTorch's max of a whole tensor does; its amax makes all gradients NaN.
    values = np.array(
        [[1, np.nan, 3], [3, 3, 1], [np.nan] * 3, [np.inf, np.nan, -np.inf]], np.float32
    )
    x = Tensor(values, requires_grad=True)
    getattr(ops, name)(x, 1).sum().backward()
    for row, dx in zip(values, x.grad, strict=True):
        t = torch.tensor(row, requires_grad=True)
        getattr(torch, name)(t).backward()
        np.testing.assert_array_equal(dx, t.grad.numpy())


def gradients_of_pairs(name, theirs, values, skip=()):
    """Return both sides' results and gradients of a function of all pairs of some values."""
    pairs = np.array([(a, b) for a in values for b in values if (a, b) not in skip], np.float32)
    dy = np.arange(1, len(pairs) + 1, dtype=np.float32)
    inputs = [torch.tensor(pairs[:, i].copy(), requires_grad=True) for i in (0, 1)]
    result = theirs(*inputs)
    result.backward(torch.tensor(dy))
    ours = [Tensor(pairs[:, i], requires_grad=True) for i in (0, 1)]
    y = getattr(ops, name)(*ours)
    y.backward(dy)
    wanted = [result.detach().numpy(), *(x.grad.numpy() for x in inputs)]
    return zip([y.data, *(x.grad for x in ours)], wanted, strict=True)


def test_angles_at_the_origin_and_on_the_axes():
    for found, wanted in gradients_of_pairs("arctan2", torch.atan2, [0.0, -0.0, 1.0, -2.0]):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_sums_of_exponentials_at_infinity():
    # Where both are −∞, PyTorch's gradients are NaN, and ours 0.
    values, nothing = [-np.inf, -1e4, 0.0, 3.0, 1e4], {(-np.inf, -np.inf)}
    for found, wanted in gradients_of_pairs("logaddexp", torch.logaddexp, values, nothing):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_the_error_function_far_out_and_near_zero():
    values = np.array([*np.geomspace(1e-38, 20, 400), np.inf, np.nan, 0.0], np.float32)
    for x in (values, -values):
        t, leaf = torch.tensor(x, requires_grad=True), Tensor(x, requires_grad=True)
        torch.erf(t).sum().backward()
        ops.erf(leaf).sum().backward()
        np.testing.assert_allclose(ops.erf(x).data, torch.erf(torch.tensor(x)), rtol=4e-7)
        np.testing.assert_allclose(leaf.grad, t.grad, rtol=1e-5, atol=1e-14)
