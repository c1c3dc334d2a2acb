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

from collections.abc import Iterator

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.random import resolve_rng
from neural_net_layers.attention._attention_layout import Layout
from neural_net_layers.attention._visibility import Tile, Visibility, cut, with_four_axes
from neural_net_layers.fast import products as _products
from neural_net_layers.fast.threads import parts_for, share
from neural_net_layers.regularization.dropout import keep_mask

__all__ = ["BlockedAttentionOp"]

# Scores of a tile, so that it and a temporary stay in the second-level cache; queries of a tile.
TILE, ROWS = 1 << 16, 256

# With more keys than these in a tile, a product small enough for one of several threads would have
# too few rows to be fast.
MOST_SHARED = 512

# Up to so many bytes, exponentials are kept for backward instead of being made again.
KEPT = 1 << 25

# Example, head, first query, and the query behind the last.
Row = tuple[int, int, int, int]


class BlockedAttentionOp(Op):
    r"""y = P v with P = softmax(c q kᵀ + b), tile by tile.

    With e = exp(s − m) and l its sum, P = e / l, and the gradients of `AttentionOp` become, for
    each tile and with d = dy / l,

        dv += eᵀ d,   ds = e ∘ (d vᵀ − δ),   dq += c ds k,   dk += c dsᵀ q

    where δᵢ = dᵢ · yᵢ, which is Σⱼ dPᵢⱼ Pᵢⱼ / lᵢ, needs no row of P. A tile that no query may see,
    above the diagonal of a causal attention, is left out. Saves c q, k, v, b, y, m and 1/l. What
    dropout drops is drawn twice, from a seed of the call and the tile's place.

    Args:
        layout: The shapes.
        visibility: The masks.
        scale: c.
        dropout: The probability of dropping a weight.
        rng: The generator that drops; the call's seed is drawn from it.
    """

    def __init__(
        self,
        layout: Layout,
        visibility: Visibility,
        scale: float,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.layout, self.visibility, self.scale, self.dropout = layout, visibility, scale, dropout
        self.seed = int(resolve_rng(rng).integers(1 << 62)) if dropout else 0
        self.tile_scores, self.tile_rows, self.most_kept = TILE, ROWS, KEPT

    def forward(self, q: Array, k: Array, v: Array, b: Array | None = None) -> Array:
        layout = self.layout
        self.with_bias = b is not None
        self.b = b
        if b is not None:
            self.b = with_four_axes("scaled_dot_product_attention(bias)", b, layout.scores)
        q, self.k, self.v = layout.split(q, k, v)  # (B, H, T, D), (B, K, S, D), (B, K, S, E)
        self.q = q * self.scale
        self.y = np.empty_like(self.q, shape=(*q.shape[:-1], self.v.shape[-1]))
        self.maximum = np.empty_like(q, shape=(*q.shape[:-1], 1), order="C")  # m
        self.inverse = np.empty_like(self.maximum)  # 1/l
        size = self.maximum.size * layout.keys
        # The tiles, and so what is dropped, must not depend on whether this is recorded.
        self.kept: dict[Row, Array] | None = None
        self.columns = self.tile_scores // self.tile_rows
        if size * q.itemsize <= self.most_kept:
            self.kept = {} if self.parents else None
            self.columns = layout.keys  # whole rows, whose maximum is final
        rows, parts = self._rows(size)
        self.times = np.matmul if parts == 1 else small_products

        def work(start: int, stop: int) -> None:
            for row in rows[start:stop]:
                self._forward_row(row)

        share(len(rows), parts, work)
        return layout.joined(self.y)

    def _forward_row(self, row: Row) -> None:
        example, head, start, stop = row
        y = self.y[example, head, start:stop]
        y[...] = 0
        m = self.maximum[example, head, start:stop]
        m[...] = np.finfo(m.dtype).min  # finite: a row without a visible key has e = 0, not NaN
        total = np.zeros_like(m)
        for tile in self._tiles(row):
            e = self._scores(row, tile)
            highest = np.maximum(m, np.maximum.reduce(e, axis=-1, keepdims=True))
            e -= highest
            np.exp(e, out=e)
            if tile[3].start:
                correction = np.exp(m - highest)
                total *= correction
                y *= correction
            m[...] = highest
            total += np.vecdot(e, np.ones_like(e, shape=e.shape[-1]))[:, None]
            if self.kept is not None:
                self.kept[row] = e
            if self.dropout:
                e = self._drop(e, row, tile)
            y += self.times(e, self.v[example, head // self.layout.groups, tile[3]])
        empty = total == 0
        total += empty
        np.divide(1, total, out=total)
        total -= empty  # 1/l = 0: no gradient either
        self.inverse[example, head, start:stop] = total
        y *= total

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        layout = self.layout
        (dy,) = layout.split(dy)
        dq = np.zeros_like(self.q) if self.needs(0) else None
        db = np.zeros_like(self.b) if self.with_bias and self.needs(3) else None
        rows, parts = self._rows(self.maximum.size * layout.keys)
        if db is not None:
            parts = 1  # its rows may be shared by all heads
        self.times = np.matmul if parts == 1 else small_products

        def work(start: int, stop: int) -> tuple[Array | None, Array | None]:
            # Several rows add to the same keys, so each thread has sums of its own.
            dk = np.zeros_like(self.k) if self.needs(1) else None
            dv = np.zeros_like(self.v) if self.needs(2) else None
            for row in rows[start:stop]:
                self._backward_row(row, dy, dq, dk, dv, db)
            return dk, dv

        (dk, dv), *others = share(len(rows), parts, work)
        for more_dk, more_dv in others:
            if dk is not None:
                dk += more_dk
            if dv is not None:
                dv += more_dv
        gradients = tuple(
            None if dx is None else dx.reshape(shape)
            for dx, shape in zip((dq, dk, dv), layout.shapes, strict=True)
        )
        if not self.with_bias:
            return gradients
        if db is not None:
            lead = layout.lead if len(db) != 1 else (1,) * len(layout.lead)
            db = db.reshape(*lead, *db.shape[1:])
        return (*gradients, db)

    def _backward_row(
        self,
        row: Row,
        dy: Array,
        dq: Array | None,
        dk: Array | None,
        dv: Array | None,
        db: Array | None,
    ) -> None:
        example, head, start, stop = row
        group = head // self.layout.groups
        d = dy[example, head, start:stop] * self.inverse[example, head, start:stop]
        delta = np.vecdot(d, self.y[example, head, start:stop])[:, None]
        for tile in self._tiles(row):
            keys = tile[3]
            k, v = self.k[example, group, keys], self.v[example, group, keys]
            if self.kept is not None:
                e = self.kept[row]
            else:
                e = self._scores(row, tile)
                e -= self.maximum[example, head, start:stop]
                np.exp(e, out=e)
            if dv is not None:
                dropped = self._drop(e, row, tile) if self.dropout else e
                dv[example, group, keys] += self.times(dropped.T, d)
            ds = self.times(d, v.T)
            if self.dropout:
                ds = self._drop(ds, row, tile)
            ds -= delta
            ds *= e
            if dq is not None:
                dq[example, head, start:stop] += self.times(ds, k)
            if dk is not None:
                dk[example, group, keys] += self.times(ds.T, self.q[example, head, start:stop])
            if db is not None:
                part = db[cut(db, tile)]
                axes = tuple(i for i in range(2) if part.shape[2 + i] != ds.shape[i])
                part += ds.sum(axis=axes, keepdims=True)
        if dq is not None:
            dq[example, head, start:stop] *= self.scale

    def _rows(self, size: int) -> tuple[list[Row], int]:
        """Return all rows of tiles, and among how many threads to share them."""
        examples, heads, queries, width = self.q.shape
        height = max(1, min(self.tile_rows, self.tile_scores // max(self.columns, 1)))
        rows = [
            (example, head, start, min(start + height, queries))
            for example in range(examples)
            for head in range(heads)
            for start in range(0, queries, height)
        ]
        parts = parts_for(size * width) if self.columns <= MOST_SHARED else 1
        # Every thread gets early and late rows, which are short and long in a causal attention.
        return [row for i in range(parts) for row in rows[i::parts]], parts

    def _tiles(self, row: Row) -> Iterator[Tile]:
        """Yield the tiles of a row that hold a visible score."""
        example, head, start, stop = row
        end = self.visibility.end(stop, self.layout.keys)
        for first in range(0, end, max(self.columns, 1)):
            yield (
                slice(example, example + 1),
                slice(head, head + 1),
                slice(start, stop),
                slice(first, min(first + self.columns, end)),
            )

    def _scores(self, row: Row, tile: Tile) -> Array:
        """Return c q kᵀ + b of a tile, −∞ where hidden."""
        example, head, start, stop = row
        k = self.k[example, head // self.layout.groups, tile[3]]
        scores = self.times(self.q[example, head, start:stop], k.T)
        if self.b is not None:
            scores += self.b[cut(self.b, tile)][0, 0]
        self.visibility.hide(scores, tile)
        return scores

    def _drop(self, x: Array, row: Row, tile: Tile) -> Array:
        """Return x with the same elements dropped each time it is asked for a tile."""
        rng = np.random.default_rng((self.seed, *row, tile[3].start))
        y: Array = x * keep_mask(x.shape, self.dropout, rng)
        y *= 1 / (1 - self.dropout) if self.dropout < 1 else 0.0
        return y


def small_products(a: Array, b: Array) -> Array:
    """Return a @ b in blocks of rows, each so small that BLAS takes no threads of its own.

    Threads that are at work on several rows of tiles would else wait for each other's.
    """
    most = _products.SMALL_PRODUCT // max(b.size, 1)  # a row takes as many multiplications
    if len(a) <= most or most == 0:
        product: Array = a @ b
        return product
    rows = -(-len(a) // -(-len(a) // most))
    whole = len(a) // rows * rows
    y = np.empty_like(a, shape=(len(a), b.shape[1]), order="C")
    blocks = y[:whole].reshape(whole // rows, rows, b.shape[1])
    np.matmul(a[:whole].reshape(len(blocks), rows, a.shape[1]), b, out=blocks)
    if whole < len(a):
        np.matmul(a[whole:], b, out=y[whole:])
    return y
