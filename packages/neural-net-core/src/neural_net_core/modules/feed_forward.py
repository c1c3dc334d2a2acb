"""The multi-layer perceptron: dense layers with an activation between them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neural_net_core.activations.identity import Identity
from neural_net_core.activations.sigmoid import Sigmoid
from neural_net_core.checks import check_callable, check_counts
from neural_net_core.init import Initializer
from neural_net_core.modules.containers import ModuleList
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["FeedForward"]


class FeedForward(Module):
    r"""Dense layers with an activation after each, the classic network of the first chapters.

    $$ a_0 = x, \qquad a_i = f(a_{i-1} W_i^\top + b_i) $$

    Args:
        sizes: The layer widths from input to output, at least two, such as (2, 4, 1).
        activation: Called without arguments to make the activation after each hidden layer.
        output_activation: The same for the last layer; None leaves it linear, which is what
            losses on logits want.
        bias: Whether the layers have biases.
        init: As in `Dense`.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default.

    Shape:
        input (…, sizes[0]) -> output (…, sizes[-1])

    Examples:
        >>> FeedForward((2, 4, 1)).num_parameters()
        17
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[], Module] = Sigmoid,
        output_activation: Callable[[], Module] | None = None,
        *,
        bias: bool = True,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.sizes = check_counts("FeedForward", "sizes", sizes)
        if len(self.sizes) < 2:
            raise ValueError(f"FeedForward: expected at least two sizes, got {self.sizes}")
        check_callable("FeedForward", "activation", activation, "a class such as ReLU")
        if output_activation is not None:
            check_callable("FeedForward", "output_activation", output_activation, "a class or None")
        self.layers = ModuleList(
            Dense(m, n, bias, init=init, rng=rng, dtype=dtype) for m, n in pairwise(self.sizes)
        )
        hidden = [activation() for _ in self.sizes[1:-1]]
        self.activations = ModuleList([*hidden, (output_activation or Identity)()])

    def forward(self, x: TensorLike) -> Tensor:
        """Return the output of the last layer."""
        y = as_input(self, x)
        for layer, activation in zip(self.layers, self.activations, strict=True):
            y = activation(layer(y))
        return y
