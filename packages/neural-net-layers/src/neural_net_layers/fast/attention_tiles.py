"""Attention tile by tile, with threads that share the rows of tiles, and weights kept if few.

The sums are those of `BlockedAttentionOp`, for one example and head at a time: what a tile needs
then stays in the cache.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers.attention import blocked_attention
from neural_net_layers.fast import products as _products
from neural_net_layers.fast.attention_layout import Layout
from neural_net_layers.fast.attention_visibility import Tile, Visibility, cut
from neural_net_layers.fast.threads import parts_for, share, share_sums

__all__: list[str] = []

# With more keys than these in a tile, a product small enough for one of several threads would have
# too few rows to be fast.
MOST_SHARED = 512

# Up to so many bytes, exponentials are kept for backward instead of being made again.
KEPT = 1 << 25

# Example, head, first query, and the query behind the last.
Row = tuple[int, int, int, int]


class Tiles:
    """One attention without dropout, computed when it is made.

    Saves c q, k, v, b, y, m and 1/l. A tile that no query may see, above the diagonal of a causal
    attention, is left out.

    Args:
        q: (…, H, T, D).
        k: (…, K, S, D).
        v: (…, K, S, E).
        b: What is added to the scores, or None; broadcasts to (…, H, T, S).
        keep: What is visible, or None; likewise.
        scale: c.
        offset: The position of the first query if none may look ahead, or None.
        recorded: Whether `backward` will be called.

    Attributes:
        result: y, (…, H, T, E).
    """

    def __init__(
        self,
        q: Array,
        k: Array,
        v: Array,
        b: Array | None,
        keep: Array | None,
        scale: float,
        offset: int | None,
        recorded: bool,
    ) -> None:
        self.layout = layout = Layout(q.shape, k.shape, v.shape)
        keep = None if keep is None else layout.with_four_axes(keep)
        self.visibility = Visibility(keep, offset)
        self.b = None if b is None else layout.with_four_axes(b)
        self.scale = scale
        q, self.k, self.v = layout.split(q, k, v)  # (B, H, T, D), (B, K, S, D), (B, K, S, E)
        self.q = q * scale
        self.y = np.empty_like(self.q, shape=(*q.shape[:-1], self.v.shape[-1]))
        self.maximum = np.empty_like(q, shape=(*q.shape[:-1], 1), order="C")  # m
        self.inverse = np.empty_like(self.maximum)  # 1/l
        size = self.maximum.size * layout.keys
        self.columns = blocked_attention.TILE
        self.kept: dict[Row, Array] | None = None
        if size * q.itemsize <= KEPT:
            self.kept = {} if recorded else None
            self.columns = layout.keys  # whole rows, whose maximum is final
        self.rows, self.parts = self._rows(size)
        self.times = np.matmul if self.parts == 1 else small_products

        def work(start: int, stop: int) -> None:
            for row in self.rows[start:stop]:
                self._forward_row(row)

        share(len(self.rows), self.parts, work)
        self.result = layout.joined(self.y)

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
            y += self.times(e, self.v[example, head // self.layout.groups, tile[3]])
        empty = total == 0
        total += empty
        np.divide(1, total, out=total)
        total -= empty  # 1/l = 0: no gradient either
        self.inverse[example, head, start:stop] = total
        y *= total

    def backward(self, dy: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        """Return dq, dk, dv and db, of which those that nobody needs are None.

        Args:
            dy: (…, H, T, E).
            needs: Which of the four are needed.
        """
        layout = self.layout
        (dy,) = layout.split(dy)
        needs_q, needs_k, needs_v, needs_b = needs
        dq = np.zeros_like(self.q) if needs_q else None
        db = np.zeros_like(self.b) if needs_b else None
        parts = 1 if needs_b else self.parts  # rows of b may be shared by all heads
        self.times = np.matmul if parts == 1 else small_products

        def work(start: int, stop: int) -> tuple[Array | None, Array | None]:
            # Several rows add to the same keys, so each thread has sums of its own.
            dk = np.zeros_like(self.k) if needs_k else None
            dv = np.zeros_like(self.v) if needs_v else None
            for row in self.rows[start:stop]:
                self._backward_row(row, dy, dq, dk, dv, db)
            return dk, dv

        dk, dv = share_sums(len(self.rows), parts, work)
        dq, dk, dv = (
            None if dx is None else dx.reshape(shape)
            for dx, shape in zip((dq, dk, dv), layout.shapes, strict=True)
        )
        if db is not None:
            lead = layout.lead if len(db) != 1 else (1,) * len(layout.lead)
            db = db.reshape(*lead, *db.shape[1:])
        return dq, dk, dv, db

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
                dv[example, group, keys] += self.times(e.T, d)
            ds = self.times(d, v.T)
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
        side = blocked_attention.TILE
        height = max(1, min(side, side**2 // max(self.columns, 1)))
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
