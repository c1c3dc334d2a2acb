"""ReduceLROnPlateau told values, saved, resumed and disturbed in any order, beside its rules.

The rules are written from PyTorch's documentation, by the places of values in the whole course and
without counters. They differ in one thing that is documented: a relative threshold is a share of
the best value's size, where PyTorch's bar lies on the wrong side of a negative one.

No composite schedule takes a plateau in, since it is no function of the step; beside it another
schedule may move the same rates, and each goes on from what it finds.
STATE_MACHINE_EXAMPLES in the environment says how many sequences are tried.
"""

import copy
import json
import math
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from neural_net_core import Parameter, StateDictError, Tensor, load_checkpoint, save_checkpoint
from neural_net_optim import SGD, ReduceLROnPlateau, schedules

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "40"))
RATES = st.sampled_from([8.0, 1.0, 0.5, 0.3, 1e-3, 1e-8, 1.5e-8, 0.0])
# Eighths, and thresholds of powers of two: every bar is exact, and so is what equals it.
VALUES = st.one_of(
    st.integers(-40, 40).map(lambda n: n / 8),
    st.sampled_from([math.nan, math.inf, -math.inf, 2.0**900, -(2.0**900)]),
)
KINDS = st.sampled_from([float, np.float32, np.float64, np.array, Tensor, lambda x: Tensor([x])])
OPTIONS = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max"]),
        "factor": st.sampled_from([0.0, 0.1, 0.5, 0.9]),
        "patience": st.integers(0, 3),
        "threshold": st.sampled_from([0.0, 2**-4, 0.25, 1.0, 2.0]),
        "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": st.integers(0, 3),
        "eps": st.sampled_from([0.0, 1e-8, 0.25]),
    }
)
WRONG = {
    "schedule": ["StepLR", None],
    "best": [math.nan, None, "1"],
    "num_bad": [-1, 0.5, None],
    "cooldown_left": [-1, 0.5, None],
    "lrs": [[], None, [-1.0] * 9],
}


class Rules:
    """What the documentation says, of a course of values that is counted from 1."""

    def __init__(self, options, min_lrs, lrs):
        self.options, self.min_lrs, self.lrs = options, min_lrs, list(lrs)
        self.best = math.inf if options["mode"] == "min" else -math.inf
        self.told = 0
        self.counted_from = 0  # the last value that was better, was not counted, or made a cut
        self.quiet_until = 0  # the last value of the cooldown

    def is_better(self, value):
        return value < self.bar() if self.options["mode"] == "min" else value > self.bar()

    def bar(self):
        """What a value has to pass."""
        bar, threshold = self.best, self.options["threshold"]
        if math.isfinite(bar) and self.options["threshold_mode"] == "abs":
            bar += threshold if self.options["mode"] == "max" else -threshold
        elif math.isfinite(bar):  # so many times the best value, or, below 0, so many less
            away_from_0 = (self.options["mode"] == "max") == (bar > 0)
            bar *= 1 + threshold if away_from_0 else 1 - threshold
        return bar

    def tell(self, value):
        self.told += 1
        if self.is_better(value):
            self.best, self.counted_from = value, self.told
        if self.told <= self.quiet_until:
            self.counted_from = self.told
        if self.told - self.counted_from > self.options["patience"]:
            self.lrs = [self.cut(i, lr) for i, lr in enumerate(self.lrs)]
            self.counted_from, self.quiet_until = self.told, self.told + self.options["cooldown"]

    def cut(self, group, lr):
        lower = max(lr * self.options["factor"], self.min_lr(group))
        return lower if lr - lower > self.options["eps"] else lr

    def min_lr(self, group):
        return self.min_lrs[min(group, len(self.min_lrs) - 1)]

    def state(self):
        return {
            "schedule": "ReduceLROnPlateau",
            "best": self.best,
            "num_bad": self.told - self.counted_from,
            "cooldown_left": max(self.quiet_until - self.told, 0),
            "lrs": self.lrs,
        }


class Beside:
    """Another schedule of the same rates: a quarter for two steps, then half of it each step."""

    def __init__(self, bases):
        self.t, self.bases = 0, list(bases)

    def rates(self):
        return [(base * 0.25 if self.t < 2 else base) * 0.5**self.t for base in self.bases]


