"""The Transformer's schedule."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, InverseSqrtLR, inverse_sqrt_lr


def test_by_hand():
    """Up to the full rate at the last step of the warm-up, half of it four times later."""
    assert [inverse_sqrt_lr(t, 8.0, 4) for t in (0, 1, 2, 3, 15, 63)] == [2, 4, 6, 8, 4, 2]


@pytest.mark.parametrize("step", [1, 50, 4000, 100_000])
def test_is_equation_3_of_the_paper(step):
    """With the model's width, and counting from 1."""
    expected = 512**-0.5 * min(step**-0.5, step * 4000**-1.5)
    assert inverse_sqrt_lr(step - 1, 1.0, 4000, 512) == pytest.approx(expected, rel=1e-12)
    o = SGD([Parameter([1.0])], lr=2.0)
    assert InverseSqrtLR(o, 4000, 512).lr_at(step - 1) == pytest.approx([2 * expected], rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "InverseSqrtLR: warmup_steps must be a whole number >= 1, got 0"),
        ((4, 0), "d_model must be None or a whole number >= 1, got 0"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        InverseSqrtLR(SGD([Parameter([1.0])]), *arguments)
    assert InverseSqrtLR(SGD([Parameter([1.0])], lr=3.0), 1, 1).lr_at(0) == [3.0]
