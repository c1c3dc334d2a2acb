"""A schedule's function and its class accept the same arguments, and refuse the same."""

import inspect
import math

import numpy as np
import pytest

import neural_net_optim.schedules as schedules
from neural_net_core import Parameter
from neural_net_optim import SGD

# function -> (class, settings that fit)
PAIRS = {
    schedules.constant_lr: (schedules.ConstantLR, {}),
    schedules.linear_lr: (schedules.LinearLR, {}),
    schedules.step_lr: (schedules.StepLR, {"step_size": 2}),
    schedules.multi_step_lr: (schedules.MultiStepLR, {"milestones": [2, 4]}),
    schedules.exponential_lr: (schedules.ExponentialLR, {"gamma": 0.5}),
    schedules.polynomial_lr: (schedules.PolynomialLR, {}),
    schedules.cosine_annealing_lr: (schedules.CosineAnnealingLR, {"T_max": 4}),
    schedules.cosine_annealing_warm_restarts: (schedules.CosineAnnealingWarmRestarts, {"T_0": 4}),
    schedules.cyclic_lr: (schedules.CyclicLR, {"base_lr": 0.1, "max_lr": 0.5}),
    schedules.one_cycle_lr: (schedules.OneCycleLR, {"max_lr": 0.5, "total_steps": 9}),
    schedules.inverse_sqrt_lr: (schedules.InverseSqrtLR, {"warmup_steps": 4}),
    schedules.warmup_lr: (schedules.WarmupLR, {"warmup_steps": 4}),
}
VALUES = [
    *(-2, -1, -0.5, 0, 0.5, 1, 1.0, 2, 2.5, 3, 10**6, 2**60, 10**400, 1e300),
    *(math.nan, math.inf, -math.inf, True, False, None, "", "cos", "linear", "triangular"),
    *("triangular2", "exp_range", "abc", b"cos", object(), len, {}, 1j, slice(3)),
    *(np.float32(0.5), np.int64(3), np.int8(-1), np.array([1, 2]), np.array(2), np.array(["cos"])),
]
LISTS = [[], [1], [3, 1], (1, 2), [1.5], [-1], [None], ["1"], [[1]], range(3), np.array([1, 3])]
STARTS = {"step": 0, "base_lr": 0.5}


def test_every_pair_is_here():
    functions = {f for f in vars(schedules).values() if inspect.isfunction(f)}
    assert functions == set(PAIRS)


def fails(call):
    """Return the message of the error that a call raises, or None."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("function", PAIRS, ids=lambda f: f.__name__)
def test_both_accept_the_same(function):
    cls, settings = PAIRS[function]
    arguments = set(inspect.signature(function).parameters)
    shared = arguments & set(inspect.signature(cls).parameters)
    assert shared >= set(settings)
    assert arguments - shared <= {"step", "base_lr"}
    for name in shared:
        lists = LISTS if name == "milestones" else []  # elsewhere a class takes one per group
        for value in [*VALUES, *lists]:
            given = {**settings, name: value}
            start = {k: v for k, v in STARTS.items() if k in arguments and k not in given}
            refused = fails(lambda start=start, given=given: function(**start, **given))
            optimizer = SGD([Parameter([1.0])], lr=0.5, momentum=0.5)
            assert (refused is None) == (
                fails(lambda o=optimizer, given=given: cls(o, **given)) is None
            ), (name, value, refused)
            if refused:
                words = "every milestone" if "every" in refused else name
                assert refused.startswith(f"{function.__name__}: {words} must be")


@pytest.mark.parametrize("function", PAIRS, ids=lambda f: f.__name__)
def test_no_function_takes_an_impossible_step_or_rate(function):
    cls, settings = PAIRS[function]
    names = [n for n in ("step", "base_lr") if n in inspect.signature(function).parameters]
    for name in names:
        for value in [-1, 1.5 if name == "step" else -0.5, math.nan, None, "3", np.ones(2), True]:
            given = {**STARTS, **settings, name: value}
            given = {k: v for k, v in given.items() if k in (*names, *settings)}
            with pytest.raises(ValueError, match=f"{function.__name__}: {name} must be"):
                function(**given)
    scheduler = cls(SGD([Parameter([1.0])], lr=0.5, momentum=0.5), **settings)
    for step in (-1, 1.5, None, "3", 2**60):
        with pytest.raises(ValueError, match=f"{cls.__name__}: step must be"):
            scheduler.lr_at(step)
