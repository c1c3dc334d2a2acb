"""Cuts when a metric no longer improves."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Parameter, StateDictError
from neural_net_optim import SGD, ReduceLROnPlateau


def groups(*rates):
    return SGD([{"params": [Parameter([1.0])], "lr": lr} for lr in rates])


def rates(metrics, **options):
    """Return the rate after each metric, from 8."""
    o = groups(8.0)
    scheduler = ReduceLROnPlateau(o, **{"factor": 0.5, "patience": 1, **options})
    found = []
    for metric in metrics:
        scheduler.step_metric(metric)
        found.append(o.param_groups[0]["lr"])
    return found


def test_cuts_when_patience_is_exceeded():
    """One bad value is forgiven, the second in a row cuts, and counting begins again."""
    assert rates([5, 6, 4, 6, 6, 6, 6]) == [8, 8, 8, 8, 4, 4, 2]
    assert rates([5, 6, 6], patience=0) == [8, 4, 2]


def test_maximum():
    """Higher is better."""
    assert rates([5, 6, 5, 5], mode="max") == [8, 8, 8, 4]
    assert rates([-5, -6, -7], mode="max") == [8, 8, 4]


def test_thresholds():
    """An improvement must be large enough: as a share, or as a difference."""
    assert rates([10, 9.5, 9.1], threshold=0.1) == [8, 8, 4]
    assert rates([10, 9.5, 8.9], threshold=0.1) == [8, 8, 8]
    assert rates([10, 9.5, 9.1], threshold=1.0, threshold_mode="abs") == [8, 8, 4]
    assert rates([10, 9.5, 8.9], threshold=1.0, threshold_mode="abs") == [8, 8, 8]
    assert rates([10, 9.6, 9.51], threshold=0.5, threshold_mode="abs") == [8, 8, 4]
    assert rates([10, 9.6, 9.49], threshold=0.5, threshold_mode="abs") == [8, 8, 8]
    assert rates([10, 10.9, 10.9], threshold=0.1, mode="max") == [8, 8, 4]
    assert rates([10, 10.9, 11.1], threshold=0.1, mode="max") == [8, 8, 8]
    up = {"threshold": 1.0, "threshold_mode": "abs", "mode": "max"}
    assert rates([10, 10.9, 10.9], **up) == [8, 8, 4]
    assert rates([10, 10.9, 11.1], **up) == [8, 8, 8]
    assert rates([10, 10 - 5e-4, 10 - 9e-4]) == [8, 8, 4], "the default is 1e-4 of the best"
    assert rates([10, 10 - 5e-4, 10 - 11e-4]) == [8, 8, 8]


@given(
    st.lists(
        st.one_of(st.integers(-4, 4).map(float), st.sampled_from([math.nan, math.inf, -math.inf])),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.sampled_from(["rel", "abs"]),
)
def test_less_is_better_is_more_of_the_opposite(metrics, threshold, threshold_mode):
    """Of negative values too: what is better in one mode, negated, is better in the other."""
    options = {"threshold": threshold, "threshold_mode": threshold_mode}
    down = rates(metrics, **options)
    assert down == rates([-x for x in metrics], mode="max", **options)
    # And against the definition: better by `threshold`, of the best value's size if relative.
    best, bad, lr = math.inf, 0, 8.0
    for x, found in zip(metrics, down, strict=True):
        need = threshold * (abs(best) if threshold_mode == "rel" else 1)
        if x < best and (math.isinf(best) or x < best - need):
            best, bad = x, 0
        else:
            bad += 1
        if bad > 1:
            lr, bad = lr / 2, 0
        assert found == lr


def test_a_negative_loss_that_stands_still_is_no_improvement():
    assert rates([-1.0] * 4) == [8, 8, 4, 4]
    assert rates([-1.0, -0.5, -0.5], threshold=0.1) == [8, 8, 4]
    assert rates([-1.0, -1.2, -1.4], threshold=0.1) == [8, 8, 8]


def test_equal_to_the_bar_is_no_improvement():
    """Strictly better, at every setting."""
    assert rates([5, 5, 5], threshold=0.0) == [8, 8, 4]
    assert rates([5, 5, 5], threshold=0.0, mode="max") == [8, 8, 4]


def test_cooldown():
    """For some values after a cut nothing is counted."""
    assert rates([5, 6, 6, 6, 6, 6, 6, 6], cooldown=2) == [8, 8, 4, 4, 4, 4, 2, 2]


def test_limit_and_smallest_cut():
    """No rate falls below its limit, nor by less than eps."""
    assert rates([5, *[6] * 8], min_lr=3.0) == [8, 8, 4, 4, 3, 3, 3, 3, 3]
    assert rates([5, *[6] * 4], eps=4.0) == [8] * 5
    assert rates([5, *[6] * 4], eps=3.9) == [8, 8, 4, 4, 4]
    o = groups(8.0, 8.0)
    scheduler = ReduceLROnPlateau(o, factor=0.1, patience=0, min_lr=[1.0, 2.0])
    for metric in (1, 2, 3):
        scheduler.step_metric(metric)
    assert scheduler.get_last_lr() == [1.0, 2.0]
    o.add_param_group({"params": [Parameter([1.0])], "lr": 8.0})
    scheduler.step_metric(4)
    scheduler.step_metric(5)
    assert scheduler.get_last_lr() == [1.0, 2.0, 2.0]


def test_defaults_are_pytorchs():
    """A tenth, after more than ten."""
    o = groups(8.0)
    scheduler = ReduceLROnPlateau(o)
    for _ in range(11):
        scheduler.step_metric(1.0)
    assert scheduler.get_last_lr() == [8.0]
    scheduler.step_metric(1.0)
    assert scheduler.get_last_lr() == [pytest.approx(0.8)]
    for lr, expected in ((1.5e-8, 0.0), (0.9e-8, 0.9e-8)):  # eps is 1e-8
        o = groups(lr)
        scheduler = ReduceLROnPlateau(o, factor=0.0, patience=0)
        for _ in range(2):
            scheduler.step_metric(1.0)
        assert scheduler.get_last_lr() == [expected]


def test_nan_is_no_improvement():
    """And does not become the best."""
    assert rates([5, math.nan, math.nan]) == [8, 8, 4]
    assert rates([math.nan, 5, 6, 4]) == [8, 8, 8, 8]
    assert rates([math.nan], patience=0) == [4], "the first value counts"


def test_takes_what_becomes_a_float():
    """Such as a loss."""
    o = groups(8.0)
    scheduler = ReduceLROnPlateau(o)
    scheduler.step_metric(Parameter([3.0]))
    assert scheduler.best == 3.0


def test_step_of_pytorch_says_what_to_call():
    """With or without a metric."""
    scheduler = ReduceLROnPlateau(groups(8.0))
    with pytest.raises(TypeError, match=r"call step_metric\(value\)"):
        scheduler.step(3.0)
    with pytest.raises(TypeError, match="step_metric"):
        scheduler.step()


@pytest.mark.parametrize("mode", ["min", "max"])
def test_state_goes_through_json(mode):
    """Infinity (no value yet) included."""
    a, b = groups(8.0, 4.0), groups(1.0, 1.0)
    x, y = (ReduceLROnPlateau(o, mode, patience=1, cooldown=2) for o in (a, b))
    y.load_state_dict(json.loads(json.dumps(x.state_dict())))
    assert y.best == x.best
    assert y.get_last_lr() == [8.0, 4.0]
    x.step_metric(1)
    x.step_metric(1)
    y.load_state_dict(json.loads(json.dumps(x.state_dict())))
    assert (y.best, y.num_bad, y.cooldown_left) == (1.0, 1, 0)
    for metric in (1, 1):
        x.step_metric(metric)
    y.load_state_dict(json.loads(json.dumps(x.state_dict())))
    assert (y.best, y.num_bad, y.cooldown_left) == (x.best, x.num_bad, x.cooldown_left)
    for metric in (1, 1, 1, 1):
        x.step_metric(metric)
        y.step_metric(metric)
        assert x.get_last_lr() == y.get_last_lr()


def test_states_that_do_not_fit_change_nothing():
    """One error with every problem."""
    scheduler = ReduceLROnPlateau(groups(8.0))
    good = scheduler.state_dict()
    for change, message in [
        ({"schedule": "StepLR"}, "it is of a StepLR"),
        ({"lrs": [1.0, 2.0]}, r"expected rates of 1 groups, got \[1.0, 2.0\]"),
        ({"more": 1}, "unexpected 'more'"),
    ]:
        with pytest.raises(StateDictError, match=message):
            scheduler.load_state_dict({**good, "best": 5.0, **change})
    with pytest.raises(StateDictError, match="missing 'best'"):
        scheduler.load_state_dict({k: v for k, v in good.items() if k != "best"})
    assert scheduler.state_dict() == good


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "lowest"}, "mode must be one of 'min', 'max'"),
        ({"factor": 1.0}, r"factor must be a number in \[0, 1\)"),
        ({"patience": -1}, "patience must be a whole number >= 0"),
        ({"threshold": -1}, "threshold must be"),
        ({"threshold_mode": "both"}, "threshold_mode must be one of 'rel', 'abs'"),
        ({"cooldown": -1}, "cooldown must be a whole number >= 0"),
        ({"min_lr": -1}, "min_lr must be a finite number >= 0"),
        ({"min_lr": [0.0, 0.0]}, "expected one min_lr for each of the 1 groups, got 2"),
        ({"eps": -1}, "eps must be"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match="ReduceLROnPlateau: " + message):
        ReduceLROnPlateau(groups(8.0), **options)


def test_refuses_what_has_no_groups():
    with pytest.raises(TypeError, match="expected an optimizer, got a list"):
        ReduceLROnPlateau([])
