r"""Long short-term memory: a second state, the cell, which is added to instead of transformed.

Gates, numbers between 0 and 1, decide for every unit what is kept, what is added and what is
shown. Where the forget gate is near 1 the cell's gradient passes unchanged, however long the
sequence is. Composed of primitives, it is `LSTMCell` step by step:

    for t in range(T):
        z = linear(x[:, t], weight_ih, bias_ih) + linear(h, weight_hh, bias_hh)
        i, f, g, o = split(z, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)

`LSTMOp` gives the same for the whole sequence in one operation, with the gradient derived by hand.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core import sigmoid, tanh
from neural_net_core.checks import check_count, check_number
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.ops import linear, split
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.fast.blocks import column_sums
from neural_net_layers.fast.schedule import Direction, add_product
from neural_net_layers.recurrent._recurrent import RecurrenceOp, Recurrent, RecurrentCell

__all__ = ["LSTM", "LSTMCell", "LSTMOp"]

StatePair = tuple[TensorLike, TensorLike]


class LSTMOp(RecurrenceOp):
    r"""All steps of an LSTM; returns all h, the last h and the last c.

    With the four gates' pre-activations z = W x + b + U h₋₁, and h₋₁, c₋₁ the states before:

        i = σ(zᵢ)   f = σ(z_f)   g = tanh(z_g)   o = σ(zₒ)
        c = f c₋₁ + i g      m = o tanh(c)      h = m, or P m with a projection

    From the last step to the first, dh and dc are what comes from later steps; to dh is added the
    gradient of the output, and then

        dm = dh, or Pᵀ dh              dc += dm · o (1 − tanh²c)
        dzᵢ = dc · g · i (1 − i)       dz_f = dc · c₋₁ · f (1 − f)
        dz_g = dc · i (1 − g²)         dzₒ = dm · tanh(c) · o (1 − o)
        dh₋₁ = Uᵀ dz                   dc₋₁ = dc · f

    All factors of dc and dm are known beforehand, so they are computed for many steps at once, and
    the loop only multiplies. The weights' gradients are sums over all steps and one product each:

        dW = Σ dz xᵀ,   dU = Σ dz h₋₁ᵀ,   dP = Σ dh mᵀ,   db = Σ dz,   dx = Wᵀ dz

    Because σ(z) = (1 + tanh(z/2)) / 2, one tanh serves all four gates: the weights of three of them
    are halved first. Saves x, the gates and both states.

    Args:
        direction: The order of the steps.
    """

    def __init__(self, direction: Direction) -> None:
        self.direction = direction

    def forward(
        self, x: Array, h0: Array, c0: Array, w: Array, u: Array,
        b_ih: Array | None, b_hh: Array | None, p: Array | None,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        direction, n, d = self.direction, len(x), c0.shape[1]
        self.x, self.w, self.u, self.p = x, w, u, p
        scale = np.full_like(w, 0.5, shape=4 * d)  # i, f, o: (1 + tanh(z/2)) / 2
        shift = scale.copy()
        scale[2 * d : 3 * d], shift[2 * d : 3 * d] = 1, 0  # g: tanh(z)
        inputs = np.multiply(w.T, scale, order="C")
        bias = 0 if b_ih is None or b_hh is None else (b_ih + b_hh) * scale
        self.gates = np.empty_like(x, shape=(n, 4 * d), order="C")
        recurrent = np.multiply(u.T, scale, order="C")
        self.h, self.c = h, c = direction.states(h0, n), direction.states(c0, n)
        self.tanh_c = np.empty_like(c, shape=(n, d))
        self.m = None if p is None else np.empty_like(c, shape=(n, d))
        products, added = np.empty_like(c, shape=(direction.batch, 5 * d)), slice(4 * d, None)
        for block, steps in direction.blocks(4 * d):
            of_x = np.matmul(x[block], inputs, out=self.gates[block])  # for many steps at once
            of_x += bias
            for rows, before, after in steps:
                gates, k = self.gates[rows], rows.stop - rows.start
                gates += np.matmul(h[before], recurrent, out=products[:k, : 4 * d])
                np.tanh(gates, out=gates)
                gates *= scale
                gates += shift
                i, f = gates[:, :d], gates[:, d : 2 * d]
                g, o = gates[:, 2 * d : 3 * d], gates[:, 3 * d :]
                new = np.multiply(f, c[before], out=c[after])
                new += np.multiply(i, g, out=products[:k, added])
                t = np.tanh(new, out=self.tanh_c[rows])
                if p is None or self.m is None:
                    np.multiply(o, t, out=h[after])
                else:
                    np.matmul(np.multiply(o, t, out=self.m[rows]), p.T, out=h[after])
        return h[direction.outputs], h[direction.final], c[direction.final]

    def backward(
        self, dy: Array | None, dh_n: Array | None, dc_n: Array | None
    ) -> tuple[Array | None, ...]:
        direction, d, p = self.direction, self.tanh_c.shape[1], self.p
        h, c = self.h[direction.previous], self.c[direction.previous]
        dh = direction.carried(dh_n, self.h, h.shape[1])
        dc = direction.carried(dc_n, self.h, d)
        dx = np.empty_like(self.x, order="C") if self.needs(0) else None
        dw: Array | None = None
        du: Array | None = None
        db: Array | None = None
        dp: Array | None = None
        scratch = np.empty_like(dc)
        for block, steps in direction.blocks_back(4 * d):
            dz, slope = self._factors(block, c[block])
            dhs = None if p is None else np.empty_like(h[block])
            for rows, here in steps:
                k = rows.stop - rows.start
                dh_t, dc_t, part = dh[:k], dc[:k], dz[here]
                if dy is not None:
                    dh_t += dy[rows]
                dm = dh_t
                if p is not None and dhs is not None:
                    dhs[here] = dh_t
                    dm = dh_t @ p
                dc_t += np.multiply(dm, slope[here], out=scratch[:k])
                of_c = part[:, : 3 * d].reshape(k, 3, d)
                of_c *= dc_t[:, None]
                part[:, 3 * d :] *= dm
                dc_t *= self.gates[rows, d : 2 * d]
                np.matmul(part, self.u, out=dh_t)
            if dx is not None:
                np.matmul(dz, self.w, out=dx[block])
            if self.needs(3):
                dw = add_product(dw, dz, self.x[block])
            if self.needs(4):
                du = add_product(du, dz, h[block])
            if self.needs(5) or self.needs(6):
                db = column_sums(dz) if db is None else db + column_sums(dz)
            if dhs is not None and self.m is not None:
                dp = add_product(dp, dhs, self.m[block])
        return dx, direction.unsort(dh), direction.unsort(dc), dw, du, db, db, dp

    def values(self) -> dict[str, Array]:
        at = self.direction.outputs
        i, f, g, o = np.split(self.gates, 4, axis=1)
        gates = {"input gate": i, "forget gate": f, "candidate": g, "output gate": o}
        return gates | {"cell state": self.c[at], "hidden state": self.h[at]}

    def _factors(self, block: slice, previous_c: Array) -> tuple[Array, Array]:
        """Return what dc and dm are multiplied by to give dz, and dm to give dc, for a block."""
        gates, t, d = self.gates[block], self.tanh_c[block], self.tanh_c.shape[1]
        i, g, o = gates[:, :d], gates[:, 2 * d : 3 * d], gates[:, 3 * d :]
        dz = 1 - gates
        dz *= gates  # σ′ = σ (1 − σ) of i, f and o
        dz[:, :d] *= g
        dz[:, d : 2 * d] *= previous_c
        of_g = np.multiply(g, g, out=dz[:, 2 * d : 3 * d])
        np.subtract(1, of_g, out=of_g)
        of_g *= i
        dz[:, 3 * d :] *= t
        slope = t * t
        np.subtract(1, slope, out=slope)
        slope *= o  # o (1 − tanh²c)
        return dz, slope


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
        forget_bias = _checked("LSTM", forget_bias, bias)
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            init, recurrent_init, rng, dtype, proj_size,
        )  # fmt: skip
        if forget_bias is not None:
            for suffix in self._suffixes():
                _set_forget_bias(forget_bias, *self._own(suffix, "bias_ih", "bias_hh"))

    def forward(
        self,
        x: TensorLike,
        state: StatePair | None = None,
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
        y, (h, c) = self._run(x, state, lengths)
        return y, (h, c)

    def _operation(self, direction: Direction) -> tuple[type[RecurrenceOp], dict[str, Any]]:
        return LSTMOp, {"direction": direction}

    def _inputs_of(self, suffix: str, rows: Tensor, states: list[Any]) -> list[Any]:
        inputs = super()._inputs_of(suffix, rows, states)
        if not self.proj_size:
            return [*inputs, None]
        return [*inputs, *coerce(rows, *self._own(suffix, "weight_hr"))[1:]]


class LSTMCell(RecurrentCell):
    r"""One step of long short-term memory, for loops of your own.

    $$ c' = \sigma(z_f) \, c + \sigma(z_i) \tanh(z_g) \qquad h' = \sigma(z_o) \tanh(c')
       \qquad z = W_{ih} x + b_{ih} + W_{hh} h + b_{hh} $$

    Args:
        input_size: I.
        hidden_size: D.
        bias: Whether there are biases.
        init: See `LSTM`.
        recurrent_init: See `LSTM`.
        forget_bias: See `LSTM`.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (B, I) or (I,), states (B, D) or (D,) -> (h, c)

    Attributes:
        weight_ih: (4D, I), gates in the order i, f, g, o.
        weight_hh: (4D, D).
        bias_ih: (4D,), or None.
        bias_hh: (4D,), or None.

    Raises:
        ShapeError: If input or states do not fit.

    Examples:
        >>> import numpy as np
        >>> h, c = LSTMCell(3, 4)(np.zeros((5, 3)))
        >>> h.shape, c.shape
        ((5, 4), (5, 4))
    """

    gates = 4
    states = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        init: Initializer | None = None,
        recurrent_init: Initializer | None = None,
        forget_bias: float | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        forget_bias = _checked("LSTMCell", forget_bias, bias)
        super().__init__(input_size, hidden_size, bias, init, recurrent_init, rng, dtype)
        if forget_bias is not None:
            _set_forget_bias(forget_bias, self.bias_ih, self.bias_hh)

    def forward(self, x: TensorLike, state: StatePair | None = None) -> tuple[Tensor, Tensor]:
        """Return the next states (h, c).

        Args:
            x: (B, I), or (I,).
            state: (h, c), each (B, D) or (D,); None means zeros, also for one of them.
        """
        x, h, c = self._inputs(x, state)
        z = linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = split(z, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c


def _checked(layer: str, forget_bias: float | None, bias: bool) -> float | None:
    """Return the forget gates' bias, or raise if it is no number or there are no biases."""
    if forget_bias is None:
        return None
    if not bias:
        raise ValueError(f"{layer}: forget_bias={forget_bias} needs bias=True")
    value: float = check_number(layer, "forget_bias", forget_bias)
    return value


def _set_forget_bias(value: float, bias_ih: Any, bias_hh: Any) -> None:
    """Set the forget gates' bias; the two biases are added, so only one of them gets it."""
    d = len(bias_ih) // 4
    bias_ih.data[d : 2 * d], bias_hh.data[d : 2 * d] = value, 0
