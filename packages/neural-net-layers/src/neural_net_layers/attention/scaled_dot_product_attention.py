r"""Attention: every query takes a weighted mean of the values, and its weights are its own.

A query asks, a key answers how well it fits, and the softmax of the fits are the weights:

$$ S = \frac{Q K^\top}{\sqrt{D}} + B, \qquad P = \mathrm{softmax}(S), \qquad Y = P V $$

The division by √D keeps the scores' variance at 1 for queries and keys of variance 1, whatever D
is; without it the softmax of a wide head would be almost 0 or 1 everywhere, and its gradient 0.

Written with primitive operations:

    softmax(q @ k.swapaxes(-1, -2) / math.sqrt(D) + bias) @ v

The operation here does the same in one step, and handles queries that may attend to nothing.
"""

import math
import sys
from typing import Any, Literal, overload

import numpy as np

from neural_net_core.checks import check_count, check_fraction, check_number
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.op import Op
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.attention._heads import add_heads, repeat_heads
from neural_net_layers.attention._masks import as_keep, blank, check_broadcasts, unseen_keys
from neural_net_layers.attention.blocked_attention import BlockedAttentionOp
from neural_net_layers.regularization.dropout import keep_mask

__all__ = ["AttentionOp", "scaled_dot_product_attention"]

# So many scores of a head are dropped in tiles. In both forms, since tiles draw in another order;
# of fewer the tiles take up to twice the time of the whole, and the whole is some MiB.
MANY = 1024 * 1024


class AttentionOp(Op):
    r"""y = P v with P = softmax(s), s = c q kᵀ + b, for each example and head.

    P is a function of s, s of q, k and b. Backwards, with dP = dy vᵀ,

        dv = Pᵀ dy,   ds = P ∘ (dP − δ),   δᵢ = Σⱼ dPᵢⱼ Pᵢⱼ   (the softmax's derivative)
        dq = c ds k,  dk = dsᵀ (c q),      db = ds

    A hidden score is −∞ and its weight 0, so all its gradients are 0 too. With dropout,
    y = (P ∘ M) v with M of zeros and 1/(1 − dropout): then dv = (P ∘ M)ᵀ dy and dP = (dy vᵀ) ∘ M,
    and the rest is the same. Where the weights P are a result too, their gradient is added to dP.
    Where G heads of queries share one of keys and values, it is repeated G times, and its G
    gradients are added up.

    The inputs are q (…, H, T, D), k (…, K, S, D), v (…, K, S, E), and b and keep, which broadcast
    to (…, H, T, S); either may be None. Saves c q, k, v, P and M.

    Args:
        scale: c.
        offset: The position of the first query if none may look ahead; None if they may.
        dropout: The probability of dropping a weight.
        rng: The generator that drops; None means the library's.
        need_weights: Whether P is a result too.
        whole: Whether a fast form, too, must compute all scores at once.
    """

    def __init__(
        self,
        scale: float,
        offset: int | None = None,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
        need_weights: bool = False,
        whole: bool = False,
    ) -> None:
        self.scale, self.offset, self.dropout, self.rng = scale, offset, dropout, rng
        self.need_weights, self.whole = need_weights, whole

    def forward(
        self, q: Array, k: Array, v: Array, b: Array | None = None, keep: Array | None = None
    ) -> Any:
        self.groups = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1  # G
        self.cq = self.scale * q
        self.k, self.v = repeat_heads(k, self.groups), repeat_heads(v, self.groups)
        s = self.cq @ self.k.mT  # (…, H, T, S)
        if b is not None:
            s = s + b
        if keep is not None:
            s = np.where(keep, s, -np.inf)
        if self.offset is not None:
            queries, keys = s.shape[-2:]
            seen = np.tri(queries, keys, self.offset, bool, like=s)  # j ≤ offset + i
            s = np.where(seen, s, -np.inf)
        self.p = softmax_of_rows(s)
        if self.dropout:
            kept = keep_mask(s.shape, self.dropout, resolve_rng(self.rng)).astype(s.dtype)
            self.m = kept * (1 / (1 - self.dropout) if self.dropout < 1 else 0.0)
        y = self.dropped(self.p) @ self.v  # (…, H, T, E)
        return (y, self.p) if self.need_weights else y

    def backward(self, dy: Array, dweights: Array | None = None) -> tuple[Array | None, ...]:
        p = self.p
        dv = self.dropped(p).mT @ dy
        dp = self.dropped(dy @ self.v.mT)
        if dweights is not None:
            dp = dp + dweights
        delta = np.vecdot(dp, p)[..., None]
        ds = p * (dp - delta)
        dq = self.scale * (ds @ self.k)
        dk = ds.mT @ self.cq
        return dq, add_heads(dk, self.groups), add_heads(dv, self.groups), ds, None

    def dropped(self, x: Array) -> Array:
        """Return x ∘ M."""
        return x * self.m if self.dropout else x


