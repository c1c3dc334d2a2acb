"""Attention of a sequence to itself, with the mask decided once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import numpy as np
import numpy.typing as npt

from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.attention._options import SelfOptions
from neural_net_layers.attention.key_value_cache import KeyValueCache
from neural_net_layers.attention.multi_head_attention import MultiHeadAttention, Position

__all__ = ["SelfAttention"]


class SelfAttention(Module):
    r"""Every position gathers from all positions, or from those up to its own.

    $$ y = (\mathrm{head}_1, \dots, \mathrm{head}_H)\, W^O + b^O, \qquad
       \mathrm{head}_h = \mathrm{softmax}\Big(\frac{Q_h K_h^\top}{\sqrt{E}}\Big) V_h, \qquad
       Q_h, K_h, V_h = x W_h^Q,\; x W_h^K,\; x W_h^V $$

    with E = D/H, or as `head_features` says. A `MultiHeadAttention` of one input, with its options,
    so that it fits into a `Sequential`. It has no notion of
    order: without `position`, a mask or positions in x, permuting the input permutes the output.

    Args:
        features: D, the width of input and output.
        num_heads: H, a divisor of D unless `head_features` is given.
        causal: Whether a position sees only those up to itself, whatever the call says.
        num_kv_heads: K, how many heads of keys and values there are, a divisor of H; None means H.
        head_features: E, the size of a head's queries and keys; None means D/H.
        value_head_features: F, the size of a head's values; None means E.
        bias: Whether the projections have biases.
        out_bias: Whether the output's projection has one; None means as `bias` says.
        qk_norm: Called with E to make the norms of queries and keys, such as `RMSNorm`; None means
            that there are none.
        dropout: The probability of dropping a weight in training.
        position: As in `MultiHeadAttention`.
        init: As in `MultiHeadAttention`.
        rng: The generator for weights and dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, T, D) -> (B, T, D)

    Attributes:
        attention: `MultiHeadAttention`.

    References:
        Vaswani et al. (2017), arXiv:1706.03762, section 3.2.3.

    Examples:
        >>> import numpy as np
        >>> SelfAttention(8, 2, causal=True)(np.ones((1, 3, 8), np.float32)).shape
        (1, 3, 8)
    """

    def __init__(
        self,
        features: int,
        num_heads: int = 1,
        *,
        causal: bool = False,
        num_kv_heads: int | None = None,
        head_features: int | None = None,
        value_head_features: int | None = None,
        bias: bool = True,
        out_bias: bool | None = None,
        qk_norm: Callable[[int], Module] | None = None,
        dropout: float = 0.0,
        position: Position | None = None,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.causal = causal
        self.attention = MultiHeadAttention(
            features,
            num_heads,
            num_kv_heads=num_kv_heads,
            head_features=head_features,
            value_head_features=value_head_features,
            bias=bias,
            out_bias=out_bias,
            qk_norm=qk_norm,
            dropout=dropout,
            position=position,
            init=init,
            rng=rng,
            dtype=dtype,
        )

    if TYPE_CHECKING:  # which result the flag gives; elsewhere checkers read it off forward

        @overload  # type: ignore[override]
        def __call__(
            self,
            x: TensorLike,
            *,
            need_weights: Literal[False] = False,
            **options: Unpack[SelfOptions],
        ) -> Tensor: ...
        @overload
        def __call__(
            self, x: TensorLike, *, need_weights: Literal[True], **options: Unpack[SelfOptions]
        ) -> tuple[Tensor, Tensor]: ...
        @overload
        def __call__(
            self, x: TensorLike, *, need_weights: bool, **options: Unpack[SelfOptions]
        ) -> Tensor | tuple[Tensor, Tensor]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def forward(
        self,
        x: TensorLike,
        *,
        keep: TensorLike | None = None,
        key_keep: TensorLike | None = None,
        bias: TensorLike | None = None,
        cache: KeyValueCache | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Return what every position gathers.

        Args:
            x: (B, T, D).
            keep: Booleans that broadcast to (B, H, T, S), **True = may be attended to**.
            key_keep: Booleans (B, S), True = a token, False = padding.
            bias: Numbers that broadcast to (B, H, T, S), added to the scores.
            cache: Keys and values of earlier calls.
            need_weights: Whether to return the weights (B, H, T, S) too.

        Returns:
            (B, T, D), or a pair of it and the weights.
        """
        return self.attention(
            x,
            keep=keep,
            key_keep=key_keep,
            bias=bias,
            causal=self.causal,
            cache=cache,
            need_weights=need_weights,
        )

    def extra_repr(self) -> str:
        """Return whether it is causal."""
        return "causal" if self.causal else ""
