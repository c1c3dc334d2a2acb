r"""Several attentions side by side, each in a space of its own that it learns.

One softmax has one place to look at. Heads let a token look at several places at once, for
different reasons:

$$ \mathrm{head}_h = \mathrm{attention}(x W_h^Q,\; x W_h^K,\; x W_h^V), \qquad
   y = (\mathrm{head}_1, \dots, \mathrm{head}_H)\, W^O + b^O $$
"""

import sys
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import (
    check_callable,
    check_count,
    check_flag,
    check_fraction,
    check_instance,
)
from neural_net_core.drawing import drawn
from neural_net_core.errors import GraphError, ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.ops import linear, split
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._checks import make_norm
from neural_net_layers.attention._heads import merge_heads, split_heads
from neural_net_layers.attention._masks import as_keep, without_padding
from neural_net_layers.attention._options import AttentionOptions
from neural_net_layers.attention.key_value_cache import KeyValueCache, unchanged_by_errors
from neural_net_layers.attention.scaled_dot_product_attention import scaled_dot_product_attention

__all__ = ["MultiHeadAttention", "Position"]

Position = Callable[..., Any]


class MultiHeadAttention(Module):
    r"""Attention of several heads: from a sequence to itself, or from one to another.

    $$ y = (\mathrm{head}_1, \dots, \mathrm{head}_H)\, W^O + b^O, \qquad
       \mathrm{head}_h = \mathrm{softmax}\Big(\frac{Q_h K_h^\top}{\sqrt{E}} + B_h\Big) V_h $$

    with E = D/H, or as `head_features` says. Called `MultiheadAttention` in PyTorch, whose
    parameters load as they are. Its masks mean the opposite, see `attention_mask`; its batches come
    first only if told so.

    Args:
        features: D, the width of queries and output.
        num_heads: H, a divisor of D unless `head_features` is given.
        num_kv_heads: K, how many heads of keys and values there are, a divisor of H; None means H.
            Fewer make the cache of generation smaller (grouped queries; 1 is "multi-query").
        key_features: The width of the keys' input; None means D.
        value_features: The width of the values' input; None means D.
        head_features: E, the size of a head's queries and keys; None means D/H. The heads side by
            side, H E, may be wider or narrower than D.
        value_head_features: F, the size of a head's values; None means E.
        bias: Whether the projections have biases.
        out_bias: Whether the output's projection has one; None means as `bias` says.
        qk_norm: Called with E to make the norms of queries and keys, such as `RMSNorm`. Every head
            of every position is normalized before `position`, so that no score can grow with the
            weights. None means that there are none.
        dropout: The probability of dropping a weight in training.
        position: Called as `position(x, offset)` on queries and keys, (B, heads, T, E), to mark
            where they stand, such as a `RotaryEmbedding`; `offset` is the first one's position.
        init: Called as `init(shape, rng=…, dtype=…)` for every weight. None draws as PyTorch does:
            Xavier-uniform for the inputs, uniform(-1/√D, 1/√D) for the output. Biases are zero.
        rng: The generator for weights and dropout; None means the library's.
        dtype: The parameters' dtype; None means the default, float32.

    Shape:
        query (B, T, D), key (B, S, key_features), value (B, S, value_features) -> (B, T, D)

    Attributes:
        in_proj_weight: (H E + K E + K F, D): queries, keys, values; if all inputs have width D.
        q_proj_weight: (H E, D), in place of it if they differ in width.
        k_proj_weight: (K E, key_features), likewise.
        v_proj_weight: (K F, value_features), likewise.
        in_proj_bias: (H E + K E + K F,), or None.
        out_proj: `Dense`, H F -> D.
        q_norm: The queries' norm, or None.
        k_norm: The keys' norm, or None.

    Raises:
        ValueError: If the heads do not divide the features, or each other.
        ShapeError: If an input has the wrong width, or batches or lengths differ.
        GraphError: If a cache is given while gradients are recorded.

    References:
        Vaswani et al. (2017), arXiv:1706.03762, section 3.2.2. Shared keys and values: Shazeer
        (2019), arXiv:1911.02150; Ainslie et al. (2023), arXiv:2305.13245. Norms of queries and
        keys: Henry et al. (2020), arXiv:2010.04245; Dehghani et al. (2023), arXiv:2302.05442.

    Examples:
        >>> import numpy as np
        >>> attention = MultiHeadAttention(8, 2, rng=np.random.default_rng(0))
        >>> x = np.ones((1, 3, 8), np.float32)
        >>> y, weights = attention(x, causal=True, need_weights=True)
        >>> y.shape, weights.data[0, 0].round(2).tolist()
        ((1, 3, 8), [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.33..., 0.33..., 0.33...]])
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    key_features: int
    value_features: int

    def __init__(
        self,
        features: int,
        num_heads: int,
        *,
        num_kv_heads: int | None = None,
        key_features: int | None = None,
        value_features: int | None = None,
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
        name = "MultiHeadAttention"
        self.features = check_count(name, "features", features)
        self.num_heads = check_count(name, "num_heads", num_heads)
        shared = num_heads if num_kv_heads is None else num_kv_heads
        self.num_kv_heads = check_count(name, "num_kv_heads", shared)
        bias = check_flag(name, "bias", bias)
        out_bias = bias if out_bias is None else check_flag(name, "out_bias", out_bias)
        parts = [("num_heads", num_heads, "num_kv_heads")]
        if head_features is None:
            parts.insert(0, ("features", features, "num_heads"))
        for what, whole, part in parts:
            if whole % getattr(self, part):
                raise ValueError(
                    f"{name}: expected {what} to be a multiple of {part} = {getattr(self, part)}, "
                    f"got {whole}"
                )
        each = features // num_heads if head_features is None else head_features
        self.head_features = check_count(name, "head_features", each)
        each = each if value_head_features is None else value_head_features
        self.value_head_features = check_count(name, "value_head_features", each)
        widths = {"key_features": key_features, "value_features": value_features}
        for what, width in widths.items():
            setattr(self, what, features if width is None else check_count(name, what, width))
        self.dropout = check_fraction(name, "dropout", dropout)
        self.rng = None if rng is None else resolve_rng(rng)
        self.position = None
        if position is not None:
            self.position = check_callable(name, "position", position, "a function of x and offset")
        rows = self._rows()
        draw = initializers.xavier_uniform if init is None else init
        rng = resolve_rng(rng)
        self.in_proj_weight = None
        if self.key_features == self.value_features == features:
            weight = drawn(name, "init", draw, (sum(rows), features), rng, dtype)
            self.in_proj_weight = Parameter(weight, dtype)
        else:
            columns = (features, self.key_features, self.value_features)
            for letter, *shape in zip("qkv", rows, columns, strict=True):
                weight = drawn(name, "init", draw, tuple(shape), rng, dtype)
                setattr(self, f"{letter}_proj_weight", Parameter(weight, dtype))
        self.in_proj_bias = None
        if bias:
            self.in_proj_bias = Parameter(np.zeros(sum(rows)), dtype)
        gathered = self.num_heads * self.value_head_features
        self.out_proj = Dense(gathered, features, out_bias, init=init, rng=rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.data[...] = 0
        self.q_norm, self.k_norm = (
            None
            if qk_norm is None
            else make_norm(name, qk_norm, self.head_features, dtype, "qk_norm")
            for _ in range(2)
        )

    if TYPE_CHECKING:  # which result the flag gives; elsewhere checkers read it off forward

        @overload  # type: ignore[override]
        def __call__(
            self,
            query: TensorLike,
            key: TensorLike | None = None,
            value: TensorLike | None = None,
            *,
            need_weights: Literal[False] = False,
            **options: Unpack[AttentionOptions],
        ) -> Tensor: ...
        @overload
        def __call__(
            self,
            query: TensorLike,
            key: TensorLike | None = None,
            value: TensorLike | None = None,
            *,
            need_weights: Literal[True],
            **options: Unpack[AttentionOptions],
        ) -> tuple[Tensor, Tensor]: ...
        @overload
        def __call__(
            self,
            query: TensorLike,
            key: TensorLike | None = None,
            value: TensorLike | None = None,
            *,
            need_weights: bool,
            **options: Unpack[AttentionOptions],
        ) -> Tensor | tuple[Tensor, Tensor]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def forward(
        self,
        query: TensorLike,
        key: TensorLike | None = None,
        value: TensorLike | None = None,
        *,
        keep: TensorLike | None = None,
        key_keep: TensorLike | None = None,
        bias: TensorLike | None = None,
        causal: bool = False,
        offset: int | None = None,
        cache: KeyValueCache | None = None,
        need_weights: bool = False,
        average_weights: bool = False,
    ) -> Any:
        """Return what every query gathers from the values.

        Args:
            query: (B, T, D).
            key: (B, S, key_features); None means the queries' input ("self-attention").
            value: (B, S, value_features); None means the keys' input.
            keep: Booleans that broadcast to (B, H, T, S), **True = may be attended to**.
            key_keep: Booleans (B, S), True = a token, False = padding; with a cache, for all keys.
                Padding takes part in nothing, even if it is NaN.
            bias: Numbers that broadcast to (B, H, T, S), added to the scores, such as ALiBi's.
            causal: Whether no query may look at keys that stand after it.
            offset: The position of the first query; None means how many positions the cache
                holds in self-attention, and 0 without a cache.
            cache: Keys and values of earlier calls. Self-attention adds its own; attention to
                another sequence fills it in the first call and uses it from then on.
            need_weights: Whether to return the weights too, before dropout.
            average_weights: Whether to return their mean over the heads.

        Returns:
            (B, T, D); with `need_weights` a pair of it and (B, H, T, S), or (B, T, S) averaged.
        """
        if cache is not None:
            check_instance(self._label(), "cache", cache, KeyValueCache)
        # Before arrays become Tensors, each a new one: attention(x, x, x) is to itself too.
        key = query if key is None else key
        value = key if value is None else value
        to_itself = query is key is value
        if to_itself:
            key = value = None
        query = self._checked("query", query, self.features)
        key = query if key is None else self._checked("key", key, self.key_features)
        value = key if value is None else self._checked("value", value, self.value_features)
        if key_keep is not None:
            alone, shared = value is not key, query is key
            key = without_padding(self._label(), key, key_keep)
            value = without_padding(self._label(), value, key_keep) if alone else key
            query = key if shared else query
        if not len(query) == len(key) == len(value) or key.shape[1] != value.shape[1]:
            raise ShapeError(
                f"{self._label()}: expected query (B, T, ...), key (B, S, ...) and value "
                f"(B, S, ...), got {query.shape}, {key.shape} and {value.shape}"
            )
        reuse = cache is not None and not to_itself and cache.length > 0
        if reuse and cache is not None and cache.length != key.shape[1]:
            raise ShapeError(
                f"{self._label()}: the cache holds {cache.length} keys of another sequence, got "
                f"one of {key.shape[1]}; another sequence needs a new cache"
            )
        if offset is not None:
            offset = check_count(self._label(), "offset", offset, -sys.maxsize)
        else:
            if cache is not None and not to_itself and (causal or self.position is not None):
                raise ValueError(
                    f"{self._label()}: where the queries stand among another sequence's keys "
                    "cannot be told from the cache; give offset="
                )
            offset = cache.length if cache is not None and to_itself else 0
        q, k, v = self._project(query, key, value, reuse)
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), None if k is None else self.k_norm(k)
        if self.position is not None:
            q = self.position(q, offset)
            if k is not None:
                k = self.position(k, offset if to_itself else 0)
        with unchanged_by_errors(cache):
            if cache is not None:
                if any(x is not None and x.requires_grad for x in (q, k, v)):
                    raise GraphError(
                        f"{self._label()}: a cache has no gradient; generate under no_grad()"
                    )
                k, v = (cache.keys, cache.values) if reuse else cache.append(k.data, v.data)
            attended: Any = scaled_dot_product_attention(
                q,
                k,
                v,
                keep=self._keep(keep, key_keep, len(q), k.shape[2]),
                bias=bias,
                causal=causal,
                offset=offset,
                dropout=self.dropout if self.training else 0.0,
                need_weights=need_weights,
                rng=self.rng,
            )
            if not need_weights:
                return self.out_proj(merge_heads(attended))
            y, weights = attended
            return self.out_proj(merge_heads(y)), weights.mean(
                axis=1
            ) if average_weights else weights

    def _project(self, query: Tensor, key: Tensor, value: Tensor, reuse: bool) -> Any:
        """Return queries (B, H, T, E), keys (B, K, S, E), values (B, K, S, F); unused ones None."""
        heads = (self.num_heads, self.num_kv_heads, self.num_kv_heads)
        of_one_size = self.head_features == self.value_head_features and not reuse
        if query is key is value and self.in_proj_weight is not None and of_one_size:
            return split_heads(linear(query, self.in_proj_weight, self.in_proj_bias), *heads)
        ends = list(accumulate(self._rows()))[:2]
        if self.in_proj_weight is not None:
            weights: Any = split(self.in_proj_weight, ends)
        else:
            weights = [getattr(self, f"{letter}_proj_weight") for letter in "qkv"]
        biases = [None] * 3 if self.in_proj_bias is None else split(self.in_proj_bias, ends)
        return [
            None if reuse and i else split_heads(linear(x, weights[i], biases[i]), heads[i])[0]
            for i, x in enumerate((query, key, value))
        ]

    def _rows(self) -> tuple[int, int, int]:
        """Return how many rows of weights queries, keys and values have."""
        shared = self.num_kv_heads
        each, of_values = self.head_features, self.value_head_features
        return self.num_heads * each, shared * each, shared * of_values

    def _keep(self, keep: Any, key_keep: Any, batch: int, keys: int) -> Any:
        """Return both masks as one."""
        if keep is not None:
            keep = as_keep(f"{self._label()}: keep", keep)
        if key_keep is None:
            return keep
        key_keep = as_keep(f"{self._label()}: key_keep", key_keep)
        if key_keep.shape != (batch, keys):
            raise ShapeError(
                f"{self._label()}: expected key_keep {(batch, keys)}, got {key_keep.shape}"
            )
        key_keep = key_keep[:, None, None]  # (B, 1, 1, S)
        return key_keep if keep is None else keep & key_keep

    def _checked(self, name: str, x: Any, width: int) -> Tensor:
        tensor = as_input(self, x)
        if tensor.ndim != 3 or tensor.shape[-1] != width:
            raise ShapeError(
                f"{self._label()}: expected {name} (B, T, {width}), got {tensor.shape}"
            )
        return tensor

    def _label(self) -> str:
        return f"MultiHeadAttention({self.features}, {self.num_heads} heads)"

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        parts = [f"{self.features}, {self.num_heads} heads"]
        if self.num_kv_heads != self.num_heads:
            parts.append(f"{self.num_kv_heads} of keys and values")
        if self.in_proj_weight is None:
            parts.append(f"keys {self.key_features}, values {self.value_features}")
        sizes = (self.head_features, self.value_head_features)
        if any(size * self.num_heads != self.features for size in sizes):
            parts.append(f"{sizes[0]} features each")
        if sizes[0] != sizes[1]:
            parts.append(f"{sizes[1]} of values")
        if self.in_proj_bias is None:
            parts.append("bias=False")
        if (self.out_proj.bias is None) != (self.in_proj_bias is None):
            parts.append(f"out_bias={self.out_proj.bias is not None}")
        if self.dropout:
            parts.append(f"dropout={self.dropout}")
        return ", ".join(parts)
