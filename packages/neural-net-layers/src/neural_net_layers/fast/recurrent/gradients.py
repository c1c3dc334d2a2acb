"""The gradients of a recurrence's input and parameters, block by block of steps."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers.fast.blocks import column_sums
from neural_net_layers.recurrent._recurrence import RecurrenceOp

__all__: list[str] = []


class Gradients:
    """dx = da W,  dW = Σ daᵀ x,  dU = Σ dqᵀ h,  db = Σ dz

    over the rows of all blocks; what is not needed stays None. Here a = W x + b and q = U h + b′,
    and z has the columns of both: where no gate stands between them, all three gradients are one.

    Args:
        op: The operation, which has packed x into rows.
        w: W.
        first: The position of W among the operation's inputs; U and the two biases follow it.
    """

    def __init__(self, op: RecurrenceOp, w: Array, first: int) -> None:
        self.op, self.w, self.first = op, w, first
        self.dx = np.empty_like(op.x, order="C") if op.needs(0) else None
        self.dw: Array | None = None
        self.du: Array | None = None
        self.db: Array | None = None

    def add(self, block: slice, h: Array, da: Array, dq: Array, dz: Array) -> None:
        """Add what the rows of a block give.

        Args:
            block: Which rows these are.
            h: The states before them.
            da: Their gradients, as above.
            dq: Likewise.
            dz: Likewise.
        """
        op, first = self.op, self.first
        if self.dx is not None:
            np.matmul(da, self.w, out=self.dx[block])
        if op.needs(first):
            self.dw = summed(self.dw, da.T @ op.x[block])
        if op.needs(first + 1):
            self.du = summed(self.du, dq.T @ h)
        if op.needs(first + 2) or op.needs(first + 3):
            self.db = summed(self.db, column_sums(dz))


def summed(total: Array | None, part: Array) -> Array:
    """Return total + part, in the memory of the part; None counts as zeros."""
    return part if total is None else np.add(part, total, out=part)
