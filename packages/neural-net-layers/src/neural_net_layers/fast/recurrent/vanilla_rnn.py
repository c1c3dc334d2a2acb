"""The plain recurrence in blocks of steps, over packed sequences."""

import numpy as np

from neural_net_core import fast_form_of
from neural_net_core.dtypes import Array
from neural_net_layers.fast.recurrent.gradients import Gradients
from neural_net_layers.fast.recurrent.schedule import direction_of
from neural_net_layers.recurrent.vanilla_rnn import RNNOp

__all__: list[str] = []


@fast_form_of(RNNOp)
class FastRNNOp(RNNOp):
    """All steps of the plain recurrence, whose loops hold only what needs the step before.

    The steps of all sequences are packed into rows, so that padding takes part in nothing. What
    x gives to z, φ′(z) and the weights' gradients are computed for many steps at once. Saves the
    rows of x and all states.
    """

    takes_none = True

    def forward(
        self, x: Array, h0: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None,
        lengths: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.direction = direction = direction_of(x, lengths, self.reverse)
        x = direction.pack(x)
        self.x, self.w, self.u = x, w, u
        self.h = h = direction.states(h0, len(x))
        inputs, recurrent = np.ascontiguousarray(w.T), np.ascontiguousarray(u.T)
        bias = 0 if b_ih is None or b_hh is None else b_ih + b_hh
        for block, steps in direction.blocks(h0.shape[1]):
            z = x[block] @ inputs  # for many steps at once
            z += bias
            for rows, before, after in steps:
                new = np.matmul(h[before], recurrent, out=h[after])
                new += z[rows.start - block.start : rows.stop - block.start]
                if self.nonlinearity == "tanh":
                    np.tanh(new, out=new)
                else:
                    np.maximum(new, 0, out=new)
        return direction.unpack(h[direction.outputs]), h[direction.final]

    def backward(self, dy: Array | None, dh_n: Array | None) -> tuple[Array | None, ...]:
        direction = self.direction
        dy = None if dy is None else direction.pack(dy)
        h, y = self.h[direction.previous], self.h[direction.outputs]
        dh = direction.carried(dh_n, y, y.shape[1])
        sums = Gradients(self, self.w, 2)
        for block, steps in direction.blocks_back(y.shape[1]):
            dz = self._slope(y[block])  # φ′(z), soon times dh
            for rows, here in steps:
                d, part = dh[: rows.stop - rows.start], dz[here]
                if dy is not None:
                    d += dy[rows]
                part *= d
                np.matmul(part, self.u, out=d)
            sums.add(block, h[block], da=dz, dq=dz, dz=dz)
        dx = None if sums.dx is None else direction.unpack(sums.dx)
        return dx, direction.unsort(dh), sums.dw, sums.du, sums.db, sums.db, None

    def _slope(self, y: Array) -> Array:
        if self.nonlinearity == "relu":
            return np.not_equal(y, 0).astype(y.dtype)  # positive or NaN
        slope: Array = y * y
        return np.subtract(1, slope, out=slope)
