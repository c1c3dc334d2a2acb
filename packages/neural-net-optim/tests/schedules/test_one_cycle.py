"""One large wave."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, Adagrad, Adam, OneCycleLR, one_cycle_lr


def sgd(**options):
    return SGD([Parameter([1.0])], lr=123.0, **options)


def test_two_phases_by_hand():
    """Up in 3 of 10 steps (to step 2), down in the rest (to step 9); the last is the lowest."""
    rates = [one_cycle_lr(t, 8.0, 10, 0.3, "linear", 4.0, 2.0) for t in range(10)]
    assert rates == pytest.approx([2, 5, 8, 7, 6, 5, 4, 3, 2, 1])
    rates = [one_cycle_lr(t, 8.0, 10, 0.5, "cos", 4.0, 2.0) for t in (0, 2, 4, 9)]
    assert rates == pytest.approx([2, 5, 8, 1])
    defaults = [one_cycle_lr(t, 8.0, 100) for t in (0, 29, 99)]
    assert defaults == pytest.approx([0.32, 8, 3.2e-5])


def test_three_phases_by_hand():
    """Up in 4 (to step 3), down as fast (to step 6), and out (to step 9)."""
    rates = [one_cycle_lr(t, 8.0, 10, 0.4, "linear", 4.0, 4.0, three_phase=True) for t in range(10)]
    assert rates == pytest.approx([2, 4, 6, 8, 6, 4, 2, 1.5, 1, 0.5])


def test_the_step_after_the_last_stays_at_the_end():
    """A loop may step once after the last update; PyTorch's rate then begins to leave the end."""
    for strategy in ("cos", "linear"):
        last = one_cycle_lr(9, 8.0, 10, 0.3, strategy)
        assert one_cycle_lr(10, 8.0, 10, 0.3, strategy) == pytest.approx(last)
    scheduler = OneCycleLR(sgd(), 1.0, total_steps=3, cycle_momentum=False)
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match="step 4 is past the last, 3; the cycle is over"):
        scheduler.step()


def test_no_rise_and_rise_of_one_step():
    """Phases of length zero."""
    assert one_cycle_lr(0, 8.0, 10, 0.1, "linear") == 8.0
    assert one_cycle_lr(9, 8.0, 10, 0.1, "linear", 4.0, 2.0) == 1.0
    assert one_cycle_lr(0, 8.0, 1, 1.0, "linear") == 8.0


def test_momentum_goes_the_other_way():
    """High where the rate is low, also out to the end."""
    scheduler = OneCycleLR(
        sgd(),
        8.0,
        total_steps=10,
        pct_start=0.3,
        anneal_strategy="linear",
        base_momentum=0.5,
        max_momentum=0.9,
    )
    assert [scheduler.momentum(t, 0) for t in (0, 1, 2, 9)] == pytest.approx([0.9, 0.7, 0.5, 0.9])
    scheduler = OneCycleLR(
        sgd(), 8.0, 10, pct_start=0.4, three_phase=True, base_momentum=0.5, max_momentum=0.9
    )
    assert [scheduler.momentum(t, 0) for t in (0, 3, 6, 7, 9)] == pytest.approx(
        [0.9, 0.5, 0.9, 0.9, 0.9]
    )
    assert OneCycleLR(sgd(), 8.0, 10, cycle_momentum=False).momentum(3, 0) is None


def test_defaults_of_momentum_and_lists_per_group():
    """PyTorch's 0.85 and 0.95."""
    scheduler = OneCycleLR(sgd(), 8.0, 10)
    assert [scheduler.momentum(t, 0) for t in (0, 2)] == pytest.approx([0.95, 0.85])
    o = Adam([{"params": [Parameter([1.0])]}, {"params": [Parameter([1.0])]}])
    scheduler = OneCycleLR(
        o, [8.0, 4.0], 10, base_momentum=[0.5, 0.6], max_momentum=[0.7, 0.8], div_factor=4
    )
    assert scheduler.lr_at(0) == [2.0, 1.0]
    assert [scheduler.momentum(2, i) for i in (0, 1)] == pytest.approx([0.5, 0.6])
    assert [g["betas"] for g in o.param_groups] == [(0.7, 0.999), (0.8, 0.999)]


def test_defaults_of_the_rates():
    """Those of the function, for all settings; the last rate may be above the first."""
    scheduler = OneCycleLR(sgd(), 8.0, 100)
    assert [scheduler.lr_at(t)[0] for t in range(100)] == [
        one_cycle_lr(t, 8.0, 100) for t in range(100)
    ]
    assert OneCycleLR(sgd(), 8.0, 10, div_factor=0.5, final_div_factor=0.25).lr_at(9) == [64.0]


def test_length_by_epochs():
    """Epochs times steps per epoch."""
    a = OneCycleLR(sgd(), 8.0, epochs=5, steps_per_epoch=4)
    b = OneCycleLR(sgd(), 8.0, 20)
    assert a.total_steps == 20
    assert [a.lr_at(t) for t in range(20)] == [b.lr_at(t) for t in range(20)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "OneCycleLR: give total_steps, or epochs and steps_per_epoch"),
        ({"epochs": 3}, "give total_steps, or"),
        ({"steps_per_epoch": 3}, "give total_steps, or"),
        ({"total_steps": 0}, "total_steps must be None or a whole number >= 1, got 0"),
        ({"epochs": 0, "steps_per_epoch": 3}, "epochs must be"),
        ({"epochs": 3, "steps_per_epoch": 0}, "steps_per_epoch must be"),
        ({"total_steps": 5, "max_lr": 0}, "max_lr must be a finite number > 0"),
        ({"total_steps": 5, "max_lr": [1.0, 2.0]}, "one max_lr for each of the 1 groups, got 2"),
        ({"total_steps": 5, "pct_start": 1.1}, r"pct_start must be a number in \[0, 1\]"),
        ({"total_steps": 5, "pct_start": -0.1}, "pct_start must be"),
        ({"total_steps": 5, "anneal_strategy": "exp"}, "anneal_strategy must be one of 'cos', 'l"),
        ({"total_steps": 5, "cycle_momentum": 1}, "cycle_momentum must be True or False"),
        ({"total_steps": 5, "base_momentum": 1.1}, r"base_momentum must be a number in \[0, 1\]"),
        ({"total_steps": 5, "max_momentum": -0.1}, "max_momentum must be"),
        ({"total_steps": 5, "div_factor": 0}, "div_factor must be a finite number > 0"),
        ({"total_steps": 5, "final_div_factor": 0}, "final_div_factor must be"),
        ({"total_steps": 5, "three_phase": 1}, "three_phase must be True or False"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        OneCycleLR(sgd(), **{"max_lr": 1.0, **options})


def test_refuses_to_cycle_what_is_not_there():
    """Adagrad has no momentum."""
    o = Adagrad([Parameter([1.0])])
    with pytest.raises(ValueError, match="group 0 has neither; give cycle_momentum=False"):
        OneCycleLR(o, 1.0, 10)
    OneCycleLR(o, 1.0, 10, cycle_momentum=False)
