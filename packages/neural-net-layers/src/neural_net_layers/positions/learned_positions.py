"""Learned positions: a vector for every place, found by training like any other weight."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neural_net_core import init as initializers
from neural_net_core.checks import check_count
from neural_net_core.drawing import drawn
from neural_net_core.init import Initializer
from neural_net_core.modules.module import Module
from neural_net_core.tensor import Parameter, Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.positions.positional_encoding import HasLength, check_places, first_place

__all__ = ["LearnedPositionalEmbedding"]


class LearnedPositionalEmbedding(Module):
    r"""Adds to every vector of a sequence a learned one of its place.

    $$ y_{t} = x_{t} + W_{\text{offset} + t} $$

    Places that training never saw stay as they were drawn, so it cannot go on to longer sequences.

    Args:
        features: D.
        max_length: The largest number of places, at least 1.
        init: Called as `init(shape, rng=…, dtype=…)`; None draws from N(0, 1), as an embedding
            of tokens does. If these vectors are much shorter than the tokens', the network does
            not notice them at first: with N(0, 0.02²) beside tokens from N(0, 1), a small network
            that should reverse its input was seen to stall.
        rng: The generator to draw from; None means the library's.
        dtype: The parameter's dtype; None means the default, float32.

    Shape:
        (…, T, D) -> (…, T, D)

    Attributes:
        weight: (max_length, D).

    Raises:
        ShapeError: If the input does not end in (T, D), or T is more than there are places.

    References:
        Gehring et al. (2017), arXiv:1705.03122, section 3.1.

    Examples:
        >>> import numpy as np
        >>> LearnedPositionalEmbedding(4, 8)(np.zeros((2, 5, 4))).shape
        (2, 5, 4)

        With a cache of the layers behind it, a sequence may come in pieces:

        >>> from neural_net_core import no_grad
        >>> from neural_net_layers import TransformerEncoder
        >>> places, encoder = LearnedPositionalEmbedding(4, 8), TransformerEncoder(2, 4, 2)
        >>> cache = encoder.eval().new_cache()
        >>> with no_grad():
        ...     for piece in (np.ones((1, 5, 4)), np.ones((1, 1, 4))):
        ...         y = encoder(places(piece, cache=cache), causal=True, cache=cache)
        >>> cache[0].length
        6
    """

    weight: Parameter

    def __init__(
        self,
        features: int,
        max_length: int,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.features = check_count("LearnedPositionalEmbedding", "features", features)
        self.max_length = check_count("LearnedPositionalEmbedding", "max_length", max_length)
        draw = initializers.normal if init is None else init
        shape = (self.max_length, self.features)
        values = drawn("LearnedPositionalEmbedding", "init", draw, shape, rng, dtype)
        self.weight = Parameter(values, dtype)

    def forward(
        self,
        x: TensorLike,
        offset: int = 0,
        *,
        cache: HasLength | Sequence[HasLength] | None = None,
    ) -> Tensor:
        """Return x with the places' vectors added.

        Args:
            x: (…, T, D).
            offset: The place of the first vector.
            cache: What the layers behind it have read, from their `new_cache`, or a
                `KeyValueCache`: the first vector's place is behind it. None means that there is
                none.
        """
        x, _ = coerce(x, self.weight)
        label = f"LearnedPositionalEmbedding({self.extra_repr()})"
        offset = first_place(label, offset, cache)
        check_places(label, x, self.features, self.max_length, offset)
        y: Tensor = x + self.weight[offset : offset + x.shape[-2]]
        return y

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.features}, max_length={self.max_length}"
