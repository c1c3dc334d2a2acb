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
from neural_net_core.op import Op
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.attention._attention_layout import Layout
from neural_net_layers.attention._visibility import Visibility, as_keep, blank, with_four_axes
from neural_net_layers.attention.blocked_attention import BlockedAttentionOp
from neural_net_layers.regularization.dropout import keep_mask

__all__ = ["AttentionOp", "scaled_dot_product_attention"]

# From this many scores per head on, the blocked form is used.
BLOCKED_FROM = 192 * 192

ALL = slice(None)


class AttentionOp(Op):
    r"""y = P v with P = softmax(s), s = c q kᵀ + b, for each example and head.

    P is a function of s, s of q, k and b. Backwards, with dP = dy vᵀ,

        dv = Pᵀ dy,   ds = P ∘ (dP − δ),   δᵢ = Σⱼ dPᵢⱼ Pᵢⱼ   (the softmax's derivative)
        dq = c ds k,  dk = c dsᵀ q,        db = ds

    A hidden score is −∞ and its weight 0, so all its gradients are 0 too. A row with no visible
    score has the maximum −∞ and the sum 0; counting them as finite and as 1 makes its weights 0.

    With dropout, y = (P ∘ M) v with M of zeros and 1/(1 − p): then dv = (P ∘ M)ᵀ dy and
    dP = M ∘ (dy vᵀ), and the rest is the same. Saves c q, k, v, P and the mask.

    Args:
        layout: The shapes.
        visibility: The masks.
        scale: c.
        dropout: The probability of dropping a weight.
        rng: The generator that drops.
        need_weights: Whether P is a second result.
    """

    takes_none = True

    def __init__(
        self,
        layout: Layout,
        visibility: Visibility,
        scale: float,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
        need_weights: bool = False,
    ) -> None:
        self.layout, self.visibility, self.scale = layout, visibility, scale
        self.dropout, self.rng, self.need_weights = dropout, rng, need_weights

    def forward(self, q: Array, k: Array, v: Array, b: Array | None = None) -> Any:
        layout = self.layout
        self.with_bias = b is not None
        q, k, v = layout.split(q, k, v)  # (B, H, T, D), (B, K, S, D), (B, K, S, E)
        self.q, self.k, self.v = self._by_key_heads(q * self.scale), k, v  # (B, K, R, D), R = GT
        p = self.q @ k.swapaxes(-1, -2)  # (B, K, R, S)
        scores = p.reshape(*q.shape[:-1], layout.keys)  # (B, H, T, S), the same memory
        if b is not None:
            scores += with_four_axes("scaled_dot_product_attention(bias)", b, layout.scores)
        everything = (ALL, ALL, slice(0, layout.queries), slice(0, layout.keys))
        self.visibility.hide(scores, everything)
        softmax_in_place(p)
        self.p, self.mask = p, None
        dropped = p
        if self.dropout:
            self.mask = keep_mask(p.shape, self.dropout, resolve_rng(self.rng))
            dropped = self._drop(p)
        # Results take the memory order of what they belong to, so that heads merge without a copy.
        y = np.empty_like(self.q, shape=(*p.shape[:-1], v.shape[-1]))
        np.matmul(dropped, v, out=y)  # (B, K, R, E)
        y = layout.joined(y.reshape(*q.shape[:-1], v.shape[-1]))
        return (y, layout.joined(scores)) if self.need_weights else y

    def backward(self, dy: Array | None, dweights: Array | None = None) -> tuple[Any, ...]:
        layout, p = self.layout, self.p
        dq = dk = dv = db = None
        dp = np.zeros_like(p)
        if dy is not None:
            (dy,) = layout.split(dy)
            dy = self._by_key_heads(dy)  # (B, K, R, E)
            if self.needs(2):
                dropped = p if self.mask is None else self._drop(p)
                dv = np.matmul(dropped.swapaxes(-1, -2), dy, out=np.empty_like(self.v))
            dp = dy @ self.v.swapaxes(-1, -2)
            if self.mask is not None:
                dp = self._drop(dp)
        if dweights is not None:
            dp += layout.split(dweights)[0].reshape(p.shape)
        dp -= np.vecdot(dp, p)[..., None]
        ds = np.multiply(dp, p, out=dp)  # (B, K, R, S)
        if self.needs(0):
            dq = np.matmul(ds, self.k, out=np.empty_like(self.q))
            dq *= self.scale
            dq = dq.reshape(dq.shape[0], layout.heads, layout.queries, dq.shape[-1])
        if self.needs(1):
            dk = np.matmul(ds.swapaxes(-1, -2), self.q, out=np.empty_like(self.k))
        gradients = [
            None if dx is None else dx.reshape(shape)
            for dx, shape in zip((dq, dk, dv), layout.shapes, strict=True)
        ]
        if self.with_bias and self.needs(3):
            db = layout.joined(ds.reshape(ds.shape[0], layout.heads, layout.queries, -1))
        return (*gradients, db) if self.with_bias else tuple(gradients)

    def _by_key_heads(self, x: Array) -> Array:
        """Return (B, H, T, D) as (B, K, GT, D): the queries that share keys, one below another."""
        if self.layout.groups == 1:
            return x
        batch, heads, time, width = x.shape
        return x.reshape(batch, heads // self.layout.groups, self.layout.groups * time, width)

    def _drop(self, x: Array) -> Array:
        y: Array = x * self.mask
        y *= 1 / (1 - self.dropout) if self.dropout < 1 else 0.0
        return y


def softmax_in_place(scores: Array) -> None:
    """Turn scores into their softmax along the last axis; a row of nothing but −∞ becomes 0."""
    lowest = float(np.finfo(scores.dtype).min)
    scores -= np.maximum.reduce(scores, axis=-1, keepdims=True, initial=lowest)
    np.exp(scores, out=scores)
    total = np.add.reduce(scores, axis=-1, keepdims=True)
    total += total == 0
    scores /= total


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
            grows with T + S instead of T · S. None chooses by size. With `need_weights`, which
            asks for all of P, the plain form is used.
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
    layout = Layout(q.shape, k.shape, v.shape)
    if keep is not None:
        name = "scaled_dot_product_attention(keep)"
        keep = with_four_axes(name, as_keep(name, keep), layout.scores)
    offset = check_count("scaled_dot_product_attention", "offset", offset, -sys.maxsize)
    visibility = Visibility(keep, offset if causal else None)
    unseen = visibility.unseen(layout.queries, layout.keys)
    if unseen is not None:  # what no query sees takes part in nothing, be it NaN
        lead = layout.lead if len(unseen) > 1 else (1,) * len(layout.lead)
        heads = (1,) * (k.ndim - len(lead) - 2)
        hidden = unseen.reshape(*lead, *heads, layout.keys, 1)
        k, v = blank(k, hidden), blank(v, hidden)
    if scale is None:
        scale = 1 / math.sqrt(max(layout.shapes[0][-1], 1))
    else:
        scale = check_number("scaled_dot_product_attention", "scale", scale)
    inputs: tuple[Tensor, ...] = (q, k, v)
    if b is not None:
        with_four_axes("scaled_dot_product_attention(bias)", b.data, layout.scores)
        inputs += (b,)
    if blocked is None:
        blocked = layout.queries * layout.keys >= BLOCKED_FROM
    if blocked and not need_weights:
        if visibility.keep is not None:
            visibility.keep = (
                visibility.keep.copy()
            )  # read again on the way back: the caller may change his
        return BlockedAttentionOp.apply(
            *inputs, layout=layout, visibility=visibility, scale=scale, dropout=dropout, rng=rng
        )
    return AttentionOp.apply(
        *inputs,
        layout=layout,
        visibility=visibility,
        scale=scale,
        dropout=dropout,
        rng=rng,
        need_weights=need_weights,
    )
