"""Values and gradients are exact to rounding, from the smallest arguments to the far tails.

The reference is computed in extended precision, by formulas that cancel nowhere. An error is
measured against the size of the result plus what it changes by when the argument is rounded, so
that zeros of a derivative and steep tails are judged by what is possible.
"""

import math

import numpy as np
import pytest

import neural_net_core
from neural_net_core import Tensor

Long = np.longdouble
EXTENDED = np.finfo(Long).eps < 1e-17
DTYPES = [
    np.float32,
    pytest.param(
        np.float64,
        marks=pytest.mark.skipif(not EXTENDED, reason="this machine has nothing finer"),
    ),
]


def sigma(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def probability(x):
    return np.array([math.erfc(-float(v) / math.sqrt(2)) / 2 for v in x], Long)


def density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * Long(math.pi))


def elu(alpha, scale=1):
    return (
        lambda x: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x: scale * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))),
    )


def celu(alpha):
    return (
        lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha)),
        lambda x: np.exp(np.minimum(x, 0) / alpha),
    )


def silu(beta):
    return (
        lambda x: x * sigma(beta * x),
        lambda x: sigma(beta * x) * (1 + beta * x * sigma(-beta * x)),
    )


def of_mish(x):
    n = np.exp(-np.abs(x))
    return np.where(x < 0, n * (n + 2) / (n * (n + 2) + 2), (1 + 2 * n) / (1 + 2 * n + 2 * n * n))


def mish_slope(x):
    n = np.exp(-np.abs(x))
    negative = 4 * n * (n + 1) / (n * (n + 2) + 2) ** 2
    positive = 4 * n * n * (1 + n) / (1 + 2 * n + 2 * n * n) ** 2
    return of_mish(x) + x * np.where(x < 0, negative, positive)


C, K = np.sqrt(2 / Long(math.pi)), Long("0.044715")


def of_gelu_tanh(x):
    return 2 * C * (x + K * x**3)


# Name: the function, its value, its derivative.
CASES = {
    "sigmoid": (neural_net_core.sigmoid, sigma, lambda x: sigma(x) * sigma(-x)),
    "elu": (neural_net_core.elu, *elu(1)),
    "elu of 0.3": (lambda x: neural_net_core.elu(x, 0.3), *elu(Long(0.3))),
    "celu": (neural_net_core.celu, *celu(Long(1))),
    "celu of 0.3": (lambda x: neural_net_core.celu(x, 0.3), *celu(Long(0.3))),
    "selu": (
        neural_net_core.selu,
        *elu(Long("1.6732632423543772848170429916717"), Long("1.0507009873554804934193349852946")),
    ),
    "gelu": (
        neural_net_core.gelu,
        lambda x: x * probability(x),
        lambda x: probability(x) + x * density(x),
    ),
    "gelu by tanh": (
        lambda x: neural_net_core.gelu(x, "tanh"),
        lambda x: x * sigma(of_gelu_tanh(x)),
        lambda x: (
            sigma(of_gelu_tanh(x)) * (1 + 2 * x * sigma(-of_gelu_tanh(x)) * C * (1 + 3 * K * x * x))
        ),
    ),
    "silu": (neural_net_core.silu, *silu(1)),
    "swish of 2": (lambda x: neural_net_core.swish(x, 2.0), *silu(2)),
    "glu": (
        lambda x: neural_net_core.glu(activations_of_one(x)),
        sigma,
        lambda x: sigma(x) * sigma(-x),
    ),
    "softplus": (lambda x: neural_net_core.softplus(x, threshold=math.inf), softplus, sigma),
    "softplus of 3": (
        lambda x: neural_net_core.softplus(x, 3.0, math.inf),
        lambda x: softplus(3 * x) / 3,
        lambda x: sigma(3 * x),
    ),
    "logsigmoid": (neural_net_core.logsigmoid, lambda x: -softplus(-x), lambda x: sigma(-x)),
    "mish": (neural_net_core.mish, lambda x: x * of_mish(x), mish_slope),
    "softsign": (
        neural_net_core.softsign,
        lambda x: x / (1 + np.abs(x)),
        lambda x: 1 / (1 + np.abs(x)) ** 2,
    ),
    "hardswish": (
        neural_net_core.hardswish,
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        lambda x: np.clip(x + 3, 0, 6) / 6 + np.where(np.abs(x) < 3, x / 6, 0),
    ),
    "leaky_relu": (
        neural_net_core.leaky_relu,
        lambda x: np.where(x > 0, x, Long(0.01) * x),
        lambda x: np.where(x > 0, Long(1), Long(0.01)),
    ),
}


def activations_of_one(x):
    """Return ones gated by x, so that glu is the sigmoid of it."""
    from neural_net_core import ops

    return ops.stack([np.ones(x.shape, x.dtype), x], axis=-1).reshape(-1, 2)


def points(dtype):
    far = 120 if dtype == np.float32 else 760
    small = np.geomspace(1e-12, 10, 300)
    x = np.concatenate(
        [np.linspace(-far, far, 4001), np.linspace(-12, 12, 3001), small, -small]
    ).astype(dtype)
    return np.unique(x[np.abs(np.abs(x) - 3) > 1e-3])  # hardswish has kinks there


def run(fn, x):
    leaf = Tensor(x, x.dtype, requires_grad=True)
    y = fn(leaf)
    y.backward(np.ones_like(y.data))
    return y.data.reshape(x.shape), leaf.grad


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_exact_to_rounding(name, dtype):
    fn, value, slope = CASES[name]
    x = points(dtype)
    exact, eps = x.astype(Long), np.finfo(dtype).eps
    # Numbers smaller than this have fewer digits, and none are asked for.
    smallest = np.finfo(dtype).tiny
    for found, of in zip(run(fn, x), (value, slope), strict=True):
        expected = of(exact)
        moved = np.abs(of(exact * (1 + Long(eps))) - of(exact * (1 - Long(eps))))
        allowed = 16 * (eps * np.abs(expected) + moved) + smallest
        error = np.abs(found.astype(Long) - expected)
        worst = int(np.argmax(error / allowed))
        assert error[worst] <= allowed[worst], (
            f"{name} at {x[worst]}: {found[worst]}, expected {expected[worst]}"
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_exact_and_its_gradient_to_a_rounding_of_one(dtype):
    x = points(dtype)
    y, dx = run(neural_net_core.tanh, x)
    exact, eps = x.astype(Long), np.finfo(dtype).eps
    np.testing.assert_allclose(y, np.tanh(exact), rtol=4 * eps)
    np.testing.assert_allclose(dx, 1 / np.cosh(np.clip(exact, -40, 40)) ** 2, rtol=0, atol=2 * eps)


def test_the_gradient_of_swish_by_beta_keeps_its_digits():
    x = np.array([5.0, 17.0, 30.0, -30.0], np.float32)
    beta = Tensor(1.0, requires_grad=True)
    for value in x:
        beta.grad = None
        neural_net_core.swish(np.array([value]), beta).sum().backward()
        v = Long(value)
        np.testing.assert_allclose(float(beta.grad), float(v * v * sigma(v) * sigma(-v)), rtol=1e-5)
