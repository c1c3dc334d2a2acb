"""Schedules stepped, saved, loaded, joined and disturbed in any order, beside their formulas.

A schedule is drawn with what its formula is: leaves, or schedules of schedules. Groups come later,
base rates change, somebody else writes a rate, a function fails, states are loaded here and in a
new optimizer. After each step every group has the rate that the formula gives for its step and its
base. STATE_MACHINE_EXAMPLES in the environment says how many sequences are tried.
"""

import json
import math
import os
import warnings

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from neural_net_core import Parameter, StateDictError
from neural_net_optim import SGD, schedules

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "40"))
RATES = st.floats(1e-4, 10.0)
SHARES = st.floats(0.05, 1.0)
FEW = st.integers(1, 6)


class BrokenError(Exception):
    """What a schedule's function raises when it is told to."""


class Breaking:
    """A factor of one's own, which fails when it is told to."""

    fails = False

    def __call__(self, step):
        if self.fails:
            raise BrokenError
        return 1 / (1 + step)


def triangle(step, up):
    """Rise from 0 to 1 in so many steps, and fall again, over and over."""
    return 1 - abs(step % (2 * up) / up - 1)


def momentum_of_none(step):
    """Leave momentum alone."""
    return


# Each draws (make a schedule of an optimizer, rate of a step and a base, momentum of a step).
LEAVES = [
    st.builds(
        lambda f, n: (
            lambda o: schedules.ConstantLR(o, f, n),
            lambda t, base: base * (f if t < n else 1),
            momentum_of_none,
        ),
        SHARES,
        FEW,
    ),
    st.builds(
        lambda f, n: (
            lambda o: schedules.LinearLR(o, f, 0.5, n),
            lambda t, base: base * (f if t == 0 else 0.5 if t >= n else f + t * (0.5 - f) / n),
            momentum_of_none,
        ),
        SHARES,
        FEW,
    ),
    st.builds(
        lambda n, f: (
            lambda o: schedules.StepLR(o, n, f),
            lambda t, base: base * math.prod([f] * (t // n)),
            momentum_of_none,
        ),
        FEW,
        SHARES,
    ),
    st.builds(
        lambda f: (
            lambda o: schedules.ExponentialLR(o, f),
            lambda t, base: base * math.exp(t * math.log(f)),
            momentum_of_none,
        ),
        SHARES,
    ),
    st.builds(
        lambda n: (
            lambda o: schedules.CosineAnnealingLR(o, n),
            lambda t, base: base * math.cos(math.pi * t / n / 2) ** 2,
            momentum_of_none,
        ),
        FEW,
    ),
    st.builds(
        lambda n: (
            lambda o: schedules.InverseSqrtLR(o, n),
            lambda t, base: base * ((t + 1) / n if t < n else (n / (t + 1)) ** 0.5),
            momentum_of_none,
        ),
        FEW,
    ),
    st.builds(
        lambda n: (
            lambda o: schedules.CyclicLR(o, 0.1, 0.5, n, base_momentum=0.3, max_momentum=0.8),
            lambda t, base: 0.1 + 0.4 * triangle(t, n),
            lambda t: 0.8 - 0.5 * triangle(t, n),
        ),
        FEW,
    ),
]


def warmed_up(steps, part):
    make, rate, momentum = part
    return (
        lambda o: schedules.WarmupLR(o, steps, make(o)),
        lambda t, base: (
            rate(0, base) * (t + 1) / (steps + 1) if t < steps else rate(t - steps, base)
        ),
        lambda t: momentum(max(t - steps, 0)),
    )


def in_turn(first, lengths, rest):
    """One after the other: each part of `rest` begins so many steps after the one before."""
    parts, starts = [first], [0]
    for part, length in zip(rest, lengths, strict=False):
        parts.append(part)
        starts.append(starts[-1] + length)

    def find(t):
        i = max(i for i, start in enumerate(starts) if start <= t)
        return parts[i], t - starts[i]

    def rate(t, base):
        part, own = find(t)
        return part[1](own, base)

    # A part of it may have set momentum: while another is in force, it is the optimizer's own.
    initial = 0.9 if any(part[2](0) is not None for part in parts) else None

    def momentum(t):
        part, own = find(t)
        found = part[2](own)
        return initial if found is None else found

    return (
        lambda o: schedules.SequentialLR(o, [make(o) for make, _, _ in parts], starts[1:]),
        rate,
        momentum,
    )


def chained(parts):
    def rate(t, base):
        for _, factor, _ in parts:
            base = factor(t, base)
        return base

    def momentum(t):
        found = [m for _, _, own in parts if (m := own(t)) is not None]
        return found[-1] if found else None

    return (
        lambda o: schedules.ChainedScheduler([make(o) for make, _, _ in parts], o),
        rate,
        momentum,
    )


SCHEDULES = st.recursive(
    st.one_of(LEAVES),
    lambda parts: st.one_of(
        st.builds(warmed_up, st.integers(0, 5), parts),
        st.builds(
            in_turn,
            parts,
            st.lists(st.integers(0, 5), min_size=2, max_size=2),
            st.lists(parts, max_size=2),
        ),
        st.builds(chained, st.lists(parts, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)


class SchedulerMachine(RuleBasedStateMachine):
    states = Bundle("states")

    @initialize(rates=st.lists(RATES, min_size=1, max_size=3), drawn=SCHEDULES)
    def make(self, rates, drawn):
        self.breaking = Breaking()
        own = (
            lambda o: schedules.LambdaLR(o, self.breaking),
            lambda t, base: base / (1 + t),
            momentum_of_none,
        )
        self.build, self.rate, self.momentum = chained([own, drawn])
        self.begin(rates)

    def begin(self, rates):
        groups = [{"params": [Parameter([1.0])], "lr": lr, "momentum": 0.9} for lr in rates]
        self.optimizer = SGD(groups)
        self.schedule = self.build(self.optimizer)
        self.given, self.late = list(rates), []
        self.t, self.bases = 0, list(rates)
        self.momenta = [0.9] * len(rates)
        self.set_momenta()

    def set_momenta(self):
        value = self.momentum(self.t)
        self.momenta = [old if value is None else value for old in self.momenta]

    @rule()
    def step(self):
        self.schedule.step()
        self.go_on()

    def go_on(self):
        self.t += 1
        self.take_in_late_groups()

    def take_in_late_groups(self):
        self.bases += self.late
        self.momenta += [0.9] * len(self.late)
        self.late = []
        self.set_momenta()

    @rule(rate=RATES)
    def add_a_group(self, rate):
        self.optimizer.add_param_group({"params": [Parameter([1.0])], "lr": rate, "momentum": 0.9})
        self.late.append(rate)
        self.given.append(rate)

    @rule(rate=RATES)
    def change_a_base_rate(self, rate):
        self.schedule.base_lrs[0] = self.bases[0] = rate
        self.step()

    @rule(rate=RATES)
    def write_a_rate_from_outside(self, rate):
        self.optimizer.param_groups[0]["lr"] = rate
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.step()

    @rule()
    def fail(self):
        self.breaking.fails = True
        before = repr(self.optimizer.param_groups), repr(self.schedule.state_dict())
        with pytest.raises(BrokenError):
            self.schedule.step()
        with pytest.raises(StateDictError):
            self.schedule.load_state_dict(self.schedule.state_dict())
        self.breaking.fails = False
        assert (repr(self.optimizer.param_groups), repr(self.schedule.state_dict())) == before

    @rule(target=states)
    def save(self):
        return json.loads(json.dumps(self.schedule.state_dict()))

    @rule(state=states, anew=st.booleans())
    def load(self, state, anew):
        if anew:  # a program that starts again makes all groups that there were
            self.begin(self.given)
        saved = state["base_lrs"]
        if not len(self.bases) <= len(saved) <= len(self.bases) + len(self.late):
            with pytest.raises(StateDictError, match="groups"):
                self.schedule.load_state_dict(state)
            return
        self.schedule.load_state_dict(state)
        count = len(saved) - len(self.bases)
        self.momenta += [0.9] * count
        self.t, self.bases, self.late = state["last_step"], list(saved), self.late[count:]
        self.set_momenta()

    @rule(wrong=st.sampled_from(["schedule", "last_step", "base_lrs"]), value=st.sampled_from([-1]))
    def fail_to_load(self, wrong, value):
        with pytest.raises(StateDictError):
            self.schedule.load_state_dict({**self.schedule.state_dict(), wrong: value})

    @rule(ahead=st.integers(0, 30))
    def look_ahead(self, ahead):
        expected = [self.rate(ahead, base) for base in self.bases]
        assert self.schedule.lr_at(ahead) == pytest.approx(expected, rel=1e-9, abs=1e-12)

    @invariant()
    def rates_are_those_of_the_formula(self):
        groups = self.optimizer.param_groups
        expected = [self.rate(self.t, base) for base in self.bases]
        found = [group["lr"] for group in groups[: len(expected)]]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert self.schedule.get_last_lr() == found
        assert [group["lr"] for group in groups[len(expected) :]] == self.late
        assert self.schedule.last_step == self.t
        assert self.schedule.base_lrs == self.bases
        momenta = [group["momentum"] for group in groups[: len(expected)]]
        assert momenta == pytest.approx(self.momenta, rel=1e-9)


SchedulerMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
TestScheduler = SchedulerMachine.TestCase
