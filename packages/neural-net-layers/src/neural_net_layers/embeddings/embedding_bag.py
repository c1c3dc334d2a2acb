r"""Sums, means or maxima of embeddings: one vector for a whole bag of tokens.

The vectors of the single tokens are never kept, so a bag of a thousand words costs as much memory
in the graph as a bag of one.
"""

from itertools import pairwise
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_word
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Parameter, Tensor, TensorLike, as_tensor
from neural_net_layers._inputs import coerce
from neural_net_layers.embeddings._ids import as_ids, as_row, shorten_rows
from neural_net_layers.embeddings.embedding import Embedding, check_norm, options_of

__all__ = ["EmbeddingBag", "EmbeddingBagOp", "embedding_bag"]

BagMode = Literal["sum", "mean", "max"]


class EmbeddingBagOp(Op):
    r"""y_b = Σ_{i in bag b} s_i W[id_i];  dW[id_i] += s_i dy_b,  ds_i = W[id_i] · dy_b.

    s is 1 for "sum" (or the given weights), 1 / (size of the bag) for "mean". For "max",
    y_bj = max_i W[id_i, j], and dy_bj goes to the first token that has the maximum; NaN counts as
    the maximum wherever it stands in the bag (in PyTorch only at its beginning). An empty bag is
    zero.

    The inputs are W (V, D), s (N,) or None, the ids (N,), rows of W without padding, and the bag of
    each id (N,), never falling. Saves them, or the winners for "max".

    Args:
        count: B, the number of bags.
        mode: "sum", "mean" or "max".
        by_frequency: Whether a row's gradient is divided by how often it occurs.
    """

    def __init__(self, count: int, mode: BagMode, by_frequency: bool = False) -> None:
        self.count, self.mode, self.by_frequency = count, mode, by_frequency

    def forward(self, w: Array, s: Array | None, ids: Array, bags: Array) -> Array:
        self.w, self.ids, self.bags = w, ids, bags
        rows = w[ids]  # (N, D)
        y = np.zeros_like(w, shape=(self.count, w.shape[1]))
        self.full, starts = np.unique(bags, return_index=True)  # the bags that are not empty
        if self.mode == "max":
            self.winners = np.zeros_like(ids, shape=(len(starts), w.shape[1]))
            for i, (start, stop) in enumerate(pairwise([*starts, len(ids)])):
                self.winners[i] = ids[start:stop][rows[start:stop].argmax(axis=0)]
            y[self.full] = w[self.winners, np.arange(w.shape[1])]
            return y
        if self.mode == "mean":
            s = 1 / np.bincount(bags)[bags].astype(w.dtype)
        self.s = np.ones_like(w, shape=ids.shape) if s is None else s
        y[self.full] = np.add.reduceat(rows * self.s[:, None], starts, axis=0)
        return y

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        dw = np.zeros_like(dy, shape=self.w.shape)
        if self.mode == "max":
            np.add.at(dw, (self.winners, np.arange(dw.shape[1])), dy[self.full])
            return dw, None, None, None
        drows = dy[self.bags]  # (N, D)
        ds = np.vecdot(self.w[self.ids], drows)
        drows = drows * self.s[:, None]
        if self.by_frequency:
            drows = drows / np.bincount(self.ids)[self.ids].astype(dy.dtype)[:, None]
        np.add.at(dw, self.ids, drows)
        return dw, ds, None, None


