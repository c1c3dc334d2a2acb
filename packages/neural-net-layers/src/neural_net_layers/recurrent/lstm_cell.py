"""One step of long short-term memory, for loops of your own."""

import numpy as np
import numpy.typing as npt

from neural_net_core import sigmoid, tanh
from neural_net_core.init import Initializer
from neural_net_core.ops import linear, split
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._cell import RecurrentCell
from neural_net_layers.recurrent._parameters import check_forget_bias, set_forget_bias

__all__ = ["LSTMCell"]


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
        z = linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        i, f, g, o = split(z, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c
