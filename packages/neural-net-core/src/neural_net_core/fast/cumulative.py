r"""Running products, and gradients gathered from the end, the same step of many parts at a time.

A line is cut into parts of 32 steps. Each part is first computed as if nothing came from another
one: running products p, or sums d and the products a by which what comes from the next part is
multiplied. What the parts hand on to each other is a line again, 32 times shorter.

The parts are computed in float64. With factors below 1e9 no product of 32 overflows; one that
underflows changes a result by less than 1e-270 as long as what it is multiplied by is below 1e37.
Where factors or results are larger, infinite or NaN, one step is taken after another.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_core.ops.cumulative import CumProdOp, LogCumSumExpOp
from neural_net_core.ops.softmaxes import shares

__all__: list[str] = []

STEPS = 32
LARGE_FACTOR, LARGE = 1e9, 1e37

# With fewer numbers the textbook form is as fast; with so many lines, a step of all of them is long
# enough without parts.
FEW, MANY_LINES = 4096, 1024


@fast_form_of(CumProdOp)
class FastCumProdOp(CumProdOp):
    """Multiplies many lines step by step, where NumPy does line by line.  Saves x and y."""

    def forward(self, x: Array) -> Array:
        if x.size < FEW or x.dtype.kind != "f":
            return super().forward(x)
        lines = np.moveaxis(x, self.axis, 0)
        # On steps that are neighbours in memory NumPy is the faster one.
        if x.size < MANY_LINES * len(lines) or abs(lines.strides[0]) == x.itemsize:
            return super().forward(x)
        self.x, self.y = x, x.copy()
        y = np.moveaxis(self.y, self.axis, 0)
        for t in range(1, len(y)):
            y[t] *= y[t - 1]
        return self.y

    def backward(self, dy: Array) -> Array:
        g = gathered_from_the_end(dy, self.x, self.axis)
        if g is None:
            return super().backward(dy)
        later, before = (np.moveaxis(z, self.axis, 0) for z in (g, self.y))
        later[1:] *= before[:-1]
        return g


@fast_form_of(LogCumSumExpOp)
class FastLogCumSumExpOp(LogCumSumExpOp):
    """Saves x and y."""

    def backward(self, dy: Array) -> Array:
        if not has_parts(dy, self.axis):
            return super().backward(dy)
        before = np.full_like(self.y, -math.inf)
        np.moveaxis(before, self.axis, 0)[1:] = np.moveaxis(self.y, self.axis, 0)[:-1]
        of_x, of_before = shares(self.x, before)
        g = gathered_from_the_end(dy, of_before, self.axis)
        return super().backward(dy) if g is None else of_x * g


def has_parts(dy: Array, axis: int) -> bool:
    """Tell whether the lines along an axis are long and few enough to be cut into parts."""
    steps = dy.shape[axis] if dy.ndim else 1
    return steps >= 2 * STEPS and FEW <= dy.size < MANY_LINES * steps


def gathered_from_the_end(dy: Array, factor: Array, axis: int) -> Array | None:
    """Return gₜ = dyₜ + factorₜ₊₁ gₜ₊₁ along an axis; None where that is for the textbook form."""
    if not has_parts(dy, axis):
        return None
    d, f = (np.moveaxis(z, axis, 0) for z in (dy, factor))
    steps = len(d)
    if not _largest(f) < LARGE_FACTOR:
        return None
    g = _in_parts(d, steps)
    _gather(g, _in_parts(f[1:], steps))
    if not _largest(g) < LARGE:
        return None
    y = np.empty_like(dy, order="C")
    _join(g, np.moveaxis(y, axis, 0))
    return y


def _gather(d: Array, a: Array) -> None:
    """Make gₜ = dₜ + aₜ gₜ₊₁ of d, in parts (STEPS, parts, …); a is used up."""
    for t in reversed(range(STEPS - 1)):
        d[t] += a[t] * d[t + 1]
        a[t] *= a[t + 1]
    firsts = _gathered(d[0].copy(), a[0])  # g where each part begins
    a[:, :-1] *= firsts[1:]
    d[:, :-1] += a[:, :-1]


def _gathered(d: Array, a: Array) -> Array:
    """Return gₜ = dₜ + aₜ gₜ₊₁ of lines (steps, …), in parts or, of d itself, step by step."""
    steps = len(d)
    if steps >= 2 * STEPS and _largest(a) < LARGE_FACTOR:
        g = _in_parts(d, steps)
        _gather(g, _in_parts(a, steps))
        _join(g, d)
        return d
    for t in reversed(range(steps - 1)):
        d[t] += a[t] * d[t + 1]
    return d


def _in_parts(x: Array, steps: int) -> Array:
    """Return lines (steps, …) in float64 as (STEPS, parts, …), with zeros after their end."""
    y = np.zeros((STEPS, -(-steps // STEPS), *x.shape[1:]))
    whole, rest = divmod(len(x), STEPS)
    y[:, :whole] = x[: whole * STEPS].reshape(whole, STEPS, *x.shape[1:]).swapaxes(0, 1)
    if rest:
        y[:rest, whole] = x[whole * STEPS :]
    return y


def _join(parts: Array, x: Array) -> None:
    """Write (STEPS, parts, …) into lines (steps, …): the reverse of `_in_parts`."""
    whole, rest = divmod(len(x), STEPS)
    x[: whole * STEPS].reshape(whole, STEPS, *x.shape[1:])[...] = parts[:, :whole].swapaxes(0, 1)
    if rest:
        x[whole * STEPS :] = parts[:rest, whole]


def _largest(x: Array) -> float:
    """Return the largest absolute value, or NaN."""
    return max(float(x.max()), -float(x.min()))