def softmax_of_rows(s: Array) -> Array:
    """Return the softmax along the last axis; a row of nothing but −∞ becomes zeros.

    The maximum of such a row counts as finite, since −∞ − (−∞) is NaN, and its sum, 0, as 1.
    """
    e = np.exp(s - s.max(axis=-1, keepdims=True, initial=np.finfo(s.dtype).min))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@overload
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    *,
    keep: TensorLike | None = None,
    bias: TensorLike | None = None,
    causal: bool = False,
    offset: int = 0,
    dropout: float = 0.0,
    scale: float | None = None,
    need_weights: Literal[False] = False,
    blocked: bool | None = None,
    rng: np.random.Generator | None = None,
) -> Tensor: ...
@overload
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    *,
    keep: TensorLike | None = None,
    bias: TensorLike | None = None,
    causal: bool = False,
    offset: int = 0,
    dropout: float = 0.0,
    scale: float | None = None,
    need_weights: Literal[True],
    blocked: bool | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[Tensor, Tensor]: ...
@overload
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    *,
    keep: TensorLike | None = None,
    bias: TensorLike | None = None,
    causal: bool = False,
    offset: int = 0,
    dropout: float = 0.0,
    scale: float | None = None,
    need_weights: bool,
    blocked: bool | None = None,
    rng: np.random.Generator | None = None,
) -> Tensor | tuple[Tensor, Tensor]: ...
def scaled_dot_product_attention(
    query: TensorLike,
    key: TensorLike,
    value: TensorLike,
    *,
    keep: TensorLike | None = None,
    bias: TensorLike | None = None,
    causal: bool = False,
    offset: int = 0,
    dropout: float = 0.0,
    scale: float | None = None,
    need_weights: bool = False,
    blocked: bool | None = None,
    rng: np.random.Generator | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Return for every query the mean of the values, weighted by how well their keys fit it.

    $$ Y = \mathrm{softmax}\Big(\frac{Q K^\top}{\sqrt{D}} + B\Big) V $$

    $$ dV = P^\top dY \qquad dS = P \circ (dY\,V^\top - \delta) \qquad
       dQ = \tfrac{1}{\sqrt D}\,dS\,K \qquad dK = \tfrac{1}{\sqrt D}\,dS^\top Q $$

    The masks combine, and none of them is ever left out because of another option. A query that
    may attend to no key gets zeros, and zero gradients. A key and value that no query may attend
    to take part in nothing, even if they are NaN. If only some queries may, they must be finite
    for all of them: the weight is 0, and 0 · NaN is NaN.

    Args:
        query: (…, H, T, D): H heads of T queries. Or (T, D), one head alone.
        key: (…, K, S, D). With K less than H, which it must divide, heads 0 to H/K − 1 of the
            queries share the first head of keys and values, and so on (grouped queries).
        value: (…, K, S, E).
        keep: Booleans that broadcast to (…, H, T, S), **True = may be attended to**. See
            `attention_mask` for what PyTorch calls it.
        bias: Numbers that broadcast to (…, H, T, S), added to the scaled scores; −∞ hides. May
            require a gradient.
        causal: Whether query i may attend to keys up to offset + i only.
        offset: The position of the first query among the keys; S − T when the queries are the
            last T of S positions. Used if `causal`.
        dropout: The probability of dropping a weight, in [0, 1]; 0 in evaluation.
        scale: The factor on Q Kᵀ; None means 1/√D.
        need_weights: Whether to return P too. It is P before dropout: its rows sum to 1.
        blocked: Whether to compute the scores in tiles that are never all in memory: memory then
            grows with T + S instead of T · S, and dropout drops other weights. None takes tiles
            where there are many scores: without dropout from where they are faster, with it from
            1,024 × 1,024 on. With `need_weights`, which asks for all of P, there are none.
        rng: The generator that drops; None means the library's.

    Returns:
        (…, H, T, E); with `need_weights` a pair of it and the weights (…, H, T, S).

    Raises:
        ShapeError: If the shapes do not fit.
        DTypeError: If `keep` is not boolean.
        ValueError: If `dropout` is not in [0, 1].

    References:
        Vaswani et al. (2017), arXiv:1706.03762, eq. 1. Grouped queries: Ainslie et al. (2023),
        arXiv:2305.13245.

    Examples:
        >>> q, k, v = [[1.0]], [[0.0], [0.0]], [[1.0], [3.0]]
        >>> scaled_dot_product_attention(q, k, v).tolist()
        [[2.0]]
        >>> scaled_dot_product_attention(q, k, v, keep=[True, False]).tolist()
        [[1.0]]
    """
    check_fraction("scaled_dot_product_attention", "dropout", dropout)
    q, k, v, b = coerce(query, key, value, bias, required=3)
    scores = score_shape(q.shape, k.shape, v.shape)
    if b is not None:
        check_broadcasts("scaled_dot_product_attention(bias)", b.shape, scores)
    if keep is not None:
        name = "scaled_dot_product_attention(keep)"
        keep = as_keep(name, keep)
        check_broadcasts(name, keep.shape, scores)
    offset = check_count("scaled_dot_product_attention", "offset", offset, -sys.maxsize)
    # Before all keys and behind all keys no place differs from the next.
    first = min(max(offset, -scores[-2]), scores[-1]) if causal else None
    hidden = unseen_keys(scores, keep, first, k.shape[-3] if k.ndim > 2 else 1)
    if hidden is not None:  # what no query sees takes part in nothing, be it NaN
        k, v = blank(k, hidden), blank(v, hidden)
    if scale is None:
        scale = 1 / math.sqrt(max(q.shape[-1], 1))
    else:
        scale = check_number("scaled_dot_product_attention", "scale", scale)
    options: dict[str, Any] = {"scale": scale, "offset": first, "dropout": dropout, "rng": rng}
    if blocked is None and dropout and scores[-2] * scores[-1] >= MANY:
        blocked = True
    if blocked and not need_weights:
        return BlockedAttentionOp.apply(q, k, v, b, keep, **options)
    options |= {"need_weights": need_weights, "whole": blocked is False}
    return AttentionOp.apply(q, k, v, b, keep, **options)


def score_shape(
    query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the shape of the scores, (…, H, T, S) or (T, S), or raise if the three do not fit."""
    heads, shared = (shape[-3] if len(shape) > 2 else 1 for shape in (query, key))
    if (
        not 2 <= len(query) == len(key) == len(value)
        or not query[:-3] == key[:-3] == value[:-3]
        or query[-1] != key[-1]
        or key[:-1] != value[:-1]
        or shared == 0
        or heads % shared
    ):
        raise ShapeError(
            "scaled_dot_product_attention: expected query (..., H, T, D), key (..., K, S, D) "
            "and value (..., K, S, E) with H a multiple of K, got "
            f"{query}, {key} and {value}"
        )
    return (*query[:-1], key[-2])
