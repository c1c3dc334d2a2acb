"""What every schedule shares: counting, applying, saving."""

import json
import warnings

import numpy as np
import pytest

from neural_net_core import Parameter, StateDictError
from neural_net_optim import SGD, Adam, Lookahead, schedules
from neural_net_optim.schedules.scheduler import PerGroup


def optimizer(*rates, cls=SGD):
    """Return an optimizer with a group per rate."""
    return cls([{"params": [Parameter([1.0])], "lr": lr} for lr in rates or (0.5,)])


# One way to make each schedule that is a function of the step.
MAKE = {
    "ConstantLR": lambda o: schedules.ConstantLR(o, 0.5, 3),
    "LinearLR": lambda o: schedules.LinearLR(o, 0.1, 0.9, 6),
    "StepLR": lambda o: schedules.StepLR(o, 3, 0.5),
    "MultiStepLR": lambda o: schedules.MultiStepLR(o, [2, 5], 0.5),
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: schedules.PolynomialLR(o, 8, 2.0),
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 8, 0.01),
    "CosineAnnealingWarmRestarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 3, 2),
    "InverseSqrtLR": lambda o: schedules.InverseSqrtLR(o, 4),
    "LambdaLR": lambda o: schedules.LambdaLR(o, lambda t: 1 / (1 + t)),
    "MultiplicativeLR": lambda o: schedules.MultiplicativeLR(o, lambda t: 0.9 + 0.01 * t),
    "OneCycleLR": lambda o: schedules.OneCycleLR(o, 0.8, total_steps=12),
    "CyclicLR": lambda o: schedules.CyclicLR(o, 0.1, 0.9, 2, 3),
    "WarmupLR": lambda o: schedules.WarmupLR(o, 4, schedules.ExponentialLR(o, 0.9)),
    "SequentialLR": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, 0.1), schedules.StepLR(o, 2)], [4]
    ),
    "ChainedScheduler": lambda o: schedules.ChainedScheduler(
        [schedules.ConstantLR(o, 0.5, 3), schedules.ExponentialLR(o, 0.9)]
    ),
}
every = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


def test_every_schedule_is_in_the_table():
    """But for the two that are no pure functions of the step, and the base."""
    classes = {n for n, v in vars(schedules).items() if isinstance(v, type)}
    assert classes - set(MAKE) == {"LRScheduler", "SWALR", "ReduceLROnPlateau"}


@every
def test_making_sets_the_rate_of_step_0_and_each_step_the_next(make):
    """What `lr_at` foretells is what `step` sets, in every group."""
    o = optimizer(0.5, 0.25)
    scheduler = make(o)
    foretold = [scheduler.lr_at(t) for t in range(10)]
    for t in range(10):
        assert scheduler.last_step == t
        assert [g["lr"] for g in o.param_groups] == foretold[t]
        assert scheduler.get_last_lr() == foretold[t]
        scheduler.step()
    assert len({rates[0] for rates in foretold}) > 1


@every
def test_rates_are_plain_numbers(make):
    """Not NumPy scalars, which would turn float32 updates into float64 ones."""
    o = optimizer(np.float64(0.5))
    scheduler = make(o)
    for _ in range(10):
        assert type(o.param_groups[0]["lr"]) is float
        scheduler.step()


@every
def test_base_rates_are_those_before_any_schedule(make):
    """However many schedules were made over the optimizer before."""
    o = optimizer(0.5, 0.25)
    schedules.ConstantLR(o, 0.1, 100)
    scheduler = make(o)
    assert scheduler.base_lrs == [0.5, 0.25]
    assert [g["initial_lr"] for g in o.param_groups] == [0.5, 0.25]
    fresh = make(optimizer(0.5, 0.25))
    assert scheduler.lr_at(3) == fresh.lr_at(3)


@every
def test_state_goes_through_json_and_on_to_the_same_rates(make):
    """Also into an optimizer whose own state was not restored."""
    straight = optimizer(0.5, 0.25)
    a = make(straight)
    for _ in range(5):
        a.step()
    state = json.loads(json.dumps(a.state_dict()))
    resumed = optimizer(0.125, 0.0625)
    b = make(resumed)
    b.load_state_dict(state)
    assert b.last_step == 5
    for _ in range(5):
        assert [g["lr"] for g in resumed.param_groups] == [g["lr"] for g in straight.param_groups]
        a.step()
        b.step()
    assert a.state_dict() == b.state_dict()


def test_a_state_from_before_the_first_step_fits():
    """Also where a rate is 0."""
    a, b = (schedules.ExponentialLR(optimizer(*rates), 0.5) for rates in ((0.5, 0.0), (1.0, 1.0)))
    b.load_state_dict(a.state_dict())
    assert (b.last_step, b.base_lrs) == (0, [0.5, 0.0])


