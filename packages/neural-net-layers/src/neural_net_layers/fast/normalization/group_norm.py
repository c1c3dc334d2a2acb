"""Group normalization with one group per row, in place, with sums as products."""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.fast.products import row_sums
from neural_net_core.forms import fast_form_of
from neural_net_layers.fast.blocks import column_sums
from neural_net_layers.normalization.group_norm import GroupNormOp

__all__: list[str] = []


@fast_form_of(GroupNormOp)
class FastGroupNormOp(GroupNormOp):
    """Keeps x̂, one group per row, and 1/σ."""

    def forward(self, x: Array, w: Array | float, b: Array | float) -> Array:
        shape = x.shape
        batch, self.channels, *positions = shape
        self.positions = math.prod(positions)
        n = self.channels // self.groups * self.positions
        x = x.reshape(batch * self.groups, n)
        mean = row_sums(x) / max(n, 1)
        x = x - mean[:, None]
        variance = np.vecdot(x, x) / max(n, 1)
        scale = 1 / np.sqrt(variance + self.eps)  # 1/σ
        x *= scale[:, None]
        if self.observe is not None:
            groups = (batch, self.groups)
            self.observe(mean.reshape(groups), variance.reshape(groups), n)
        self.rows, self.scale = x, scale
        y = x.reshape(batch, self.channels * self.positions)  # one example per row
        self.weight = np.repeat(w, self.positions) if isinstance(w, np.ndarray) else None
        if self.weight is not None:
            y = y * self.weight
        if isinstance(b, np.ndarray):
            y = y + np.repeat(b, self.positions)
        return y.reshape(shape)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        shape, x = dy.shape, self.rows
        dy = dy.reshape(len(dy), self.channels * self.positions)
        dw = db = dx = None
        if self.needs(1):
            dw = self._per_channel(column_sums(dy * x.reshape(dy.shape)))
        if self.needs(2):
            db = self._per_channel(column_sums(dy))
        if self.needs(0):
            g = (dy if self.weight is None else dy * self.weight).reshape(x.shape)
            # dx = (g − mean(g) − x̂ mean(g x̂)) / σ
            n = max(x.shape[1], 1)
            dx = x * (-np.vecdot(g, x) / n)[:, None]
            dx += g
            dx -= (row_sums(g) / n)[:, None]
            dx *= self.scale[:, None]
            dx = dx.reshape(shape)
        return dx, dw, db

    def _per_channel(self, columns: Array) -> Array:
        sums: Array = np.add.reduce(columns.reshape(self.channels, self.positions), axis=1)
        return sums
