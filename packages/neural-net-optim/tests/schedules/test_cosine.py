"""Half waves of the cosine."""

import math

import pytest

from neural_net_core import Parameter
from neural_net_optim import (
    SGD,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    cosine_annealing_lr,
    cosine_annealing_warm_restarts,
)


def test_one_wave_by_hand():
    """Full at 0, half at T/2, lowest at T, and up again."""
    assert [cosine_annealing_lr(t, 9.0, 6, 1.0) for t in (0, 2, 3, 4, 6, 9, 12)] == pytest.approx(
        [9, 7, 5, 3, 1, 5, 9]
    )
    assert cosine_annealing_lr(1, 8.0, 4) == pytest.approx(4 * (1 + math.sqrt(0.5)))


def test_restarts_by_hand():
    """Rounds of 2, 4, 8 … steps, or all of one length."""
    values = [cosine_annealing_warm_restarts(t, 9.0, 2, 2, 1.0) for t in range(15)]
    assert [values[t] for t in (0, 2, 6, 14)] == [9, 9, 9, 9]
    assert [values[t] for t in (1, 4, 10)] == pytest.approx([5, 5, 5])
    assert min(values) > 1
    same = [cosine_annealing_warm_restarts(t, 9.0, 3) for t in range(9)]
    assert same[:3] == same[3:6] == same[6:]
    assert cosine_annealing_warm_restarts(10**12, 9.0, 2) == 9
    assert cosine_annealing_warm_restarts(1, 4.0, 1, 3) == 4.0
    assert cosine_annealing_warm_restarts(1, 4.0, 2) == pytest.approx(2.0)


def test_classes_use_their_settings():
    """In every argument."""
    o = SGD([Parameter([1.0])], lr=9.0)
    assert CosineAnnealingLR(o, 6, 1.0).lr_at(2) == pytest.approx([7])
    assert CosineAnnealingLR(o, 6).lr_at(6) == pytest.approx([0])
    assert CosineAnnealingWarmRestarts(o, 2, 2, 1.0).lr_at(4) == pytest.approx([5])
    assert CosineAnnealingWarmRestarts(o, 2).lr_at(3) == pytest.approx([4.5])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max must be a whole number >= 1"),
        (lambda o: CosineAnnealingLR(o, 1, -1), "CosineAnnealingLR: eta_min must be a finite"),
        (lambda o: CosineAnnealingWarmRestarts(o, 0), "WarmRestarts: T_0 must be a whole .* >= 1"),
        (lambda o: CosineAnnealingWarmRestarts(o, 1, 0), "T_mult must be a whole number >= 1"),
        (lambda o: CosineAnnealingWarmRestarts(o, 1, 1, -1), "WarmRestarts: eta_min must be"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(ValueError, match=message):
        make(SGD([Parameter([1.0])]))
