r"""Gated recurrent unit: gates as in long short-term memory, but one state and one gate less.

The update gate z says how much of the old state stays, and what does not stay is replaced; the
reset gate r says how much of the old state the replacement may see. Composed of primitives, it is
`GRUCell` step by step:

    for t in range(T):
        xr, xz, xn = split(linear(x[:, t], weight_ih, bias_ih), 3, -1)
        hr, hz, hn = split(linear(h, weight_hh, bias_hh), 3, -1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = tanh(xn + r * hn)
        h = (1 - z) * n + z * h

`GRUOp` gives the same for the whole sequence in one operation, with the gradient derived by hand.
The paper resets the state before the product, n = tanh(W x + U (r h)); see `gru_paper.py`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core import sigmoid, tanh
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.ops import linear, split
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.fast.blocks import column_sums
from neural_net_layers.fast.schedule import Direction, add_product
from neural_net_layers.recurrent._recurrent import RecurrenceOp, Recurrent, RecurrentCell
from neural_net_layers.recurrent.gru_paper import PaperGRUOp

__all__ = ["GRU", "GRUCell", "GRUOp"]


class GRUOp(RecurrenceOp):
    r"""All steps of a gated recurrent unit; returns all h, and the last one.

    With h₋₁ the state before a step, a = W x + b and q = U h₋₁ + b′ (three blocks each, r, z, n):

        r = σ(a_r + q_r)    z = σ(a_z + q_z)    n = tanh(a_n + r q_n)    h = n + z (h₋₁ − n)

    From the last step to the first, dh is what comes from later steps and from the output. Every
    gradient is a factor, known beforehand, times dh:

        da_n = dh · (1 − z)(1 − n²)            da_z = dq_z = dh · (h₋₁ − n) z (1 − z)
        dq_n = da_n · r                        da_r = dq_r = da_n · q_n r (1 − r)
        dh₋₁ = dh · z + Uᵀ dq

    So the factors are computed for many steps at once, and the loop only multiplies. They stand
    side by side as (q_n, r, z, a_n): the first three blocks are dq and the last three are da. The
    weights' gradients are sums over all steps and one product each:

        dW = Σ da xᵀ,   dU = Σ dq h₋₁ᵀ,   db = Σ da,   db′ = Σ dq,   dx = Wᵀ da

    Because σ(z) = (1 + tanh(z/2)) / 2, the weights of r and z are halved first and NumPy's tanh
    serves all gates. Saves x, the gates, q_n and the states.

    Args:
        direction: The order of the steps.
    """

    def __init__(self, direction: Direction) -> None:
        self.direction = direction

    def forward(
        self, x: Array, h0: Array, w: Array, u: Array, b_ih: Array | None, b_hh: Array | None
    ) -> tuple[Array, Array]:
        direction, d = self.direction, h0.shape[1]
        self.x, self.w, self.u = x, w, u
        scale = np.full_like(w, 0.5, shape=3 * d)
        scale[2 * d :] = 1
        inputs = np.multiply(w.T, scale, order="C")
        bias = np.zeros_like(scale)
        if b_ih is not None and b_hh is not None:
            bias[: 2 * d] = b_hh[: 2 * d]
            bias += b_ih
            bias *= scale
        self.gates = np.empty_like(x, shape=(len(x), 3 * d), order="C")
        recurrent = np.multiply(u.T, scale, order="C")
        self.h = h = direction.states(h0, len(x))
        self.q = np.empty_like(h, shape=(len(x), d))  # q_n
        products = np.empty_like(h, shape=(direction.batch, 3 * d))
        mixed = np.empty_like(h, shape=(direction.batch, d))
        for block, steps in direction.blocks(4 * d):
            of_x = np.matmul(x[block], inputs, out=self.gates[block])  # for many steps at once
            of_x += bias
            for rows, before, after in steps:
                gates, k = self.gates[rows], rows.stop - rows.start
                old, q, mix = h[before], self.q[rows], mixed[:k]
                product = np.matmul(old, recurrent, out=products[:k])
                rz, n = gates[:, : 2 * d], gates[:, 2 * d :]
                rz += product[:, : 2 * d]
                np.tanh(rz, out=rz)
                rz *= 0.5
                rz += 0.5
                if b_hh is None:
                    q[...] = product[:, 2 * d :]
                else:
                    np.add(product[:, 2 * d :], b_hh[2 * d :], out=q)
                n += np.multiply(rz[:, :d], q, out=mix)
                np.tanh(n, out=n)
                np.subtract(old, n, out=mix)
                mix *= rz[:, d:]
                np.add(n, mix, out=h[after])
        return h[direction.outputs], h[direction.final]

    def backward(self, dy: Array | None, dh_n: Array | None) -> tuple[Array | None, ...]:
        direction, d = self.direction, self.q.shape[1]
        h = self.h[direction.previous]
        dh = direction.carried(dh_n, self.h, d)
        # The product wants the rows of U in the order of the blocks q_n, r, z.
        recurrent = np.concatenate([self.u[2 * d :], self.u[: 2 * d]])
        dx = np.empty_like(self.x, order="C") if self.needs(0) else None
        dw: Array | None = None
        du: Array | None = None
        db: Array | None = None
        through = np.empty_like(dh)
        for block, steps in direction.blocks_back(4 * d):
            dz = self._factors(block, h[block])
            for rows, here in steps:
                k = rows.stop - rows.start
                dh_t, part = dh[:k], dz[here]
                if dy is not None:
                    dh_t += dy[rows]
                of_h = part.reshape(k, 4, d)
                of_h *= dh_t[:, None]
                dh_t *= self.gates[rows, d : 2 * d]
                dh_t += np.matmul(part[:, : 3 * d], recurrent, out=through[:k])
            da, dq = dz[:, d:], dz[:, : 3 * d]
            if dx is not None:
                np.matmul(da, self.w, out=dx[block])
            if self.needs(2):
                dw = add_product(dw, da, self.x[block])
            if self.needs(3):
                du = add_product(du, dq, h[block])
            if self.needs(4) or self.needs(5):
                db = column_sums(dz) if db is None else db + column_sums(dz)
        du = None if du is None else _to_rzn(du)
        db_ih = None if db is None else db[d:]
        db_hh = None if db is None else _to_rzn(db[: 3 * d])
        return dx, direction.unsort(dh), dw, du, db_ih, db_hh

    def values(self) -> dict[str, Array]:
        r, z, n = np.split(self.gates, 3, axis=1)
        gates = {"reset gate": r, "update gate": z, "candidate": n}
        return gates | {"hidden state": self.h[self.direction.outputs]}

    def _factors(self, block: slice, previous: Array) -> Array:
        """Return what dh is multiplied by to give dz, in columns q_n, r, z, a_n, for a block."""
        gates, d = self.gates[block], self.q.shape[1]
        r, z, n = gates[:, :d], gates[:, d : 2 * d], gates[:, 2 * d :]
        dz = np.empty_like(gates, shape=(len(gates), 4 * d))
        of_q, of_r, of_z, of_n = (dz[:, i * d : (i + 1) * d] for i in range(4))
        np.subtract(1, gates[:, : 2 * d], out=dz[:, d : 3 * d])
        np.multiply(n, n, out=of_n)
        np.subtract(1, of_n, out=of_n)
        of_n *= of_z  # (1 − z)(1 − n²)
        np.multiply(of_n, r, out=of_q)
        of_r *= of_q
        of_r *= self.q[block]  # (1 − r) r q_n (1 − z)(1 − n²)
        of_z *= z
        of_z *= previous - n
        return dz


def _to_rzn(rows: Array) -> Array:
    """Return rows in the order n, r, z as r, z, n."""
    d = len(rows) // 3
    return np.concatenate([rows[d:], rows[:d]])


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
        y, (h,) = self._run(x, state, lengths)
        return y, h

    def _operation(self, direction: Direction) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        return GRUOp if self.reset_after else PaperGRUOp, {"direction": direction}

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")


class GRUCell(RecurrentCell):
    r"""One step of a gated recurrent unit, for loops of your own.

    $h' = (1 - z) \, n + z \, h$ with r, z and n as in `GRU`.

    Args:
        input_size: I.
        hidden_size: D.
        bias: Whether there are biases.
        reset_after: See `GRU`.
        init: See `GRU`.
        recurrent_init: See `GRU`.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, I) or (I,), state (B, D) or (D,) -> state

    Attributes:
        weight_ih: (3D, I), gates in the order r, z, n.
        weight_hh: (3D, D).
        bias_ih: (3D,), or None.
        bias_hh: (3D,), or None.

    Raises:
        ShapeError: If input or state do not fit.

    Examples:
        >>> import numpy as np
        >>> GRUCell(3, 4)(np.zeros((5, 3))).shape
        (5, 4)
    """

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        reset_after: bool = True,
        init: Initializer | None = None,
        recurrent_init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.reset_after = reset_after
        super().__init__(input_size, hidden_size, bias, init, recurrent_init, rng, dtype)

    def forward(self, x: TensorLike, state: TensorLike | None = None) -> Tensor:
        """Return the next state.

        Args:
            x: (B, I), or (I,).
            state: (B, D), or (D,); None means zeros.
        """
        x, h = self._inputs(x, state)
        xr, xz, xn = split(linear(x, self.weight_ih, self.bias_ih), 3, -1)
        hr, hz, hn = split(linear(h, self.weight_hh, self.bias_hh), 3, -1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        if self.reset_after:
            n = tanh(xn + r * hn)
        else:
            d = self.hidden_size
            bias = None if self.bias_hh is None else self.bias_hh[2 * d :]
            n = tanh(xn + linear(r * h, self.weight_hh[2 * d :], bias))
        return (1 - z) * n + z * h

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")
