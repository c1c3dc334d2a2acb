"""Down to zero along a power."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, PolynomialLR, polynomial_lr


def test_by_hand():
    """Zero from `total_iters` on."""
    assert [polynomial_lr(t, 16.0, 4, 2.0) for t in range(6)] == [16, 9, 4, 1, 0, 0]
    assert [polynomial_lr(t, 5.0) for t in (0, 1, 5)] == pytest.approx([5, 4, 0])


def test_class_uses_its_settings():
    """And PyTorch's defaults."""
    o = SGD([Parameter([1.0])], lr=16.0)
    assert [PolynomialLR(o, 4, 2.0).lr_at(t)[0] for t in (1, 3)] == [9, 1]
    assert [PolynomialLR(o).lr_at(t)[0] for t in (0, 5)] == [16, 0]
    assert PolynomialLR(o).lr_at(1)[0] == pytest.approx(12.8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1.0), "PolynomialLR: total_iters must be a whole number >= 1, got 0"),
        ((5, -1.0), "PolynomialLR: power must be a finite number >= 0, got -1.0"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        PolynomialLR(SGD([Parameter([1.0])]), *arguments)
