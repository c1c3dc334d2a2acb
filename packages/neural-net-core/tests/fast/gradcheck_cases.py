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


DRAWN = {ops.ErfOp: errors()}
