r"""The transformer's block, and a stack of them: attend, then think about it, each added on.

A block has two residual branches. The attention moves information between positions; the
feed-forward part works on each position by itself:

    x = norm(x + attention(x))
    x = norm(x + W₂ a(W₁ x + b₁) + b₂)

That is post-norm, the original form. Pre-norm (`norm_first=True`) is x + attention(norm(x)) and so
on: see `ResidualBlock` for the difference. With a causal mask a stack of these blocks is a
language model's body ("decoder-only").
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_flag
from neural_net_core.init import Initializer
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.attention.key_value_cache import KeyValueCache, unchanged_by_errors
from neural_net_layers.attention.multi_head_attention import MultiHeadAttention, Position
from neural_net_layers.regularization.dropout import Dropout
from neural_net_layers.transformers._calls import Encoding
from neural_net_layers.transformers._feed_forward import Activation, resolve_activation, widths
from neural_net_layers.transformers._transformer_layer import TransformerLayer, norm_of
from neural_net_layers.transformers._transformer_stack import TransformerStack

__all__ = ["TransformerEncoder", "TransformerEncoderLayer"]


class TransformerEncoderLayer(Encoding[KeyValueCache, Tensor], TransformerLayer):
    r"""Self-attention and a feed-forward part, each normalized and added to its input.

    $$ u = \mathrm{norm}_1(x + \mathrm{attention}(x)), \quad
       y = \mathrm{norm}_2(u + W_2\, a(W_1 u + b_1) + b_2) $$

    $$ \text{norm first: } u = x + \mathrm{attention}(\mathrm{norm}_1(x)), \quad
       y = u + W_2\, a(W_1 \mathrm{norm}_2(u) + b_1) + b_2 $$

    Called the same in PyTorch, whose parameters load as they are and give the same numbers. There
    the sequence comes first unless told otherwise, and `dim_feedforward` is 2048 by default.

    Args:
        features: D, the width.
        num_heads: H, a divisor of D unless `head_features` is given.
        hidden_features: The width inside the feed-forward part; None means 4 D.
        dropout: The probability of dropping in training: attention weights, hidden units, and
            both branches.
        activation: a: `"relu"`, `"gelu"`, `"gelu_tanh"` (its approximation, as in GPT-2),
            `"silu"`; gated `"swiglu"`, `"geglu"` or `"geglu_tanh"` (W₁ then makes gate and values
            side by side, 2 · hidden_features); or a function.
        norm_first: Whether the norms stand before the branches ("pre-norm") instead of after the
            sums. Deep stacks then train without warm-up.
        bias: Whether projections and norms have biases.
        eps: Of the norms.
        norm: Makes the norm of a given size, such as `RMSNorm`; None means `LayerNorm`.
        num_kv_heads: As in `MultiHeadAttention`.
        head_features: Likewise.
        value_head_features: Likewise.
        qk_norm: Likewise.
        out_bias: Likewise.
        position: As in `MultiHeadAttention`.
        init: Initializer of all weights; None as in PyTorch.
        rng: The generator for weights and dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        (B, T, D) -> (B, T, D)

    Attributes:
        self_attn: `MultiHeadAttention`.
        linear1: `Dense`, D -> hidden_features, or twice as many if a is gated.
        linear2: `Dense`, hidden_features -> D.
        norm1: The attention's norm.
        norm2: The feed-forward part's norm.

    References:
        Vaswani et al. (2017), arXiv:1706.03762, figure 1; pre-norm: Xiong et al. (2020),
        arXiv:2002.04745; SwiGLU: Shazeer (2020), arXiv:2002.05202.

    Examples:
        >>> import numpy as np
        >>> layer = TransformerEncoderLayer(8, 2)
        >>> layer(np.ones((1, 3, 8), np.float32), causal=True).shape
        (1, 3, 8)
    """

    def __init__(
        self,
        features: int,
        num_heads: int,
        hidden_features: int | None = None,
        *,
        dropout: float = 0.1,
        activation: Activation = "relu",
        norm_first: bool = False,
        bias: bool = True,
        eps: float = 1e-5,
        norm: Callable[[int], Module] | None = None,
        num_kv_heads: int | None = None,
        head_features: int | None = None,
        value_head_features: int | None = None,
        qk_norm: Callable[[int], Module] | None = None,
        out_bias: bool | None = None,
        position: Position | None = None,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        name = "TransformerEncoderLayer"
        features, hidden = widths(name, features, hidden_features)
        self.norm_first = check_flag(name, "norm_first", norm_first)
        self.activation, widening = resolve_activation(name, activation)
        common: dict[str, Any] = {"bias": bias, "init": init, "rng": rng, "dtype": dtype}
        heads: dict[str, Any] = {
            "num_kv_heads": num_kv_heads,
            "head_features": head_features,
            "value_head_features": value_head_features,
            "qk_norm": qk_norm,
            "out_bias": out_bias,
            "dropout": dropout,
        }
        self.self_attn = MultiHeadAttention(
            features, num_heads, position=position, **heads, **common
        )
        self.linear1 = Dense(features, widening * hidden, **common)
        self.linear2 = Dense(hidden, features, **common)
        self.norm1, self.norm2 = (norm_of(name, norm, features, eps, bias, dtype) for _ in range(2))
        self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self,
        x: TensorLike,
        *,
        keep: TensorLike | None = None,
        key_keep: TensorLike | None = None,
        bias: TensorLike | None = None,
        causal: bool = False,
        cache: KeyValueCache | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Return the sequence after both branches.

        Args:
            x: (B, T, D).
            keep: Booleans that broadcast to (B, H, T, S), **True = may be attended to**.
            key_keep: Booleans (B, S), True = a token, False = padding.
            bias: Numbers that broadcast to (B, H, T, S), added to the scores.
            causal: Whether no position may look ahead.
            cache: Keys and values of earlier calls; see `MultiHeadAttention`.
            need_weights: Whether to return the attention's weights (B, H, T, S) too.

        Returns:
            (B, T, D), or a pair of it and the weights.
        """
        attend = partial(
            self.self_attn,
            keep=keep,
            key_keep=key_keep,
            bias=bias,
            causal=causal,
            cache=cache,
            need_weights=need_weights,
        )
        with unchanged_by_errors(cache):
            y, weights = self._add(self._start(x, key_keep), self.norm1, attend)
            y, _ = self._add(y, self.norm2, self._feed_forward)
        return (y, weights) if need_weights else y


