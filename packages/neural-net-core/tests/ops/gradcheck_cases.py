"""Gradient-check cases of the primitive operations: every branch of every backward.

All numbers keep a distance from kinks and ties that is large against the step of the check.
"""

import numpy as np
from hypothesis import strategies as st

from neural_net_core import ops

rng = np.random.default_rng(0)


def real(*shape):
    """Return numbers of either sign, none within 0.1 of zero and no two alike."""
    size = int(np.prod(shape))
    numbers = (np.arange(size) + 0.5) / max(size, 1) * 1.9 + 0.1
    return (rng.permutation(numbers) * rng.choice([-1, 1], size)).reshape(shape)


def positive(*shape):
    """Return numbers between 0.1 and 2."""
    return np.abs(real(*shape))


BINARY = [
    [real(3, 4), real(3, 4)],
    [real(3, 4), real(4)],
    [real(3, 1), real(2, 1, 4)],
    [real(), real(2, 3)],
    [real(0, 3), real(3)],
]
X = real(2, 3, 4)
MASK = np.array([[True, False, True, True], [False, False, True, False], [True] * 4])


def binary(fn):
    """Return cases for a function of two arrays, and for one operand being a number."""
    return [
        *((fn, pair) for pair in BINARY),
        (lambda a: fn(a, 0.7), [real(3)]),
        (lambda b: fn(0.7, b), [real(3)]),
        (lambda a: fn(a, a), [real(3)]),
    ]


def unary(fn, make=real):
    """Return cases for an elementwise function."""
    return [(fn, [make(3, 4)]), (fn, [make()]), (fn, [make(0, 2)])]


def reduction(fn, make=real):
    """Return cases for a function with `axis` and `keepdims`."""
    axes = [None, 0, -1, (0, 2), (-2,), (2, 0, 1)]
    return [
        *((lambda x, axis=axis: fn(x, axis), [make(2, 3, 4)]) for axis in axes),
        *((lambda x, axis=axis: fn(x, axis, keepdims=True), [make(2, 3, 4)]) for axis in axes),
        (lambda x: fn(x), [make()]),
        (lambda x: fn(x, 1), [make(3, 1)]),
        (lambda x: fn(x, 1), [make(0, 3)]),
    ]


