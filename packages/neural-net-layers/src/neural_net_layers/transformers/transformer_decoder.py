r"""The transformer's decoder: writes one sequence while reading another.

Between the two branches of an encoder's layer stands a third, in which what is written asks and
what was read, the "memory", answers:

    x = norm(x + self_attention(x))            causal: nobody reads what is not yet written
    x = norm(x + cross_attention(x, memory))
    x = norm(x + feed_forward(x))

With `norm_first=True` it is x + self_attention(norm(x)) and so on.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count, check_flag, check_instance
from neural_net_core.init import Initializer
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers.attention.key_value_cache import DecoderCache, unchanged_by_errors
from neural_net_layers.attention.multi_head_attention import MultiHeadAttention, Position
from neural_net_layers.regularization.dropout import Dropout
from neural_net_layers.transformers._calls import Decoding
from neural_net_layers.transformers._feed_forward import Activation, resolve_activation, widths
from neural_net_layers.transformers._transformer_layer import TransformerLayer, norm_of
from neural_net_layers.transformers._transformer_stack import TransformerStack

__all__ = ["TransformerDecoder", "TransformerDecoderLayer"]


class TransformerDecoderLayer(Decoding[DecoderCache, tuple[Tensor, Tensor]], TransformerLayer):
    r"""Causal self-attention, attention to a memory, and a feed-forward part.

    $$ u = \mathrm{norm}_1(x + \mathrm{attention}(x)), \quad
       v = \mathrm{norm}_2(u + \mathrm{attention}(u, \text{memory})), \quad
       y = \mathrm{norm}_3(v + W_2\, a(W_1 v + b_1) + b_2) $$

    $$ \text{norm first: } u = x + \mathrm{attention}(\mathrm{norm}_1(x)), \quad
       v = u + \mathrm{attention}(\mathrm{norm}_2(u), \text{memory}), \quad
       y = v + W_2\, a(W_1 \mathrm{norm}_3(v) + b_1) + b_2 $$

    Called the same in PyTorch, whose parameters load as they are and give the same numbers. There
    the sequence comes first unless told otherwise, and the self-attention is **not causal**
    unless a mask says so; here it is, unless the call says `causal=False`.

    Args:
        features: D, the width.
        num_heads: H, a divisor of D unless `head_features` is given.
        hidden_features: The width inside the feed-forward part; None means 4 D.
        dropout: The probability of dropping in training.
        activation: As in `TransformerEncoderLayer`.
        norm_first: Whether the norms stand before the branches instead of after the sums.
        bias: Whether projections and norms have biases.
        eps: Of the norms.
        norm: Makes the norm of a given size; None means `LayerNorm`.
        num_kv_heads: As in `MultiHeadAttention`, in both attentions.
        head_features: Likewise.
        value_head_features: Likewise.
        qk_norm: Likewise.
        out_bias: Likewise.
        memory_features: The width of the memory; None means D.
        position: As in `MultiHeadAttention`, in the self-attention.
        init: Initializer of all weights; None as in PyTorch.
        rng: The generator for weights and dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        x (B, T, D), memory (B, S, memory_features) -> (B, T, D)

    Attributes:
        self_attn: `MultiHeadAttention` among what is written.
        multihead_attn: `MultiHeadAttention` to the memory.
        linear1: `Dense`, D -> hidden_features, or twice as many if a is gated.
        linear2: `Dense`, hidden_features -> D.
        norm1: The self-attention's norm.
        norm2: The norm of the attention to the memory.
        norm3: The feed-forward part's norm.

    References:
        Vaswani et al. (2017), arXiv:1706.03762, figure 1.

    Examples:
        >>> import numpy as np
        >>> layer = TransformerDecoderLayer(8, 2)
        >>> layer(np.ones((1, 3, 8), np.float32), np.ones((1, 5, 8), np.float32)).shape
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
        memory_features: int | None = None,
        position: Position | None = None,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        name = "TransformerDecoderLayer"
        features, hidden = widths(name, features, hidden_features)
        if memory_features is not None:
            memory_features = check_count(name, "memory_features", memory_features)
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
        self.multihead_attn = MultiHeadAttention(
            features,
            num_heads,
            key_features=memory_features,
            value_features=memory_features,
            **heads,
            **common,
        )
        self.linear1 = Dense(features, widening * hidden, **common)
        self.linear2 = Dense(hidden, features, **common)
        self.norm1, self.norm2, self.norm3 = (
            norm_of(name, norm, features, eps, bias, dtype) for _ in range(3)
        )
        self.dropout = Dropout(dropout, rng=rng)

    def forward(
        self,
        x: TensorLike,
        memory: TensorLike,
        *,
        keep: TensorLike | None = None,
        key_keep: TensorLike | None = None,
        memory_keep: TensorLike | None = None,
        memory_key_keep: TensorLike | None = None,
        bias: TensorLike | None = None,
        causal: bool = True,
        cache: DecoderCache | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Return what is written, after all three branches.

        Args:
            x: (B, T, D).
            memory: (B, S, memory_features), usually an encoder's output.
            keep: Booleans that broadcast to (B, H, T, T), **True = may be attended to**.
            key_keep: Booleans (B, T), True = a token, False = padding.
            memory_keep: Booleans that broadcast to (B, H, T, S).
            memory_key_keep: Booleans (B, S), True = a token of the memory.
            bias: Numbers that broadcast to (B, H, T, T), added to the self-attention's scores.
            causal: Whether no position may look ahead in the self-attention.
            cache: Keys and values of earlier calls, of the memory too.
            need_weights: Whether to return the weights of both attentions too.

        Returns:
            (B, T, D), or a pair of it and the weights, itself a pair: (B, H, T, T) of the
            self-attention and (B, H, T, S) of the attention to the memory.
        """
        if cache is not None:
            check_instance("TransformerDecoderLayer", "cache", cache, DecoderCache)
        attend = partial(
            self.self_attn,
            keep=keep,
            key_keep=key_keep,
            bias=bias,
            causal=causal,
            cache=None if cache is None else cache.self_attention,
            need_weights=need_weights,
        )
        read = partial(
            self.multihead_attn,
            key=memory,
            keep=memory_keep,
            key_keep=memory_key_keep,
            cache=None if cache is None else cache.memory,
            need_weights=need_weights,
        )
        with unchanged_by_errors(cache):
            y, own_weights = self._add(self._start(x, key_keep), self.norm1, attend)
            y, memory_weights = self._add(y, self.norm2, read)
            y, _ = self._add(y, self.norm3, self._feed_forward)
        return (y, (own_weights, memory_weights)) if need_weights else y


class TransformerDecoder(
    Decoding[list[DecoderCache], list[tuple[Tensor, Tensor]]], TransformerStack
):
    r"""Decoder layers one after the other, all reading one memory, and a norm at the end.

    $$ y = \mathrm{norm}(f_L(\dots f_1(x, \text{memory}) \dots, \text{memory})) $$

    Args:
        num_layers: L, how many.
        features: D, the width.
        num_heads: H, a divisor of D unless `head_features` is given.
        hidden_features: The width inside the feed-forward parts; None means 4 D.
        final_norm: Whether a norm follows the last layer; None means if `norm_first`.
        dropout: This and all that follow as in `TransformerDecoderLayer`.
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
        memory_features: Likewise.
        position: Likewise.
        init: Likewise.
        rng: Likewise; all layers draw from it, one after the other.
        dtype: Likewise.

    Shape:
        x (B, T, D), memory (B, S, memory_features) -> (B, T, D)

    Attributes:
        layers: The `TransformerDecoderLayer`s.
        norm: The norm at the end, or None.

    Examples:
        >>> import numpy as np
        >>> decoder = TransformerDecoder(2, 8, 2, dropout=0.0)
        >>> decoder(np.ones((1, 3, 8), np.float32), np.ones((1, 5, 8), np.float32)).shape
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
        memory_features: int | None = None,
        position: Position | None = None,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        layer = partial(
            TransformerDecoderLayer,
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
            memory_features=memory_features,
            position=position,
            init=init,
            rng=rng,
            dtype=dtype,
        )
        last = partial(norm_of, "TransformerDecoder", norm, features, eps, bias, dtype)
        with_norm = norm_first if final_norm is None else final_norm
        self._stack(num_layers, layer, last if with_norm else None)

    def forward(
        self,
        x: TensorLike,
        memory: TensorLike,
        *,
        keep: TensorLike | None = None,
        key_keep: TensorLike | None = None,
        memory_keep: TensorLike | None = None,
        memory_key_keep: TensorLike | None = None,
        bias: TensorLike | None = None,
        causal: bool = True,
        cache: list[DecoderCache] | None = None,
        need_weights: bool = False,
    ) -> Any:
        """Return what is written, after all layers.

        Args:
            x: (B, T, D).
            memory: (B, S, memory_features).
            keep: Booleans that broadcast to (B, H, T, T), **True = may be attended to**.
            key_keep: Booleans (B, T), True = a token, False = padding.
            memory_keep: Booleans that broadcast to (B, H, T, S).
            memory_key_keep: Booleans (B, S), True = a token of the memory.
            bias: Numbers that broadcast to (B, H, T, T), added to the self-attentions' scores.
            causal: Whether no position may look ahead.
            cache: From `new_cache`.
            need_weights: Whether to return the weights of every layer too.

        Returns:
            (B, T, D), or a pair of it and a list with a pair of weights per layer.
        """
        return self._through(
            x,
            memory,
            keep=keep,
            key_keep=key_keep,
            memory_keep=memory_keep,
            memory_key_keep=memory_key_keep,
            bias=bias,
            causal=causal,
            cache=cache,
            need_weights=need_weights,
        )

    def new_cache(self) -> list[DecoderCache]:
        """Return an empty cache for every layer, for one batch of sequences."""
        return [DecoderCache() for _ in self.layers]
