"""The same factor at every step."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, ExponentialLR, exponential_lr


def test_by_hand():
    """Step 0 is the full rate."""
    assert [exponential_lr(t, 8.0, 0.5) for t in range(4)] == [8, 4, 2, 1]
    scheduler = ExponentialLR(SGD([Parameter([1.0])], lr=8.0), 0.5)
    assert scheduler.lr_at(3) == [1.0]


def test_refuses():
    with pytest.raises(ValueError, match="ExponentialLR: gamma must be a finite number >= 0"):
        ExponentialLR(SGD([Parameter([1.0])]), -1)
