"""One step of the plain recurrence, for loops of your own."""

import numpy as np
import numpy.typing as npt

from neural_net_core import relu, tanh
from neural_net_core.init import Initializer
from neural_net_core.ops import linear
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._cell import RecurrentCell
from neural_net_layers.recurrent._parameters import Nonlinearity, check_nonlinearity

__all__ = ["RNNCell"]


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
        self.nonlinearity = check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, init, recurrent_init, rng, dtype)

    def forward(self, x: TensorLike, state: TensorLike | None = None) -> Tensor:
        """Return the next state.

        Args:
            x: (B, I), or (I,).
            state: (B, D), or (D,); None means zeros.
        """
        x, h = self._inputs(x, state)
        z = linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        return tanh(z) if self.nonlinearity == "tanh" else relu(z)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else ", relu")