CASES = {
    ops.AddOp: binary(ops.add),
    ops.SubtractOp: binary(ops.subtract),
    ops.MultiplyOp: binary(ops.multiply),
    ops.DivideOp: binary(ops.divide),
    ops.NegativeOp: unary(ops.negative),
    ops.PowerOp: [
        *((ops.power, [np.abs(a), b]) for a, b in BINARY),
        (lambda b: ops.power(0.7, b), [real(3)]),
        (lambda a: ops.power(a, np.array([0.0, 1, 2, -1])), [real(3, 4)]),
    ],
    ops.PowerConstantOp: [
        (lambda x, n=n: ops.power(x, n), [positive(5)]) for n in (0, 1, 2, 3, -1, 0.5, -1.5)
    ],
    ops.SqrtOp: unary(ops.sqrt, positive),
    ops.ExpOp: unary(ops.exp),
    ops.Expm1Op: unary(ops.expm1),
    ops.LogOp: unary(ops.log, positive),
    ops.Log1pOp: unary(ops.log1p, positive),
    ops.SinOp: unary(ops.sin),
    ops.CosOp: unary(ops.cos),
    ops.AbsoluteOp: unary(ops.absolute),
    ops.SignOp: unary(ops.sign),
    # To its own dtype: differences in float32 would be too coarse.
    ops.CastOp: [(lambda x: ops.CastOp.apply(x, dtype=np.dtype(np.float64)), [real(3)])],
    ops.MatMulOp: [
        (ops.matmul, [real(3, 4), real(4, 2)]),
        (ops.matmul, [real(4), real(4)]),
        (ops.matmul, [real(4), real(4, 2)]),
        (ops.matmul, [real(4), real(3, 4, 2)]),
        (ops.matmul, [real(3, 4), real(4)]),
        (ops.matmul, [real(2, 3, 4), real(4)]),
        (ops.matmul, [real(2, 3, 4), real(4, 2)]),
        (ops.matmul, [real(3, 4), real(2, 4, 2)]),
        (ops.matmul, [real(2, 1, 3, 4), real(5, 4, 2)]),
        (ops.matmul, [real(0, 4), real(4, 2)]),
        (ops.matmul, [real(3, 0), real(0, 2)]),
        (ops.matmul, [real(0, 3, 4), real(4, 2)]),
        (lambda a: ops.matmul(a, np.ones((4, 2))), [real(3, 4)]),
        (lambda b: ops.matmul(np.ones((3, 4)), b), [real(4, 2)]),
        (lambda a, b: ops.matmul(a.swapaxes(0, 1), b), [real(2, 3, 4), real(4, 2)]),
    ],
    ops.LinearOp: [
        (ops.linear, [real(3, 4), real(2, 4), real(2)]),
        (ops.linear, [real(3, 4), real(2, 4)]),
        (ops.linear, [real(2, 3, 4), real(2, 4), real(2)]),
        (ops.linear, [real(4), real(2, 4), real(2)]),
        (ops.linear, [real(0, 4), real(2, 4), real(2)]),
        (ops.linear, [real(0, 3, 4), real(2, 4), real(2)]),
        (lambda w, b: ops.linear(np.ones((3, 4)), w, b), [real(2, 4), real(2)]),
    ],
    ops.SumOp: reduction(ops.sum),
    ops.MeanOp: reduction(ops.mean),
    ops.ProdOp: [
        *reduction(ops.prod),
        (lambda x: ops.prod(x, 1), [np.array([[0.0, 2, 3], [0, 0, 3], [1, 2, 0]])]),
    ],
    ops.MaxOp: reduction(ops.max),
    ops.MinOp: reduction(ops.min),
    ops.VarOp: [
        *reduction(ops.var)[:-3],
        (lambda x: ops.var(x, (0, 2), ddof=1), [X]),
        (lambda x: ops.var(x, 1), [real(3, 1)]),
        (lambda x: ops.var(x, 1), [real(0, 3)]),
    ],
    ops.StdOp: [
        *reduction(ops.std)[:-3],
        (lambda x: ops.std(x, (0, 2), ddof=1), [X]),
        (lambda x: ops.std(x, 1), [real(0, 3)]),
    ],
    ops.NormOp: reduction(ops.norm),
    ops.ReshapeOp: [
        (lambda x: ops.reshape(x, (4, -1)), [X]),
        (lambda x: ops.reshape(x, -1), [real(2, 3)]),
        (lambda x: ops.reshape(x, (0, 5)), [real(3, 0)]),
    ],
    ops.TransposeOp: [
        (ops.transpose, [X]),
        (lambda x: ops.transpose(x, (1, 2, 0)), [X]),
        (lambda x: ops.transpose(x, (-1, 0, -2)), [X]),
    ],
    ops.SwapAxesOp: [(lambda x: ops.swapaxes(x, 0, -1), [X])],
    ops.MoveAxisOp: [
        (lambda x: ops.moveaxis(x, 0, -1), [X]),
        (lambda x: ops.moveaxis(x, (0, 1), (1, 2)), [X]),
    ],
    ops.SqueezeOp: [
        (ops.squeeze, [real(1, 3, 1)]),
        (lambda x: ops.squeeze(x, -1), [real(1, 3, 1)]),
    ],
    ops.ExpandDimsOp: [
        (lambda x: ops.expand_dims(x, 1), [real(2, 3)]),
        (lambda x: ops.expand_dims(x, (0, -1)), [real(2, 3)]),
    ],
    ops.BroadcastToOp: [
        (lambda x: ops.broadcast_to(x, (2, 3, 4)), [real(3, 1)]),
        (lambda x: ops.broadcast_to(x, (2, 3)), [real()]),
    ],
    ops.FlipOp: [(ops.flip, [X]), (lambda x: ops.flip(x, (0, -1)), [X])],
    ops.GetItemOp: [
        (lambda x, index=index: ops.getitem(x, index), [X])
        for index in (
            1,
            (slice(None), 1),
            (..., slice(None, None, -2)),
            (None, 0, ..., None),
            (0, 1, 2),
            [1, 0, 1],
            np.array([[1, -1], [0, 1]]),
            ([0, 1, 0, 0], [2, 2, 2, -1]),
            ([0, 1, -1], [2, 2, 2], [3, 3, 3]),
            (0, [1, 1]),
            (slice(None), [2, 2, 0]),
            (slice(0, 1), [2, 2, 0], [1, 1, 3]),
            ([1, 1], slice(None), [3, 3]),
            (None, [1, 1]),
            (slice(None), MASK),
            (np.array([True, False]), [1, 1]),
            np.zeros((2, 3, 4), bool),
            np.zeros(0, int),
        )
    ],
    ops.ConcatenateOp: [
        (lambda *xs: ops.concatenate(xs, 1), [real(2, 1), real(2, 3), real(2, 0)]),
        (lambda x: ops.concatenate([x], -1), [real(2, 3)]),
        (lambda x: ops.concatenate([x, np.ones(2), x]), [real(3)]),
    ],
    ops.StackOp: [
        (lambda *xs: ops.stack(xs), [real(3), real(3)]),
        (lambda *xs: ops.stack(xs, -1), [real(2, 3), real(2, 3)]),
        (lambda *xs: ops.stack(xs), [real(), real()]),
    ],
    ops.SplitOp: [
        (lambda x: ops.split(x, 2, 1), [real(2, 4)]),
        (lambda x: ops.split(x, [1, 3], -1), [real(2, 4)]),
        (lambda x: ops.split(x, [1, 3], -1)[1], [real(2, 4)]),
    ],
    ops.UnstackOp: [
        (lambda x: ops.unstack(x, 1), [X]),
        (lambda x: ops.unstack(x, -1)[2], [X]),
        (lambda x: ops.unstack(x), [real(3)]),
    ],
    ops.PadOp: [
        (lambda x: ops.pad(x, 1), [real(2, 3)]),
        (lambda x: ops.pad(x, ((0, 2), (1, 0)), value=5.0), [real(2, 3)]),
    ],
    ops.PadFromInputOp: [
        (lambda x, mode=mode: ops.pad(x, ((2, 1), (0, 3)), mode), [real(3, 4)])
        for mode in ("reflect", "edge", "wrap")
    ]
    + [(lambda x: ops.pad(x, (5, 4), "reflect"), [real(3)])],
    ops.WhereOp: [
        (lambda a, b: ops.where(MASK, a, b), [real(3, 4), real(4)]),
        (lambda a: ops.where(MASK, a, 0.0), [real(3, 1)]),
        (lambda b: ops.where(MASK, 2, b), [real()]),
    ],
    ops.MaximumOp: binary(ops.maximum)[:-1],
    ops.MinimumOp: binary(ops.minimum)[:-1],
    ops.ClipOp: [
        (lambda x: ops.clip(x, -0.55, 0.85), [real(3, 4)]),
        (lambda x: ops.clip(x, low=-0.05), [real(3, 4)]),
        (lambda x: ops.clip(x, high=0.05), [real(3, 4)]),
        (ops.clip, [real(3)]),
    ],
    ops.CumSumOp: [(lambda x, axis=axis: ops.cumsum(x, axis), [X]) for axis in (0, 1, -1)]
    + [(lambda x: ops.cumsum(x, 0), [real()]), (lambda x: ops.cumsum(x, 0), [real(0, 2)])],
    ops.EinsumOp: [
        (lambda *xs, s=subscripts: ops.einsum(s, *xs), [real(*shape) for shape in shapes])
        for subscripts, shapes in [
            ("ij,jk->ik", [(2, 3), (3, 4)]),
            ("ij,jk", [(2, 3), (3, 4)]),
            ("ji", [(2, 3)]),
            ("ij->", [(2, 3)]),
            ("ij->j", [(2, 3)]),
            ("i,j->ij", [(2,), (3,)]),
            ("ij,j->i", [(2, 3), (3,)]),
            ("ij,kl->il", [(2, 3), (4, 2)]),
            ("ii", [(3, 3)]),
            ("ii->i", [(3, 3)]),
            ("iij,jk->ik", [(2, 2, 3), (3, 2)]),
            ("bik,bjk->bij", [(2, 3, 4), (2, 2, 4)]),
            ("...ij,...jk->...ik", [(2, 3, 4), (4, 2)]),
            ("...ij,...jk", [(2, 1, 3, 4), (5, 4, 2)]),
            ("...i->...", [(2, 3, 4)]),
            ("i...,i...->...", [(2, 3), (2, 1)]),
            ("ij,jk,kl->il", [(2, 3), (3, 2), (2, 3)]),
            ("i,i,i->", [(3,), (3,), (3,)]),
            ("ij , jk -> k", [(2, 3), (3, 4)]),
            (",i->i", [(), (3,)]),
            ("bi,io->bo", [(0, 3), (3, 2)]),
        ]
    ]
    + [(lambda x: ops.einsum("ij,ij->i", x, x), [real(2, 3)])],
    ops.SoftmaxOp: [
        (ops.softmax, [X]),
        (lambda x: ops.softmax(x, 1), [X]),
        (ops.softmax, [real()]),
        (ops.softmax, [real(3, 1)]),
        (ops.softmax, [real(0, 3)]),
        (ops.softmax, [real(3, 0)]),
    ],
    ops.LogSoftmaxOp: [
        (ops.log_softmax, [X]),
        (lambda x: ops.log_softmax(x, 0), [X]),
        (ops.log_softmax, [real()]),
        (ops.log_softmax, [real(3, 1)]),
        (ops.log_softmax, [real(0, 3)]),
    ],
    ops.LogSumExpOp: reduction(ops.logsumexp),
    ops.FloorOp: unary(ops.floor),
    ops.CeilOp: unary(ops.ceil),
    ops.RoundOp: unary(ops.round, lambda *shape: real(*shape) * 0.4),  # no halves
    # Of x itself, in which the rounding and what it took away add up.
    ops.RoundStraightThroughOp: unary(
        lambda x: ops.round_straight_through(x) + (x - ops.round(x)).detach()
    ),
    # Either side of 1, where the two formulas meet, and where nothing but the tail is left.
    ops.ErfOp: [*unary(ops.erf), (ops.erf, [np.array([-4.0, -1.01, -0.99, 0.0, 0.99, 1.01, 3.0])])],
    ops.Arctan2Op: binary(ops.arctan2)[:-1],
    ops.LogAddExpOp: [*binary(ops.logaddexp), (ops.logaddexp, [real(3) * 100, real(3)])],
    ops.CumProdOp: [
        *((lambda x, axis=axis: ops.cumprod(x, axis), [real(2, 3, 4)]) for axis in (0, 1, -1)),
        (lambda x: ops.cumprod(x, 0), [real()]),
        (lambda x: ops.cumprod(x, 0), [real(0, 2)]),
        (lambda x: ops.cumprod(x, -1), [real(3, 1)]),
        (
            lambda x: ops.cumprod(x, 1),
            [np.array([[0.0, 2, 3, 4], [2, 0, 3, 0], [1, 2, 3, 0], [0, 0, 2, 3], [0, 0, 0, 0]])],
        ),
    ],
    ops.LogCumSumExpOp: [
        *((lambda x, axis=axis: ops.logcumsumexp(x, axis), [real(2, 3, 4)]) for axis in (0, 1, -1)),
        (lambda x: ops.logcumsumexp(x, 0), [real()]),
        (lambda x: ops.logcumsumexp(x, 0), [real(0, 2)]),
        (lambda x: ops.logcumsumexp(x, 1), [real(3, 4) * 50]),
    ],
    ops.SortOp: [
        (lambda x, axis=axis, d=d: ops.sort(x, axis, descending=d)[0], [real(2, 3, 4)])
        for axis in (0, 1, -1)
        for d in (False, True)
    ]
    + [(lambda x: ops.sort(x)[0], [real(0, 3)]), (lambda x: ops.sort(x)[0], [real(3, 0)])],
    ops.TopKOp: [
        (lambda x, k=k, axis=axis, b=b: ops.topk(x, k, axis, largest=b)[0], [real(2, 3, 4)])
        for k, axis in ((1, 0), (3, 1), (2, -1), (0, 1))
        for b in (True, False)
    ],
    ops.TrilOp: [(lambda x, k=k: ops.tril(x, k), [real(2, 3, 4)]) for k in (0, 1, -2, 9)],
    ops.TriuOp: [(lambda x, k=k: ops.triu(x, k), [real(2, 3, 4)]) for k in (0, 1, -2, 9)],
    ops.OuterOp: [
        (ops.outer, [real(3), real(4)]),
        (ops.outer, [real(0), real(2)]),
        (lambda a: ops.outer(a, np.ones(2)), [real(3)]),
        (lambda a: ops.outer(a, a), [real(3)]),
    ],
    ops.TileOp: [
        (lambda x, reps=reps: ops.tile(x, reps), [real(2, 3)])
        for reps in (2, (3, 1), (1, 2), (2, 3, 2), (), (0, 1))
    ]
    + [(lambda x: ops.tile(x, (2, 2)), [real()]), (lambda x: ops.tile(x, 2), [real(0, 3)])],
    ops.RepeatInterleaveOp: [
        (lambda x, n=n, axis=axis: ops.repeat_interleave(x, n, axis), [real(2, 3)])
        for n, axis in ((2, 0), (3, -1), (1, 1), (0, 0), (2, None))
    ],
    ops.RollOp: [
        (lambda x, shift=shift, axis=axis: ops.roll(x, shift, axis), [real(2, 3)])
        for shift, axis in ((1, 1), (-4, 0), (2, None), ((1, 2), (0, 1)), ((1, 2), (-1, -1)))
    ],
    ops.IndexAddOp: [
        (lambda x, s: ops.index_add(x, [2, 0, 2], s), [real(3, 4), real(3, 4)]),
        (lambda x, s: ops.index_add(x, [-1, 1, 1, 1], s, 1), [real(2, 3, 2), real(2, 4, 2)]),
        (lambda x, s: ops.index_add(x, [], s), [real(3, 2), real(0, 2)]),
        (lambda s: ops.index_add(np.zeros((3, 2)), [1, 1], s), [real(2, 2)]),
    ],
    ops.ScatterAddOp: [
        (
            lambda x, s: ops.scatter_add(x, [[2, 0, 2, -1], [1, 1, 1, 0]], s, 1),
            [real(2, 3), real(2, 4)],
        ),
        (lambda x, s: ops.scatter_add(x, [[2, 0]], s, 1), [real(2, 3), real(2, 2)]),
        (lambda x, s: ops.scatter_add(x, [[0, 1, 1]], s, 0), [real(2, 3), real()]),
    ],
    ops.PutAlongAxisOp: [
        (lambda x, v: ops.put_along_axis(x, [[2, 0], [1, 0]], v, 1), [real(2, 3), real(2, 2)]),
        (lambda x, v: ops.put_along_axis(x, [[2, 0, 2]], v, -1), [real(2, 3), real(2, 3)]),
        (lambda x, v: ops.put_along_axis(x, [[1, 1]], v, 1), [real(2, 3), real()]),
    ],
}


