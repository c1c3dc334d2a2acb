r"""Images resampled by one matrix for the rows and one for the columns.

Bilinear interpolation and averages over uneven windows weigh rows and columns independently: each
output row is a weighted sum of input rows, each output column one of input columns.
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op

__all__: list[str] = []


class ResampleOp(Op):
    """y = R x Sᵀ on every channel;  dx = Rᵀ dy S

    Args:
        rows: R (OH, H), the weight of every input row in every output row.
        columns: S (OW, W), the same for the columns.
    """

    def __init__(self, rows: Array, columns: Array) -> None:
        self.rows, self.columns = rows, columns

    def forward(self, x: Array) -> Array:
        return _resample(x, self.rows, self.columns)

    def backward(self, dy: Array) -> Array:
        return _resample(dy, self.rows.T, self.columns.T)


def _resample(x: Array, rows: Array, columns: Array) -> Array:
    """Return R x Sᵀ, with the axes of the result as they lie in the memory of x."""
    rows, columns = (np.asarray(matrix, x.dtype, order="C") for matrix in (rows, columns))
    if x.strides[1] < x.strides[3]:  # channels last
        batch, channels, height, width = x.shape
        lines = x.transpose(0, 2, 3, 1).reshape(batch, height, width * channels)
        y = (rows @ lines).reshape(batch, len(rows), width, channels)
        last: Array = np.matmul(columns, y)
        return last.transpose(0, 3, 1, 2)
    first: Array = rows @ x @ np.ascontiguousarray(columns.T)
    return first
