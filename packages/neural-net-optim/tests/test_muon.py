"""Muon against its authors' pseudocode, and the iteration against the singular values."""

import math

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import Muon, orthogonalize

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def newton_schulz(g, coefficients, steps, eps):
    """The odd polynomial on the singular values, by the decomposition instead of products."""
    u, s, vt = np.linalg.svd(g, full_matrices=False)
    s = s / max(math.sqrt((g**2).sum()), eps)
    a, b, c = coefficients
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return (u * s) @ vt


def algorithm(
    p,
    lr=1e-3,
    weight_decay=0.1,
    momentum=0.95,
    nesterov=True,
    ns_coefficients=COEFFICIENTS,
    eps=1e-7,
    ns_steps=5,
    adjust_lr_fn=None,
    rule="auto",
    adamw_betas=(0.9, 0.999),
    adamw_eps=1e-8,
    maximize=False,
):
    """Jordan et al. (2024) with an averaging buffer; AdamW for what is no matrix."""
    g = yield p
    buffer, m, v, t = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), 0
    is_matrix = {"auto": p.ndim == 2, "muon": p.ndim >= 2, "adamw": False}[rule]
    while True:
        t = t + 1
        g = -g if maximize else g
        p = p - lr * weight_decay * p
        if is_matrix:
            buffer = momentum * buffer + (1 - momentum) * g
            update = (1 - momentum) * g + momentum * buffer if nesterov else buffer
            matrix = update.reshape(len(p), -1)
            rows, columns = matrix.shape
            o = newton_schulz(matrix, ns_coefficients, ns_steps, eps).reshape(p.shape)
            scale = max(1, rows / columns) ** 0.5
            if adjust_lr_fn == "match_rms_adamw":
                scale = 0.2 * max(rows, columns) ** 0.5
            p = p - lr * scale * o
        else:
            m = adamw_betas[0] * m + (1 - adamw_betas[0]) * g
            v = adamw_betas[1] * v + (1 - adamw_betas[1]) * g**2
            m_hat, v_hat = m / (1 - adamw_betas[0] ** t), v / (1 - adamw_betas[1] ** t)
            p = p - lr * m_hat / (np.sqrt(v_hat) + adamw_eps)
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"weight_decay": 0.0},
        {"momentum": 0.5},
        {"nesterov": False},
        {"ns_coefficients": (1.5, -0.5, 0.0)},
        {"ns_steps": 2},
        {"eps": 100.0},
        {"adjust_lr_fn": "original"},
        {"adjust_lr_fn": "match_rms_adamw"},
        {"rule": "muon"},
        {"rule": "adamw", "adamw_betas": (0.5, 0.7), "adamw_eps": 0.1},
        {"maximize": True},
    ],
    ids=str,
)
def test_follows_the_algorithm(follow, options):
    """Every option by itself, on wide, tall and square matrices, vectors and filters."""
    shapes = [(3, 4), (6, 2), (3, 3), (4,), (), (4, 2, 2)]
    follow(Muon, algorithm, rel=1e-8, shapes=shapes, **options)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (1, 7), (7, 1)])
def test_orthogonalize_gives_rows_or_columns_of_about_length_one(shape):
    """The default coefficients bring all singular values to between 0.68 and 1.14."""
    g = np.random.default_rng(0).standard_normal(shape)
    s = np.linalg.svd(orthogonalize(g), compute_uv=False)
    assert s.min() > 0.68
    assert s.max() < 1.14


def test_orthogonalize_converges_to_the_polar_factor():
    """With the classical coefficients the result is U Vᵀ itself."""
    g = np.random.default_rng(0).standard_normal((4, 6))
    u, _, vt = np.linalg.svd(g, full_matrices=False)
    np.testing.assert_allclose(orthogonalize(g, (1.5, -0.5, 0.0), 40), u @ vt, atol=1e-12)


def test_orthogonalize_does_what_the_algorithm_says_by_default():
    """Five steps, and nothing is divided by less than 1e-7."""
    g = np.random.default_rng(0).standard_normal((4, 6))
    for scale in (1.0, 1e-8):
        expected = newton_schulz(scale * g, COEFFICIENTS, 5, 1e-7)
        np.testing.assert_allclose(orthogonalize(scale * g), expected, rtol=1e-9, atol=1e-12)


def test_orthogonalize_does_not_change_its_input_and_takes_zeros():
    """A gradient of zero stays zero instead of NaN."""
    g = np.random.default_rng(0).standard_normal((4, 6))
    before = g.copy()
    orthogonalize(g)
    np.testing.assert_array_equal(g, before)
    assert not orthogonalize(np.zeros((3, 2))).any()
    assert orthogonalize(np.ones((3, 2), np.float32)).dtype == np.float32


def test_groups_can_choose_the_rule():
    """An embedding is a matrix that AdamW should have."""
    hidden, embedding = Parameter(np.ones((3, 3))), Parameter(np.ones((3, 3)))
    for p in (hidden, embedding):
        p.grad = np.eye(3, dtype=np.float32)
    optimizer = Muon([{"params": [hidden]}, {"params": [embedding], "rule": "adamw"}])
    optimizer.step()
    state = optimizer.state_dict()["state"]
    assert state["0"].keys() == {"step", "momentum_buffer"}
    assert state["1"].keys() == {"step", "exp_avg", "exp_avg_sq"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1}, "lr must be"),
        ({"weight_decay": -1}, "weight_decay must be"),
        ({"momentum": 1.5}, r"momentum must be a number in \[0, 1\]"),
        ({"nesterov": 1}, "nesterov must be"),
        ({"ns_coefficients": (1.0, 2.0)}, "ns_coefficients must be three numbers, got"),
        ({"ns_coefficients": (1.0, 2.0, "a")}, "ns_coefficients must be three numbers"),
        ({"eps": -1}, "eps must be"),
        ({"ns_steps": 0}, "ns_steps must be a whole number >= 1 and <= 99, got 0"),
        ({"ns_steps": 100}, "ns_steps must be"),
        ({"ns_steps": 2.0}, "ns_steps must be"),
        ({"adjust_lr_fn": "other"}, "adjust_lr_fn must be one of None, 'original', 'match_rms"),
        ({"rule": "sgd"}, "rule must be one of 'auto', 'muon', 'adamw', got 'sgd'"),
        ({"adamw_betas": (0.9, 1.0)}, "adamw_betas must be"),
        ({"adamw_eps": -1}, "adamw_eps must be"),
        ({"maximize": 1}, "maximize must be"),
    ],
)
def test_refuses_settings_outside_their_range(options, message):
    """Each hyper-parameter has its own message."""
    with pytest.raises(ValueError, match="Muon: " + message):
        Muon([Parameter([1.0])], **options)