def embedding_bag(
    ids: TensorLike,
    weight: TensorLike,
    offsets: TensorLike | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: BagMode = "mean",
    per_sample_weights: TensorLike | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    r"""Reduce the embeddings of each bag of tokens to one vector.

    $$ y_b = \sum_{i \in b} s_i W_{\text{ids}_i} \quad \text{or} \quad
       \frac{1}{|b|} \sum_{i \in b} W_{\text{ids}_i} \quad \text{or} \quad
       \max_{i \in b} W_{\text{ids}_i} $$

    Args:
        ids: (B, L), each row a bag; or (N,), cut into bags by `offsets`.
        weight: W (V, D).
        offsets: (B,) where each bag begins in the row of ids, the first at 0, never falling.
        max_norm: As for `embedding`.
        norm_type: As for `embedding`.
        scale_grad_by_freq: As for `embedding`; not for mode "max".
        mode: "sum", "mean" or "max".
        per_sample_weights: s, of the shape of ids; for mode "sum" only.
        include_last_offset: Whether the last offset is only the end of the last bag.
        padding_idx: An id that does not count: not for the sum, the size of a bag or the gradient.

    Returns:
        (B, D); zeros for an empty bag.

    Raises:
        DTypeError: If the ids or offsets are no integers.
        IndexError: If an id is no row.
        ShapeError: If the arrays do not fit each other.
        ValueError: For an unknown mode or options that exclude each other.

    Examples:
        >>> table = [[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]
        >>> embedding_bag([0, 1, 2], table, offsets=[0, 2], mode="sum").tolist()
        [[4.0, 6.0], [5.0, 7.0]]
        >>> embedding_bag([[0, 2], [1, 1]], table, mode="max").tolist()
        [[5.0, 7.0], [3.0, 4.0]]
    """
    weight, scales = coerce(weight, per_sample_weights)
    if weight.ndim != 2:
        raise ShapeError(f"embedding_bag: expected a weight (V, D), got {weight.shape}")
    check_mode("embedding_bag", mode, scale_grad_by_freq)
    if scales is not None and mode != "sum":
        raise ValueError(f'embedding_bag: per_sample_weights need mode "sum", got {mode!r}')
    rows = len(weight)
    ids = as_ids(f"EmbeddingBag({rows}, {weight.shape[1]})", ids, rows)
    if scales is not None and scales.shape != ids.shape:
        raise ShapeError(
            f"embedding_bag: expected per_sample_weights of the shape of ids, {ids.shape}, "
            f"got {scales.shape}"
        )
    bags, count = _bags(ids, offsets, include_last_offset)
    padding_idx = as_row("embedding_bag", "padding_idx", padding_idx, rows)
    max_norm, norm_type = check_norm("embedding_bag", max_norm, norm_type)
    if max_norm is not None:
        shorten_rows(weight, ids, max_norm, norm_type)
    ids = ids.reshape(-1)
    if scales is not None:
        scales = scales.reshape(-1)
    if padding_idx is not None:
        kept = ids != padding_idx
        ids, bags = np.compress(kept, ids), np.compress(kept, bags)
        scales = None if scales is None else scales[np.flatnonzero(kept)]
    return EmbeddingBagOp.apply(
        weight, scales, ids, bags, count=count, mode=mode, by_frequency=scale_grad_by_freq
    )


def check_mode(layer: str, mode: BagMode, scale_grad_by_freq: bool) -> None:
    """Raise if the mode is unknown, or has no frequencies."""
    check_word(layer, "mode", mode, get_args(BagMode))
    if mode == "max" and scale_grad_by_freq:
        raise ValueError(f'{layer}: scale_grad_by_freq does not go with mode "max"')


def _bags(ids: Array, offsets: Any, include_last: bool) -> tuple[Array, int]:
    """Return the bag of each id, (N,), and the number of bags."""
    if ids.ndim == 2:
        if offsets is not None:
            raise ShapeError("embedding_bag: ids (B, L) are bags already, offsets must be None")
        return np.repeat(np.arange(len(ids)), ids.shape[1]), len(ids)
    if ids.ndim != 1:
        raise ShapeError(f"embedding_bag: expected ids (B, L) or (N,), got {ids.shape}")
    if offsets is None:
        raise ShapeError("embedding_bag: ids (N,) need offsets, where each bag begins")
    starts = as_ids("embedding_bag: offsets", offsets, len(ids) + 1)
    if starts.ndim != 1 or (include_last and not len(starts)):
        raise ShapeError(f"embedding_bag: expected offsets (B,), got {starts.shape}")
    ends = np.append(starts[1:], len(ids))
    if include_last:
        if starts[-1] != len(ids):
            raise ShapeError(
                f"embedding_bag: expected the last offset to be the end, {len(ids)}, "
                f"got {starts[-1]}"
            )
        starts, ends = starts[:-1], ends[:-1]
    if (len(starts) and starts[0] != 0) or (ends < starts).any():
        raise ShapeError(
            f"embedding_bag: expected offsets that begin with 0 and never fall, got {offsets}"
        )
    if not len(starts) and len(ids):
        raise ShapeError(f"embedding_bag: {len(ids)} ids are in no bag, offsets are empty")
    # An id comes after all bags that have ended.
    return np.searchsorted(ends, np.arange(len(ids)), side="right"), len(starts)


class EmbeddingBag(Module):
    r"""One vector for each bag of tokens: sum, mean or maximum of their embeddings.

    Called `EmbeddingBag` in PyTorch too, with the same parameter and options.

    Args:
        num_embeddings: V, the number of tokens, at least 1.
        embedding_dim: D, the size of a vector, at least 1.
        max_norm: As for `Embedding`.
        norm_type: As for `Embedding`.
        scale_grad_by_freq: As for `Embedding`; not for mode "max".
        mode: "sum", "mean" or "max".
        include_last_offset: Whether the last offset is only the end of the last bag.
        padding_idx: A token that does not count; its row is zero and stays so.
        init: As for `Embedding`.
        rng: The generator to draw from; None means the library's.
        dtype: The table's dtype; None means the default, float32.

    Shape:
        ids (B, L) -> (B, D); or ids (N,) and offsets (B,) -> (B, D)

    Attributes:
        weight: (V, D), initially N(0, 1).

    Raises:
        IndexError: If an id is not in 0 to V − 1.
        ShapeError: If ids, offsets and weights do not fit each other.

    Examples:
        >>> layer = EmbeddingBag.from_pretrained([[1.0, 2.0], [3.0, 6.0]], mode="mean")
        >>> layer([[0, 1], [1, 1]]).tolist()
        [[2.0, 4.0], [3.0, 6.0]]
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: BagMode = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        check_mode("EmbeddingBag", mode, scale_grad_by_freq)
        # The same table, checked in the same way.
        table = Embedding(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            init=init,
            rng=rng,
            dtype=dtype,
        )
        self.num_embeddings, self.embedding_dim = table.num_embeddings, table.embedding_dim
        self.max_norm, self.norm_type = table.max_norm, table.norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode: BagMode = mode
        self.include_last_offset = include_last_offset
        self.padding_idx = table.padding_idx
        self.weight = table.weight

    @classmethod
    def from_pretrained(
        cls,
        weight: TensorLike,
        freeze: bool = True,
        mode: BagMode = "mean",
        padding_idx: int | None = None,
        **options: Any,
    ) -> Self:
        """Make a layer of given vectors, which are copied and taken as they are.

        Args:
            weight: (V, D).
            freeze: Whether they stay as they are in training.
            mode: As for the class.
            padding_idx: As for the class; the row itself is not changed.
            **options: The other options of the class.
        """
        table = Embedding.from_pretrained(as_tensor(weight), freeze)
        rows, columns = table.weight.shape
        layer = cls(rows, columns, mode=mode, padding_idx=padding_idx, **options)
        layer.weight = table.weight
        return layer

    def forward(
        self,
        ids: TensorLike,
        offsets: TensorLike | None = None,
        per_sample_weights: TensorLike | None = None,
    ) -> Tensor:
        """Return one vector per bag.

        Args:
            ids: (B, L), or (N,) with offsets.
            offsets: (B,), where each bag begins.
            per_sample_weights: Of the shape of ids, for mode "sum".
        """
        return embedding_bag(
            ids,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Return the sizes, the mode, and what is not the default."""
        sizes = f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}"
        last = ", include_last_offset=True" if self.include_last_offset else ""
        return sizes + options_of(self) + last
