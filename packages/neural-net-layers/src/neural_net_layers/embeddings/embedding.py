r"""The embedding table: a vector for every token, found by its number.

Looking up row i is the product of a one-hot vector with the table, without the zeros. The
gradient of that product lands on the rows that were looked up, once for each time.
"""

import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_count, check_number, is_number
from neural_net_core.drawing import drawn
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Parameter, Tensor, TensorLike, as_tensor
from neural_net_layers.embeddings._ids import as_ids, as_row, shorten_rows

__all__ = ["Embedding", "EmbeddingOp", "embedding"]


class EmbeddingOp(Op):
    r"""y = W[ids];  dW = 0 with dW[ids] += dy, but for the padding row.  Saves the ids.

    Args:
        padding_idx: The row whose gradient is zero.
        by_frequency: Whether dy is divided by how often its id occurs.
    """

    def __init__(self, padding_idx: int | None, by_frequency: bool) -> None:
        self.padding_idx, self.by_frequency = padding_idx, by_frequency

    def forward(self, w: Array, ids: Array) -> Array:
        self.ids, self.shape = ids, w.shape
        return w[ids]

    def backward(self, dy: Array) -> tuple[Array, None]:
        dw = np.zeros_like(dy, shape=self.shape)
        if self.by_frequency:
            times = np.bincount(self.ids.reshape(-1)).astype(dy.dtype)
            dy = dy / times[self.ids][..., None]
        np.add.at(dw, self.ids, dy)  # which counts a repeated id each time
        if self.padding_idx is not None:
            dw[self.padding_idx] = 0
        return dw, None


