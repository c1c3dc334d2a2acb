"""What the transformer's two kinds of layers share: norms, adding a branch, and the last branch."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from neural_net_core.modules.dense import Dense
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._checks import make_norm
from neural_net_layers.attention._masks import without_padding
from neural_net_layers.normalization.layer_norm import LayerNorm
from neural_net_layers.regularization.dropout import Dropout

__all__: list[str] = []


class TransformerLayer(Module):
    """Residual branches, the last of which thinks about each position by itself."""

    norm_first: bool
    activation: Callable[[Any], Any]
    linear1: Dense
    linear2: Dense
    dropout: Dropout

    def _start(self, x: TensorLike, key_keep: Any) -> Tensor:
        """Return the sequence; padding that is not finite becomes zero, as it takes part."""
        x = as_input(self, x)
        if key_keep is None or x.ndim != 3:
            return x
        return without_padding(type(self).__name__, x, key_keep)

    def _add(self, x: Tensor, norm: Module, branch: Callable[[Tensor], Any]) -> tuple[Tensor, Any]:
        """Return norm(x + branch(x)), or x + branch(norm(x)), and an attention's weights or None.

        Args:
            x: (B, T, D).
            norm: The branch's norm.
            branch: Returns (B, T, D), or a pair of it and weights.
        """
        y = branch(norm(x) if self.norm_first else x)
        y, weights = y if isinstance(y, tuple) else (y, None)
        x = x + self.dropout(y)
        return x if self.norm_first else norm(x), weights

    def _feed_forward(self, x: Tensor) -> Any:
        """Return W₂ a(W₁ x + b₁) + b₂."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def extra_repr(self) -> str:
        """Return the form."""
        return f"norm_first={self.norm_first}"


def norm_of(
    layer: str,
    norm: Callable[[int], Module] | None,
    features: int,
    eps: float,
    bias: bool,
    dtype: npt.DTypeLike | None,
) -> Module:
    """Return a norm of the features."""
    if norm is None:
        return LayerNorm(features, eps, bias=bias, dtype=dtype)
    return make_norm(layer, norm, features, dtype)
