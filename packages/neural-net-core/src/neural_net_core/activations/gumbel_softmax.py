r"""Drawing one of several, with a gradient: softmax of scores to which random numbers are added."""

import numpy as np

from neural_net_core.checks import check_axis, check_flag, check_number
from neural_net_core.dtypes import Array
from neural_net_core.observing import drawn
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.ops.softmaxes import largest
from neural_net_core.random import resolve_rng
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["GumbelSoftmaxOp", "gumbel_softmax"]


class GumbelSoftmaxOp(Op):
    """y = softmax((x + g) / τ), or 1 at its largest, else 0, if hard;  dx = y (dy − Σ dy y) / τ.

    The gradient is that of the softmax, y in it too, also if hard.  Saves the softmax.
    """

    def __init__(self, temperature: float, hard: bool, axis: int) -> None:
        self.temperature = temperature
        self.hard = hard
        self.axis = axis

    def forward(self, x: Array, g: Array) -> Array:
        z = (x + g) / self.temperature
        e = np.exp(z - largest(z, self.axis))
        self.y: Array = e / e.sum(axis=self.axis, keepdims=True)
        return one_hot_of_largest(self.y, self.axis) if self.hard else self.y

    def backward(self, dy: Array) -> tuple[Array, None]:
        inner = (dy * self.y).sum(axis=self.axis, keepdims=True)
        return self.y * (dy - inner) / self.temperature, None


def gumbel_softmax(
    logits: TensorLike,
    temperature: float = 1.0,
    *,
    hard: bool = False,
    axis: int = -1,
    rng: np.random.Generator | None = None,
) -> Tensor:
    r"""Draw from categories with a gradient for their scores, by the Gumbel-softmax estimator.

    $$ y = \operatorname{softmax}\!\Big(\frac{x + g}{\tau}\Big), \qquad
       g_i = -\ln(-\ln u_i), \quad u_i \sim U(0, 1) $$

    The category at which x + g is largest is an exact draw from softmax(x), whatever τ is (the
    Gumbel-max trick). The largest has no gradient; the softmax around it has. τ decides how much it
    looks like a draw: at 0 it becomes one-hot and the gradients become few and huge, at ∞ uniform.

    With `hard` the result is the draw itself, one-hot, and the gradient that of the softmax: the
    straight-through estimator. What comes after sees one category, as it will when the network is
    used; the gradient is biased, the more the larger τ is, because it belongs to another function
    than the one that ran. Without `hard` it is the exact derivative of what ran, but that is a
    mixture and no draw, and so biased as an estimate for draws (numbers stand in the how-to on
    operations of one's own). It draws in evaluation mode too; a network that is used takes the
    largest score.

    Args:
        logits: Scores, unnormalized logarithms of probabilities, any shape with at least one axis.
            A score of −∞ is never drawn.
        temperature: τ > 0 (`tau` in PyTorch). Networks are often trained with one that falls, from
            1 to 0.5 for example.
        hard: Return one-hot draws, with the gradient of the softmax.
        axis: The axis of the categories.
        rng: Where g is drawn from; None means the library's generator, see `seed`.

    Returns:
        The shape of the logits: probabilities along the axis, or one 1 and zeros.

    Raises:
        PositionError: If the logits have no such axis.
        ValueError: If the temperature is not positive and finite; if `hard` is no bool.

    References:
        Jang, Gu & Poole (2017), Categorical reparameterization with Gumbel-softmax,
        arXiv:1611.01144, equation 2 and section 2.2 (straight-through). Maddison, Mnih & Teh
        (2017), The concrete distribution, arXiv:1611.00712, equation 10.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> logits = Tensor(np.log([0.1, 0.2, 0.7]), requires_grad=True)
        >>> gumbel_softmax(logits, hard=True, rng=rng).data
        array([0., 0., 1.], dtype=float32)
        >>> draws = gumbel_softmax(np.log([[0.1, 0.2, 0.7]] * 10000), hard=True, rng=rng)
        >>> draws.data.mean(axis=0).round(2)
        array([0.1, 0.2, 0.7], dtype=float32)
    """
    x = as_floating(logits)
    axis = check_axis("gumbel_softmax", axis, x.ndim)
    temperature = check_number("gumbel_softmax", "temperature", temperature, above=0)
    hard = check_flag("gumbel_softmax", "hard", hard)
    g = gumbel(x.shape, x.dtype, resolve_rng(rng))
    return GumbelSoftmaxOp.apply(x, g, temperature=temperature, hard=hard, axis=axis)


def gumbel(shape: tuple[int, ...], dtype: np.dtype, rng: np.random.Generator) -> Array:
    """Draw from the Gumbel distribution: −ln of an exponential variable, as −ln u is one."""
    e = drawn(rng.standard_exponential, shape, dtype=dtype)
    return -np.log(np.maximum(e, np.finfo(dtype).tiny))  # float32 draws a 0 now and then


def one_hot_of_largest(y: Array, axis: int) -> Array:
    """Return 1 at the first of the largest along an axis, else 0."""
    winners = np.expand_dims(np.argmax(y, axis=axis), axis)
    one_hot = np.zeros_like(y)
    np.put_along_axis(one_hot, winners, 1, axis)
    return one_hot
