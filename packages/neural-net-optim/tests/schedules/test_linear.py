"""A straight line."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, LinearLR, linear_lr


def test_by_hand():
    """The end is reached at `total_iters`, and kept."""
    assert [linear_lr(t, 8.0, 0.5, 1.0, 4) for t in (0, 1, 3, 4, 9)] == [4, 5, 7, 8, 8]
    assert [linear_lr(t, 8.0, 1.0, 0.0, 2) for t in (0, 1, 2, 3)] == [8, 4, 0, 0]
    assert [linear_lr(t, 3.0) for t in (0, 5)] == [1, 3]


def test_class_uses_its_settings():
    """And PyTorch's defaults."""
    o = SGD([Parameter([1.0])], lr=8.0)
    scheduler = LinearLR(o, 0.5, 0.75, 4)
    assert [scheduler.lr_at(t)[0] for t in (0, 2, 4, 5)] == [4, 5, 6, 6]
    o = SGD([Parameter([1.0])], lr=3.0)
    assert [LinearLR(o).lr_at(t)[0] for t in (0, 5)] == [1, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0, 5), r"LinearLR: start_factor must be a number in \(0, 1\], got 0.0"),
        ((1.1, 1.0, 5), r"start_factor must be"),
        ((0.5, -0.1, 5), r"end_factor must be a number in \[0, 1\]"),
        ((0.5, 1.1, 5), r"end_factor must be"),
        ((0.5, 1.0, 0), r"total_iters must be a whole number >= 1, got 0"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        LinearLR(SGD([Parameter([1.0])]), *arguments)
    LinearLR(SGD([Parameter([1.0])]), 1.0, 0.0, 1)
