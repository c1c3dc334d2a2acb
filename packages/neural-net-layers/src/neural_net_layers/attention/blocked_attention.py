r"""Attention whose scores are never all in memory: a tile of queries meets a tile of keys.

A softmax seems to need the whole row, for its maximum and its sum. But both can be corrected as
more of the row comes in ("online softmax"). If the keys seen so far have the maximum m, the sum
l = Σ eˢ⁻ᵐ and the weighted sum of values a = Σ eˢ⁻ᵐ v, a further tile of scores s turns them into

    n = max(m, max s),   l ← l eᵐ⁻ⁿ + Σ eˢ⁻ⁿ,   a ← a eᵐ⁻ⁿ + Σ eˢ⁻ⁿ v,   m ← n

and at the end y = a / l. Two numbers per query, m and l, are all that backward needs to make any
tile of weights again: computing twice what would take T² numbers to keep.

References: Milakov & Gimelshein (2018), arXiv:1805.02867 (online softmax); Dao et al. (2022),
arXiv:2205.14135, section 3.1 (tiles, recomputation).
"""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.random import resolve_rng
from neural_net_layers.attention._heads import add_heads, repeat_heads
from neural_net_layers.regularization.dropout import keep_mask

__all__ = ["BlockedAttentionOp"]

# So many queries meet so many keys: with 256 the scores of one head, and a temporary, stay in the
# processor's second-level cache.
TILE = 256


class BlockedAttentionOp(Op):
    r"""y = P v with P = softmax(c q kᵀ + b), tile by tile.

    Every tile of P is made again on the way back, as P = eˢ⁻ᵐ / l, and adds its share to the
    gradients of `AttentionOp`,

        dv += Pᵀ dy,   ds = P ∘ (dy vᵀ − δ),   dq += c ds k,   dk += c dsᵀ q,   db = ds

    where δᵢ = Σⱼ dPᵢⱼ Pᵢⱼ needs no row of P: it is dyᵢ · yᵢ. What dropout drops is drawn twice,
    from a seed of the call and the tile's place.

    The inputs are q (…, H, T, D), k (…, K, S, D), v (…, K, S, E), and b and keep, which broadcast
    to (…, H, T, S); either may be None. Saves all of them, y, m and l.

    Args:
        scale: c.
        offset: The position of the first query if none may look ahead; None if they may.
        dropout: The probability of dropping a weight.
        rng: The generator that the call's seed is drawn from; None means the library's.
    """

    def __init__(
        self,
        scale: float,
        offset: int | None = None,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.scale, self.offset, self.dropout = scale, offset, dropout
        self.tile = TILE
        self.seed = int(resolve_rng(rng).integers(1 << 62)) if dropout else 0

    def forward(
        self, q: Array, k: Array, v: Array, b: Array | None = None, keep: Array | None = None
    ) -> Array:
        self.groups = q.shape[-3] // k.shape[-3] if q.ndim > 2 else 1
        self.q, self.k, self.v = q, repeat_heads(k, self.groups), repeat_heads(v, self.groups)
        scores = (*q.shape[:-1], k.shape[-2])  # (…, H, T, S)
        self.b, self.keep = (None if x is None else np.broadcast_to(x, scores) for x in (b, keep))
        self.y = np.zeros_like(q, shape=(*q.shape[:-1], v.shape[-1]))
        self.m = np.full_like(q, np.finfo(q.dtype).min, shape=(*q.shape[:-1], 1))  # −∞, but finite
        self.l = np.zeros_like(self.m)
        for rows in pieces(q.shape[-2], self.tile):
            m, l, a = self.m[..., rows, :], self.l[..., rows, :], self.y[..., rows, :]
            for columns in self.visible_tiles(rows):
                s = self.scores(rows, columns)
                n = np.maximum(m, s.max(axis=-1, keepdims=True))
                e = np.exp(s - n)
                l = l * np.exp(m - n) + e.sum(axis=-1, keepdims=True)
                a = a * np.exp(m - n) + self.dropped(e, rows, columns) @ self.v[..., columns, :]
                m = n
            l = np.where(l == 0, 1, l)  # of a query that sees nothing
            self.y[..., rows, :], self.m[..., rows, :], self.l[..., rows, :] = a / l, m, l
        return self.y

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dq, dk, dv = np.zeros_like(self.q), np.zeros_like(self.k), np.zeros_like(self.v)
        db = None if self.b is None else np.zeros_like(self.b)
        delta = np.vecdot(dy, self.y)[..., None]
        for rows in pieces(dy.shape[-2], self.tile):
            q, d = self.q[..., rows, :], dy[..., rows, :]
            for columns in self.visible_tiles(rows):
                k, v = self.k[..., columns, :], self.v[..., columns, :]
                p = np.exp(self.scores(rows, columns) - self.m[..., rows, :]) / self.l[..., rows, :]
                dv[..., columns, :] += self.dropped(p, rows, columns).mT @ d
                dp = self.dropped(d @ v.mT, rows, columns)
                ds = p * (dp - delta[..., rows, :])
                dq[..., rows, :] += self.scale * (ds @ k)
                dk[..., columns, :] += self.scale * (ds.mT @ q)
                if db is not None:
                    db[..., rows, columns] = ds
        return dq, add_heads(dk, self.groups), add_heads(dv, self.groups), db, None

    def scores(self, rows: slice, columns: slice) -> Array:
        """Return a tile of c q kᵀ + b, −∞ where hidden."""
        s: Array = (self.scale * self.q[..., rows, :]) @ self.k[..., columns, :].mT
        if self.b is not None:
            s = s + self.b[..., rows, columns]
        if self.keep is not None:
            s = np.where(self.keep[..., rows, columns], s, -np.inf)
        if self.offset is not None:
            queries, keys = s.shape[-2:]
            offset = self.offset + rows.start - columns.start
            seen = np.tri(queries, keys, offset, bool, like=s)  # j ≤ offset + i
            s = np.where(seen, s, -np.inf)
        return s

    def visible_tiles(self, rows: slice) -> list[slice]:
        """Return the tiles of keys, but for those that lie ahead of all the queries."""
        keys = self.k.shape[-2]
        end = keys if self.offset is None else min(max(self.offset + rows.stop, 0), keys)
        return pieces(end, self.tile)

    def dropped(self, x: Array, rows: slice, columns: slice) -> Array:
        """Return x ∘ M of a tile, the same M each time, of zeros and 1/(1 − dropout)."""
        if not self.dropout:
            return x
        rng = np.random.default_rng((self.seed, rows.start, columns.start))
        kept = keep_mask(x.shape, self.dropout, rng).astype(x.dtype)
        return x * kept * (1 / (1 - self.dropout) if self.dropout < 1 else 0.0)


def pieces(n: int, size: int) -> list[slice]:
    """Return 0 to n in pieces of a size; the last may be smaller."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
