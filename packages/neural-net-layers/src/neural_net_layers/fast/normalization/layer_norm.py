"""Layer normalization in blocks of rows, in place, with sums as products."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.products import row_dots
from neural_net_core.forms import fast_form_of
from neural_net_layers.fast.blocks import row_blocks
from neural_net_layers.normalization.layer_norm import LayerNormOp

__all__: list[str] = []


@fast_form_of(LayerNormOp)
class FastLayerNormOp(LayerNormOp):
    """Keeps x, μ and 1/σ: x̂ is cheaper to make again than to keep."""

    def forward(self, x: Array, w: Array | float, b: Array | float) -> Array:
        shape = x.shape
        n = math.prod(shape[len(shape) - self.axes :])
        x = x.reshape(x.size // n, n)  # (R, n): one example per row
        weight, bias = (p.reshape(n) if isinstance(p, np.ndarray) else None for p in (w, b))
        y = np.empty_like(x, order="C")
        mean = np.empty_like(x, shape=len(x))
        scale = np.empty_like(mean)  # 1/σ
        ones = np.ones_like(x, shape=n)
        for rows in row_blocks(x):
            # A row's sum as a product, its sum of squares as a dot: no temporary, no float64.
            mean[rows] = row_dots(x[rows], ones) / n
            part = np.subtract(x[rows], mean[rows, None], out=y[rows])
            variance = np.vecdot(part, part) / n
            scale[rows] = 1 / np.sqrt(variance + self.eps)
            part *= scale[rows, None]
            if weight is not None:
                part *= weight
            if bias is not None:
                part += bias
        self.x, self.weight, self.means, self.scale = x, weight, mean, scale
        self.weight_shape = shape[len(shape) - self.axes :]
        return y.reshape(shape)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        shape, n = dy.shape, self.x.shape[1]
        dy = dy.reshape(self.x.shape)
        dx = np.empty_like(dy, order="C")
        dw, db = np.zeros_like(dy, shape=(2, n))
        w = np.ones_like(dy, shape=n) if self.weight is None else self.weight
        for rows in row_blocks(dy):
            d, scale = dy[rows], self.scale[rows]
            centred = self.x[rows] - self.means[rows, None]  # σ x̂
            g = np.multiply(d, centred, out=dx[rows])
            dw += scale @ g
            db += np.ones_like(scale) @ d
            mean_g = row_dots(d, w) / n
            mean_gx = row_dots(g, w) * scale**2 / n  # mean(g x̂) / σ
            if not self.needs(0):
                continue
            # dx = (g − mean(g) − x̂ mean(g x̂)) / σ, in place
            np.multiply(d, w, out=g)
            g -= mean_g[:, None]
            centred *= mean_gx[:, None]
            g -= centred
            g *= scale[:, None]
        return (
            dx.reshape(shape) if self.needs(0) else None,
            dw.reshape(self.weight_shape) if self.needs(1) else None,
            db.reshape(self.weight_shape) if self.needs(2) else None,
        )
