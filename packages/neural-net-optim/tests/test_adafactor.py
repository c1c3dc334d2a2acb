"""Adafactor against the paper's algorithms and PyTorch's variant of them."""

import math

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Adafactor


def rms(x):
    return np.sqrt((x**2).mean())


def algorithm(
    p,
    lr=1e-2,
    beta2_decay=-0.8,
    eps=(None, 1e-3),
    d=1.0,
    weight_decay=0.0,
    maximize=False,
    beta1=None,
    scale_parameter=True,
    relative_step=True,
    variant="pytorch",
):
    """Shazeer & Stern (2018), Algorithms 4 and 5, with the sums of the paper's Algorithm 4."""
    g = yield p
    r = c = v = 0.0
    mean, t = np.zeros_like(p), 0
    paper = variant == "paper"
    eps1 = eps[0] if eps[0] is not None else (1e-30 if paper else np.finfo(p.dtype).eps)
    while True:
        t = t + 1
        g = -g if maximize else g
        rho = min(lr, 1 / math.sqrt(t)) if relative_step else lr
        alpha = max(eps[1], rms(p)) * rho if scale_parameter else rho
        p = p * (1 - lr * weight_decay)
        beta2 = 1 - t**beta2_decay
        squares = g**2 + (eps1 if paper else 0)
        if p.ndim > 1:
            n, m = p.shape[-2:]
            r = beta2 * r + (1 - beta2) * squares.sum(axis=-1, keepdims=True)
            c = beta2 * c + (1 - beta2) * squares.sum(axis=-2, keepdims=True)
            total = r.sum(axis=-2, keepdims=True)
            if not paper:
                total = np.maximum(total / (n * m), eps1) * (n * m)
            v_hat = r * c / total
        else:
            v = beta2 * v + (1 - beta2) * squares
            v_hat = v
        if not paper:
            v_hat = np.maximum(v_hat, eps1**2)
        u = g / np.sqrt(v_hat)
        u = u / max(1, rms(u) / d)
        if beta1 is not None:
            mean = beta1 * mean + (1 - beta1) * u
            u = mean
        p = p - alpha * u
        g = yield p


@pytest.mark.parametrize("variant", ["pytorch", "paper"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.5},
        {"beta2_decay": -0.3},
        {"eps": (0.5, 1e-3)},
        {"eps": (None, 10.0)},
        {"d": 0.3},
        {"weight_decay": 0.3, "lr": 0.1},
        {"maximize": True},
        {"beta1": 0.9},
        {"scale_parameter": False},
        {"relative_step": False, "lr": 0.5},
        {"lr": 0.3, "eps": (0.1, 0.5), "d": 0.5, "weight_decay": 0.1, "beta1": 0.5},
    ],
    ids=str,
)
def test_follows_the_algorithms(follow, options, variant):
    """Every option by itself, and together; matrices, vectors, numbers and stacks of matrices."""
    follow(Adafactor, algorithm, variant=variant, **options)


def test_state_is_sublinear():
    """A matrix keeps a number per row and per column, a vector one per element."""
    matrix, vector = Parameter(np.ones((30, 20))), Parameter(np.ones(5))
    matrix.grad, vector.grad = np.ones_like(matrix.data), np.ones_like(vector.data)
    optimizer = Adafactor([matrix, vector])
    optimizer.step()
    state = optimizer.state_dict()["state"]
    assert {k: np.shape(v) for k, v in state["0"].items()} == {
        "step": (),
        "row_var": (30, 1),
        "col_var": (1, 20),
    }
    assert state["1"]["variance"].shape == (5,)


@pytest.mark.parametrize("variant", ["pytorch", "paper"])
def test_gradients_of_zero_move_nothing(variant):
    """ε₁ keeps 0/0 away, for matrices and vectors."""
    params = [Parameter(np.ones((2, 3))), Parameter(np.ones(3))]
    for p in params:
        p.grad = np.zeros_like(p.data)
    Adafactor(params, variant=variant).step()
    assert all((p.data == 1).all() for p in params)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1}, "lr must be a finite number >= 0"),
        ({"beta2_decay": 0.1}, "beta2_decay must be a finite number <= 0, got 0.1"),
        ({"beta2_decay": "a"}, "beta2_decay must be"),
        ({"eps": (-1.0, 1.0)}, "eps must be"),
        ({"eps": (None, -1.0)}, "eps must be"),
        ({"eps": (None, None)}, "eps must be"),
        ({"eps": (None, 1.0, 1.0)}, "eps must be"),
        ({"eps": 1.0}, "eps must be"),
        ({"d": 0}, "d must be a finite number > 0, got 0"),
        ({"weight_decay": -1}, "weight_decay must be"),
        ({"maximize": 1}, "maximize must be"),
        ({"beta1": 1.0}, r"beta1 must be None or a number in \[0, 1\), got 1.0"),
        ({"scale_parameter": 1}, "scale_parameter must be"),
        ({"relative_step": 1}, "relative_step must be"),
        ({"variant": "t5"}, "variant must be one of 'pytorch', 'paper', got 't5'"),
    ],
)
def test_refuses_settings_outside_their_range(options, message):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match="Adafactor: " + message):
        Adafactor([Parameter([1.0])], **options)


def test_averages_over_many_rows_keep_their_digits():
    g = np.random.default_rng(0).uniform(0.5, 1.5, (100_000, 2))
    averages = []
    for dtype in (np.float32, np.float64):
        p = Parameter(np.zeros(g.shape), dtype)
        p.grad = g.astype(dtype)
        optimizer = Adafactor([p])
        optimizer.step()
        averages.append(optimizer.state_dict()["state"]["0"]["col_var"])
    np.testing.assert_allclose(averages[0], averages[1], rtol=1e-6)
