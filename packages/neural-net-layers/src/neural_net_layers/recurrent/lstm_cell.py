r"""One step of long short-term memory, for loops of your own.

Composed of primitives, which find the gradient by themselves, it is

    z = linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh)
    i, f, g, o = split(z, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)

`LSTMCellOp` gives the same in one operation, with the gradient derived by hand.
"""

import numpy as np
import numpy.typing as npt

from neural_net_core.activations.sigmoid import logistic
from neural_net_core.dtypes import Array
from neural_net_core.init import Initializer
from neural_net_core.op import Op
from neural_net_core.ops.matrix_product import as_rows
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._cell import RecurrentCell
from neural_net_layers.recurrent._parameters import check_forget_bias, set_forget_bias

__all__ = ["LSTMCell", "LSTMCellOp"]


class LSTMCellOp(Op):
    r"""h′ and c′ of an LSTM's step from x, h and c.

    With b the sum of both biases:

        z = W x + U h + b
        i = σ(zᵢ)    f = σ(z_f)    g = tanh(z_g)    o = σ(zₒ)
        c′ = f c + i g
        h′ = o tanh(c′)

    Backwards, c′ has a gradient as an output, dc′, and one from h′:

        dc′ += dh′ · o (1 − tanh²c′)
        dzᵢ = dc′ · g · i (1 − i)
        dz_f = dc′ · c · f (1 − f)
        dz_g = dc′ · i (1 − g²)
        dzₒ = dh′ · tanh(c′) · o (1 − o)
        dx = Wᵀ dz    dh = Uᵀ dz    dc = dc′ · f
        dW = Σ dz xᵀ    dU = Σ dz hᵀ    db = Σ dz

    the sums over all examples, which are rows in the code, so that W x is `x @ w.T`. Saves all
    inputs but b, the gates and tanh(c′).

    Inputs: x (B, I), h and c (B, D), or all without B; w (4D, I) and u (4D, D) with the gates in
    the order i, f, g, o; b_ih and b_hh (4D,), or None.
    """

    def forward(
        self, x: Array, h: Array, c: Array, w: Array, u: Array, b_ih: Array | None,
        b_hh: Array | None,
    ) -> tuple[Array, Array]:  # fmt: skip
        self.x, self.h, self.c, self.w, self.u = x, h, c, w, u
        b = 0 if b_ih is None or b_hh is None else b_ih + b_hh
        z_i, z_f, z_g, z_o = np.split(x @ w.T + h @ u.T + b, 4, axis=-1)
        i, f, g, o = logistic(z_i), logistic(z_f), np.tanh(z_g), logistic(z_o)
        c_new = f * c + i * g
        self.gates, self.tanh_c = (i, f, g, o), np.tanh(c_new)
        return o * self.tanh_c, c_new

    def backward(self, dh_new: Array, dc_new: Array) -> tuple[Array | None, ...]:
        (i, f, g, o), tanh_c = self.gates, self.tanh_c
        dc_new = dc_new + dh_new * o * (1 - tanh_c**2)
        dz_i = dc_new * g * i * (1 - i)
        dz_f = dc_new * self.c * f * (1 - f)
        dz_g = dc_new * i * (1 - g**2)
        dz_o = dh_new * tanh_c * o * (1 - o)
        dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=-1)
        dx, dh, dc = dz @ self.w, dz @ self.u, dc_new * f
        dw, du = self.summed(dz, self.x), self.summed(dz, self.h)
        return dx, dh, dc, dw, du, dz, dz  # the tape sums over the rows, to which b was added

    def summed(self, dz: Array, a: Array) -> Array:
        """Return Σ dz aᵀ over the examples."""
        return as_rows(dz).T @ as_rows(a)


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
        forget_bias = check_forget_bias("LSTMCell", forget_bias, bias)
        super().__init__(input_size, hidden_size, bias, init, recurrent_init, rng, dtype)
        if forget_bias is not None:
            set_forget_bias(forget_bias, self.bias_ih, self.bias_hh)

    def forward(
        self, x: TensorLike, state: tuple[TensorLike, TensorLike] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next states (h, c).

        Args:
            x: (B, I), or (I,).
            state: (h, c), each (B, D) or (D,); None means zeros, also for one of them.
        """
        x, h, c = self._inputs(x, state)
        return LSTMCellOp.apply(  # type: ignore[return-value]
            x, h, c, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
        )
