"""Schedules made of schedules."""

import pytest

from neural_net_core import Parameter
from neural_net_optim import (
    SGD,
    Adam,
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
    WarmupLR,
    warmup_lr,
)


@pytest.fixture
def o():
    return SGD([Parameter([1.0])], lr=8.0)


def rates(scheduler, steps):
    return [scheduler.lr_at(t)[0] for t in steps]


def test_warmup_by_hand(o):
    """W steps below the full rate, none of them 0."""
    assert [warmup_lr(t, 8.0, 3) for t in range(5)] == [2, 4, 6, 8, 8]
    assert [warmup_lr(t, 8.0, 0) for t in range(2)] == [8, 8]
    assert rates(WarmupLR(o, 3), range(5)) == [2, 4, 6, 8, 8]


def test_warmup_joins_any_other(o):
    """Which begins at the step with the full rate."""
    assert rates(WarmupLR(o, 1, ExponentialLR(o, 0.5)), range(4)) == [4, 8, 4, 2]
    assert rates(WarmupLR(o, 3, CosineAnnealingLR(o, 4)), (0, 3, 5, 7)) == pytest.approx(
        [2, 8, 4, 0]
    )
    # The rise leads to where the other begins, here at a quarter.
    assert rates(WarmupLR(o, 3, ConstantLR(o, 0.25, 2)), range(7)) == [0.5, 1, 1.5, 2, 2, 8, 8]


def test_warmup_passes_momentum_on(o):
    """While the rate rises it is that of the other's beginning."""
    after = OneCycleLR(o, 1.0, 10)
    scheduler = WarmupLR(o, 3, after)
    assert scheduler.momentum(0, 0) == after.momentum(0, 0)
    assert scheduler.momentum(5, 0) == after.momentum(2, 0)
    assert WarmupLR(o, 3).momentum(0, 0) is None


def test_sequential_by_hand(o):
    """Each begins at its milestone with its own step 0."""
    parts = [StepLR(o, 1, 0.5), ConstantLR(o, 0.25, 1), ExponentialLR(o, 0.5)]
    scheduler = SequentialLR(o, parts, [2, 4])
    assert rates(scheduler, range(7)) == [8, 4, 2, 8, 8, 4, 2]


def test_sequential_passes_momentum_on(o):
    """With the part's own step; where the part leaves it alone, it is the optimizer's own."""
    assert SequentialLR(o, [ExponentialLR(o, 0.5)], []).momentum(3, 0) is None
    o.param_groups[0]["momentum"] = 0.3
    part = OneCycleLR(o, 1.0, 10)
    scheduler = SequentialLR(o, [ExponentialLR(o, 0.5), part], [4])
    assert o.param_groups[0]["momentum"] == scheduler.momentum(3, 0) == 0.3
    assert scheduler.momentum(6, 0) == part.momentum(2, 0)


def test_a_sequence_without_momentum_leaves_it_to_the_schedule_beside_it(o):
    cycle = OneCycleLR(o, 1.0, 10)
    scheduler = ChainedScheduler([cycle, SequentialLR(o, [StepLR(o, 3), StepLR(o, 5)], [2])])
    assert [scheduler.momentum(t, 0) for t in range(4)] == [cycle.momentum(t, 0) for t in range(4)]


def test_a_part_that_comes_later_leaves_betas_alone_until_then():
    o = Adam([Parameter([1.0])], betas=(0.5, 0.7))
    scheduler = SequentialLR(o, [StepLR(o, 9), OneCycleLR(o, 1.0, 10), StepLR(o, 9)], [1, 3])
    course = []
    for _ in range(5):
        course.append(o.param_groups[0]["betas"])
        scheduler.step()
    assert course[0] == course[3] == course[4] == (0.5, 0.7)
    assert course[1] == (0.95, 0.7)
    assert 0.5 < course[2][0] < 0.95


def test_chained_by_hand(o):
    """The product of the factors; with a floor, the floor stays one."""
    parts = [ConstantLR(o, 0.25, 2), ExponentialLR(o, 0.5)]
    assert rates(ChainedScheduler(parts), range(4)) == [2, 1, 2, 1]
    floor = ChainedScheduler([ExponentialLR(o, 0.5), CosineAnnealingLR(o, 4, 0.125)], o)
    assert min(rates(floor, range(5))) == 0.125
    assert rates(floor, [1])[0] == pytest.approx(0.125 + 3.875 * (2 + 2**0.5) / 4)


def test_chained_passes_the_last_momentum_on(o):
    """If any part has one."""
    a, b = OneCycleLR(o, 1.0, 10), OneCycleLR(o, 1.0, 20)
    assert ChainedScheduler([a, ExponentialLR(o, 0.5)]).momentum(1, 0) == a.momentum(1, 0)
    assert ChainedScheduler([a, b]).momentum(1, 0) == b.momentum(1, 0)
    assert ChainedScheduler([ExponentialLR(o, 0.5)]).momentum(1, 0) is None


def test_combinations_nest(o):
    """A warm-up before a sequence with a chain in it."""
    chain = ChainedScheduler([ExponentialLR(o, 0.5), ConstantLR(o, 0.5, 1)])
    scheduler = WarmupLR(o, 1, SequentialLR(o, [ConstantLR(o, 1.0), chain], [2]))
    assert rates(scheduler, range(6)) == [4, 8, 8, 4, 4, 2]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o: SequentialLR(o, [], []), ValueError, "SequentialLR: expected at least one"),
        (lambda o: ChainedScheduler([]), ValueError, "ChainedScheduler: expected at least one"),
        (
            lambda o: SequentialLR(o, [ExponentialLR(o, 0.5)], [2]),
            ValueError,
            r"expected 0 milestones between 1 schedules, got \[2\]",
        ),
        (
            lambda o: SequentialLR(o, [ExponentialLR(o, 0.5)] * 3, [5, 2]),
            ValueError,
            r"milestones must ascend, got \[5, 2\]",
        ),
        (
            lambda o: SequentialLR(o, [ExponentialLR(o, 0.5)] * 2, [-1]),
            ValueError,
            "every milestone must be a whole number >= 0, got -1",
        ),
        (
            lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []),
            TypeError,
            r"schedule 0 must be a function of the step .* got a ReduceLROnPlateau",
        ),
        (lambda o: ChainedScheduler([5]), TypeError, "schedule 0 must be .* got a int"),
        (lambda o: WarmupLR(o, 2, 5), TypeError, "WarmupLR: schedule 0 must be"),
        (lambda o: WarmupLR(o, -1), ValueError, "warmup_steps must be a whole number >= 0"),
        (
            lambda o: WarmupLR(o, 2, ExponentialLR(SGD([Parameter([1.0])]), 0.5)),
            ValueError,
            "WarmupLR: schedule 0 belongs to another optimizer",
        ),
        (
            lambda o: ChainedScheduler(
                [ExponentialLR(o, 0.5), ExponentialLR(SGD([Parameter([1.0])]), 0.5)]
            ),
            ValueError,
            "schedule 1 belongs to another optimizer",
        ),
    ],
)
def test_refuses(o, make, error, message):
    with pytest.raises(error, match=message):
        make(o)
