"""Shortening gradients that have become too long, between `backward` and `step`.

    loss.backward()
    norm = clip_grad_norm(model.parameters(), 1.0)
    optimizer.step()

All functions change the gradients in place and skip parameters that have none. With gradient
accumulation, clip once, after the last backward pass of a step.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from neural_net_core import DTypeError, Module, Parameter, ShapeError, Tensor, TrainingError
from neural_net_core.checks import NOT_COMPUTED, check_dtype
from neural_net_core.dtypes import Array
from neural_net_core.plain import plain_array
from neural_net_optim.base.limits import Limit, above, at_least

__all__ = ["adaptive_clip_grad", "clip_grad_norm", "clip_grad_value", "grad_norm"]

Parameters = Module | Parameter | Iterable[Parameter]

# Infinity measures the norm and clips nothing.
_longest = Limit(
    "a finite number >= 0, or infinity",
    lambda c: at_least(0).accepts(c) or (isinstance(c, float) and c == math.inf),
)
_order = Limit(
    "a number > 0 or infinity",
    lambda p: above(0).accepts(p) or (isinstance(p, float) and p == math.inf),
)


def grad_norm(parameters: Parameters, norm_type: float = 2.0) -> float:
    r"""Return the norm of all gradients together, as if they were one long vector.

    $$ \lVert g \rVert_p = \Bigl(\sum_i |g_i|^p\Bigr)^{1/p} $$

    The sum of squares neither overflows nor vanishes where the norm itself does not.

    Args:
        parameters: A model, or parameters.
        norm_type: p; `math.inf` gives the largest magnitude.

    Returns:
        The norm; 0 if there are no gradients.

    Examples:
        >>> a, b = Parameter([0.0]), Parameter([0.0, 0.0])
        >>> a.grad = np.array([2.0], dtype=np.float32)
        >>> b.grad = np.array([3.0, 6.0], dtype=np.float32)
        >>> grad_norm([a, b])
        7.0
    """
    norm_type = _order.check("grad_norm", "norm_type", norm_type)
    return _norm([g for _, g in _gradients("grad_norm", parameters)], norm_type)


def clip_grad_norm(
    parameters: Parameters,
    max_norm: float,
    norm_type: float = 2.0,
    *,
    error_if_nonfinite: bool = False,
) -> float:
    r"""Scale all gradients by one factor, so that their common norm is at most `max_norm`.

    $$ g \leftarrow g \cdot \min\!\left(1, \frac{c}{\lVert g \rVert + 10^{-6}}\right) $$

    The direction stays; each tensor by itself may be longer or shorter than c.

    Args:
        parameters: A model, or parameters.
        max_norm: c, >= 0.
        norm_type: Which norm; `math.inf` for the largest magnitude.
        error_if_nonfinite: Raise if the norm is NaN or infinite. Else such a norm makes all
            gradients NaN or 0, as in PyTorch.

    Returns:
        The norm before clipping.

    Raises:
        TrainingError: If the norm is not finite and `error_if_nonfinite`; nothing is changed.

    References:
        Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks,
        arXiv:1211.5063, Algorithm 1.

    Examples:
        >>> p = Parameter([0.0, 0.0])
        >>> p.grad = np.array([3.0, 4.0], dtype=np.float32)
        >>> clip_grad_norm([p], 2.5), p.grad.round(3)
        (5.0, array([1.5, 2. ], dtype=float32))
    """
    max_norm = _longest.check("clip_grad_norm", "max_norm", max_norm)
    norm_type = _order.check("clip_grad_norm", "norm_type", norm_type)
    found = _gradients("clip_grad_norm", parameters)
    norm = _norm([g for _, g in found], norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise TrainingError(
            f"clip_grad_norm: the norm of the gradients is {norm}; the gradient of the parameter "
            f"{_first_nonfinite(found)} is not finite"
        )
    factor = max_norm / (norm + 1e-6)
    if not factor >= 1:
        with np.errstate(invalid="ignore"):
            for param, g in found:
                _scale(param, g, factor)
    return norm


def clip_grad_value(parameters: Parameters, clip_value: float) -> None:
    """Limit every single number of the gradients to ±clip_value.

    This changes the gradient's direction; `clip_grad_norm` does not.

    Args:
        parameters: A model, or parameters.
        clip_value: The largest magnitude, >= 0.

    Examples:
        >>> p = Parameter([0.0, 0.0, 0.0])
        >>> p.grad = np.array([3.0, -4.0, 0.5], dtype=np.float32)
        >>> clip_grad_value([p], 1.0)
        >>> p.grad
        array([ 1. , -1. ,  0.5], dtype=float32)
    """
    limit = at_least(0).check("clip_grad_value", "clip_value", clip_value)
    for param, g in _gradients("clip_grad_value", parameters):
        if g.flags.writeable:
            np.clip(g, -limit, limit, out=g)
        else:
            param.grad = np.clip(g, -limit, limit)


def adaptive_clip_grad(
    parameters: Parameters, clip_factor: float = 0.01, eps: float = 1e-3
) -> None:
    r"""Limit each unit's gradient to a share of the unit's own weights.

    $$ G_i \leftarrow \lambda\,\frac{\max(\lVert W_i \rVert, \epsilon)}{\lVert G_i \rVert}\, G_i
       \qquad \text{where} \qquad
       \lVert G_i \rVert > \lambda \max(\lVert W_i \rVert, \epsilon) $$

    A unit is what makes one output: a row of a `Dense` weight, a filter of a convolution. A vector
    (a bias) is one unit. The last layer is best left out.

    Args:
        parameters: A model, or parameters.
        clip_factor: λ, >= 0.
        eps: ε, so that weights of zero can move, >= 0.

    References:
        Brock et al. (2021), High-performance large-scale image recognition without normalization,
        arXiv:2102.06171, eq. 3.

    Examples:
        The first row's gradient is longer than half its weights, the second's is not:

        >>> p = Parameter([[3.0, 4.0], [6.0, 8.0]])
        >>> p.grad = np.array([[0.0, 10.0], [0.0, 4.0]], dtype=np.float32)
        >>> adaptive_clip_grad([p], clip_factor=0.5)
        >>> p.grad
        array([[0. , 2.5],
               [0. , 4. ]], dtype=float32)
    """
    clip_factor = at_least(0).check("adaptive_clip_grad", "clip_factor", clip_factor)
    eps = at_least(0).check("adaptive_clip_grad", "eps", eps)
    for param, g in _gradients("adaptive_clip_grad", parameters):
        axes = tuple(range(1, g.ndim)) if g.ndim > 1 else None
        length = np.sqrt(np.sum(g * g, axis=axes, keepdims=True))
        weights = np.sqrt(np.sum(param.data * param.data, axis=axes, keepdims=True))
        longest = clip_factor * np.maximum(weights, eps)
        # 1 where nothing is to be done, which also covers gradients of zero.
        _scale(
            param,
            g,
            np.divide(
                longest, length, out=np.ones_like(g, shape=length.shape), where=length > longest
            ),
        )


def _gradients(owner: str, parameters: Any) -> list[tuple[Parameter, Array]]:
    """Return the parameters that have gradients, with them; an array that two share once.

    All are looked at before the first is changed.
    """
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    elif isinstance(parameters, Parameter):
        parameters = [parameters]
    elif isinstance(parameters, Tensor | str | np.ndarray) or not isinstance(parameters, Iterable):
        raise TypeError(
            f"{owner}: expected a model or a list of Parameters, got a {type(parameters).__name__}"
        )
    found: dict[int, tuple[Parameter, Array]] = {}
    for i, param in enumerate(parameters):
        if not isinstance(param, Parameter):
            raise TypeError(f"{owner}: expected Parameters, got a {type(param).__name__}")
        grad: Any = param.grad
        if grad is None:
            continue
        label = repr(param.name) if param.name else f"number {i}"
        is_array = isinstance(grad, np.ndarray) and not isinstance(grad, np.ma.MaskedArray)
        if not is_array or grad.dtype.kind != "f":
            kind = grad.dtype if is_array else f"a {type(grad).__name__}"
            raise DTypeError(
                f"{owner}: expected the gradient of parameter {label} to be a floating array, got "
                f"{kind}"
            )
        if grad.dtype.char in NOT_COMPUTED:
            check_dtype(f"{owner}: the gradient of parameter {label}", grad.dtype)
        if grad.shape != param.shape:
            raise ShapeError(
                f"{owner}: expected a gradient of shape {param.shape} for parameter {label}, got "
                f"{grad.shape}"
            )
        # A matrix would multiply as one: a view of the same memory means what it holds.
        found.setdefault(id(grad), (param, plain_array(grad)))
    return list(found.values())


def _scale(param: Parameter, g: Array, factor: float | Array) -> None:
    """Multiply a gradient, in place if it may be written."""
    if g.flags.writeable:
        g *= factor
    else:
        param.grad = g * factor


def _norm(grads: list[Array], p: float) -> float:
    """Return the p-norm of all arrays together."""
    if p == math.inf:
        return _largest(grads)
    if p == 2:
        # A product of a vector with itself is the fastest sum of squares.
        with np.errstate(over="ignore"):
            total = math.fsum(float(np.dot(g.reshape(-1), g.reshape(-1))) for g in grads)
        if 1e-30 < total < math.inf:
            return math.sqrt(total)
    scale = _largest(grads)
    if scale == 0 or not math.isfinite(scale):
        return scale
    total = math.fsum(float(np.sum(np.abs(g / scale) ** p)) for g in grads)
    return float(scale * total ** (1 / p))


def _largest(grads: list[Array]) -> float:
    """Return the largest magnitude; NaN if there is one."""
    magnitudes = [float(np.abs(g).max(initial=0)) for g in grads]
    if any(math.isnan(m) for m in magnitudes):
        return math.nan
    return max(magnitudes, default=0.0)


def _first_nonfinite(found: list[tuple[Parameter, Array]]) -> str:
    for i, (param, g) in enumerate(found):
        if not np.isfinite(g).all():
            return repr(param.name) if param.name else f"number {i} with a gradient"
    return "(sum of all)"
