r"""Initial weights: how large the first random numbers should be.

A layer with `fan_in` inputs adds that many products, so its output's variance is `fan_in` times
that of one product. Weights of variance 1 / fan_in keep the signal's size from layer to layer;
an activation that shrinks it is made up for by a gain. Every function returns a new array:

    weight = kaiming_normal((128, 64), rng=rng)

Shapes are (out, in) for dense layers and (out, in / groups, …kernel) for convolutions, so fan_in
is the product of all axes but the first.
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array, get_default_dtype
from neural_net_core.errors import ShapeError
from neural_net_core.random import resolve_rng

__all__ = [
    "calculate_gain",
    "constant",
    "fans",
    "identity",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Shape = tuple[int, ...]

# The standard deviation of a unit normal that is cut off at ±2.
_STD_WITHIN_2 = 0.87962566103423978

_GAINS = {
    "linear": 1.0,
    "identity": 1.0,
    "sigmoid": 1.0,
    "softmax": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
    # The two below keep E[f(z)²] of a unit normal z at 1; computed by numerical integration.
    "gelu": 1.5335304412,
    "silu": 1.6765324703,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return by how much weights must grow to make up for what an activation takes away.

    Args:
        nonlinearity: linear, identity, sigmoid, softmax, tanh, relu, leaky_relu, selu, gelu, silu.
            The values are PyTorch's where it has one.
        param: The negative slope of leaky_relu; None means 0.01.

    Returns:
        The factor on the standard deviation.

    Raises:
        ValueError: If the name is not one of these.

    Examples:
        >>> calculate_gain("tanh")
        1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        known = ", ".join(sorted([*_GAINS, "leaky_relu"]))
        raise ValueError(f"calculate_gain: expected one of {known}; got {nonlinearity!r}")
    return _GAINS[nonlinearity]


def fans(shape: Shape) -> tuple[int, int]:
    """Return fan_in and fan_out: how many inputs an output has, and how many outputs an input.

    Args:
        shape: (out, in, …kernel), at least two axes.

    Raises:
        ShapeError: If there are fewer than two axes.

    Examples:
        >>> fans((16, 3, 5, 5))
        (75, 400)
    """
    if len(shape) < 2:
        raise ShapeError(f"init: expected a shape (out, in, …) with two axes or more, got {shape}")
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def zeros(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    """Return zeros.

    Args:
        shape: Any shape.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.
    """
    return constant(shape, 0.0, rng=rng, dtype=dtype)


def ones(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    """Return ones.

    Args:
        shape: Any shape.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.
    """
    return constant(shape, 1.0, rng=rng, dtype=dtype)


def constant(
    shape: Shape,
    value: float,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return an array filled with one value.

    Args:
        shape: Any shape.
        value: The value.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.
    """
    return np.full(shape, value, dtype or get_default_dtype())


