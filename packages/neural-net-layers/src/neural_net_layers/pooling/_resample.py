r"""Images resampled by one matrix for the rows and one for the columns.

Bilinear interpolation and averages over uneven windows weigh rows and columns independently: each
output row is a weighted sum of input rows, each output column one of input columns.
"""

from neural_net_core.dtypes import Array
from neural_net_core.op import Op

__all__: list[str] = []


class ResampleOp(Op):
    """y = R x Sᵀ on every channel;  dx = Rᵀ dy S

    R (OH, H) holds the weight of every input row in every output row, and S (OW, W) the same for
    the columns. Saves both.
    """

    def forward(self, x: Array, r: Array, s: Array) -> Array:
        self.r, self.s = r, s
        return r @ x @ s.T

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        return self.r.T @ dy @ self.s, None, None
