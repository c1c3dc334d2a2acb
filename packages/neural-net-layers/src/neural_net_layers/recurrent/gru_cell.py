"""One step of a gated recurrent unit, for loops of your own."""

import numpy as np
import numpy.typing as npt

from neural_net_core import sigmoid, tanh
from neural_net_core.init import Initializer
from neural_net_core.ops import linear, split
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.recurrent._cell import RecurrentCell

__all__ = ["GRUCell"]


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
