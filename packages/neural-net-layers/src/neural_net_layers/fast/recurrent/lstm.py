"""Long short-term memory in blocks of steps, over packed sequences."""

import numpy as np

from neural_net_core import fast_form_of
from neural_net_core.dtypes import Array
from neural_net_layers.fast.recurrent.gradients import Gradients, summed
from neural_net_layers.fast.recurrent.schedule import direction_of
from neural_net_layers.recurrent.lstm import LSTMOp

__all__: list[str] = []


@fast_form_of(LSTMOp)
class FastLSTMOp(LSTMOp):
    r"""All steps of an LSTM, whose loops hold only what needs the step before.

    The steps of all sequences are packed into rows, so that padding takes part in nothing. What
    x gives to z is computed for many steps at once. Because σ(z) = (1 + tanh(z/2)) / 2, one tanh
    serves all four gates: the weights of three of them are halved first.

    Of the gradients

        dzᵢ = dc · g · i (1 − i)       dz_f = dc · c₋₁ · f (1 − f)       dc += dm · o (1 − tanh²c)
        dz_g = dc · i (1 − g²)         dzₒ = dm · tanh(c) · o (1 − o)

    all factors of dc and dm are known beforehand. They too are computed for many steps at once, and
    the loop only multiplies. The weights' gradients are one product for each block of steps. Saves
    the rows of x, the gates, tanh(c) and both states.
    """

    takes_none = True

    def forward(
        self, x: Array, h0: Array, c0: Array, w: Array, u: Array, b_ih: Array | None,
        b_hh: Array | None, p: Array | None, lengths: Array | None,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        self.direction = direction = direction_of(x, lengths, self.reverse)
        x = direction.pack(x)
        n, d = len(x), c0.shape[1]
        self.x, self.w, self.u, self.p = x, w, u, p
        scale = np.full_like(w, 0.5, shape=4 * d)  # i, f, o: (1 + tanh(z/2)) / 2
        shift = scale.copy()
        scale[2 * d : 3 * d], shift[2 * d : 3 * d] = 1, 0  # g: tanh(z)
        inputs = np.multiply(w.T, scale, order="C")
        bias = 0 if b_ih is None or b_hh is None else (b_ih + b_hh) * scale
        self.gates = np.empty_like(x, shape=(n, 4 * d), order="C")
        recurrent = np.multiply(u.T, scale, order="C")
        self.h, self.c = h, c = direction.states(h0, n), direction.states(c0, n)
        self.tanh_c = np.empty_like(c, shape=(n, d))
        self.m = None if p is None else np.empty_like(c, shape=(n, d))
        products, added = np.empty_like(c, shape=(direction.batch, 5 * d)), slice(4 * d, None)
        for block, steps in direction.blocks(4 * d):
            of_x = np.matmul(x[block], inputs, out=self.gates[block])  # for many steps at once
            of_x += bias
            for rows, before, after in steps:
                gates, k = self.gates[rows], rows.stop - rows.start
                gates += np.matmul(h[before], recurrent, out=products[:k, : 4 * d])
                np.tanh(gates, out=gates)
                gates *= scale
                gates += shift
                i, f = gates[:, :d], gates[:, d : 2 * d]
                g, o = gates[:, 2 * d : 3 * d], gates[:, 3 * d :]
                new = np.multiply(f, c[before], out=c[after])
                new += np.multiply(i, g, out=products[:k, added])
                t = np.tanh(new, out=self.tanh_c[rows])
                if p is None or self.m is None:
                    np.multiply(o, t, out=h[after])
                else:
                    np.matmul(np.multiply(o, t, out=self.m[rows]), p.T, out=h[after])
        y = direction.unpack(h[direction.outputs])
        return y, h[direction.final], c[direction.final]

    def backward(
        self, dy: Array | None, dh_n: Array | None, dc_n: Array | None
    ) -> tuple[Array | None, ...]:
        direction, d, p = self.direction, self.tanh_c.shape[1], self.p
        dy = None if dy is None else direction.pack(dy)
        h, c = self.h[direction.previous], self.c[direction.previous]
        dh = direction.carried(dh_n, self.h, h.shape[1])
        dc = direction.carried(dc_n, self.h, d)
        sums = Gradients(self, self.w, 3)
        dp: Array | None = None
        scratch = np.empty_like(dc)
        for block, steps in direction.blocks_back(4 * d):
            dz, slope = self._factors(block, c[block])
            dhs = None if p is None else np.empty_like(h[block])
            for rows, here in steps:
                k = rows.stop - rows.start
                dh_t, dc_t, part = dh[:k], dc[:k], dz[here]
                if dy is not None:
                    dh_t += dy[rows]
                dm = dh_t
                if p is not None and dhs is not None:
                    dhs[here] = dh_t
                    dm = dh_t @ p
                dc_t += np.multiply(dm, slope[here], out=scratch[:k])
                of_c = part[:, : 3 * d].reshape(k, 3, d)
                of_c *= dc_t[:, None]
                part[:, 3 * d :] *= dm
                dc_t *= self.gates[rows, d : 2 * d]
                np.matmul(part, self.u, out=dh_t)
            sums.add(block, h[block], da=dz, dq=dz, dz=dz)
            if dhs is not None and self.m is not None:
                dp = summed(dp, dhs.T @ self.m[block])
        dx = None if sums.dx is None else direction.unpack(sums.dx)
        dw, du, db = sums.dw, sums.du, sums.db
        return dx, direction.unsort(dh), direction.unsort(dc), dw, du, db, db, dp, None

    def _factors(self, block: slice, previous_c: Array) -> tuple[Array, Array]:
        """Return what dc and dm are multiplied by to give dz, and dm to give dc, for a block."""
        gates, t, d = self.gates[block], self.tanh_c[block], self.tanh_c.shape[1]
        i, g, o = gates[:, :d], gates[:, 2 * d : 3 * d], gates[:, 3 * d :]
        dz = 1 - gates
        dz *= gates  # σ′ = σ (1 − σ) of i, f and o
        dz[:, :d] *= g
        dz[:, d : 2 * d] *= previous_c
        of_g = np.multiply(g, g, out=dz[:, 2 * d : 3 * d])
        np.subtract(1, of_g, out=of_g)
        of_g *= i
        dz[:, 3 * d :] *= t
        slope = t * t
        np.subtract(1, slope, out=slope)
        slope *= o  # o (1 − tanh²c)
        return dz, slope