def normal(*shapes):
    """Return a strategy for lists of arrays of these shapes."""
    return st.integers(0, 99).map(
        lambda seed: [np.random.default_rng(seed).normal(size=shape) for shape in shapes]
    )


# Products below, between and above the two sizes at which they change their way, and bias gradients
# on either side of where they are sums; with each input without a gradient.
LINEAR = [
    ((7,), 3),
    ((5, 4), 6),
    ((40, 8), 128),
    ((2, 35, 64), 128),
    ((64, 1000), 10),
    ((10, 64), 1000),
    ((3, 40, 96), 110),
]


@st.composite
def affine(draw):
    (*lead, i), o = draw(st.sampled_from(LINEAR))
    x, w, b = draw(normal((*lead, i), (o, i), (o,)))
    return draw(
        st.sampled_from(
            [
                (ops.linear, [x, w, b]),
                (ops.linear, [x, w]),
                (lambda w, b: ops.linear(x.astype(w.dtype), w, b), [w, b]),
                (lambda x: ops.linear(x, w.astype(x.dtype), b.astype(x.dtype)), [x]),
            ]
        )
    )


MATRICES = [
    ((7,), (7,)),
    ((7,), (3, 7, 2)),
    ((3, 5, 7), (7,)),
    ((60, 70), (70, 80)),
    ((4, 30, 20), (20, 50)),
    ((4, 30, 20), (4, 20, 50)),
    ((5, 6, 1), (1, 8)),
    ((500, 6, 64), (500, 64, 1)),
]


