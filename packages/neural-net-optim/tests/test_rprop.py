"""Rprop against its rule, one number at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Parameter
from neural_net_optim import Rprop


def rule(p, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0), maximize=False):
    """The paper's cases one after another, for every number by itself."""
    size = p.size
    delta, before = [lr] * size, [0.0] * size
    p = p.copy()
    g = yield p
    while True:
        flat, place = p.reshape(-1), (-g if maximize else g).reshape(-1)
        for i in range(size):
            now = float(place[i])
            if now * before[i] > 0:
                delta[i] = min(max(delta[i] * etas[1], step_sizes[0]), step_sizes[1])
            elif now * before[i] < 0:
                delta[i] = min(max(delta[i] * etas[0], step_sizes[0]), step_sizes[1])
                now = 0.0
            else:
                delta[i] = min(max(delta[i], step_sizes[0]), step_sizes[1])
            flat[i] -= delta[i] * np.sign(now)
            before[i] = now
        g = yield p.copy()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.5},
        {"etas": (0.1, 3.0)},
        {"step_sizes": (0.005, 0.02)},
        {"maximize": True},
        {"lr": 0.3, "etas": (0.7, 1.1), "step_sizes": (0.1, 0.4), "maximize": True},
    ],
    ids=str,
)
def test_follows_the_paper(follow, options):
    """Every option by itself, and together."""
    follow(Rprop, rule, **options)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8), st.floats(1e-30, 1e30))
def test_only_signs_count(gradients, factor):
    """Gradients of any size lead to the same places, even where their products would be 0."""
    places = []
    for scale in (1.0, factor):
        p = Parameter([0.0], "float64")
        optimizer = Rprop([p])
        for g in gradients:
            p.grad = np.array([np.sign(g) * scale])
            optimizer.step()
        places.append(p.item())
    assert places[0] == places[1]


def test_a_valley_a_thousand_times_longer_than_wide():
    """Each number finds its own step: no rate of SGD serves both."""
    p = Parameter([1.0, 1.0], "float64")
    curvature = np.array([1.0, 1000.0])
    optimizer = Rprop([p])
    for _ in range(100):
        p.grad = curvature * p.data
        optimizer.step()
    assert np.abs(p.data).max() < 1e-4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_stays(dtype):
    p = Parameter(np.ones(3), dtype)
    optimizer = Rprop([p])
    for _ in range(2):
        p.grad = np.ones(3, dtype)
        optimizer.step()
    state = optimizer.state_dict()["state"]["0"]
    assert {p.dtype, state["prev"].dtype, state["step_size"].dtype} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1}, "Rprop: lr must be a finite number >= 0, got -1"),
        ({"etas": (0.0, 1.2)}, r"Rprop: etas must be two numbers, the first in \(0, 1\)"),
        ({"etas": (0.5, 1.0)}, "etas must be"),
        ({"etas": 0.5}, "etas must be"),
        ({"etas": (0.5, np.inf)}, "etas must be"),
        ({"step_sizes": (2.0, 1.0)}, "Rprop: step_sizes must be two finite numbers >= 0"),
        ({"step_sizes": (-1.0, 1.0)}, "step_sizes must be"),
        ({"step_sizes": ("a", 1.0)}, "step_sizes must be"),
        ({"maximize": 2}, "maximize must be True or False"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Rprop([Parameter([1.0])], **options)
