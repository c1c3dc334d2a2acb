r"""Rotary positions: queries and keys are turned by an angle that grows with their place.

Two features are one point of the plane. Turning the query at place m and the key at place n by
the angles m θ and n θ leaves an angle of (m − n) θ between them, so their product depends on how
far apart they are and not on where:

    (R_m q) · (R_n k) = q · R_(n−m) k

The values are not turned, and nothing is added to the network's stream of features.
"""

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_count, check_dtype
from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.modules.inputs import as_input
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.tensor import Buffer, Tensor, TensorLike
from neural_net_layers._inputs import coerce
from neural_net_layers.positions.positional_encoding import check_places, frequencies

__all__ = ["RotaryEmbedding", "RotateOp"]


class RotateOp(Op):
    r"""y = R x: (a, b) becomes (a cos − b sin, b cos + a sin);  dx = R⁻¹ dy, the turn back.

    The inputs are x (…, T, D), and cos and sin (T, D/2), one angle for each place and pair, which
    have no gradient. Saves the angles.

    Args:
        interleaved: Whether a pair is two neighbours; otherwise feature i goes with i + D/2.
    """

    def __init__(self, interleaved: bool) -> None:
        self.interleaved = interleaved

    def forward(self, x: Array, cos: Array, sin: Array) -> Array:
        self.cos, self.sin = cos, sin
        return self.turned(x, cos, sin)

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        return self.turned(dy, self.cos, -self.sin), None, None

    def turned(self, x: Array, cos: Array, sin: Array) -> Array:
        """Return R x."""
        if self.interleaved:
            a, b = x[..., 0::2], x[..., 1::2]
            return np.stack([a * cos - b * sin, b * cos + a * sin], axis=-1).reshape(x.shape)
        a, b = np.split(x, 2, axis=-1)
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


class RotaryEmbedding(Module):
    r"""Turns the pairs of features of a query or key by angles that grow with its place.

    $$ (a, b) \mapsto (a \cos p\,\omega_i - b \sin p\,\omega_i,\;
                       b \cos p\,\omega_i + a \sin p\,\omega_i), \qquad
       \omega_i = \beta^{-2i/D}, \quad p = \text{offset} + t $$

    Two layouts are in use. "Rotate half", of GPT-NeoX and Llama, pairs feature i with i + D/2;
    the paper pairs neighbours, 2i and 2i + 1. They differ only by the order of the features, but
    weights made for one do not suit the other.

    Args:
        features: D, the size of one head, even.
        max_length: The number of places in the table.
        base: β.
        interleaved: Whether neighbours are paired, as in the paper.
        dtype: The tables' dtype; None means the default, float32. The angles are computed in
            float64.

    Shape:
        (B, H, T, D) -> (B, H, T, D); any (…, T, D) will do

    Attributes:
        cos: (max_length, D/2), a buffer that state dicts do not hold.
        sin: Likewise.

    Raises:
        ShapeError: If the input does not end in (T, D), or T is more than the table has.

    References:
        Su et al. (2021), RoFormer, arXiv:2104.09864, section 3.2.

    Examples:
        >>> rotary = RotaryEmbedding(2)
        >>> rotary([[1.0, 0.0], [1.0, 0.0]]).data.round(3)  # place 1: turned by 1 radian
        array([[1.   , 0.   ],
               [0.54 , 0.841]], dtype=float32)
        >>> rotary([[1.0, 0.0]], offset=1).data.round(3)
        array([[0.54 , 0.841]], dtype=float32)
    """

    def __init__(
        self,
        features: int,
        max_length: int = 2048,
        base: float = 10_000.0,
        interleaved: bool = False,
        *,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        self.features = check_count("RotaryEmbedding", "features", features)
        if features % 2:
            raise ValueError(f"RotaryEmbedding: expected features to be even, got {features}")
        self.max_length = check_count("RotaryEmbedding", "max_length", max_length)
        self.base, self.interleaved = base, interleaved
        dtype = get_default_dtype() if dtype is None else check_dtype("RotaryEmbedding", dtype)
        angles = np.outer(np.arange(max_length), frequencies(features, base))
        self.cos = Buffer(np.cos(angles).astype(dtype), dtype, persistent=False)
        self.sin = Buffer(np.sin(angles).astype(dtype), dtype, persistent=False)

    def forward(self, x: TensorLike, offset: int = 0) -> Tensor:
        """Return x turned.

        Args:
            x: (B, H, T, D), queries or keys.
            offset: The place of the first one; with a cache, how many keys it holds already.
        """
        (x,) = coerce(as_input(self, x))
        check_places(f"RotaryEmbedding({self.features})", x, self.features, self.max_length, offset)
        places = slice(offset, offset + x.shape[-2])
        cos, sin = (t.data[places].astype(x.dtype, copy=False) for t in (self.cos, self.sin))
        return RotateOp.apply(x, cos, sin, interleaved=self.interleaved)

    def extra_repr(self) -> str:
        """Return the sizes, and what is not the default."""
        parts = [f"{self.features}, max_length={self.max_length}"]
        if self.base != 10_000:
            parts.append(f"base={self.base}")
        if self.interleaved:
            parts.append("interleaved=True")
        return ", ".join(parts)
