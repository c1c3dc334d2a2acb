r"""The gated recurrent unit as its paper has it: the reset gate acts before the product.

The candidate state sees U (r h) instead of r (U h). The difference is small in what is learned, and
costs a second product per step that has to wait for r; see `gru.py` for the common form.
"""

import numpy as np

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.dtypes import Array
from neural_net_layers.recurrent._recurrence import RecurrenceOp

__all__ = ["PaperGRUOp"]


class PaperGRUOp(RecurrenceOp):
    r"""All steps of a unit that resets the state itself; returns all h, and the last one.

    With h₋₁ the state before a step, and b the sum of both biases; W, U and b have three blocks of
    rows, r, z and n:

        a = W x + b
        r = σ(a_r + U_r h₋₁)
        z = σ(a_z + U_z h₋₁)
        s = r h₋₁
        n = tanh(a_n + U_n s)
        h = (1 − z) n + z h₋₁

    Backwards, from the last step to the first, h has a gradient from the steps after it, and one as
    an output, dy:

        dh = dh_later + dy
        da_n = dh · (1 − z) (1 − n²)
        ds = U_nᵀ da_n
        da_r = ds · h₋₁ r (1 − r)
        da_z = dh · (h₋₁ − n) z (1 − z)
        dx = Wᵀ da
        dh₋₁ = dh · z + ds · r + U_rᵀ da_r + U_zᵀ da_z, which is dh_later for the step before
        dW = Σ da xᵀ    db = Σ da
        dU_r = Σ da_r h₋₁ᵀ    dU_z = Σ da_z h₋₁ᵀ    dU_n = Σ da_n sᵀ

    Examples are rows in the code, so that W x is `x @ w.T` and Wᵀ da is `da @ w`. `here` marks the
    sequences that have a step t; one that has ended, or backwards in time has not begun, keeps its
    state.

    Inputs and outputs: as of `GRUOp`.

    Args:
        reverse: Whether the steps are taken from the last to the first.

    References:
        Cho et al. (2014), arXiv:1406.1078, eqs. 5-8.
    """

    # What `unroll` shows of a step; `forward` keeps it as the last entry of `steps`.
    shown = ("reset gate", "update gate", "candidate")

    def forward(
        self, x: Array, h: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None,
        lengths: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.x, self.w, self.u, self.steps = x, w, u, []
        u_r, u_z, u_n = np.split(u, 3)
        b = 0 if b_ih is None or b_hh is None else b_ih + b_hh
        h = h.copy()
        self.y = y = np.zeros_like(x, shape=(*x.shape[:2], h.shape[1]))
        for t, here in self.in_time(x, lengths):
            h_before = h[here]
            a_r, a_z, a_n = np.split(x[here, t] @ w.T + b, 3, axis=1)
            r = logistic(a_r + h_before @ u_r.T)
            z = logistic(a_z + h_before @ u_z.T)
            s = r * h_before
            n = np.tanh(a_n + s @ u_n.T)
            h[here] = (1 - z) * n + z * h_before
            y[here, t] = h[here]
            self.steps.append((t, here, h_before, s, (r, z, n)))
        return y, h

    def backward(self, dy: Array, dh_n: Array) -> tuple[Array | None, ...]:
        x, w = self.x, self.w
        u_r, u_z, u_n = np.split(self.u, 3)
        dh_later = dh_n.copy()
        dx, dw, du, db = (np.zeros_like(a) for a in (x, w, self.u, w[:, 0]))
        for t, here, h_before, s, (r, z, n) in reversed(self.steps):
            dh = dh_later[here] + dy[here, t]
            da_n = dh * (1 - z) * (1 - n**2)
            ds = da_n @ u_n
            da_r = ds * h_before * r * (1 - r)
            da_z = dh * (h_before - n) * z * (1 - z)
            da = np.concatenate([da_r, da_z, da_n], axis=1)
            dx[here, t] = da @ w
            dh_later[here] = dh * z + ds * r + da_r @ u_r + da_z @ u_z
            dw += da.T @ x[here, t]
            du += np.concatenate([da_r.T @ h_before, da_z.T @ h_before, da_n.T @ s])
            db += da.sum(axis=0)
        return dx, dh_later, dw, du, db, db, None
