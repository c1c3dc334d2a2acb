"""Up and down again and again."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, Adagrad, Adam, CyclicLR, cyclic_lr


def sgd():
    return SGD([Parameter([1.0])], lr=123.0)


def test_triangles_by_hand():
    """Symmetric, and with a fall of another length."""
    assert [cyclic_lr(t, 1.0, 5.0, 2) for t in range(6)] == [1, 3, 5, 3, 1, 3]
    assert [cyclic_lr(t, 1.0, 5.0, 1, 4) for t in range(7)] == [1, 5, 4, 3, 2, 1, 5]
    assert cyclic_lr(2000, 1.0, 5.0) == 5.0


def test_modes_by_hand():
    """Half as high every cycle, or a factor at every step."""
    assert [cyclic_lr(t, 1.0, 5.0, 1, mode="triangular2") for t in (1, 3, 5)] == [5, 3, 2]
    # A fall belongs to the cycle of the rise before it.
    falling = [cyclic_lr(t, 1.0, 9.0, 1, 2, "triangular2") for t in range(7)]
    assert falling == [1, 9, 5, 1, 5, 3, 1]
    assert [cyclic_lr(t, 1.0, 5.0, 1, 1, "exp_range", 0.5) for t in (1, 3)] == [3, 1.5]
    # The default factor is 1: no change of height.
    for rate in (cyclic_lr, lambda t, *rest: CyclicLR(sgd(), *rest).lr_at(t)[0]):
        assert [rate(t, 1.0, 5.0, 1, 1, "exp_range") for t in (1, 3)] == [5, 5]


def test_class_uses_its_settings():
    """Also a function of one's own, of the cycle or of the step."""
    assert [CyclicLR(sgd(), 1.0, 5.0, 1, 4).lr_at(t)[0] for t in (1, 2, 5, 6)] == [5, 4, 1, 5]
    assert CyclicLR(sgd(), 1.0, 5.0).lr_at(2000) == [5.0]
    assert CyclicLR(sgd(), 1.0, 5.0, 1, mode="triangular2").lr_at(3) == [3.0]
    assert CyclicLR(sgd(), 1.0, 5.0, 1, mode="exp_range", gamma=0.5).lr_at(3) == [1.5]
    by_cycle = CyclicLR(sgd(), 1.0, 5.0, 1, scale_fn=lambda cycle: cycle)
    assert [by_cycle.lr_at(t)[0] for t in (1, 3, 5)] == [5, 9, 13]
    by_step = CyclicLR(sgd(), 1.0, 5.0, 1, scale_fn=lambda t: t, scale_mode="iterations")
    assert [by_step.lr_at(t)[0] for t in (1, 3, 5)] == [5, 13, 21]


def test_momentum_goes_the_other_way():
    """From the highest, where the rate is lowest; PyTorch's 0.8 and 0.9 by default."""
    scheduler = CyclicLR(sgd(), 1.0, 5.0, 2)
    assert [scheduler.momentum(t, 0) for t in range(4)] == pytest.approx([0.9, 0.85, 0.8, 0.85])
    o = Adam([{"params": [Parameter([1.0])]}, {"params": [Parameter([1.0])]}])
    scheduler = CyclicLR(
        o,
        [1.0, 2.0],
        [5.0, 6.0],
        2,
        mode="triangular2",
        base_momentum=[0.5, 0.6],
        max_momentum=[0.7, 0.8],
    )
    assert scheduler.lr_at(1) == [3.0, 4.0]
    assert [scheduler.momentum(2, i) for i in (0, 1)] == pytest.approx([0.5, 0.6])
    assert [scheduler.momentum(6, i) for i in (0, 1)] == pytest.approx([0.6, 0.7])
    assert CyclicLR(sgd(), 1.0, 5.0, cycle_momentum=False).momentum(0, 0) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base_lr": -1}, "CyclicLR: base_lr must be a finite number >= 0"),
        ({"max_lr": 0}, "max_lr must be a finite number > 0"),
        ({"step_size_up": 0}, "step_size_up must be a whole number >= 1"),
        ({"step_size_down": 0}, "step_size_down must be None or a whole number >= 1"),
        ({"mode": "square"}, "mode must be one of 'triangular', 'triangular2', 'exp_range', got"),
        ({"scale_mode": "steps"}, "scale_mode must be one of 'cycle', 'iterations'"),
        ({"gamma": 0}, "gamma must be a finite number > 0"),
        ({"cycle_momentum": 1}, "cycle_momentum must be"),
        ({"base_momentum": 1.1}, "base_momentum must be"),
        ({"max_momentum": 1.1}, "max_momentum must be"),
        ({"max_lr": [1.0, 2.0]}, "one max_lr for each of the 1 groups, got 2"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        CyclicLR(sgd(), **{"base_lr": 0.1, "max_lr": 1.0, **options})


def test_refuses_to_cycle_what_is_not_there():
    """Adagrad has no momentum."""
    with pytest.raises(ValueError, match="CyclicLR: cycle_momentum needs an optimizer with"):
        CyclicLR(Adagrad([Parameter([1.0])]), 0.1, 1.0)
