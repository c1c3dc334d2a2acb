"""SGD against the recurrences of Sutskever et al., and by hand."""

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD


def textbook(
    p, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False
):
    """Heavy ball in PyTorch's convention: the buffer holds gradients, not steps."""
    g = yield p
    buffer = None
    while True:
        g = -g if maximize else g
        g = g + weight_decay * p
        buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
        direction = g + momentum * buffer if nesterov else buffer if momentum else g
        p = p - lr * direction
        g = yield p


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "maximize": True},
        {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.2, "maximize": True},
        {"lr": 0.1, "momentum": 0.5, "dampening": 1.0, "weight_decay": 0.2},
    ],
    ids=str,
)
def test_follows_the_textbook(follow, options):
    """Every option by itself, and together."""
    follow(SGD, textbook, **options)


def test_first_buffer_is_the_gradient_whatever_the_dampening():
    """As in PyTorch: dampening counts from the second step on."""
    p = Parameter([0.0])
    optimizer = SGD([p], lr=1.0, momentum=0.5, dampening=0.5)
    p.grad = np.array([8.0], dtype=np.float32)
    optimizer.step()
    assert p.data == [-8.0]
    optimizer.step()  # 0.5 · 8 + 0.5 · 8
    assert p.data == [-16.0]


def test_decay_points_to_zero():
    """Without a gradient the weights shrink, from either side; a wrong sign lets them grow."""
    p = Parameter([2.0, -2.0])
    p.grad = np.zeros(2, dtype=np.float32)
    SGD([p], lr=0.5, weight_decay=0.5).step()
    assert p.data.tolist() == [1.5, -1.5]


def test_converges_on_a_quadratic():
    """Momentum reaches the minimum of a long valley much closer than plain descent."""

    def distance(**options):
        p = Parameter([1.0, 1.0], "float64")
        optimizer = SGD([p], lr=0.02, **options)
        for _ in range(200):
            p.grad = np.array([1.0, 50.0]) * p.data
            optimizer.step()
        return np.abs(p.data).max()

    plain, momentum, nesterov = (
        distance(),
        distance(momentum=0.9),
        distance(momentum=0.9, nesterov=True),
    )
    assert plain > 0.01
    assert momentum < 1e-3
    assert nesterov < 1e-3


def test_momentum_switched_on_later_gets_its_buffer():
    """A schedule may raise momentum from 0 in the middle of training."""
    p = Parameter([0.0])
    optimizer = SGD([p], lr=1.0)
    p.grad = np.array([1.0], dtype=np.float32)
    optimizer.step()
    optimizer.param_groups[0]["momentum"] = 0.5
    optimizer.step()
    optimizer.step()
    assert p.data == [-1.0 - 1.0 - 1.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, r"SGD: lr must be a finite number >= 0, got -1.0"),
        ({"lr": float("nan")}, r"lr must be .*, got nan"),
        ({"lr": float("inf")}, r"lr must be .*, got inf"),
        ({"lr": "0.1"}, r"lr must be .*, got '0.1'"),
        ({"lr": True}, r"lr must be .*, got True"),
        ({"momentum": -0.1}, r"momentum must be a number in \[0, 1\], got -0.1"),
        ({"momentum": 1.1}, r"momentum must be"),
        ({"dampening": 2.0}, r"dampening must be a number in \[0, 1\]"),
        ({"weight_decay": -1e-4}, r"weight_decay must be a finite number >= 0"),
        ({"nesterov": 1}, r"nesterov must be True or False, got 1"),
        ({"maximize": None}, r"maximize must be True or False"),
        ({"nesterov": True}, r"nesterov needs momentum > 0 and dampening = 0, got momentum=0.0"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, r"and dampening=0.1"),
    ],
)
def test_refuses_settings_outside_their_range(options, message):
    """Each hyper-parameter has its own message with the range and the value."""
    with pytest.raises(ValueError, match=message):
        SGD([Parameter([1.0])], **options)


def test_limits_are_allowed():
    """The ends of the ranges are inside them."""
    SGD([Parameter([1.0])], lr=0, momentum=1, dampening=1, weight_decay=0)
