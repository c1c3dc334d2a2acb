"""A cut whenever a measured value has stopped to improve."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, SupportsFloat

from neural_net_core import StateDictError
from neural_net_core.checks import shown
from neural_net_optim.base._checked import check_optimizer
from neural_net_optim.base._loading import missing_keys, other_schedule
from neural_net_optim.base.limits import Limit, at_least, choice, fraction, number, several, whole
from neural_net_optim.schedules.scheduler import PerGroup

__all__ = ["ReduceLROnPlateau"]


def _endless(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


STATE_LIMITS = {
    # Infinite before the first value.
    "best": Limit("a number", lambda x: number.accepts(x) or _endless(x)),
    "num_bad": whole(0),
    "cooldown_left": whole(0),
    "lrs": several(at_least(0)),
}


class ReduceLROnPlateau:
    """Multiply the rate by a factor when a metric has not improved for a while.

    The one schedule that is no function of the step, and so no `LRScheduler`: it is told a value,
    usually the validation loss once per epoch.

        scheduler = ReduceLROnPlateau(optimizer, patience=5)
        scheduler.step_metric(validation_loss)

    Args:
        optimizer: The optimizer.
        mode: "min" if lower is better, "max" if higher is.
        factor: What the rate is multiplied by, in [0, 1).
        patience: How many values in a row may be no improvement; the next one cuts. >= 0.
        threshold: How much better counts as better, >= 0.
        threshold_mode: Whether that is a share of the best value ("rel") or a difference ("abs").
        cooldown: For how many values after a cut nothing is counted, >= 0.
        min_lr: No cut goes below it, >= 0; or a list with one per group.
        eps: A cut that changes the rate by no more than this is not made, >= 0.

    Attributes:
        best: The best value so far.
        num_bad: How many values in a row were no improvement.
        cooldown_left: For how many more values nothing is counted.

    Examples:
        >>> from neural_net_core import Parameter
        >>> from neural_net_optim import SGD
        >>> optimizer = SGD([Parameter([1.0])], lr=8.0)
        >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
        >>> for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
        ...     scheduler.step_metric(loss)
        ...     print(scheduler.get_last_lr())
        [8.0]
        [8.0]
        [8.0]
        [4.0]
        [4.0]
    """

    def __init__(
        self,
        optimizer: Any,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        owner = "ReduceLROnPlateau"
        check_optimizer(owner, optimizer)
        self.optimizer = optimizer
        self.mode = choice("min", "max").check(owner, "mode", mode)
        self.factor = fraction.check(owner, "factor", factor)
        self.patience = whole(0).check(owner, "patience", patience)
        self.threshold = at_least(0).check(owner, "threshold", threshold)
        self.threshold_mode = choice("rel", "abs").check(owner, "threshold_mode", threshold_mode)
        self.cooldown = whole(0).check(owner, "cooldown", cooldown)
        self.min_lrs = PerGroup(owner, "min_lr", min_lr, optimizer, at_least(0))
        self.eps = at_least(0).check(owner, "eps", eps)
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad = 0
        self.cooldown_left = 0

    def step_metric(self, metric: SupportsFloat) -> None:
        """Take in a new value and cut the rates if there was no improvement for too long.

        Args:
            metric: The value; NaN counts as no improvement.

        Raises:
            TypeError: If it is no number; then nothing has been changed.
        """
        value = self._number(metric)
        if self._is_better(value):
            self.best = value
            self.num_bad = 0
        else:
            self.num_bad += 1
        if self.cooldown_left > 0:
            self.cooldown_left -= 1
            self.num_bad = 0
        if self.num_bad > self.patience:
            self._reduce()
            self.cooldown_left = self.cooldown
            self.num_bad = 0

    def step(self, *_: object) -> None:
        """Refuse: PyTorch calls `step(metric)` what is `step_metric(metric)` here.

        Raises:
            TypeError: Always. One name with two meanings made loops pass epochs for losses.
        """
        raise TypeError("ReduceLROnPlateau: call step_metric(value) once per measurement")

    def get_last_lr(self) -> list[float]:
        """Return the groups' rates."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        # By the best value's size, not its sign: of a negative loss, too, less is better.
        step = self.threshold * (abs(self.best) if self.threshold_mode == "rel" else 1)
        if math.isinf(self.best):  # as before the first value, where no step is large enough
            step = 0
        return bool(sign * value < sign * self.best - step)

    @staticmethod
    def _number(metric: Any) -> float:
        try:
            if isinstance(metric, str | bytes):
                raise TypeError
            return float(metric)
        except (TypeError, ValueError):
            raise TypeError(
                f"ReduceLROnPlateau: step_metric takes one number, got {shown(metric)}"
            ) from None

    def _reduce(self) -> None:
        for i, group in enumerate(self.optimizer.param_groups):
            new = max(group["lr"] * self.factor, self.min_lrs[i])
            if group["lr"] - new > self.eps:
                group["lr"] = new

    def state_dict(self) -> dict[str, Any]:
        """Return what is needed to go on from here, the rates included."""
        return {
            "schedule": type(self).__name__,
            "best": self.best,
            "num_bad": self.num_bad,
            "cooldown_left": self.cooldown_left,
            "lrs": self.get_last_lr(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, and set the optimizer's rates to the saved ones.

        Args:
            state_dict: What `state_dict()` returned.

        Raises:
            StateDictError: If it does not fit; then nothing has been changed.
        """
        own = self.state_dict()
        problems = missing_keys(state_dict, own)
        if not problems:
            problems += [f"unexpected {k!r}" for k in state_dict if k not in own]
            problems += other_schedule(own["schedule"], state_dict["schedule"])
            problems += [
                f"bad {name} {shown(state_dict[name])}"
                for name, limit in STATE_LIMITS.items()
                if not limit.accepts(state_dict[name])
            ]
            if isinstance(state_dict["lrs"], list | tuple) and len(state_dict["lrs"]) != len(
                own["lrs"]
            ):
                problems.append(
                    f"expected rates of {len(own['lrs'])} groups, got {shown(state_dict['lrs'])}"
                )
        if problems:
            raise StateDictError(
                "ReduceLROnPlateau: the state dict does not fit: " + "; ".join(problems)
            )
        self.best = float(state_dict["best"])
        self.num_bad = state_dict["num_bad"]
        self.cooldown_left = state_dict["cooldown_left"]
        for group, lr in zip(self.optimizer.param_groups, state_dict["lrs"], strict=True):
            group["lr"] = float(lr)
