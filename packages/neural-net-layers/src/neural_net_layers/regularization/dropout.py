r"""Dropout: in training, a random part of the numbers is set to zero.

No unit can rely on a particular other one, so each must be useful by itself. What is kept is
scaled up at once ("inverted" dropout), so that the expected value stays the same and nothing
remains to be done in evaluation.
"""

import numpy as np

from neural_net_core.checks import check_fraction
from neural_net_core.dtypes import Array
from neural_net_core.modules.module import Module
from neural_net_core.observing import drawn
from neural_net_core.op import Op
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike
from neural_net_layers._inputs import coerce

__all__ = ["Dropout", "DropoutOp", "dropout", "keep_mask"]


def keep_mask(shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
    """Return booleans that are False with probability p, each by itself.

    Args:
        shape: Any.
        p: In [0, 1]; 0 keeps everything and 1 nothing.
        rng: Drawn from once per element, whatever p is.
    """
    # Uniform on [0, 1), so < 1 is sure and < 0 impossible. Always float32: half the time of
    # float64, and a float64 copy of a model drops the same units.
    mask: Array = drawn(rng.random, shape, dtype=np.float32) >= p
    return mask


class DropoutOp(Op):
    r"""y = x · m / (1 − p) with a mask m of zeros and ones;  dx = dy · m / (1 − p).  Saves m.

    Args:
        scale: 1 / (1 − p).
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def forward(self, x: Array, mask: Array) -> Array:
        self.mask = mask  # booleans, of a shape that broadcasts to x's
        return x * mask * self.scale

    def backward(self, dy: Array) -> tuple[Array, None]:
        return dy * self.mask * self.scale, None


def drop(x: Tensor, p: float, shape: tuple[int, ...], rng: np.random.Generator | None) -> Tensor:
    """Drop with one draw per element of `shape`, which broadcasts to x's."""
    mask = keep_mask(shape, p, resolve_rng(rng))
    # With p = 1 nothing is left to scale, and 1 / (1 − p) would make 0 · ∞ = NaN of it.
    return DropoutOp.apply(x, mask, scale=1 / (1 - p) if p < 1 else 0.0)


def dropout(
    x: TensorLike,
    p: float = 0.5,
    training: bool = True,
    *,
    rng: np.random.Generator | None = None,
) -> Tensor:
    r"""Set each element to zero with probability p, and scale the others by 1 / (1 − p).

    $$ y_i = \frac{m_i}{1 - p} x_i, \qquad m_i \sim \text{Bernoulli}(1 - p) $$

    Args:
        x: Any shape.
        p: The probability of dropping, in [0, 1].
        training: False returns x itself.
        rng: The generator to draw from; None means the library's.

    Returns:
        The shape of x.

    Raises:
        ValueError: If p is not in [0, 1].

    Examples:
        >>> import numpy as np
        >>> dropout([1.0, 2.0, 3.0], 0.5, rng=np.random.default_rng(5)).data
        array([2., 4., 0.], dtype=float32)
    """
    check_fraction("dropout", "p", p)
    (x,) = coerce(x)
    return drop(x, p, x.shape, rng) if training and p > 0 else x


class Dropout(Module):
    r"""Sets each element to zero with probability p in training; changes nothing after `eval()`.

    $$ y_i = \frac{m_i}{1 - p} x_i, \qquad m_i \sim \text{Bernoulli}(1 - p) $$

    Args:
        p: The probability of dropping (not of keeping), in [0, 1].
        rng: The generator to draw from; None means the library's. Save its state with
            `save_checkpoint(rng=…)` to resume bit-identically.

    Shape:
        any -> the same

    Raises:
        ValueError: If p is not in [0, 1].

    References:
        Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from
        overfitting, section 10 for the scaling in training.

    Examples:
        >>> import numpy as np
        >>> layer = Dropout(0.5, rng=np.random.default_rng(5))
        >>> layer([1.0, 2.0, 3.0]).data
        array([2., 4., 0.], dtype=float32)
        >>> layer.eval()([1.0, 2.0, 3.0]).data
        array([1., 2., 3.], dtype=float32)
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None = None) -> None:
        self.p = check_fraction("Dropout", "p", p)
        self.rng = None if rng is None else resolve_rng(rng)

    def forward(self, x: TensorLike) -> Tensor:
        """Return x with elements dropped, or x itself after `eval()`."""
        return dropout(x, self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
