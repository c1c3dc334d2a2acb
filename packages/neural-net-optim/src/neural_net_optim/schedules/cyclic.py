"""Up and down between two rates, again and again."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from neural_net_optim.base._checked import check_all, checked
from neural_net_optim.base.limits import above, between, choice, flag, function, optional, whole
from neural_net_optim.schedules.one_cycle import check_has_momentum
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler, PerGroup

__all__ = ["CyclicLR", "cyclic_lr"]

LIMITS = {
    **COMMON_LIMITS,
    "max_lr": above(0),
    "step_size_up": whole(1),
    "step_size_down": optional(whole(1)),
    "mode": choice("triangular", "triangular2", "exp_range"),
    "gamma": above(0),
    "scale_fn": optional(function),
    "scale_mode": choice("cycle", "iterations"),
    "cycle_momentum": flag,
}


def _height(step: int, step_size_up: int, step_size_down: int) -> tuple[float, int]:
    """Return how high the triangle is at a step, from 0 to 1, and which cycle it is, from 1."""
    cycle, phase = divmod(step, step_size_up + step_size_down)
    if phase <= step_size_up:
        return phase / step_size_up, cycle + 1
    return (step_size_up + step_size_down - phase) / step_size_down, cycle + 1


CycleMode = Literal["triangular", "triangular2", "exp_range"]


def _scale(mode: CycleMode, gamma: float) -> Callable[[int, int], float]:
    """Return a mode's amplitude as a function of the cycle and the step."""
    if mode == "triangular2":
        return lambda cycle, step: 0.5 ** (cycle - 1)
    if mode == "exp_range":
        return lambda cycle, step: float(gamma**step)
    return lambda cycle, step: 1.0


@checked(LIMITS)
def cyclic_lr(
    step: int,
    base_lr: float,
    max_lr: float,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: CycleMode = "triangular",
    gamma: float = 1.0,
) -> float:
    """Return a rate that goes up and down in straight lines.

    Args:
        step: From 0.
        base_lr: The lowest rate, >= 0.
        max_lr: The highest rate, > 0.
        step_size_up: The steps of a rise, >= 1.
        step_size_down: The steps of a fall, >= 1; None means as many.
        mode: "triangular" keeps the height, "triangular2" halves it every cycle, "exp_range"
            multiplies it by gamma at every step.
        gamma: For "exp_range", > 0.

    Raises:
        ValueError: If an argument is outside its range.

    References:
        Smith (2017), Cyclical learning rates for training neural networks, arXiv:1506.01186,
        section 3.

    Examples:
        >>> [cyclic_lr(t, 1.0, 3.0, step_size_up=2, mode="triangular2") for t in range(8)]
        [1.0, 2.0, 3.0, 2.0, 1.0, 1.5, 2.0, 1.5]
    """
    height, cycle = _height(step, step_size_up, step_size_down or step_size_up)
    return float(base_lr + (max_lr - base_lr) * height * _scale(mode, gamma)(cycle, step))


class CyclicLR(LRScheduler):
    """Move the rate up and down between two values, and momentum the other way; see `cyclic_lr`.

    The optimizer's own rate is not used. Where the optimizer has "betas", the first is its
    momentum.

    Args:
        optimizer: The optimizer.
        base_lr: The lowest rate, >= 0, or a list with one per group.
        max_lr: The highest rate, > 0, or a list with one per group.
        step_size_up: The steps of a rise, >= 1.
        step_size_down: The steps of a fall, >= 1; None means as many.
        mode: "triangular", "triangular2" or "exp_range".
        gamma: For "exp_range", > 0.
        scale_fn: Your own amplitude instead of a mode's, a function of the cycle or the step.
        scale_mode: What scale_fn is a function of: "cycle", from 1, or "iterations", from 0.
        cycle_momentum: Lower momentum while the rate rises.
        base_momentum: The lowest momentum, in [0, 1], or a list with one per group.
        max_momentum: The highest, in [0, 1], or a list with one per group.

    Raises:
        ValueError: If a setting is outside its range, or momentum is to be cycled in an optimizer
            that has none.
    """

    def __init__(
        self,
        optimizer: Any,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: CycleMode = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[int], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
    ) -> None:
        owner, unit = "CyclicLR", between(0, 1)
        self.low = PerGroup(owner, "base_lr", base_lr, optimizer, LIMITS["base_lr"])
        self.high = PerGroup(owner, "max_lr", max_lr, optimizer, LIMITS["max_lr"])
        self.step_size_up, down, mode, gamma, scale_fn, scale_mode, self.cycle_momentum = check_all(
            owner,
            LIMITS,
            step_size_up=step_size_up,
            step_size_down=step_size_down,
            mode=mode,
            gamma=gamma,
            scale_fn=scale_fn,
            scale_mode=scale_mode,
            cycle_momentum=cycle_momentum,
        )
        self.step_size_down = self.step_size_up if down is None else down
        if scale_fn is None:
            self._scale = _scale(mode, gamma)
        elif scale_mode == "cycle":
            self._scale = lambda cycle, step: scale_fn(cycle)
        else:
            self._scale = lambda cycle, step: scale_fn(step)
        self.low_momentum = PerGroup(owner, "base_momentum", base_momentum, optimizer, unit)
        self.high_momentum = PerGroup(owner, "max_momentum", max_momentum, optimizer, unit)
        if cycle_momentum:
            check_has_momentum(owner, optimizer)
        super().__init__(optimizer)

    def _amplitude(self, step: int) -> float:
        height, cycle = _height(step, self.step_size_up, self.step_size_down)
        return float(height * self._scale(cycle, step))

    def lr(self, step: int, base_lr: float, group: int) -> float:
        low, high = self.low[group], self.high[group]
        return float(low + (high - low) * self._amplitude(step))

    def momentum(self, step: int, group: int) -> float | None:
        if not self.cycle_momentum:
            return None
        low, high = self.low_momentum[group], self.high_momentum[group]
        return float(high - (high - low) * self._amplitude(step))