def embedding(
    ids: TensorLike,
    weight: TensorLike,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Tensor:
    r"""Look up rows of a table.

    $$ y_{\ldots} = W_{\text{ids}_{\ldots}} $$

    Args:
        ids: (…), integers from 0 to V − 1.
        weight: W (V, D).
        padding_idx: A row that gets no gradient; negative counts from the end.
        max_norm: Rows that are looked up and longer than this are scaled down to it, in the
            table itself, before they are looked up; None leaves them. An earlier result of the
            same table can then not be differentiated any more: look up all ids in one call.
        norm_type: p of the norm that `max_norm` bounds.
        scale_grad_by_freq: Whether the gradient of a row is divided by how often it was looked
            up in this call.

    Returns:
        (…, D).

    Raises:
        DTypeError: If the ids are no integers.
        IndexError: If an id is no row; negative ones are none.
        ShapeError: If the weight has not two axes.

    Examples:
        >>> embedding([2, 0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).tolist()
        [[5.0, 6.0], [1.0, 2.0]]
    """
    weight = as_tensor(weight)
    if weight.ndim != 2:
        raise ShapeError(f"embedding: expected a weight (V, D), got {weight.shape}")
    rows = len(weight)
    ids = as_ids(f"Embedding({rows}, {weight.shape[1]})", ids, rows)
    padding_idx = as_row("embedding", "padding_idx", padding_idx, rows)
    max_norm, norm_type = check_norm("embedding", max_norm, norm_type)
    if max_norm is not None:
        shorten_rows(weight, ids, max_norm, norm_type)
    return EmbeddingOp.apply(weight, ids, padding_idx=padding_idx, by_frequency=scale_grad_by_freq)


class Embedding(Module):
    r"""A learned vector for each of V tokens.

    $$ y_{\ldots} = W_{\text{ids}_{\ldots}} $$

    Called `Embedding` in PyTorch and Keras too, with PyTorch's parameter and options. Its
    gradient is a dense array, so any optimizer will do (the option `sparse` is not there).

    Args:
        num_embeddings: V, the number of tokens, at least 1.
        embedding_dim: D, the size of a vector, at least 1.
        padding_idx: A token that stands for nothing: its row is zero and gets no gradient, so that
            it stays zero, under weight decay too. Negative counts from the end.
        max_norm: The largest length of a row that is looked up; longer ones are scaled down
            in the table itself. None is no bound.
        norm_type: p of the norm that `max_norm` bounds.
        scale_grad_by_freq: Whether a row's gradient is divided by how often its token occurs.
        init: Called as `init(shape, rng=…, dtype=…)`; None draws from N(0, 1), as PyTorch
            does. Language models that use the table as output layer too take a smaller one, such
            as N(0, 0.02²): otherwise the first logits have a deviation of √D.
        rng: The generator to draw from; None means the library's.
        dtype: The table's dtype; None means the default, float32.

    Shape:
        (…) integers -> (…, D)

    Attributes:
        weight: (V, D).

    Raises:
        DTypeError: If the ids are no integers.
        IndexError: If an id is not in 0 to V − 1.

    References:
        Bengio et al. (2003), A Neural Probabilistic Language Model, section 2 (the matrix C).

    Examples:
        >>> table = Embedding(3, 2, padding_idx=0)
        >>> table([[1, 2, 0]]).shape
        (1, 3, 2)
        >>> table([0]).tolist()
        [[0.0, 0.0]]
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        rows = self.num_embeddings = check_count("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = check_count("Embedding", "embedding_dim", embedding_dim)
        self.padding_idx = as_row("Embedding", "padding_idx", padding_idx, rows)
        self.max_norm, self.norm_type = check_norm("Embedding", max_norm, norm_type)
        self.scale_grad_by_freq = scale_grad_by_freq
        draw = initializers.normal if init is None else init
        shape = (rows, self.embedding_dim)
        self.weight = Parameter(drawn("Embedding", "init", draw, shape, rng, dtype), dtype)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls,
        weight: TensorLike,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
    ) -> Self:
        """Make a layer of given vectors, which are copied and taken as they are.

        Args:
            weight: (V, D); arrays become float32, the default, and Tensors keep their dtype.
            freeze: Whether they stay as they are in training.
            padding_idx: A token whose row gets no gradient; the row itself is not changed.
            max_norm: As for the class.
            norm_type: As for the class.
            scale_grad_by_freq: As for the class.

        Raises:
            ShapeError: If the weight has not two axes.
        """
        values = as_tensor(weight).data
        if values.ndim != 2:
            raise ShapeError(
                f"{cls.__name__}.from_pretrained: expected a weight (V, D), got {values.shape}"
            )
        rows, columns = values.shape
        layer = cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            init=initializers.zeros,
            dtype=values.dtype,
        )
        layer.weight.data[...] = values
        layer.weight.requires_grad_(not freeze)
        return layer

    def tied_output(self, *, bias: bool = False) -> Dense:
        """Return the dense layer D -> V whose weight is this table, one parameter for both.

        Its output is the product of a vector with every token's, so that similar tokens get
        similar scores. The shared weight counts once, and its gradient is the sum of both uses.

        Args:
            bias: Whether the dense layer has a bias, initially zero.

        References:
            Press & Wolf (2017), arXiv:1608.05859; Inan et al. (2017), arXiv:1611.01462.

        Examples:
            >>> table = Embedding(100, 8)
            >>> table.tied_output().weight is table.weight
            True
        """
        output = Dense(
            self.embedding_dim,
            self.num_embeddings,
            bias,
            init=initializers.zeros,
            dtype=self.weight.dtype,
        )
        output.weight = self.weight
        return output

    def forward(self, ids: TensorLike) -> Tensor:
        """Return the tokens' vectors.

        Args:
            ids: (…), integers from 0 to V − 1.
        """
        return embedding(
            ids,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
        )

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        return f"{self.num_embeddings}, {self.embedding_dim}" + options_of(self)


def check_norm(layer: str, max_norm: float | None, norm_type: float) -> tuple[float | None, float]:
    """Return the two, or raise if one is not positive."""
    if max_norm is not None:
        max_norm = check_number(layer, "max_norm", max_norm, above=0)
    if not (is_number(norm_type) and norm_type == math.inf):
        norm_type = check_number(layer, "norm_type", norm_type, above=0)
    return max_norm, norm_type


def options_of(layer: Any) -> str:
    """Return the options of an embedding that are not the default, for `repr`."""
    parts = []
    if layer.padding_idx is not None:
        parts.append(f"padding_idx={layer.padding_idx}")
    if layer.max_norm is not None:
        parts.append(f"max_norm={layer.max_norm}")
    if layer.norm_type != 2:
        parts.append(f"norm_type={layer.norm_type}")
    if layer.scale_grad_by_freq:
        parts.append("scale_grad_by_freq=True")
    return "".join(f", {part}" for part in parts)
