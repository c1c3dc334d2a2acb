"""The affine map with one product for all leading axes and nothing that nobody asked for."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.products import column_sums, small_product
from neural_net_core.forms import fast_form_of
from neural_net_core.op import returns_new_arrays
from neural_net_core.ops.affine import LinearOp
from neural_net_core.ops.matrix_product import as_rows

__all__: list[str] = []


@fast_form_of(LinearOp)
class FastLinearOp(LinearOp):
    """Adds b in place; saves x and W, and computes gradients, only where they are wanted."""

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.shape = x.shape
        x = as_rows(x)  # (rows, I)
        if self.needs(0):
            self.w = w
        if self.needs(1):
            self.x = x
        y = small_product(x, w.T)  # (rows, O)
        if b is not None:
            y = np.add(y, b, out=y if b.dtype == y.dtype else None)
        return y if len(self.shape) == 2 else y.reshape(*self.shape[:-1], len(w))

    @returns_new_arrays
    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dy = as_rows(dy)
        dx = small_product(dy, self.w).reshape(self.shape) if self.needs(0) else None
        dw = small_product(dy.T, self.x) if self.needs(1) else None
        return dx, dw, column_sums(dy) if self.needs(2) else None
