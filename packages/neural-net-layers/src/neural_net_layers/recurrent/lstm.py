r"""Long short-term memory: a second state, the cell, which is added to instead of transformed.

Gates, numbers between 0 and 1, decide for every unit what is kept, what is added and what is
shown. Where the forget gate is near 1 the cell's gradient passes unchanged, however long the
sequence is.

`LSTMOp` makes all steps in one operation, with the gradient derived by hand. `LSTMCellOp`, in
`lstm_cell.py`, makes one step, and the two are tested against each other: read that one first.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._parameters import check_forget_bias, set_forget_bias
from neural_net_layers.recurrent._recurrence import RecurrenceOp
from neural_net_layers.recurrent._recurrent import Recurrent

__all__ = ["LSTM", "LSTMOp"]


class LSTMOp(RecurrenceOp):
    r"""All steps of an LSTM; returns all h, the last h and the last c.

    With h₋₁ and c₋₁ the states before a step, and b the sum of both biases:

        z = W x + U h₋₁ + b
        i = σ(zᵢ)    f = σ(z_f)    g = tanh(z_g)    o = σ(zₒ)
        c = f c₋₁ + i g
        m = o tanh(c)
        h = m, or P m with a projection

    Backwards, from the last step to the first, h and c have a gradient from the steps after them,
    and h one as an output, dy:

        dh = dh_later + dy
        dm = dh, or Pᵀ dh with a projection
        dc = dc_later + dm · o (1 − tanh²c)
        dzᵢ = dc · g · i (1 − i)
        dz_f = dc · c₋₁ · f (1 − f)
        dz_g = dc · i (1 − g²)
        dzₒ = dm · tanh(c) · o (1 − o)
        dx = Wᵀ dz
        dh₋₁ = Uᵀ dz, which is dh_later for the step before
        dc₋₁ = dc · f, likewise
        dW = Σ dz xᵀ    dU = Σ dz h₋₁ᵀ    db = Σ dz    dP = Σ dh mᵀ

    the sums over all steps and sequences; both biases get db. Examples are rows in the code, so
    that W x is `x @ w.T` and Wᵀ dz is `dz @ w`. σ is `logistic`. `here` marks the sequences that
    have a step t; one that has ended, or backwards in time has not begun, keeps its states.

    Inputs: x (B, T, I), h (B, P), c (B, D), w (4D, I) and u (4D, P) with the gates in the order
    i, f, g, o, b_ih and b_hh (4D,) or None, p (P, D) or None, and then P is D; lengths (B,) or
    None. Outputs: y, all h, (B, T, P), and the last states, (B, P) and (B, D). Backward does not
    need y; it is kept for figures, see `values`.

    Args:
        reverse: Whether the steps are taken from the last to the first.
    """

    # What `unroll` shows of a step; `forward` keeps it as the last entry of `steps`.
    shown = ("input gate", "forget gate", "candidate", "output gate", "cell state")

    def forward(
        self, x: Array, h: Array, c: Array, w: Array, u: Array, b_ih: Array | None,
        b_hh: Array | None, p: Array | None, lengths: Array | None,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        self.x, self.w, self.u, self.p, self.steps = x, w, u, p, []
        b = 0 if b_ih is None or b_hh is None else b_ih + b_hh
        h, c = h.copy(), c.copy()
        self.y = y = np.zeros_like(x, shape=(*x.shape[:2], h.shape[1]))
        for t, here in self.in_time(x, lengths):
            h_before, c_before = h[here], c[here]  # copies: h and c change below
            z = x[here, t] @ w.T + h_before @ u.T + b
            z_i, z_f, z_g, z_o = np.split(z, 4, axis=1)
            i, f, g, o = logistic(z_i), logistic(z_f), np.tanh(z_g), logistic(z_o)
            c[here] = f * c_before + i * g
            m = o * np.tanh(c[here])
            h[here] = m if p is None else m @ p.T
            y[here, t] = h[here]
            self.steps.append((t, here, h_before, c_before, m, (i, f, g, o, c[here])))
        return y, h, c

    def backward(self, dy: Array, dh_n: Array, dc_n: Array) -> tuple[Array | None, ...]:
        x, w, u, p = self.x, self.w, self.u, self.p
        dh_later, dc_later = dh_n.copy(), dc_n.copy()
        dx, dw, du, db = (np.zeros_like(a) for a in (x, w, u, w[:, 0]))  # db (4D,), as w[:, 0]
        dp = None if p is None else np.zeros_like(p)
        for t, here, h_before, c_before, m, (i, f, g, o, c) in reversed(self.steps):
            dh = dh_later[here] + dy[here, t]
            dm = dh if p is None else dh @ p
            dc = dc_later[here] + dm * o * (1 - np.tanh(c) ** 2)
            dz_i = dc * g * i * (1 - i)
            dz_f = dc * c_before * f * (1 - f)
            dz_g = dc * i * (1 - g**2)
            dz_o = dm * np.tanh(c) * o * (1 - o)
            dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)
            dx[here, t] = dz @ w
            dh_later[here] = dz @ u
            dc_later[here] = dc * f
            dw += dz.T @ x[here, t]
            du += dz.T @ h_before
            db += dz.sum(axis=0)
            if dp is not None:
                dp += dh.T @ m
        return dx, dh_later, dc_later, dw, du, db, db, dp, None


class LSTM(Recurrent):
    r"""Long short-term memory over a batch of sequences.

    $$ i_t = \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi}) $$

    $$ f_t = \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf}) $$

    $$ g_t = \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) $$

    $$ o_t = \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho}) $$

    $$ c_t = f_t \, c_{t-1} + i_t \, g_t \qquad h_t = o_t \tanh(c_t) $$

    Called `LSTM` in PyTorch, with the same parameters, and in Keras, which has the gates in the
    order i, f, c, o and one bias. Unlike PyTorch's, it is batch first by default, as everything
    here is. The states are (layers · directions, B, ·), as in PyTorch.

    Truncated back-propagation: hand `detach(state)` from one piece of a long sequence to the next.

    Args:
        input_size: I.
        hidden_size: D, the size of the cell state.
        num_layers: How many recurrences stand on each other, each reading the one below.
        bias: Whether there are biases.
        batch_first: Whether sequences are (B, T, ·), or (T, B, ·).
        dropout: The probability of dropping what one layer hands to the next, in training; with
            one layer it has nothing to do, and a warning says so.
        bidirectional: Whether each layer also reads from the end to the beginning, with parameters
            of its own; the outputs of both stand side by side.
        proj_size: P, the size of a projected hidden state h = W_hr (o tanh(c)), smaller than D;
            0 means no projection, and P = D.
        init: Called as `init((D, I), rng=…, dtype=…)` for each gate's block of weight_ih; the
            biases are then zero. None draws from uniform(-1/√D, 1/√D), biases too.
        recurrent_init: Likewise, `init((D, P), …)`, for weight_hh, such as `init.orthogonal`; None
            means `init`.
        forget_bias: What the bias of the forget gates is at first, 1 in Jozefowicz et al. (2015),
            so that cells begin by remembering: bias_ih has it and bias_hh has 0, in all layers.
            None leaves it as drawn, which is what PyTorch does; Keras has 1.
        rng: The generator to draw from, also for dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, T, I), states h (layers · directions, B, P) and c (layers · directions, B, D)
        -> output (B, T, directions · P), (h, c); the axis B may be absent from all.

    Attributes:
        weight_ih_l0: (4D, I), gates in the order i, f, g, o; (4D, directions · P) in layers above.
            Likewise `…_l1`, `…_l0_reverse`.
        weight_hh_l0: (4D, P).
        bias_ih_l0: (4D,), if there are biases.
        bias_hh_l0: (4D,); a second bias, as PyTorch has it.
        weight_hr_l0: (P, D), if there is a projection.

    Raises:
        ShapeError: If input, states or lengths do not fit.

    References:
        Hochreiter & Schmidhuber (1997); with the forget gate of Gers, Schmidhuber & Cummins
        (2000). The projection: Sak et al. (2014), arXiv:1402.1128.

    Examples:
        >>> import numpy as np
        >>> lstm = LSTM(3, 4, bidirectional=True)
        >>> lstm
        LSTM(3 -> 4, bidirectional)
        >>> y, (h, c) = lstm(np.zeros((5, 7, 3)), lengths=[7, 2, 3, 1, 7])
        >>> y.shape, h.shape, c.shape
        ((5, 7, 8), (2, 5, 4), (2, 5, 4))
    """

    gates = 4
    states = ("h_0", "c_0")
    weights = (*Recurrent.weights, "weight_hr")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        init: Initializer | None = None,
        recurrent_init: Initializer | None = None,
        forget_bias: float | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        size = check_count("LSTM", "hidden_size", hidden_size)
        proj_size = check_count("LSTM", "proj_size", proj_size, 0, size - 1)
        forget_bias = check_forget_bias("LSTM", forget_bias, bias)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            init, recurrent_init, rng, dtype, proj_size,
        )  # fmt: skip
        if forget_bias is not None:
            for suffix in self._suffixes():
                set_forget_bias(forget_bias, *self._own(suffix, "bias_ih", "bias_hh"))

    def forward(
        self,
        x: TensorLike,
        state: tuple[TensorLike, TensorLike] | None = None,
        lengths: TensorLike | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the hidden states after all steps, and the last states (h, c).

        Args:
            x: (B, T, I), or (T, I) for one sequence.
            state: The initial states (h, c); None means zeros, also for one of them.
            lengths: (B,) integers from 0 to T. Steps from a sequence's length on are padding:
                their outputs are zero, they change neither state nor gradient, and the backward
                direction begins at the sequence's own end. None means that all have T steps.
        """
        return self._run(x, state, lengths)

    def _operation(self) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        return LSTMOp, {}
