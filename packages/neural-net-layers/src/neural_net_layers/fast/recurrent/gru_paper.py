"""The gated recurrent unit of the paper over packed sequences."""

import numpy as np

from neural_net_core import fast_form_of
from neural_net_core.dtypes import Array
from neural_net_layers.fast.blocks import column_sums
from neural_net_layers.fast.recurrent.schedule import direction_of
from neural_net_layers.recurrent.gru_paper import PaperGRUOp

__all__: list[str] = []


@fast_form_of(PaperGRUOp)
class FastPaperGRUOp(PaperGRUOp):
    """All steps of a unit that resets the state itself; see `FastGRUOp` for how.

    Saves the rows of x, the gates, s and h.
    """

    takes_none = True

    def forward(
        self, x: Array, h0: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None,
        lengths: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.direction = direction = direction_of(x, lengths, self.reverse)
        x, d = direction.pack(x), h0.shape[1]
        self.x, self.w, self.u = x, w, u
        scale = np.full_like(w, 0.5, shape=3 * d)  # σ(z) = (1 + tanh(z/2)) / 2
        scale[2 * d :] = 1
        self.gates = x @ np.multiply(w.T, scale, order="C")  # (N, 3D)
        if b_ih is not None:
            self.gates += (b_ih + b_hh) * scale
        of_gates = np.multiply(u[: 2 * d].T, 0.5, order="C")
        of_reset = np.ascontiguousarray(u[2 * d :].T)
        self.h = h = direction.states(h0, len(x))
        self.s = np.empty_like(h, shape=(len(x), d))
        for rows, before, after in direction.steps:
            old, gates = h[before], self.gates[rows]
            rz, n = gates[:, : 2 * d], gates[:, 2 * d :]
            rz += old @ of_gates
            np.tanh(rz, out=rz)
            rz *= 0.5
            rz += 0.5
            n += np.multiply(rz[:, :d], old, out=self.s[rows]) @ of_reset
            np.tanh(n, out=n)
            new = np.subtract(old, n, out=h[after])
            new *= rz[:, d:]
            new += n
        return direction.unpack(h[direction.outputs]), h[direction.final]

    def backward(self, dy: Array | None, dh_n: Array | None) -> tuple[Array | None, ...]:
        direction, d = self.direction, self.s.shape[1]
        dy = None if dy is None else direction.pack(dy)
        previous = self.h[direction.previous]
        r, z, n = (self.gates[:, i * d : (i + 1) * d] for i in range(3))
        da = 1 - self.gates  # (N, 3D), first the factors and then the gradients
        da[:, 2 * d :] = (1 - n * n) * da[:, d : 2 * d]
        da[:, :d] *= r * previous
        da[:, d : 2 * d] *= z * (previous - n)
        dh = direction.carried(dh_n, self.h, d)
        for rows, _, _ in reversed(direction.steps):
            d_t, part = dh[: rows.stop - rows.start], da[rows]
            if dy is not None:
                d_t += dy[rows]
            part[:, d:].reshape(len(part), 2, d)[...] *= d_t[:, None]
            ds = part[:, 2 * d :] @ self.u[2 * d :]
            part[:, :d] *= ds
            d_t *= z[rows]
            d_t += ds * r[rows]
            d_t += part[:, : 2 * d] @ self.u[: 2 * d]
        dx = direction.unpack(da @ self.w) if self.needs(0) else None
        dw = da.T @ self.x if self.needs(2) else None
        du = None
        if self.needs(3):
            du = np.concatenate([da[:, : 2 * d].T @ previous, da[:, 2 * d :].T @ self.s])
        db = column_sums(da) if self.needs(4) or self.needs(5) else None
        return dx, direction.unsort(dh), dw, du, db, db, None
