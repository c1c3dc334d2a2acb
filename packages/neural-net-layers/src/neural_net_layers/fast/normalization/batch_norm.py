"""Batch normalization on a matrix of channels, in blocks of rows and in place."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_layers.fast.blocks import row_blocks
from neural_net_layers.fast.channels import ChannelMatrix
from neural_net_layers.normalization.batch_norm import BatchNormOp

__all__: list[str] = []


@fast_form_of(BatchNormOp)
class FastBatchNormOp(BatchNormOp):
    """Keeps x, μ and 1/σ: x̂ is cheaper to make again than to keep."""

    def forward(self, x: Array, w: Array | float, b: Array | float) -> Array:
        view = ChannelMatrix(x)
        x = view.matrix(x)  # every column belongs to one channel
        n = max(view.count, 1)
        y = np.empty_like(x, order="C")
        mean = view.sums(x) / n
        columns = view.spread(mean)
        squares = np.zeros_like(columns)
        for rows in row_blocks(x):
            part = np.subtract(x[rows], columns, out=y[rows])
            squares += np.einsum("rk,rk->k", part, part)
        variance = view.gather(squares) / n
        scale = 1 / np.sqrt(variance + self.eps)  # 1/σ
        stretch = view.spread(scale * w)
        shift = view.spread(b) if isinstance(b, np.ndarray) else None
        for rows in row_blocks(x):
            part = y[rows]
            part *= stretch
            if shift is not None:
                part += shift
        if self.observe is not None:
            self.observe(mean, variance, view.count)
        self.view, self.x, self.weight, self.mean, self.scale = view, x, w, mean, scale
        return view.batch(y)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        view, n = self.view, max(self.view.count, 1)
        dy = view.matrix(dy)
        dx = np.empty_like(dy, order="C")
        mean = view.spread(self.mean)
        products = np.zeros_like(mean)
        for rows in row_blocks(dy):
            centred = np.subtract(self.x[rows], mean, out=dx[rows])  # σ x̂
            products += np.einsum("rk,rk->k", centred, dy[rows])
        dw = view.gather(products) * self.scale
        db = view.sums(dy)
        if self.needs(0):
            mean_dy = view.spread(db / n)
            mean_dyx = view.spread(dw * self.scale / n)  # mean(dy x̂) / σ
            stretch = view.spread(self.scale * self.weight)
            # dx = (w / σ) (dy − mean(dy) − x̂ mean(dy x̂)), in place
            for rows in row_blocks(dy):
                part = dx[rows]
                part *= mean_dyx
                part += mean_dy
                np.subtract(dy[rows], part, out=part)
                part *= stretch
        return view.batch(dx) if self.needs(0) else None, dw, db
