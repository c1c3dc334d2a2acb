r"""Gated recurrent unit: gates as in long short-term memory, but one state and one gate less.

The update gate z says how much of the old state stays, and what does not stay is replaced; the
reset gate r says how much of the old state the replacement may see.

`GRUOp` makes all steps in one operation, with the gradient derived by hand; `GRUCell`, in
`gru_cell.py`, makes one step of primitive operations, and the two are tested against each other.
The paper resets the state before the product, n = tanh(W x + U (r h)); see `gru_paper.py`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._recurrence import RecurrenceOp
from neural_net_layers.recurrent._recurrent import Recurrent
from neural_net_layers.recurrent.gru_paper import PaperGRUOp

__all__ = ["GRU", "GRUOp"]


class GRUOp(RecurrenceOp):
    r"""All steps of a gated recurrent unit; returns all h, and the last one.

    With h₋₁ the state before a step:

        a = W x + b    q = U h₋₁ + b′        three blocks each: r, z and n
        r = σ(a_r + q_r)
        z = σ(a_z + q_z)
        n = tanh(a_n + r q_n)
        h = (1 − z) n + z h₋₁

    Backwards, from the last step to the first, h has a gradient from the steps after it, and one as
    an output, dy:

        dh = dh_later + dy
        da_n = dh · (1 − z) (1 − n²)
        da_z = dq_z = dh · (h₋₁ − n) z (1 − z)
        da_r = dq_r = da_n · q_n r (1 − r)
        dq_n = da_n · r
        dx = Wᵀ da
        dh₋₁ = dh · z + Uᵀ dq, which is dh_later for the step before
        dW = Σ da xᵀ    dU = Σ dq h₋₁ᵀ    db = Σ da    db′ = Σ dq

    Examples are rows in the code, so that W x is `x @ w.T` and Wᵀ da is `da @ w`. `here` marks the
    sequences that have a step t; one that has ended, or backwards in time has not begun, keeps its
    state.

    Inputs: x (B, T, I), h (B, D), w (3D, I) and u (3D, D) with the gates in the order r, z, n, b_ih
    and b_hh (3D,) or None, lengths (B,) or None. Outputs: (B, T, D), (B, D).

    Args:
        reverse: Whether the steps are taken from the last to the first.
    """

    # What `unroll` shows of a step; `forward` keeps it as the last entry of `steps`.
    shown = ("reset gate", "update gate", "candidate")

    def forward(
        self, x: Array, h: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None,
        lengths: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.x, self.w, self.u, self.steps = x, w, u, []
        h = h.copy()
        self.y = y = np.zeros_like(x, shape=(*x.shape[:2], h.shape[1]))
        for t, here in self.in_time(x, lengths):
            h_before = h[here]
            a = x[here, t] @ w.T + (0 if b_ih is None else b_ih)
            q = h_before @ u.T + (0 if b_hh is None else b_hh)
            a_r, a_z, a_n = np.split(a, 3, axis=1)
            q_r, q_z, q_n = np.split(q, 3, axis=1)
            r = logistic(a_r + q_r)
            z = logistic(a_z + q_z)
            n = np.tanh(a_n + r * q_n)
            h[here] = (1 - z) * n + z * h_before
            y[here, t] = h[here]
            self.steps.append((t, here, h_before, q_n, (r, z, n)))
        return y, h

    def backward(self, dy: Array, dh_n: Array) -> tuple[Array | None, ...]:
        x, w, u = self.x, self.w, self.u
        dh_later = dh_n.copy()
        dx, dw, du, db_ih, db_hh = (np.zeros_like(a) for a in (x, w, u, w[:, 0], w[:, 0]))
        for t, here, h_before, q_n, (r, z, n) in reversed(self.steps):
            dh = dh_later[here] + dy[here, t]
            da_n = dh * (1 - z) * (1 - n**2)
            da_z = dh * (h_before - n) * z * (1 - z)
            da_r = da_n * q_n * r * (1 - r)
            dq_n = da_n * r
            da = np.concatenate([da_r, da_z, da_n], axis=1)
            dq = np.concatenate([da_r, da_z, dq_n], axis=1)
            dx[here, t] = da @ w
            dh_later[here] = dh * z + dq @ u
            dw += da.T @ x[here, t]
            du += dq.T @ h_before
            db_ih += da.sum(axis=0)
            db_hh += dq.sum(axis=0)
        return dx, dh_later, dw, du, db_ih, db_hh, None


class GRU(Recurrent):
    r"""Gated recurrent unit over a batch of sequences.

    $$ r_t = \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) $$

    $$ z_t = \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) $$

    $$ n_t = \tanh(W_{in} x_t + b_{in} + r_t \, (W_{hn} h_{t-1} + b_{hn})) $$

    $$ h_t = (1 - z_t) \, n_t + z_t \, h_{t-1} $$

    Called `GRU` in PyTorch, with the same parameters, and in Keras, which has the gates in the
    order z, r, h. Unlike PyTorch's, it is batch first by default, as everything here is. The state
    is (layers · directions, B, D), as in PyTorch.

    Truncated back-propagation: hand `detach(state)` from one piece of a long sequence to the next.

    Args:
        input_size: I.
        hidden_size: D, the size of the state.
        num_layers: How many recurrences stand on each other, each reading the one below.
        bias: Whether there are biases.
        batch_first: Whether sequences are (B, T, ·), or (T, B, ·).
        dropout: The probability of dropping what one layer hands to the next, in training; with
            one layer it has nothing to do, and a warning says so.
        bidirectional: Whether each layer also reads from the end to the beginning, with parameters
            of its own; the outputs of both stand side by side.
        reset_after: True resets after the product with the state, as above and as PyTorch, cuDNN
            and Keras do. False is the paper's form, which resets the state itself:
            n = tanh(W_in x + b_in + W_hn (r h) + b_hn).
        init: Called as `init((D, I), rng=…, dtype=…)` for each gate's block of weight_ih; the
            biases are then zero. None draws from uniform(-1/√D, 1/√D), biases too.
        recurrent_init: Likewise, `init((D, D), …)`, for weight_hh, such as `init.orthogonal`; None
            means `init`.
        rng: The generator to draw from, also for dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, T, I), state (layers · directions, B, D)
        -> output (B, T, directions · D), state; the axis B may be absent from all.

    Attributes:
        weight_ih_l0: (3D, I), gates in the order r, z, n; (3D, directions · D) in layers above.
            Likewise `…_l1`, `…_l0_reverse`.
        weight_hh_l0: (3D, D).
        bias_ih_l0: (3D,), if there are biases.
        bias_hh_l0: (3D,); a second bias, which for n stands inside the reset.

    Raises:
        ShapeError: If input, state or lengths do not fit.

    References:
        Cho et al. (2014), arXiv:1406.1078, eqs. 5-8; there z is the part that is kept too.

    Examples:
        >>> import numpy as np
        >>> gru = GRU(3, 4)
        >>> gru
        GRU(3 -> 4)
        >>> y, state = gru(np.zeros((5, 7, 3)))
        >>> y.shape, state.shape
        ((5, 7, 4), (1, 5, 4))
    """

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        reset_after: bool = True,
        init: Initializer | None = None,
        recurrent_init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.reset_after = reset_after
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            init, recurrent_init, rng, dtype,
        )  # fmt: skip

    def forward(
        self, x: TensorLike, state: TensorLike | None = None, lengths: TensorLike | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the states after all steps, and the last state.

        Args:
            x: (B, T, I), or (T, I) for one sequence.
            state: The initial state (layers · directions, B, D); None means zeros.
            lengths: (B,) integers from 0 to T. Steps from a sequence's length on are padding:
                their outputs are zero, they change neither state nor gradient, and the backward
                direction begins at the sequence's own end. None means that all have T steps.
        """
        return self._run(x, state, lengths)

    def _operation(self) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        return GRUOp if self.reset_after else PaperGRUOp, {}

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")
