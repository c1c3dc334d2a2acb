r"""The fully connected layer: every output is a weighted sum of every input."""

import math

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_count, check_flag
from neural_net_core.drawing import drawn
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.ops.affine import linear
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Parameter, Tensor, TensorLike

__all__ = ["Dense"]


class Dense(Module):
    r"""A weighted sum of the inputs plus a bias, for each output feature.

    $$ y = x W^\top + b $$

    Called `Linear` in PyTorch, with the same parameters and layout.

    Args:
        in_features: How many inputs, at least 1.
        out_features: How many outputs, at least 1.
        bias: Whether b is there.
        init: Called as `init(shape, rng=…, dtype=…)` for the weight, such as
            `init.kaiming_normal`; the bias is then zero. None draws both from
            uniform(-1/sqrt(in_features), 1/sqrt(in_features)) as PyTorch does.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        input (…, in_features) -> output (…, out_features)

    Attributes:
        weight: (out_features, in_features).
        bias: (out_features,), or None.

    Raises:
        ShapeError: If the last axis of the input is not `in_features`.

    Examples:
        >>> import numpy as np
        >>> layer = Dense(2, 1)
        >>> _ = layer.load_state_dict({"weight": [[1.0, 2.0]], "bias": [0.5]})
        >>> layer(np.array([[3.0, 4.0]])).tolist()
        [[11.5]]
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.in_features = check_count("Dense", "in_features", in_features)
        self.out_features = check_count("Dense", "out_features", out_features)
        check_flag("Dense", "bias", bias)
        rng = resolve_rng(rng)
        shape = (self.out_features, self.in_features)
        bound = 1 / math.sqrt(self.in_features)
        if init is None:
            weight = initializers.uniform(shape, -bound, bound, rng=rng, dtype=dtype)
            shift = initializers.uniform(shape[:1], -bound, bound, rng=rng, dtype=dtype)
        else:
            weight = drawn("Dense", "init", init, shape, rng, dtype)
            shift = initializers.zeros(shape[:1], dtype=dtype)
        self.weight = Parameter(weight, dtype)
        self.bias = Parameter(shift, dtype) if bias else None

    def forward(self, x: TensorLike) -> Tensor:
        """Return x Wᵀ + b.

        Args:
            x: (…, in_features).
        """
        x = as_input(self, x)
        shape = x.data.shape
        if not shape or shape[-1] != self.in_features:
            raise ShapeError(
                f"Dense({self.in_features} -> {self.out_features}): expected input "
                f"(..., {self.in_features}), got {x.shape}"
            )
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        without = "" if self.bias is not None else ", bias=False"
        return f"{self.in_features} -> {self.out_features}{without}"
