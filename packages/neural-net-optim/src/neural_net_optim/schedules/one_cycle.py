"""One large wave: up to a rate that would not last, and down to almost nothing."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import above, between, choice, flag, optional, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler, PerGroup

__all__ = ["OneCycleLR", "one_cycle_lr"]

LIMITS = {
    "step": COMMON_LIMITS["step"],
    "max_lr": above(0),
    "total_steps": whole(1),
    "epochs": optional(whole(1)),
    "steps_per_epoch": optional(whole(1)),
    "pct_start": between(0, 1),
    "anneal_strategy": choice("cos", "linear"),
    "div_factor": above(0),
    "final_div_factor": above(0),
    "three_phase": flag,
    "cycle_momentum": flag,
}


Annealing = Literal["cos", "linear"]


def _anneal(start: float, end: float, share: float, strategy: Annealing) -> float:
    """Return the value at a share of the way, along the cosine or a straight line."""
    if strategy == "cos":
        return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
    return start + (end - start) * share


def _wave(
    step: int,
    values: Sequence[float],
    total_steps: int,
    pct_start: float,
    strategy: Annealing,
) -> float:
    """Return the value at a step of a wave through three values, or four in the long form."""
    ends = [k * (pct_start * total_steps - 1) for k in range(1, len(values) - 1)]
    ends.append(total_steps - 1)
    start = 0.0
    for i, end in enumerate(ends):
        if step <= end or i == len(ends) - 1:
            # In the last step of all, after which there is no update, the wave stays at its end.
            share = min((step - start) / (end - start), 1.0) if end != start else 1.0
            return _anneal(values[i], values[i + 1], share, strategy)
        start = end
    raise AssertionError


@checked(LIMITS)
def one_cycle_lr(
    step: int,
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: Annealing = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> float:
    """Return the rate of one cycle: from low to high, then down to far below where it began.

    Args:
        step: From 0 to `total_steps`, after which the cycle is over.
        max_lr: The highest rate, > 0.
        total_steps: How many updates there will be, >= 1.
        pct_start: The share of them that goes up, in [0, 1].
        anneal_strategy: "cos" or "linear".
        div_factor: The highest rate over the first, > 0.
        final_div_factor: The first rate over the last, > 0.
        three_phase: Go down to the first rate as fast as up, and to the last from there.

    Raises:
        ValueError: If an argument is outside its range.

    References:
        Smith & Topin (2018), Super-convergence, arXiv:1708.07120. The two-phase form with cosines
        is fastai's and PyTorch's default; the paper's is `three_phase` with straight lines.

    Examples:
        >>> [
        ...     one_cycle_lr(t, 8.0, 5, 0.6, "linear", div_factor=4, final_div_factor=2)
        ...     for t in range(5)
        ... ]
        [2.0, 5.0, 8.0, 4.5, 1.0]
    """
    if step > total_steps:
        raise ValueError(
            f"OneCycleLR: step {step} is past the last, {total_steps}; the cycle is over"
        )
    first = max_lr / div_factor
    last = first / final_div_factor
    values = (first, max_lr, first, last) if three_phase else (first, max_lr, last)
    return _wave(step, values, total_steps, pct_start, anneal_strategy)


class OneCycleLR(LRScheduler):
    """Raise the rate and lower it once, with momentum the other way; see `one_cycle_lr`.

    The optimizer's own rate is not used. Where the optimizer has "betas", the first is its
    momentum.

    Args:
        optimizer: The optimizer.
        max_lr: The highest rate, > 0, or a list with one per group.
        total_steps: How many updates there will be, >= 1; or give the next two.
        epochs: How many passes over the data.
        steps_per_epoch: How many updates in each.
        pct_start: The share of steps that goes up, in [0, 1].
        anneal_strategy: "cos" or "linear".
        cycle_momentum: Lower momentum while the rate rises.
        base_momentum: The lowest momentum, in [0, 1], or a list with one per group.
        max_momentum: The highest, in [0, 1], or a list with one per group.
        div_factor: The highest rate over the first, > 0.
        final_div_factor: The first rate over the last, > 0.
        three_phase: Go down to the first rate as fast as up, and to the last from there.

    Raises:
        ValueError: If a setting is outside its range, the length is not given, or momentum is to
            be cycled in an optimizer that has none. `step` raises it past the last step.
    """

    def __init__(
        self,
        optimizer: Any,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Annealing = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        owner, unit = "OneCycleLR", between(0, 1)
        total_steps = optional(LIMITS["total_steps"]).check(owner, "total_steps", total_steps)
        epochs, steps_per_epoch = check_all(
            owner, LIMITS, epochs=epochs, steps_per_epoch=steps_per_epoch
        )
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(f"{owner}: give total_steps, or epochs and steps_per_epoch")
            total_steps = LIMITS["total_steps"].check(
                owner, "epochs * steps_per_epoch", epochs * steps_per_epoch
            )
        self.total_steps: int = total_steps
        self.max_lr = PerGroup(owner, "max_lr", max_lr, optimizer, LIMITS["max_lr"])
        (
            self.pct_start,
            self.anneal_strategy,
            self.div_factor,
            self.final_div_factor,
            self.three_phase,
            self.cycle_momentum,
        ) = check_all(
            owner,
            LIMITS,
            pct_start=pct_start,
            anneal_strategy=anneal_strategy,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
            three_phase=three_phase,
            cycle_momentum=cycle_momentum,
        )
        self.low_momentum = PerGroup(owner, "base_momentum", base_momentum, optimizer, unit)
        self.high_momentum = PerGroup(owner, "max_momentum", max_momentum, optimizer, unit)
        if cycle_momentum:
            check_has_momentum(owner, optimizer)
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(one_cycle_lr)(
            step,
            self.max_lr[group],
            self.total_steps,
            self.pct_start,
            self.anneal_strategy,
            self.div_factor,
            self.final_div_factor,
            self.three_phase,
        )

    def momentum(self, step: int, group: int) -> float | None:
        if not self.cycle_momentum:
            return None
        low, high = self.low_momentum[group], self.high_momentum[group]
        values = (high, low, high, high) if self.three_phase else (high, low, high)
        return _wave(step, values, self.total_steps, self.pct_start, self.anneal_strategy)


def check_has_momentum(owner: str, optimizer: Any) -> None:
    """Raise ValueError if the optimizer has neither momentum nor betas."""
    for i, group in enumerate(optimizer.param_groups):
        if "momentum" not in group and "betas" not in group:
            raise ValueError(
                f"{owner}: cycle_momentum needs an optimizer with momentum or betas, and group {i} "
                "has neither; give cycle_momentum=False"
            )
