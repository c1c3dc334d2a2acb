r"""The plain recurrent network: the new state is a squashed mixture of the input and the old state.

`RNNOp` makes all steps in one operation, with the gradient derived by hand, back-propagation
through time; `RNNCell`, in `rnn_cell.py`, makes one step of primitive operations, and the two are
tested against each other.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._parameters import Nonlinearity, check_nonlinearity
from neural_net_layers.recurrent._recurrence import RecurrenceOp
from neural_net_layers.recurrent._recurrent import Recurrent

__all__ = ["RNNOp", "VanillaRNN"]


class RNNOp(RecurrenceOp):
    r"""All steps of the plain recurrence; returns all h, and the last one.

    With h₋₁ the state before a step, and b the sum of both biases:

        z = W x + U h₋₁ + b
        h = φ(z)

    Backwards, from the last step to the first, h has a gradient from the steps after it, and one as
    an output, dy:

        dh = dh_later + dy
        dz = dh · φ′(z)        φ′(z) = 1 − h² for tanh; 1 where h > 0, else 0, for relu
        dx = Wᵀ dz
        dh₋₁ = Uᵀ dz, which is dh_later for the step before
        dW = Σ dz xᵀ    dU = Σ dz h₋₁ᵀ    db = Σ dz

    Examples are rows in the code, so that W x is `x @ w.T` and Wᵀ dz is `dz @ w`. `here` marks the
    sequences that have a step t; one that has ended, or backwards in time has not begun, keeps its
    state.

    Inputs: x (B, T, I), h (B, D), w (D, I), u (D, D), b_ih and b_hh (D,) or None, lengths (B,) or
    None. Outputs: (B, T, D), (B, D).

    Args:
        nonlinearity: φ.
        reverse: Whether the steps are taken from the last to the first.
    """

    def __init__(self, nonlinearity: Nonlinearity, reverse: bool = False) -> None:
        super().__init__(reverse)
        self.nonlinearity = nonlinearity

    def forward(
        self, x: Array, h: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None,
        lengths: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.x, self.w, self.u, self.steps = x, w, u, []
        b = 0 if b_ih is None or b_hh is None else b_ih + b_hh
        h = h.copy()
        self.y = y = np.zeros_like(x, shape=(*x.shape[:2], h.shape[1]))
        for t, here in self.in_time(x, lengths):
            h_before = h[here]
            z = x[here, t] @ w.T + h_before @ u.T + b
            h[here] = np.tanh(z) if self.nonlinearity == "tanh" else np.maximum(z, 0)
            y[here, t] = h[here]
            self.steps.append((t, here, h_before, h[here]))
        return y, h

    def backward(self, dy: Array, dh_n: Array) -> tuple[Array | None, ...]:
        x, w, u = self.x, self.w, self.u
        dh_later = dh_n.copy()
        dx, dw, du, db = (np.zeros_like(a) for a in (x, w, u, w[:, 0]))
        for t, here, h_before, h in reversed(self.steps):
            dh = dh_later[here] + dy[here, t]
            # Of relu's h, what is not 0 is positive, or NaN, which lets dh pass.
            dz = dh * (1 - h**2 if self.nonlinearity == "tanh" else h != 0)
            dx[here, t] = dz @ w
            dh_later[here] = dz @ u
            dw += dz.T @ x[here, t]
            du += dz.T @ h_before
            db += dz.sum(axis=0)
        return dx, dh_later, dw, du, db, db, None


class VanillaRNN(Recurrent):
    r"""Plain recurrent network over a batch of sequences.

    $$ h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}) $$

    Called `RNN` in PyTorch, with the same parameters, and `SimpleRNN` in Keras. Unlike PyTorch's,
    it is batch first by default, as everything here is: axis 0 counts examples, for loaders and
    losses alike. The states are (layers · directions, B, D), as in PyTorch.

    Truncated back-propagation: hand `detach(state)` from one piece of a long sequence to the next.

    Args:
        input_size: I.
        hidden_size: D, the size of the state.
        num_layers: How many recurrences stand on each other, each reading the one below.
        nonlinearity: `"tanh"` or `"relu"`.
        bias: Whether there are biases.
        batch_first: Whether sequences are (B, T, ·), or (T, B, ·).
        dropout: The probability of dropping what one layer hands to the next, in training; with
            one layer it has nothing to do, and a warning says so.
        bidirectional: Whether each layer also reads from the end to the beginning, with parameters
            of its own; the outputs of both stand side by side.
        init: Called as `init((D, I), rng=…, dtype=…)` for weight_ih; the biases are then zero.
            None draws from uniform(-1/√D, 1/√D), biases too.
        recurrent_init: Likewise, `init((D, D), …)`, for weight_hh, such as `init.orthogonal`, or
            `init.identity` with `"relu"` for the network of Le et al. (2015); None means `init`.
        rng: The generator to draw from, also for dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, T, I), state (layers · directions, B, D)
        -> output (B, T, directions · D), state; the axis B may be absent from all.

    Attributes:
        weight_ih_l0: (D, I); (D, directions · D) in layers above. Likewise `…_l1`, `…_l0_reverse`.
        weight_hh_l0: (D, D).
        bias_ih_l0: (D,), if there are biases.
        bias_hh_l0: (D,); a second bias, as PyTorch has it.

    Raises:
        ShapeError: If input, state or lengths do not fit.

    References:
        Elman (1990), Finding structure in time. Le et al. (2015), arXiv:1504.00941.

    Examples:
        >>> import numpy as np
        >>> rnn = VanillaRNN(3, 4, num_layers=2)
        >>> rnn
        VanillaRNN(3 -> 4, 2 layers)
        >>> y, state = rnn(np.zeros((5, 7, 3)))
        >>> y.shape, state.shape
        ((5, 7, 4), (2, 5, 4))
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Nonlinearity = "tanh",
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        init: Initializer | None = None,
        recurrent_init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.nonlinearity = check_nonlinearity("VanillaRNN", nonlinearity)
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
        return RNNOp, {"nonlinearity": self.nonlinearity}

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else ", relu")
