"""Attention whose scores are never all in memory, where there are many."""

from typing import Any

from neural_net_core.dtypes import Array
from neural_net_core.forms import fast_form_of
from neural_net_layers.attention.blocked_attention import BlockedAttentionOp
from neural_net_layers.attention.scaled_dot_product_attention import AttentionOp
from neural_net_layers.fast.attention_tiles import Tiles

__all__: list[str] = []

# From this many scores per head on. Of fewer, the textbook form is as fast: measured over the
# tiles, forward and backward, causal, in one thread, 64 × 64 scores 1.0, 128 × 128 1.1,
# 256 × 256 1.3, 512 × 512 1.6, 2,048 × 2,048 1.7.
TILES_FROM = 192 * 192


@fast_form_of(AttentionOp)
class FastAttentionOp(AttentionOp):
    """The scores in tiles, unless there are few, all are wanted, or some are dropped.

    What is dropped is drawn for all scores in their order, and the tiles have another. So whoever
    has many scores to drop asks for `BlockedAttentionOp`.
    """

    tiles: Tiles | None = None

    def forward(
        self, q: Array, k: Array, v: Array, b: Array | None = None, keep: Array | None = None
    ) -> Any:
        few = q.shape[-2] * k.shape[-2] < TILES_FROM
        if few or self.whole or self.need_weights or self.dropout:
            return super().forward(q, k, v, b, keep)
        recorded = bool(self.parents)
        self.tiles = Tiles(q, k, v, b, keep, self.scale, self.offset, recorded)
        return self.tiles.result

    def backward(self, dy: Array, dweights: Array | None = None) -> tuple[Array | None, ...]:
        if self.tiles is None:
            return super().backward(dy, dweights)
        return (*self.tiles.backward(dy, [self.needs(i) for i in range(4)]), None)


@fast_form_of(BlockedAttentionOp)
class FastBlockedAttentionOp(BlockedAttentionOp):
    """The tiles of one example and head after the other, unless something is dropped."""

    tiles: Tiles | None = None

    def forward(
        self, q: Array, k: Array, v: Array, b: Array | None = None, keep: Array | None = None
    ) -> Array:
        if self.dropout:
            return super().forward(q, k, v, b, keep)
        recorded = bool(self.parents)
        self.tiles = Tiles(q, k, v, b, keep, self.scale, self.offset, recorded)
        return self.tiles.result

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        if self.tiles is None:
            return super().backward(dy)
        return (*self.tiles.backward(dy, [self.needs(i) for i in range(4)]), None)
