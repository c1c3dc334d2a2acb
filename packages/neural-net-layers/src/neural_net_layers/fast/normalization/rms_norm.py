"""Root-mean-square normalization in blocks of rows, in place, with sums as products."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.products import row_dots
from neural_net_core.forms import fast_form_of
from neural_net_layers.fast.blocks import row_blocks
from neural_net_layers.normalization.rms_norm import RMSNormOp

__all__: list[str] = []


@fast_form_of(RMSNormOp)
class FastRMSNormOp(RMSNormOp):
    """Keeps x and 1/ρ: x̂ is cheaper to make again than to keep."""

    def forward(self, x: Array, w: Array | float) -> Array:
        shape = x.shape
        self.weight_shape = shape[len(shape) - self.axes :]
        n = math.prod(self.weight_shape)
        x = x.reshape(x.size // n, n)  # (R, n): one example per row
        weight = w.reshape(n) if isinstance(w, np.ndarray) else None
        y = np.empty_like(x, order="C")
        scale = np.empty_like(x, shape=len(x))  # 1/ρ
        for rows in row_blocks(x):
            part = x[rows]
            mean_square = np.vecdot(part, part) / n
            scale[rows] = 1 / np.sqrt(mean_square + self.eps)
            part = np.multiply(part, scale[rows, None], out=y[rows])
            if weight is not None:
                part *= weight
        self.x, self.weight, self.scale = x, weight, scale
        return y.reshape(shape)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        shape, n = dy.shape, self.x.shape[1]
        dy = dy.reshape(self.x.shape)
        dx = np.empty_like(dy, order="C")
        dw = np.zeros_like(dy, shape=n)
        w = np.ones_like(dw) if self.weight is None else self.weight
        for rows in row_blocks(dy):
            x, d, scale = self.x[rows], dy[rows], self.scale[rows]
            g = np.multiply(d, x, out=dx[rows])
            dw += scale @ g
            mean_gx = row_dots(g, w) * scale**2 / n  # mean(g x̂) / ρ
            if not self.needs(0):
                continue
            # dx = (g − x̂ mean(g x̂)) / ρ, in place
            np.multiply(d, w, out=g)
            g -= x * mean_gx[:, None]
            g *= scale[:, None]
        return (
            dx.reshape(shape) if self.needs(0) else None,
            dw.reshape(self.weight_shape) if self.needs(1) else None,
        )