@st.composite
def products(draw):
    a, b = draw(normal(*draw(st.sampled_from(MATRICES))))
    return draw(
        st.sampled_from(
            [
                (ops.matmul, [a, b]),
                (lambda a: ops.matmul(a, b.astype(a.dtype)), [a]),
                (lambda b: ops.matmul(a.astype(b.dtype), b), [b]),
            ]
        )
    )


@st.composite
def multiplied(draw):
    a, b = draw(normal(*draw(st.sampled_from([((3, 4), (4,)), ((), (5,)), ((0, 3), (3,))]))))
    return draw(
        st.sampled_from(
            [
                (ops.multiply, [a, b]),
                (lambda a: ops.multiply(a, b.astype(a.dtype)), [a]),
                (lambda b: ops.multiply(0.5, b), [b]),
            ]
        )
    )


@st.composite
def picked(draw):
    rows, width = draw(st.sampled_from([(3, 1), (40, 5), (40, 6), (3000, 16)]))
    (x,) = draw(normal((rows, 4, width)))
    ids = np.random.default_rng(0).integers(-rows, rows, rows)
    index = draw(
        st.sampled_from(
            [
                slice(1, None, 2),
                (..., -1),
                ids,
                np.unique(ids % rows),
                (ids, ids % 4),
                (slice(None), [1, 1, 2]),
                x[..., 0] > 0,
            ]
        )
    )
    return lambda x: ops.getitem(x, index), [x]


