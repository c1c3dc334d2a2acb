r"""The plain recurrent network: the new state is a squashed mixture of the input and the old state.

Composed of primitives, one step after another, it is

    h = h_0
    for t in range(T):
        h = tanh(linear(x[:, t], weight_ih, bias_ih) + linear(h, weight_hh, bias_hh))

which is what `RNNCell` does for one step. `RNNOp` gives the same for the whole sequence in one
operation, with the gradient derived by hand: back-propagation through time.
"""

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

import neural_net_core
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.ops import linear
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.fast.blocks import column_sums
from neural_net_layers.fast.schedule import Direction, add_product
from neural_net_layers.recurrent._recurrent import RecurrenceOp, Recurrent, RecurrentCell

__all__ = ["Nonlinearity", "RNNCell", "RNNOp", "VanillaRNN"]

Nonlinearity = Literal["tanh", "relu"]


class RNNOp(RecurrenceOp):
    r"""hₜ = φ(zₜ) with zₜ = W xₜ + b + U hₜ₋₁, for all steps; returns all h, and the last one.

    The loss sees hₜ in two ways: directly, as an output, and through zₜ₊₁. Call the sum of both
    dhₜ. From the last step to the first,

        dhₜ = dyₜ + Uᵀ dzₜ₊₁          and at the last step the final state's gradient instead
        dzₜ = dhₜ · φ′(zₜ)            φ′ = 1 − hₜ² for tanh, and (hₜ > 0) for relu

    and dh₀ = Uᵀ dz₁. The weights are the same in all steps, so their gradients are sums over
    steps, each one product of all rows at once:

        dW = Σₜ dzₜ xₜᵀ,   dU = Σₜ dzₜ hₜ₋₁ᵀ,   db = Σₜ dzₜ,   dxₜ = Wᵀ dzₜ

    Saves x and all states.

    Args:
        direction: The order of the steps.
        nonlinearity: φ.
    """

    def __init__(self, direction: Direction, nonlinearity: Nonlinearity) -> None:
        self.direction, self.nonlinearity = direction, nonlinearity

    def forward(
        self, x: Array, h0: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None
    ) -> tuple[Array, Array]:
        self.x, self.w, self.u = x, w, u
        self.h = h = self.direction.states(h0, len(x))
        inputs, recurrent = np.ascontiguousarray(w.T), np.ascontiguousarray(u.T)
        bias = 0 if b_ih is None or b_hh is None else b_ih + b_hh
        for block, steps in self.direction.blocks(h0.shape[1]):
            z = x[block] @ inputs  # for many steps at once
            z += bias
            for rows, before, after in steps:
                new = np.matmul(h[before], recurrent, out=h[after])
                new += z[rows.start - block.start : rows.stop - block.start]
                if self.nonlinearity == "tanh":
                    np.tanh(new, out=new)
                else:
                    np.maximum(new, 0, out=new)
        return h[self.direction.outputs], h[self.direction.final]

    def backward(self, dy: Array | None, dh_n: Array | None) -> tuple[Array | None, ...]:
        direction = self.direction
        h, y = self.h[direction.previous], self.h[direction.outputs]
        dh = direction.carried(dh_n, y, y.shape[1])
        dx = np.empty_like(self.x, order="C") if self.needs(0) else None
        dw: Array | None = None
        du: Array | None = None
        db: Array | None = None
        for block, steps in direction.blocks_back(y.shape[1]):
            dz = self._slope(y[block])  # φ′(z), soon times dh
            for rows, here in steps:
                d, part = dh[: rows.stop - rows.start], dz[here]
                if dy is not None:
                    d += dy[rows]
                part *= d
                np.matmul(part, self.u, out=d)
            if dx is not None:
                np.matmul(dz, self.w, out=dx[block])
            if self.needs(2):
                dw = add_product(dw, dz, self.x[block])
            if self.needs(3):
                du = add_product(du, dz, h[block])
            if self.needs(4) or self.needs(5):
                db = column_sums(dz) if db is None else db + column_sums(dz)
        return dx, direction.unsort(dh), dw, du, db, db

    def values(self) -> dict[str, Array]:
        return {"hidden state": self.h[self.direction.outputs]}

    def _slope(self, y: Array) -> Array:
        if self.nonlinearity == "relu":
            return np.not_equal(y, 0).astype(y.dtype)  # positive or NaN
        slope: Array = y * y
        return np.subtract(1, slope, out=slope)


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
        self.nonlinearity = _check_nonlinearity("VanillaRNN", nonlinearity)
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
        y, (h,) = self._run(x, state, lengths)
        return y, h

    def _operation(self, direction: Direction) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        return RNNOp, {"direction": direction, "nonlinearity": self.nonlinearity}

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else ", relu")


class RNNCell(RecurrentCell):
    r"""One step of the plain recurrence, for loops of your own.

    $$ h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh}) $$

    Args:
        input_size: I.
        hidden_size: D.
        bias: Whether there are biases.
        nonlinearity: `"tanh"` or `"relu"`.
        init: See `VanillaRNN`.
        recurrent_init: See `VanillaRNN`.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, I) or (I,), state (B, D) or (D,) -> state

    Attributes:
        weight_ih: (D, I).
        weight_hh: (D, D).
        bias_ih: (D,), or None.
        bias_hh: (D,), or None.

    Raises:
        ShapeError: If input or state do not fit.

    Examples:
        >>> import numpy as np
        >>> RNNCell(3, 4)(np.zeros((5, 3))).shape
        (5, 4)
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Nonlinearity = "tanh",
        *,
        init: Initializer | None = None,
        recurrent_init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.nonlinearity = _check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, init, recurrent_init, rng, dtype)

    def forward(self, x: TensorLike, state: TensorLike | None = None) -> Tensor:
        """Return the next state.

        Args:
            x: (B, I), or (I,).
            state: (B, D), or (D,); None means zeros.
        """
        x, h = self._inputs(x, state)
        activation = neural_net_core.tanh if self.nonlinearity == "tanh" else neural_net_core.relu
        return activation(
            linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        )

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else ", relu")


def _check_nonlinearity(layer: str, nonlinearity: Nonlinearity) -> Nonlinearity:
    if nonlinearity not in get_args(Nonlinearity):
        raise ValueError(f"{layer}: expected nonlinearity tanh or relu, got {nonlinearity!r}")
    return nonlinearity
