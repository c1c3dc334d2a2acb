"""Gated recurrent unit in blocks of steps, over packed sequences."""

import numpy as np

from neural_net_core import fast_form_of
from neural_net_core.dtypes import Array
from neural_net_layers.fast.recurrent.gradients import Gradients
from neural_net_layers.fast.recurrent.schedule import direction_of
from neural_net_layers.recurrent.gru import GRUOp

__all__: list[str] = []


@fast_form_of(GRUOp)
class FastGRUOp(GRUOp):
    r"""All steps of a gated recurrent unit, whose loops hold only what needs the step before.

    The steps of all sequences are packed into rows, so that padding takes part in nothing. What
    x gives to the gates is computed for many steps at once. Because σ(z) = (1 + tanh(z/2)) / 2, the
    weights of r and z are halved first and NumPy's tanh serves all gates.

    Every gradient is a factor, known beforehand, times dh:

        da_n = dh · (1 − z)(1 − n²)            da_z = dq_z = dh · (h₋₁ − n) z (1 − z)
        dq_n = da_n · r                        da_r = dq_r = da_n · q_n r (1 − r)

    So the factors too are computed for many steps at once, and the loop only multiplies. They stand
    side by side as (q_n, r, z, a_n): the first three blocks are dq and the last three are da. The
    weights' gradients are one product for each block of steps. Saves the rows of x, the gates, q_n
    and the states.
    """

    takes_none = True

    def forward(
        self, x: Array, h0: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None,
        lengths: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.direction = direction = direction_of(x, lengths, self.reverse)
        x, d = direction.pack(x), h0.shape[1]
        self.x, self.w, self.u = x, w, u
        scale = np.full_like(w, 0.5, shape=3 * d)
        scale[2 * d :] = 1
        inputs = np.multiply(w.T, scale, order="C")
        bias = np.zeros_like(scale)
        if b_ih is not None and b_hh is not None:
            bias[: 2 * d] = b_hh[: 2 * d]
            bias += b_ih
            bias *= scale
        self.gates = np.empty_like(x, shape=(len(x), 3 * d), order="C")
        recurrent = np.multiply(u.T, scale, order="C")
        self.h = h = direction.states(h0, len(x))
        self.q = np.empty_like(h, shape=(len(x), d))  # q_n
        products = np.empty_like(h, shape=(direction.batch, 3 * d))
        mixed = np.empty_like(h, shape=(direction.batch, d))
        for block, steps in direction.blocks(4 * d):
            of_x = np.matmul(x[block], inputs, out=self.gates[block])  # for many steps at once
            of_x += bias
            for rows, before, after in steps:
                gates, k = self.gates[rows], rows.stop - rows.start
                old, q, mix = h[before], self.q[rows], mixed[:k]
                product = np.matmul(old, recurrent, out=products[:k])
                rz, n = gates[:, : 2 * d], gates[:, 2 * d :]
                rz += product[:, : 2 * d]
                np.tanh(rz, out=rz)
                rz *= 0.5
                rz += 0.5
                if b_hh is None:
                    q[...] = product[:, 2 * d :]
                else:
                    np.add(product[:, 2 * d :], b_hh[2 * d :], out=q)
                n += np.multiply(rz[:, :d], q, out=mix)
                np.tanh(n, out=n)
                np.subtract(old, n, out=mix)
                mix *= rz[:, d:]
                np.add(n, mix, out=h[after])
        return direction.unpack(h[direction.outputs]), h[direction.final]

    def backward(self, dy: Array | None, dh_n: Array | None) -> tuple[Array | None, ...]:
        direction, d = self.direction, self.q.shape[1]
        dy = None if dy is None else direction.pack(dy)
        h = self.h[direction.previous]
        dh = direction.carried(dh_n, self.h, d)
        # The product wants the rows of U in the order of the blocks q_n, r, z.
        recurrent = np.concatenate([self.u[2 * d :], self.u[: 2 * d]])
        sums = Gradients(self, self.w, 2)
        through = np.empty_like(dh)
        for block, steps in direction.blocks_back(4 * d):
            dz = self._factors(block, h[block])
            for rows, here in steps:
                k = rows.stop - rows.start
                dh_t, part = dh[:k], dz[here]
                if dy is not None:
                    dh_t += dy[rows]
                of_h = part.reshape(k, 4, d)
                of_h *= dh_t[:, None]
                dh_t *= self.gates[rows, d : 2 * d]
                dh_t += np.matmul(part[:, : 3 * d], recurrent, out=through[:k])
            sums.add(block, h[block], da=dz[:, d:], dq=dz[:, : 3 * d], dz=dz)
        dx = None if sums.dx is None else direction.unpack(sums.dx)
        du = None if sums.du is None else _to_rzn(sums.du)
        db_ih = None if sums.db is None else sums.db[d:]
        db_hh = None if sums.db is None else _to_rzn(sums.db[: 3 * d])
        return dx, direction.unsort(dh), sums.dw, du, db_ih, db_hh, None

    def _factors(self, block: slice, previous: Array) -> Array:
        """Return what dh is multiplied by to give dz, in columns q_n, r, z, a_n, for a block."""
        gates, d = self.gates[block], self.q.shape[1]
        r, z, n = gates[:, :d], gates[:, d : 2 * d], gates[:, 2 * d :]
        dz = np.empty_like(gates, shape=(len(gates), 4 * d))
        of_q, of_r, of_z, of_n = (dz[:, i * d : (i + 1) * d] for i in range(4))
        np.subtract(1, gates[:, : 2 * d], out=dz[:, d : 3 * d])
        np.multiply(n, n, out=of_n)
        np.subtract(1, of_n, out=of_n)
        of_n *= of_z  # (1 − z)(1 − n²)
        np.multiply(of_n, r, out=of_q)
        of_r *= of_q
        of_r *= self.q[block]  # (1 − r) r q_n (1 − z)(1 − n²)
        of_z *= z
        of_z *= previous - n
        return dz


def _to_rzn(rows: Array) -> Array:
    """Return rows in the order n, r, z as r, z, n."""
    d = len(rows) // 3
    return np.concatenate([rows[d:], rows[:d]])