def identity(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return gain on the main diagonal and zeros elsewhere.

    Args:
        shape: (out, in).
        gain: The value on the diagonal.
        rng: Not used; accepted so that every initializer is called alike.
        dtype: None means the default.

    Raises:
        ShapeError: If there are not two axes.

    Source: Le, Jaitly & Hinton (2015), arXiv:1504.00941, for recurrent ReLU networks.
    """
    if len(shape) != 2:
        raise ShapeError(f"init.identity: expected a shape (out, in), got {shape}")
    return gain * np.eye(*shape, dtype=dtype or get_default_dtype())


def uniform(
    shape: Shape,
    low: float = 0.0,
    high: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return numbers drawn evenly from [low, high).

    Args:
        shape: Any shape.
        low: The lower bound.
        high: The upper bound.
        rng: None means the library's generator.
        dtype: None means the default.
    """
    if not low <= high:
        raise ValueError(f"init.uniform: expected low <= high, got {low} and {high}")
    return resolve_rng(rng).uniform(low, high, shape).astype(dtype or get_default_dtype())


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return numbers drawn from a normal distribution.

    Args:
        shape: Any shape.
        mean: The mean.
        std: The standard deviation, >= 0.
        rng: None means the library's generator.
        dtype: None means the default.
    """
    _check_std("normal", std)
    return resolve_rng(rng).normal(mean, std, shape).astype(dtype or get_default_dtype())


def truncated_normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """Return normal numbers without the tails, whose standard deviation is `std` after the cut.

    What lies more than two standard deviations out is drawn again. That alone would leave a
    deviation of 0.8796, so the draw is widened by as much: the bounds lie at 2.27 `std`.

    Args:
        shape: Any shape.
        mean: The mean.
        std: The standard deviation of the result, >= 0.
        rng: None means the library's generator.
        dtype: None means the default.
    """
    _check_std("truncated_normal", std)
    rng = resolve_rng(rng)
    z = rng.standard_normal(shape)
    while (outside := np.abs(z) > 2).any():
        z[outside] = rng.standard_normal(np.count_nonzero(outside))
    return (mean + std / _STD_WITHIN_2 * z).astype(dtype or get_default_dtype())


def _check_std(name: str, std: float) -> None:
    if not std >= 0:
        raise ValueError(f"init.{name}: expected std >= 0, got {std}")


def xavier_uniform(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return uniform weights that suit the forward and the backward pass equally.

    $$ w \sim U(-a, a), \qquad a = g \sqrt{6 / (\text{fan}_{in} + \text{fan}_{out})} $$

    Args:
        shape: (out, in, …kernel).
        gain: g, see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward
        neural networks, eq. 16.
    """
    bound = gain * math.sqrt(6 / sum(fans(shape)))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def xavier_normal(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return normal weights that suit the forward and the backward pass equally.

    $$ w \sim N(0, \sigma^2), \qquad \sigma = g \sqrt{2 / (\text{fan}_{in} + \text{fan}_{out})} $$

    Args:
        shape: (out, in, …kernel).
        gain: g, see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: Glorot & Bengio (2010), eq. 12.
    """
    return normal(shape, 0.0, gain * math.sqrt(2 / sum(fans(shape))), rng=rng, dtype=dtype)


Mode = Literal["fan_in", "fan_out"]


def _kaiming_std(shape: Shape, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"init.kaiming: expected mode 'fan_in' or 'fan_out', got {mode!r}")
    fan = fans(shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


def kaiming_uniform(
    shape: Shape,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return uniform weights that keep the signal's size through rectifiers.

    $$ w \sim U(-\sqrt{3}\sigma, \sqrt{3}\sigma), \qquad
       \sigma = g / \sqrt{\text{fan}}, \quad g = \sqrt{2 / (1 + a^2)} $$

    Args:
        shape: (out, in, …kernel).
        a: The negative slope of the leaky ReLU that follows; 0 for ReLU.
        mode: "fan_in" keeps the forward signal's variance, "fan_out" the gradient's.
        nonlinearity: What follows; see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: He et al. (2015), arXiv:1502.01852, eqs. 10, 14 and 15.
    """
    bound = math.sqrt(3) * _kaiming_std(shape, a, mode, nonlinearity)
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def kaiming_normal(
    shape: Shape,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return normal weights that keep the signal's size through rectifiers.

    $$ w \sim N(0, \sigma^2), \qquad
       \sigma = g / \sqrt{\text{fan}}, \quad g = \sqrt{2 / (1 + a^2)} $$

    Args:
        shape: (out, in, …kernel).
        a: The negative slope of the leaky ReLU that follows; 0 for ReLU.
        mode: "fan_in" keeps the forward signal's variance, "fan_out" the gradient's.
        nonlinearity: What follows; see `calculate_gain`.
        rng: None means the library's generator.
        dtype: None means the default.

    Source: He et al. (2015), arXiv:1502.01852, eqs. 10, 14 and 15.
    """
    return normal(shape, 0.0, _kaiming_std(shape, a, mode, nonlinearity), rng=rng, dtype=dtype)


def lecun_uniform(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    r"""Return uniform weights of variance 1 / fan_in.

    $$ w \sim U(-a, a), \qquad a = \sqrt{3 / \text{fan}_{in}} $$

    Args:
        shape: (out, in, …kernel).
        rng: None means the library's generator.
        dtype: None means the default.

    Source: LeCun et al. (1998), Efficient BackProp, eq. 16.
    """
    bound = math.sqrt(3 / max(fans(shape)[0], 1))
    return uniform(shape, -bound, bound, rng=rng, dtype=dtype)


def lecun_normal(
    shape: Shape, *, rng: np.random.Generator | None = None, dtype: npt.DTypeLike | None = None
) -> Array:
    r"""Return normal weights of variance 1 / fan_in, as self-normalizing networks need them.

    $$ w \sim N(0, 1 / \text{fan}_{in}) $$

    Args:
        shape: (out, in, …kernel).
        rng: None means the library's generator.
        dtype: None means the default.

    Source: LeCun et al. (1998), Efficient BackProp, eq. 16.
    """
    return normal(shape, 0.0, math.sqrt(1 / max(fans(shape)[0], 1)), rng=rng, dtype=dtype)


def orthogonal(
    shape: Shape,
    gain: float = 1.0,
    *,
    rng: np.random.Generator | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Array:
    r"""Return a random matrix that keeps lengths: its rows, or its columns, are orthonormal.

    $$ W W^\top = g^2 I \quad \text{or} \quad W^\top W = g^2 I $$

    Axes after the first are joined for this. A QR factorization of a normal matrix gives the
    directions; the signs of R's diagonal are moved into Q, without which the distribution would
    depend on the algorithm.

    Args:
        shape: (out, in, …kernel), at least two axes.
        gain: g.
        rng: None means the library's generator.
        dtype: None means the default.

    Raises:
        ShapeError: If there are fewer than two axes.

    Source: Saxe, McClelland & Ganguli (2014), arXiv:1312.6120.
    """
    fans(shape)
    rows, columns = shape[0], math.prod(shape[1:])
    tall = resolve_rng(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    weight = q if rows >= columns else q.T
    return (gain * weight.reshape(shape)).astype(dtype or get_default_dtype())