class TransformerEncoder(Encoding[list[KeyValueCache], list[Tensor]], TransformerStack):
    r"""Layers one after the other, each with weights of its own, and a norm at the end.

    $$ y = \mathrm{norm}(f_L(\dots f_2(f_1(x)))) $$

    Called the same in PyTorch, which copies one layer with its initial weights instead.

    Args:
        num_layers: L, how many.
        features: D, the width.
        num_heads: H, a divisor of D unless `head_features` is given.
        hidden_features: The width inside the feed-forward parts; None means 4 D.
        final_norm: Whether a norm follows the last layer; None means if `norm_first`, as the
            sums then leave the stack at any size, and otherwise not.
        dropout: This and all that follow as in `TransformerEncoderLayer`.
        activation: Likewise.
        norm_first: Likewise.
        bias: Likewise.
        eps: Likewise, and of the norm at the end.
        norm: Likewise, and makes the norm at the end.
        num_kv_heads: Likewise.
        head_features: Likewise.
        value_head_features: Likewise.
        qk_norm: Likewise.
        out_bias: Likewise.
        position: Likewise.
        init: Likewise.
        rng: Likewise; all layers draw from it, one after the other.
        dtype: Likewise.

    Shape:
        (B, T, D) -> (B, T, D)

    Attributes:
        layers: The `TransformerEncoderLayer`s.
        norm: The norm at the end, or None.

    Examples:
        >>> import numpy as np
        >>> encoder = TransformerEncoder(2, 8, 2, dropout=0.0)
        >>> encoder(np.ones((1, 3, 8), np.float32)).shape
        (1, 3, 8)
    """

    def __init__(
        self,
        num_layers: int,
        features: int,
        num_heads: int,
        hidden_features: int | None = None,
        *,
        final_norm: bool | None = None,
        dropout: float = 0.1,
        activation: Activation = "relu",
        norm_first: bool = False,
        bias: bool = True,
        eps: float = 1e-5,
        norm: Callable[[int], Module] | None = None,
        num_kv_heads: int | None = None,
        head_features: int | None = None,
        value_head_features: int | None = None,
        qk_norm: Callable[[int], Module] | None = None,
        out_bias: bool | None = None,
        position: Position | None = None,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        layer = partial(
            TransformerEncoderLayer,
            features,
            num_heads,
            hidden_features,
            dropout=dropout,
            activation=activation,
            norm_first=norm_first,
            bias=bias,
            eps=eps,
            norm=norm,
            num_kv_heads=num_kv_heads,
            head_features=head_features,
            value_head_features=value_head_features,
            qk_norm=qk_norm,
            out_bias=out_bias,
            position=position,
            init=init,
            rng=rng,
            dtype=dtype,
        )
        last = partial(norm_of, "TransformerEncoder", norm, features, eps, bias, dtype)
        with_norm = norm_first if final_norm is None else final_norm
        self._stack(num_layers, layer, last if with_norm else None)

    def forward(
        self,
        x: TensorLike,
        *,
        keep: TensorLike | None = None,
        key_keep: TensorLike | None = None,
        bias: TensorLike | None = None,
        causal: bool = False,
        cache: list[KeyValueCache] | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Return the sequence after all layers.

        Args:
            x: (B, T, D).
            keep: Booleans that broadcast to (B, H, T, S), **True = may be attended to**.
            key_keep: Booleans (B, S), True = a token, False = padding.
            bias: Numbers that broadcast to (B, H, T, S), added to the scores of every layer.
            causal: Whether no position may look ahead.
            cache: From `new_cache`.
            need_weights: Whether to return the weights of every layer too.

        Returns:
            (B, T, D), or a pair of it and a list of weights (B, H, T, S).
        """
        return self._through(
            x,
            keep=keep,
            key_keep=key_keep,
            bias=bias,
            causal=causal,
            cache=cache,
            need_weights=need_weights,
        )

    def new_cache(self) -> list[KeyValueCache]:
        """Return an empty cache for every layer, for one batch of sequences."""
        return [KeyValueCache() for _ in self.layers]
