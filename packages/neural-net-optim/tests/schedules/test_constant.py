"""A factor for some steps."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, ConstantLR, constant_lr


def test_by_hand():
    """The factor holds for exactly `total_iters` steps."""
    assert [constant_lr(t, 6.0) for t in range(7)] == [2, 2, 2, 2, 2, 6, 6]
    assert [constant_lr(t, 8.0, 0.25, 1) for t in range(3)] == [2, 8, 8]
    assert constant_lr(0, 8.0, 0.25, 0) == 8


def test_class_uses_its_settings():
    """And PyTorch's defaults."""
    o = SGD([Parameter([1.0])], lr=8.0)
    assert [ConstantLR(o, 0.25, 2).lr_at(t) for t in (1, 2)] == [[2.0], [8.0]]
    o = SGD([Parameter([1.0])], lr=6.0)
    assert [ConstantLR(o).lr_at(t) for t in (4, 5)] == [[2.0], [6.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-0.1, 5), r"ConstantLR: factor must be a number in \[0, 1\], got -0.1"),
        ((1.1, 5), r"factor must be"),
        ((0.5, -1), r"total_iters must be a whole number >= 0, got -1"),
        ((0.5, 2.5), r"total_iters must be"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConstantLR(SGD([Parameter([1.0])]), *arguments)