class PlateauMachine(RuleBasedStateMachine):
    states = Bundle("states")

    @initialize(
        options=OPTIONS,
        groups=st.lists(st.tuples(RATES, RATES), min_size=1, max_size=3),
        single=st.booleans(),
        beside=st.booleans(),
    )
    def make(self, options, groups, single, beside):
        lrs, min_lrs = zip(*groups, strict=True)
        self.options = options
        self.begin(lrs, min_lrs[:1] if single else min_lrs, beside)

    def begin(self, lrs, min_lrs, beside):
        self.optimizer = SGD([{"params": [Parameter([1.0])], "lr": lr} for lr in lrs])
        self.other = self.other_rules = None
        if beside:
            parts = [
                schedules.ConstantLR(self.optimizer, 0.25, 2),
                schedules.ExponentialLR(self.optimizer, 0.5),
            ]
            self.other = schedules.ChainedScheduler(parts)
            self.other_rules = Beside(lrs)
            lrs = self.other_rules.rates()
        self.rules = Rules(self.options, list(min_lrs), lrs)
        min_lr = min_lrs[0] if len(min_lrs) == 1 else list(min_lrs)
        self.schedule = ReduceLROnPlateau(self.optimizer, min_lr=min_lr, **self.options)

    @rule(value=VALUES, kind=KINDS)
    def tell(self, value, kind):
        if abs(value) == 2.0**900:
            kind = float  # more than the others' dtypes hold
        self.schedule.step_metric(kind(value))
        self.rules.tell(value)

    @rule(values=st.lists(VALUES, min_size=2, max_size=6))
    def tell_some(self, values):
        for value in values:
            self.tell(value, float)

    @rule(times=st.integers(1, 8), away=st.sampled_from([-0.125, 0.0, 0.125]))
    def stay_about_the_best(self, times, away):
        for _ in range(times):
            self.tell(self.rules.best + away, float)

    @rule(beyond=st.sampled_from([0.0, 2**-10, -(2**-10)]))
    def go_just_to_the_bar(self, beyond):
        value = self.rules.bar() + beyond
        # Of so few digits that the next bar is exact too.
        if math.isfinite(value) and abs(value) < 2**20 and (value * 2**20).is_integer():
            self.tell(value, float)

    @rule(wrong=st.sampled_from([None, "1", b"1", [1.0, 2.0], {}, np.ones(2)]))
    def tell_what_is_no_number(self, wrong):
        before = self.snapshot()
        with pytest.raises(TypeError, match="step_metric takes one number"):
            self.schedule.step_metric(wrong)
        with pytest.raises(TypeError, match="call step_metric"):
            self.schedule.step(1.0)
        assert self.snapshot() == before

    def snapshot(self):
        return repr((self.optimizer.param_groups, self.schedule.state_dict()))

    @rule(rate=RATES)
    def add_a_group(self, rate):
        self.optimizer.add_param_group({"params": [Parameter([1.0])], "lr": rate})
        self.rules.lrs.append(rate)

    @rule(rate=RATES, group=st.integers(0, 9))
    def write_a_rate_from_outside(self, rate, group):
        group %= len(self.rules.lrs)
        self.optimizer.param_groups[group]["lr"] = self.rules.lrs[group] = rate

    @rule()
    def step_the_other(self):
        if self.other is None:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says once that somebody else has changed a rate
            self.other.step()
        self.other_rules.t += 1
        self.other_rules.bases += self.rules.lrs[len(self.other_rules.bases) :]
        self.rules.lrs = self.other_rules.rates()

    @rule()
    def join(self):
        """In vain: that schedule has no rate for a step."""
        before = self.snapshot()
        for make in (
            lambda: schedules.WarmupLR(self.optimizer, 2, self.schedule),
            lambda: schedules.SequentialLR(self.optimizer, [self.schedule], []),
            lambda: schedules.ChainedScheduler([self.schedule], self.optimizer),
        ):
            with pytest.raises(TypeError, match="must be a function of the step"):
                make()
        assert self.snapshot() == before

    @rule(target=states, file=st.booleans())
    def save(self, file):
        """As a checkpoint's bytes, or as a text of JSON; with what the rules knew then."""
        rules = copy.deepcopy((self.rules, self.other_rules))
        if file:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "run.safetensors"
                save_checkpoint(
                    path,
                    optimizer=self.optimizer,
                    scheduler=self.other,
                    extra={"plateau": self.schedule},
                )
                return path.read_bytes(), rules
        other = None if self.other is None else self.other.state_dict()
        return json.dumps([self.schedule.state_dict(), other]), rules

    @rule(saved=states, rate=RATES)
    def resume(self, saved, rate):
        """In a new program, whose optimizer has as many groups and rates of its own."""
        content, (rules, other) = saved
        count = len(rules.lrs)
        early = count if other is None else len(other.bases)
        min_lrs = [rules.min_lr(i) for i in range(early)]
        self.begin([rate] * early, min_lrs, other is not None)
        for _ in range(count - early):
            self.optimizer.add_param_group({"params": [Parameter([1.0])], "lr": rate})
        if isinstance(content, bytes):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "run.safetensors"
                path.write_bytes(content)
                load_checkpoint(
                    path,
                    optimizer=self.optimizer,
                    scheduler=self.other,
                    extra={"plateau": self.schedule},
                )
        else:
            state, of_other = json.loads(content)
            if self.other is not None:
                self.other.load_state_dict(of_other)
            self.schedule.load_state_dict(state)
        self.rules, self.other_rules = copy.deepcopy((rules, other))

    @rule(saved=states)
    def go_back(self, saved):
        """In the same program, where groups may have come since."""
        rules, _ = saved[1]
        before, state = self.snapshot(), rules.state()
        if len(rules.lrs) != len(self.rules.lrs):
            with pytest.raises(StateDictError, match="expected rates of"):
                self.schedule.load_state_dict(state)
            assert self.snapshot() == before
            return
        self.schedule.load_state_dict(state)
        min_lrs = self.rules.min_lrs
        self.rules = copy.deepcopy(rules)
        self.rules.min_lrs = min_lrs

    @rule(data=st.data(), name=st.sampled_from([*WRONG, "missing", "more"]))
    def fail_to_load(self, data, name):
        before, state = self.snapshot(), self.schedule.state_dict()
        if name == "missing":
            del state[data.draw(st.sampled_from(sorted(state)))]
        else:
            state[name] = data.draw(st.sampled_from(WRONG.get(name, [1])))
        with pytest.raises(StateDictError, match="ReduceLROnPlateau: the state dict does not fit"):
            self.schedule.load_state_dict(state)
        assert self.snapshot() == before

    @invariant()
    def all_is_as_the_rules_say(self):
        expected = self.rules.state()
        assert self.schedule.state_dict() == expected
        assert self.schedule.get_last_lr() == expected["lrs"]
        assert [group["lr"] for group in self.optimizer.param_groups] == expected["lrs"]
        for name in ("best", "num_bad", "cooldown_left"):
            assert getattr(self.schedule, name) == expected[name]


PlateauMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
TestPlateau = PlateauMachine.TestCase
