"""What every schedule shares: a pure function of the step, and a counter that applies it.

A schedule says which rate belongs to step t: `lr(t, base_lr, group)`, computed from nothing else.
So it can be drawn before training, tested at any step, and resumed from one saved number. `step()`
counts up and writes the rate into the optimizer's groups:

    for x, y in loader:
        loss = ...
        optimizer.step()
        scheduler.step()

The rates are the schedule; the object that sets them is the scheduler, and so is every variable
that holds one. The schedule owns the rate: what somebody else writes into a group is overwritten
at the next step. To let two schedules act together, put them into `ChainedScheduler` or
`SequentialLR`.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_core import StateDictError
from neural_net_core.checks import shown
from neural_net_optim.base._checked import check_optimizer
from neural_net_optim.base._loading import missing_keys, other_schedule
from neural_net_optim.base.limits import Limit, at_least, number, whole

__all__ = ["COMMON_LIMITS", "LRScheduler", "PerGroup", "check_milestones"]

# What every function of a step may be given.
COMMON_LIMITS = {"step": whole(0), "base_lr": at_least(0)}


class LRScheduler:
    """Base of all schedules; a subclass writes `lr`.

    Making one sets the optimizer's rates to those of step 0, the rates of the first update.

    Args:
        optimizer: The optimizer, or anything with `param_groups`.

    Attributes:
        optimizer: The optimizer.
        base_lrs: Each group's rate before any schedule. Kept in the group as `initial_lr`, so that
            several schedules over one optimizer start from the same.
        last_step: How often `step` was called.

    Raises:
        TypeError: If the optimizer has no `param_groups`.
    """

    # What it changes in the groups.
    parameter = "lr"

    def __init__(self, optimizer: Any) -> None:
        check_optimizer(type(self).__name__, optimizer)
        self.optimizer = optimizer
        self.base_lrs: list[float] = []
        self.last_step = 0
        self._warned = False
        self._last: list[float] = []
        self._go_to(0, self._with_late_groups([]))

    def lr(self, step: int, base_lr: float, group: int) -> float:
        """Return the rate of a group at a step; depends on nothing but the arguments.

        Args:
            step: From 0, the first update.
            base_lr: The group's rate before any schedule.
            group: The group's index.
        """
        raise NotImplementedError

    def momentum(self, step: int, group: int) -> float | None:
        """Return the momentum (or β₁) of a group at a step, or None to leave it alone.

        What it was before any schedule is kept in the group as `initial_momentum`.
        """
        return None

    def lr_at(self, step: int) -> list[float]:
        """Return every group's rate at any step, past or future, and change nothing.

        Args:
            step: From 0, the first update.
        """
        step = COMMON_LIMITS["step"].check(type(self).__name__, "step", step)
        return [self.lr(step, base, i) for i, base in enumerate(self.base_lrs)]

    def step(self) -> None:
        """Go on to the next step and set the optimizer's rates.

        Raises:
            ValueError: If there is no such step, or its rate is no finite number; then nothing has
                been changed.
        """
        self._notice_others()
        self._go_to(self.last_step + 1, self._with_late_groups(self.base_lrs))

    def get_last_lr(self) -> list[float]:
        """Return the rates that were set last, one per group."""
        return list(self._last)

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here; plain numbers and text."""
        return {
            "schedule": type(self).__name__,
            "last_step": self.last_step,
            "base_lrs": list(self.base_lrs),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, and set the optimizer's rates accordingly.

        Args:
            state_dict: What `state_dict()` of a schedule built alike returned.

        Raises:
            StateDictError: If it does not fit; then nothing has been changed.
        """
        self._check_state(state_dict)
        try:
            self._go_to(state_dict["last_step"], [float(lr) for lr in state_dict["base_lrs"]])
        except Exception as error:  # whatever a user's function raises at a step not its own
            raise StateDictError(
                f"{type(self).__name__}: the state dict does not fit: {error}"
            ) from error

    def _check_state(self, state: Any) -> None:
        """Raise StateDictError with everything that does not fit."""
        own = self.state_dict()
        problems = missing_keys(state, own)
        if not problems:
            problems += [f"unexpected {k!r}" for k in state if k not in own]
            step, rates = state["last_step"], state["base_lrs"]
            problems += other_schedule(own["schedule"], state["schedule"])
            if not COMMON_LIMITS["step"].accepts(step):
                problems.append(f"bad last_step {shown(step)}")
            if not isinstance(rates, list | tuple):
                problems.append(f"bad base_lrs {shown(rates)}")
            else:
                # Of groups that were added later it may know or not, as it was when it was saved.
                known, present = len(own["base_lrs"]), len(self.optimizer.param_groups)
                if not known <= len(rates) <= present:
                    problems.append(f"expected rates of {present} groups, got {shown(rates)}")
                problems += [f"bad rate {shown(x)}" for x in rates if not at_least(0).accepts(x)]
        if problems:
            raise StateDictError(
                f"{type(self).__name__}: the state dict does not fit: " + "; ".join(problems)
            )

    def _base(self, group: Mapping[str, Any]) -> Any:
        """Return a group's rate before any schedule."""
        return group.get(f"initial_{self.parameter}", group[self.parameter])

    def _with_late_groups(self, base_lrs: Sequence[float]) -> list[float]:
        """Return the base rates with those of groups that were added since."""
        groups = self.optimizer.param_groups
        if len(groups) == len(base_lrs):
            return list(base_lrs)
        return [*base_lrs, *(float(self._base(group)) for group in groups[len(base_lrs) :])]

    def _go_to(self, step: int, bases: list[float]) -> None:
        """Set the rates, and momentum if there is one, of the groups that have a base rate."""
        # First everything that can fail, so that an error leaves all as it was.
        groups = self.optimizer.param_groups
        values = []
        for i, base in enumerate(bases):
            value = {self.parameter: self._rate(step, base, i)}
            momentum = self.momentum(step, i)
            if momentum is not None and "betas" in groups[i]:
                value["betas"] = (momentum, *groups[i]["betas"][1:])
            elif momentum is not None:
                value["momentum"] = momentum
            values.append(value)
        for i in range(len(self.base_lrs), len(bases)):
            self._keep_base(groups[i], bases[i])
        for group, value in zip(groups, values, strict=False):  # a late group may have none yet
            if "betas" in value:
                group.setdefault("initial_momentum", group["betas"][0])
            elif "momentum" in value:
                group.setdefault("initial_momentum", group.get("momentum"))
            group.update(value)
        self.last_step, self.base_lrs = step, bases
        self._last = [value[self.parameter] for value in values]

    def _rate(self, step: int, base_lr: float, group: int) -> Any:
        """Return a group's rate, if it is one."""
        try:
            rate: Any = self.lr(step, base_lr, group)
        except OverflowError:
            rate = math.inf
        if type(rate) is float and 0 <= rate < math.inf:
            return rate
        if isinstance(rate, np.ndarray) and rate.ndim == 0:
            rate = rate[()]
        limit = COMMON_LIMITS["base_lr"] if self.parameter == "lr" else number
        where = f"the {self.parameter} of group {group} at step {step}"
        return float(limit.check(type(self).__name__, where, rate))

    def _keep_base(self, group: dict[str, Any], base: float) -> None:
        """Note in the group where the schedule started, for others that are made later."""
        group.setdefault(f"initial_{self.parameter}", base)

    def _notice_others(self) -> None:
        """Warn once if somebody else has changed a rate, since that change is lost."""
        found = [group[self.parameter] for group in self.optimizer.param_groups[: len(self._last)]]
        if found != self._last and not self._warned:
            self._warned = True
            warnings.warn(
                f"{type(self).__name__}: the optimizer's {self.parameter} was changed from "
                f"{self._last} to {found} by something else, and is overwritten now; join "
                "schedules with ChainedScheduler or SequentialLR, or change base_lrs",
                stacklevel=3,
            )

    def __repr__(self) -> str:
        rates = ", ".join(f"{lr:.3g}" for lr in self._last)
        return f"{type(self).__name__}(step {self.last_step}, lr {rates})"


class PerGroup:
    """A setting with one value for all groups, or one for each.

    A group that is added to the optimizer later has the value of the last.

    Args:
        owner: The schedule, for errors.
        name: The setting.
        value: One value, or a list.
        optimizer: The optimizer, whose groups are counted.
        limit: What a value may be; None allows anything.

    Raises:
        ValueError: If a list has another length than the groups, or a value is not allowed.
        TypeError: If there is no optimizer.
    """

    def __init__(
        self, owner: str, name: str, value: Any, optimizer: Any, limit: Limit | None = None
    ) -> None:
        check_optimizer(owner, optimizer)
        count = len(optimizer.param_groups)
        values = list(value) if isinstance(value, list | tuple) else [value] * count
        if len(values) != count:
            raise ValueError(
                f"{owner}: expected one {name} for each of the {count} groups, got {len(values)}"
            )
        self._values = [limit.check(owner, name, x) for x in values] if limit else values

    def __getitem__(self, group: int) -> Any:
        return self._values[min(group, len(self._values) - 1)]


def check_milestones(owner: str, milestones: Any) -> list[int]:
    """Return milestones, in whatever gives them one by one, as a list of whole numbers.

    Raises:
        ValueError: If something is no step.
    """
    try:
        steps = list(milestones)
    except TypeError:
        raise ValueError(
            f"{owner}: milestones must be a list of steps, got {shown(milestones)}"
        ) from None
    return [COMMON_LIMITS["step"].check(owner, "every milestone", step) for step in steps]
