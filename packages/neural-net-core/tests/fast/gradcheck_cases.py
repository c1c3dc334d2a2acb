"""Larger inputs of fast forms, on both sides of where they choose by size."""

import numpy as np
from hypothesis import strategies as st

from neural_net_core import ops
from neural_net_core.fast.error_function import BLOCK

CASES: dict = {}


@st.composite
def errors(draw):
    """Draw numbers on both sides of where the formulas change, in one block or in several."""
    shape = draw(st.sampled_from([(), (0, 3), (7,), (50, 60), (BLOCK,), (3, BLOCK // 2)]))
    scale = draw(st.sampled_from([1e-30, 0.3, 1.0, 4.0, 100.0]))
    x = scale * np.random.default_rng(draw(st.integers(0, 99))).normal(size=shape)
    return ops.erf, [x]


@st.composite
def running(draw, function):
    """Draw factors near 1, of which some are 0, in lines long and short, few and many."""
    shapes = [(), (5000,), (64, 80), (4, 3000), (63, 100), (5000, 0), (70, 7, 9), (6, 1400, 2)]
    shape = draw(st.sampled_from(shapes))
    axis = draw(st.integers(-len(shape), len(shape) - 1)) if shape else 0
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = 1 + draw(st.sampled_from([0.003, 0.3])) * rng.normal(size=shape)
    x = np.where(rng.random(shape) < draw(st.sampled_from([0, 0.001])), 0, x)
    return lambda x: function(x, axis), [x]


@st.composite
def extremes(draw, function):
    """Draw lines short and long, few and many, with equal numbers and without."""
    shape = draw(
        st.sampled_from(
            [(), (300, 2), (8, 40, 3), (256, 32), (255, 4), (300, 33), (300, 1), (0, 3)]
        )
    )
    axis = draw(st.sampled_from([None, -1, 0, (-2, -1)]))
    if len(shape) < 2:
        axis = None
    x = np.random.default_rng(draw(st.integers(0, 99))).normal(size=shape)
    x = draw(st.sampled_from([x, np.round(x), np.asfortranarray(x)]))
    if 0 in shape:
        axis = -1
    keepdims = draw(st.booleans())
    return lambda x: function(x, axis, keepdims=keepdims), [x]


@st.composite
def bordered(draw):
    """Draw borders of one element and of as many as there are, and wider ones."""
    shape = draw(st.sampled_from([(5,), (1,), (3, 6), (2, 3, 4), (2, 0, 3)]))
    widest = draw(st.sampled_from([1, 2, 4]))
    widths = [(draw(st.integers(0, widest)), draw(st.integers(0, widest))) for _ in shape]
    widths = [pair if n else (0, 0) for n, pair in zip(shape, widths, strict=True)]
    x = np.random.default_rng(draw(st.integers(0, 99))).normal(size=shape)
    mode = draw(st.sampled_from(["reflect", "edge", "wrap"]))
    turned = draw(st.booleans())
    return lambda x: ops.pad(x, widths, mode=mode), [np.asfortranarray(x) if turned else x]


DRAWN = {
    ops.CumProdOp: running(ops.cumprod),
    ops.ErfOp: errors(),
    ops.LogCumSumExpOp: running(ops.logcumsumexp),
    ops.MaxOp: extremes(ops.max),
    ops.MinOp: extremes(ops.min),
    ops.PadFromInputOp: bordered(),
}