@every
def test_states_that_do_not_fit_change_nothing(make):
    """One error with every problem."""
    o = optimizer(0.5, 0.25)
    scheduler = make(o)
    good = scheduler.state_dict()
    before = [g["lr"] for g in o.param_groups]
    for change, message in [
        ({"schedule": "Other"}, "it is of a Other"),
        ({"last_step": -1}, "bad last_step -1"),
        ({"last_step": 2.0}, r"bad last_step 2\.0"),
        ({"base_lrs": [0.5]}, r"expected rates of 2 groups, got \[0.5\]"),
        ({"base_lrs": [0.5, -1.0]}, "bad rate -1"),
        ({"base_lrs": [0.5, float("nan")]}, "bad rate nan"),
        ({"base_lrs": [0.5, float("inf")]}, "bad rate inf"),
        ({"more": 1}, "unexpected 'more'"),
        ({"schedule": "Other", "last_step": -1}, "it is of a Other; bad last_step -1"),
    ]:
        with pytest.raises(StateDictError, match=message):
            scheduler.load_state_dict({**good, **change})
    with pytest.raises(StateDictError, match="missing 'last_step'"):
        scheduler.load_state_dict({"schedule": good["schedule"], "base_lrs": [1.0, 1.0]})
    assert scheduler.state_dict() == good
    assert [g["lr"] for g in o.param_groups] == before


@every
def test_groups_added_later_follow_too(make):
    """Their base is the rate they come with."""
    o = optimizer(0.5)
    scheduler = make(o)
    scheduler.step()
    o.add_param_group({"params": [Parameter([1.0])], "lr": 0.25})
    scheduler.step()
    if not isinstance(scheduler, schedules.OneCycleLR | schedules.CyclicLR):
        expected = make(optimizer(0.25)).lr_at(2)
    else:
        expected = make(optimizer(0.5)).lr_at(2)
    assert o.param_groups[1]["lr"] == pytest.approx(expected[0])


def test_a_rate_changed_by_something_else_is_told_once():
    """The schedule overwrites it, so its author should know."""
    o = optimizer(0.5)
    scheduler = schedules.ExponentialLR(o, 0.5)
    o.param_groups[0]["lr"] = 9.0
    with pytest.warns(
        UserWarning, match=r"lr was changed from \[0.5\] to \[9.0\] by something"
    ) as noted:
        scheduler.step()
    assert noted[0].filename == __file__, "it points to the call of step"
    assert o.param_groups[0]["lr"] == 0.25
    o.param_groups[0]["lr"] = 9.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


def test_two_schedules_at_once_are_told_to_be_joined():
    """In PyTorch two stateful schedules multiply; here the later would win silently."""
    o = optimizer(0.5)
    a, b = schedules.ExponentialLR(o, 0.5), schedules.ExponentialLR(o, 0.9)
    a.step()
    with pytest.warns(UserWarning, match="ChainedScheduler"):
        b.step()


def test_works_on_anything_with_groups():
    """Such as an optimizer around an optimizer; and says what else it is given."""
    inner = optimizer(0.5)
    scheduler = schedules.StepLR(Lookahead(inner), 1, 0.5)
    scheduler.step()
    assert inner.param_groups[0]["lr"] == 0.25
    with pytest.raises(TypeError, match="StepLR: expected an optimizer, got a Parameter"):
        schedules.StepLR(Parameter([1.0]), 1)


def test_optimizers_save_and_load_the_initial_rate():
    """A resumed run whose schedule is made after loading starts from the right base."""
    o = optimizer(0.5)
    scheduler = schedules.ExponentialLR(o, 0.5)
    scheduler.step()
    fresh = optimizer(0.125)
    fresh.load_state_dict(o.state_dict())
    again = schedules.ExponentialLR(fresh, 0.5)
    assert again.base_lrs == [0.5]
    fresh.load_state_dict(optimizer(0.125).state_dict())


def test_base_class_is_abstract():
    """A schedule of one's own writes `lr`."""
    with pytest.raises(NotImplementedError):
        schedules.LRScheduler(optimizer())

    class Halving(schedules.LRScheduler):
        def lr(self, step, base_lr, group):
            return base_lr / 2**step + group

    o = optimizer(0.5, 0.25)
    scheduler = Halving(o)
    scheduler.step()
    assert [g["lr"] for g in o.param_groups] == [0.25, 1.125]


def test_repr():
    """Where it stands."""
    scheduler = schedules.StepLR(optimizer(0.5, 0.25), 1, 0.5)
    scheduler.step()
    assert repr(scheduler) == "StepLR(step 1, lr 0.25, 0.125)"


def test_per_group():
    """One for all, or a list of the right length, tested."""
    o = optimizer(0.5, 0.25)
    assert [PerGroup("A", "x", 3, o)[i] for i in range(3)] == [3, 3, 3]
    assert [PerGroup("A", "x", [3, 4], o)[i] for i in range(3)] == [3, 4, 4]
    with pytest.raises(ValueError, match="A: expected one x for each of the 2 groups, got 3"):
        PerGroup("A", "x", (1, 2, 3), o)


def test_momentum_goes_to_betas_or_momentum():
    """Whichever the optimizer has; its other beta stays."""
    for cls in (SGD, Adam):
        o = optimizer(0.5, cls=cls)
        scheduler = schedules.OneCycleLR(o, 1.0, total_steps=11)
        scheduler.step()
        group = o.param_groups[0]
        found = group["betas"][0] if cls is Adam else group["momentum"]
        assert found == scheduler.momentum(1, 0)
        if cls is Adam:
            assert group["betas"][1] == 0.999
            assert "momentum" not in group
