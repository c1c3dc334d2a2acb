"""Gated linear units: one half of the features decides how much of the other half passes."""

import numpy as np
import numpy.typing as npt

from neural_net_core.activations.gelu import Approximation, gelu
from neural_net_core.activations.sigmoid import logistic, logistic_and_rest
from neural_net_core.activations.silu import silu
from neural_net_core.checks import check_axis, check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.init import Initializer
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.joining import split
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["GLU", "GLUOp", "SwiGLU", "SwiGLUOp", "geglu", "glu", "swiglu"]


class GLUOp(Op):
    """y = a s, s = σ(b), where a, b are the halves of x;  da = dy · s,  db = dy · a s (1 − s).

    Saves a, s and 1 − s.
    """

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.a, b = np.split(x, 2, axis=self.axis)
        self.s, self.rest = logistic_and_rest(b)
        return self.a * self.s

    def backward(self, dy: Array) -> Array:
        da = dy * self.s
        db = da * (self.a * self.rest)
        return np.concatenate((da, db), axis=self.axis)


class SwiGLUOp(Op):
    """y = g b, g = a s, s = σ(a), a, b the halves of x;  da = dy · b (s + g (1 − s)),  db = dy · g.

    Saves a, b and s.
    """

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.a, self.b = np.split(x, 2, axis=self.axis)
        self.s = logistic(self.a)
        return self.a * self.s * self.b

    def backward(self, dy: Array) -> Array:
        g = self.a * self.s
        da = dy * (self.b * (self.s + g * (1 - self.s)))
        db = dy * g
        return np.concatenate((da, db), axis=self.axis)


def glu(x: TensorLike, axis: int = -1) -> Tensor:
    r"""Split x into halves a, b and return a gated by the sigmoid of b.

    $$ y = a \odot \sigma(b) $$

    Args:
        x: Any shape whose length along the axis is even.
        axis: The axis to split.

    Returns:
        Half as long along the axis.

    Raises:
        ShapeError: If the length is odd.

    Examples:
        >>> glu([2.0, 3.0, 0.0, 100.0]).data
        array([1., 3.], dtype=float32)
    """
    x = as_floating(x)
    _check_even("glu", x, axis)
    return GLUOp.apply(x, axis=axis)


def swiglu(x: TensorLike, axis: int = -1) -> Tensor:
    r"""Split x into a gate a and values b and return b gated by the SiLU of a.

    $$ y = \operatorname{SiLU}(a) \odot b = a \, \sigma(a) \odot b $$

    The gate comes first, as in models with one product for both (`gate_up_proj`).

    Args:
        x: Any shape whose length along the axis is even.
        axis: The axis to split.

    Returns:
        Half as long along the axis.

    Raises:
        ShapeError: If the length is odd.

    Examples:
        >>> swiglu([0.0, 100.0, 7.0, 7.0]).data
        array([  0., 700.], dtype=float32)
    """
    x = as_floating(x)
    _check_even("swiglu", x, axis)
    return SwiGLUOp.apply(x, axis=axis)


def geglu(x: TensorLike, axis: int = -1, *, approximate: Approximation = "none") -> Tensor:
    r"""Split x into a gate a and values b and return b gated by the GELU of a.

    $$ y = \operatorname{GELU}(a) \odot b = a \, \Phi(a) \odot b $$

    Args:
        x: Any shape whose length along the axis is even.
        axis: The axis to split.
        approximate: As in `gelu`; models of the T5 and Gemma families use "tanh".

    Returns:
        Half as long along the axis.

    Raises:
        ShapeError: If the length is odd.

    References:
        Shazeer (2020), arXiv:2002.05202, eq. 6.

    Examples:
        >>> geglu([0.0, 100.0, 7.0, 7.0]).data
        array([  0., 700.], dtype=float32)
    """
    x = as_floating(x)
    _check_even("geglu", x, axis)
    a, b = split(x, 2, axis)
    y: Tensor = gelu(a, approximate) * b
    return y


class GLU(Module):
    r"""The gated linear unit $a \odot \sigma(b)$ of the halves of its input.

    Args:
        axis: The axis to split.

    Shape:
        (…, 2D) -> (…, D)

    References:
        Dauphin et al. (2017), Language modeling with gated convolutional networks,
        arXiv:1612.08083, eq. 1.

    Examples:
        >>> GLU()([2.0, 0.0]).data
        array([1.], dtype=float32)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: TensorLike) -> Tensor:
        """Return the first half gated by the sigmoid of the second."""
        return glu(x, self.axis)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class SwiGLU(Module):
    r"""The feed-forward part of a modern transformer block, gated by SiLU.

    $$ y = W_2 \, \big(\operatorname{SiLU}(W_1 x) \odot W_3 x\big) $$

    With a hidden width of 2/3 · 4D its three matrices hold as many numbers as the two of a plain
    feed-forward part with 4D. `swiglu` is the gating alone.

    Args:
        features: The width D of input and output.
        hidden_features: The width in between; None means 8/3 · D, rounded up to a multiple of 8.
        bias: Whether the products have biases; the models that use it have none.
        init: As in `Dense`.
        rng: The generator to draw from; None means the library's.
        dtype: The parameters' dtype; None means the default.

    Shape:
        (…, D) -> (…, D)

    Attributes:
        w1: Dense D -> hidden, the gate.
        w2: Dense hidden -> D, the output.
        w3: Dense D -> hidden, the values.

    References:
        Shazeer (2020), GLU variants improve transformer, arXiv:2002.05202, eq. 6. The names are
        those of the LLaMA models.

    Examples:
        >>> SwiGLU(6).num_parameters()
        288
    """

    def __init__(
        self,
        features: int,
        hidden_features: int | None = None,
        bias: bool = False,
        *,
        init: Initializer | None = None,
        rng: np.random.Generator | None = None,
        dtype: npt.DTypeLike | None = None,
    ) -> None:
        features = check_count("SwiGLU", "features", features)
        if hidden_features is None:
            hidden = -(-features // 3) * 8
        else:
            hidden = check_count("SwiGLU", "hidden_features", hidden_features)
        self.w1 = Dense(features, hidden, bias, init=init, rng=rng, dtype=dtype)
        self.w2 = Dense(hidden, features, bias, init=init, rng=rng, dtype=dtype)
        self.w3 = Dense(features, hidden, bias, init=init, rng=rng, dtype=dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return W₂ (SiLU(W₁ x) ⊙ W₃ x)."""
        y: Tensor = self.w2(silu(self.w1(x)) * self.w3(x))
        return y


def _check_even(name: str, x: Tensor, axis: int) -> None:
    if x.shape[check_axis(name, axis, x.ndim)] % 2:
        raise ShapeError(f"{name}: expected an even length along axis {axis}, got {x.shape}")
