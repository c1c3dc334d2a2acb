"""Maxima and minima over a short last axis, column by column.

NumPy's `reduce` starts anew for every line, which takes as long as dozens of comparisons do.
"""

import math

from numpy.lib.array_utils import normalize_axis_tuple

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.extrema import MaxOp, MinOp

__all__: list[str] = []

# Up to so many numbers a line is short; fewer lines are as fast in the textbook form.
SHORT, FEW = 32, 256


@fast_form_of(MaxOp)
class FastMaxOp(MaxOp):
    """Backward as in the textbook form."""

    def forward(self, x: Array) -> Array:
        axes = normalize_axis_tuple(self.axis, x.ndim) if self.axis is not None else ()
        outer = x.ndim - len(axes)
        length = math.prod(x.shape[outer:])
        at_the_end = bool(axes) and min(axes) == outer and x.flags.c_contiguous
        if not at_the_end or not 1 < length <= SHORT or x.size < FEW * length:
            return super().forward(x)
        self.x, lines = x, x.reshape(-1, length)
        y = self.choose(lines[:, 0], lines[:, 1])
        for i in range(2, length):
            self.choose(y, lines[:, i], out=y)
        self.y = y.reshape(*x.shape[:outer], *(1 for _ in axes))
        return self.drop(self.y)


@fast_form_of(MinOp)
class FastMinOp(FastMaxOp, MinOp):
    """The same with the minimum."""
