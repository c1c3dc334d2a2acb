"""One step of long short-term memory in few passes, for loops over single examples."""

import numpy as np

from neural_net_core import fast_form_of
from neural_net_core.dtypes import Array
from neural_net_core.fast.products import small_product
from neural_net_core.ops.matrix_product import as_rows
from neural_net_layers.recurrent.lstm_cell import LSTMCellOp

__all__: list[str] = []


@fast_form_of(LSTMCellOp)
class FastLSTMCellOp(LSTMCellOp):
    """Three gates at once, in place: σ(z) = (1 + tanh(z/2)) / 2."""

    def forward(
        self, x: Array, h: Array, c: Array, w: Array, u: Array, b_ih: Array | None,
        b_hh: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.x, self.h, self.c, self.w, self.u = x, h, c, w, u
        d = c.shape[-1]
        z = x @ w.T
        z += h @ u.T
        if b_ih is not None and b_hh is not None:
            z += b_ih
            z += b_hh
        g = np.tanh(z[..., 2 * d : 3 * d])
        z *= 0.5
        np.tanh(z, out=z)
        z *= 0.5
        z += 0.5
        i, f, o = z[..., :d], z[..., d : 2 * d], z[..., 3 * d :]
        c_new = f * c
        c_new += i * g
        self.gates, self.tanh_c = (i, f, g, o), np.tanh(c_new)
        return o * self.tanh_c, c_new

    def summed(self, dz: Array, a: Array) -> Array:
        return small_product(as_rows(dz).T, as_rows(a))
