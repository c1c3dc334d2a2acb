"""What every schedule shares: a pure function of the step, and a counter that applies it.

A schedule says which rate belongs to step t: `lr(t, base_lr, group)`, computed from nothing else.
So it can be drawn before training, tested at any step, and resumed from one saved number. `step()`
counts up and writes the rate into the optimizer's groups:

    for x, y in loader:
        loss = ...
        optimizer.step()
        schedule.step()

The schedule owns the rate: what somebody else writes into a group is overwritten at the next
step. To let two schedules act together, put them into `ChainedScheduler` or `SequentialLR`.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from neural_net_core import StateDictError
from neural_net_optim.limits import Limit

__all__ = ["LRScheduler", "PerGroup"]


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
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(
                f"{type(self).__name__}: expected an optimizer, got a {type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        self.base_lrs: list[float] = []
        self.last_step = 0
        self._warned = False
        self._last: list[float] = []
        self._apply()

    def lr(self, step: int, base_lr: float, group: int) -> float:
        """Return the rate of a group at a step; depends on nothing but the arguments.

        Args:
            step: From 0, the first update.
            base_lr: The group's rate before any schedule.
            group: The group's index.
        """
        raise NotImplementedError

    def momentum(self, step: int, group: int) -> float | None:
        """Return the momentum (or β₁) of a group at a step, or None to leave it alone."""
        return None

    def lr_at(self, step: int) -> list[float]:
        """Return every group's rate at any step, past or future, and change nothing.

        Args:
            step: From 0, the first update.
        """
        return [self.lr(step, base, i) for i, base in enumerate(self.base_lrs)]

    def step(self) -> None:
        """Go on to the next step and set the optimizer's rates."""
        self._notice_others()
        self.last_step += 1
        self._apply()

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
        self.last_step = int(state_dict["last_step"])
        self.base_lrs = [float(lr) for lr in state_dict["base_lrs"]]
        self._apply()

    def _check_state(self, state: Mapping[str, Any]) -> None:
        """Raise StateDictError with everything that does not fit."""
        own = self.state_dict()
        problems = [f"missing {k!r}" for k in own if k not in state]
        problems += [f"unexpected {k!r}" for k in state if k not in own]
        if not problems:
            if state["schedule"] != own["schedule"]:
                problems.append(f"it is of a {state['schedule']}")
            if not isinstance(state["last_step"], int) or state["last_step"] < 0:
                problems.append(f"bad last_step {state['last_step']!r}")
            if len(state["base_lrs"]) != len(own["base_lrs"]):
                problems.append(
                    f"expected rates of {len(own['base_lrs'])} groups, got {state['base_lrs']!r}"
                )
            problems += [
                f"bad rate {x!r}" for x in state["base_lrs"] if not 0 <= float(x) < math.inf
            ]
        if problems:
            raise StateDictError(
                f"{type(self).__name__}: the state dict does not fit: " + "; ".join(problems)
            )

    def _apply(self) -> None:
        """Set the groups' rates, and momentum where the schedule has one, to those of this step."""
        groups = self.optimizer.param_groups
        for group in groups[len(self.base_lrs) :]:
            value = group.setdefault(f"initial_{self.parameter}", group[self.parameter])
            self.base_lrs.append(float(value))
        self._last = self.lr_at(self.last_step)
        for i, (group, lr) in enumerate(zip(groups, self._last, strict=True)):
            group[self.parameter] = lr
            momentum = self.momentum(self.last_step, i)
            if momentum is None:
                continue
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum

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
    """

    def __init__(
        self, owner: str, name: str, value: Any, optimizer: Any, limit: Limit | None = None
    ) -> None:
        count = len(optimizer.param_groups)
        values = list(value) if isinstance(value, Sequence) else [value] * count
        if len(values) != count:
            raise ValueError(
                f"{owner}: expected one {name} for each of the {count} groups, got {len(values)}"
            )
        self._values = [limit.check(owner, name, x) for x in values] if limit else values

    def __getitem__(self, group: int) -> Any:
        return self._values[min(group, len(self._values) - 1)]