@st.composite
def added(draw):
    rows, count, width = draw(st.sampled_from([(3, 4, 2), (40, 700, 1), (50, 90, 6), (9, 300, 5)]))
    x, source = draw(normal((rows, width, 2), (count, width, 2)))
    indices = np.random.default_rng(0).integers(-rows, rows, count)
    if draw(st.booleans()):
        return lambda x, s: ops.index_add(x, indices, s), [x, source]
    x, source = x.swapaxes(0, 1), source.swapaxes(0, 1)
    return lambda x, s: ops.index_add(x, indices, s, 1), [x, source]


@st.composite
def first_few(draw):
    n, k = draw(st.sampled_from([(7, 3), (63, 2), (64, 16), (65, 17), (500, 9), (500, 0)]))
    (x,) = draw(normal((3, n)))
    if draw(st.booleans()):
        x = np.round(x)  # with equal ones
    largest = draw(st.booleans())
    return lambda x: ops.topk(x, k, largest=largest)[0], [x]


@st.composite
def repeated(draw):
    (x,) = draw(normal(draw(st.sampled_from([(7,), (3, 1), (40, 30), (2, 0), (5, 2, 6)]))))
    n = draw(st.sampled_from([0, 1, 2, 3, 64, 65]))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    return lambda x: ops.repeat_interleave(x, n, axis), [x]


DRAWN = {
    ops.GetItemOp: picked(),
    ops.LinearOp: affine(),
    ops.MatMulOp: products(),
    ops.MultiplyOp: multiplied(),
    ops.IndexAddOp: added(),
    ops.RepeatInterleaveOp: repeated(),
    ops.TopKOp: first_few(),
}
