"""Schedules made of schedules: one after the other, all at once, or after a warm-up."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler, check_milestones

__all__ = ["ChainedScheduler", "SequentialLR", "WarmupLR", "warmup_lr"]

LIMITS = {**COMMON_LIMITS, "warmup_steps": whole(0)}


@checked(LIMITS)
def warmup_lr(step: int, base_lr: float, warmup_steps: int) -> float:
    r"""Return a rate that rises evenly to the full one.

    $$ \eta_t = \eta \min\!\left(1, \frac{t + 1}{W + 1}\right) $$

    The first update has a rate above 0 (t/W would waste it); the full rate comes at t = W.

    Args:
        step: t, from 0.
        base_lr: η.
        warmup_steps: W, the number of steps below the full rate, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [warmup_lr(t, 8.0, warmup_steps=3) for t in range(5)]
        [2.0, 4.0, 6.0, 8.0, 8.0]
    """
    return float(base_lr * min(1.0, (step + 1) / (warmup_steps + 1)))


def _check_parts(owner: str, optimizer: Any, schedulers: Any) -> list[LRScheduler]:
    """Return the schedules as a list; they must be functions of the step, of this optimizer."""
    if not isinstance(schedulers, list | tuple):
        raise TypeError(f"{owner}: expected a list of schedules, got a {type(schedulers).__name__}")
    if not schedulers:
        raise ValueError(f"{owner}: expected at least one schedule, got none")
    for i, scheduler in enumerate(schedulers):
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(
                f"{owner}: schedule {i} must be a function of the step (an LRScheduler), got a "
                f"{type(scheduler).__name__}"
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(f"{owner}: schedule {i} belongs to another optimizer")
    return list(schedulers)


class WarmupLR(LRScheduler):
    """Warm up evenly, then follow another schedule from its beginning; see `warmup_lr`.

    The rise leads to the rate with which the other schedule begins.

        WarmupLR(optimizer, 100, CosineAnnealingLR(optimizer, T_max=900))

    Args:
        optimizer: The optimizer.
        warmup_steps: The number of steps below the full rate, >= 0.
        after: The schedule to follow; None keeps the full rate.
    """

    def __init__(self, optimizer: Any, warmup_steps: int, after: LRScheduler | None = None) -> None:
        (self.warmup_steps,) = check_all("WarmupLR", LIMITS, warmup_steps=warmup_steps)
        self.after = None if after is None else _check_parts("WarmupLR", optimizer, [after])[0]
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        rest = max(step - self.warmup_steps, 0)
        full = base_lr if self.after is None else self.after.lr(rest, base_lr, group)
        return unchecked(warmup_lr)(step, full, self.warmup_steps)

    def momentum(self, step: int, group: int) -> float | None:
        if self.after is None:
            return None
        return self.after.momentum(max(step - self.warmup_steps, 0), group)


class SequentialLR(LRScheduler):
    """Follow one schedule after the other, each from its beginning.

    In the time of a schedule that leaves momentum alone, it is as it was before any schedule.

    Args:
        optimizer: The optimizer.
        schedulers: The schedules, all of this optimizer.
        milestones: The step with which each but the first begins, ascending.

    Raises:
        ValueError: If there is not one milestone between any two schedules, or they do not ascend.
        TypeError: If a schedule is no function of the step, such as `ReduceLROnPlateau`.

    Examples:
        >>> from neural_net_core import Parameter
        >>> from neural_net_optim import SGD
        >>> from neural_net_optim.schedules import ConstantLR, ExponentialLR
        >>> optimizer = SGD([Parameter([1.0])], lr=8.0)
        >>> parts = [ConstantLR(optimizer, 0.25, total_iters=9), ExponentialLR(optimizer, 0.5)]
        >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
        >>> [scheduler.lr_at(t) for t in range(5)]
        [[2.0], [2.0], [8.0], [4.0], [2.0]]
    """

    def __init__(
        self, optimizer: Any, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        self.schedulers = _check_parts("SequentialLR", optimizer, schedulers)
        self.milestones = check_milestones("SequentialLR", milestones)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: expected {len(self.schedulers) - 1} milestones between "
                f"{len(self.schedulers)} schedules, got {self.milestones}"
            )
        if self.milestones != sorted(self.milestones):
            raise ValueError(f"SequentialLR: milestones must ascend, got {self.milestones}")
        super().__init__(optimizer)

    def _part(self, step: int) -> tuple[LRScheduler, int]:
        """Return the schedule of a step, and which of its own steps it is."""
        i = bisect_right(self.milestones, step)
        return self.schedulers[i], step - (self.milestones[i - 1] if i else 0)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        scheduler, own_step = self._part(step)
        return scheduler.lr(own_step, base_lr, group)

    def momentum(self, step: int, group: int) -> float | None:
        scheduler, own_step = self._part(step)
        momentum = scheduler.momentum(own_step, group)
        if momentum is None and any(s.momentum(0, group) is not None for s in self.schedulers):
            # Another part has set it, at the latest when it was made; now the optimizer's holds.
            momentum = self.optimizer.param_groups[group].get("initial_momentum")
        return momentum


class ChainedScheduler(LRScheduler):
    """Apply several schedules at once: each takes the rate of the one before as its base.

    For schedules that multiply the rate that is the product of their factors.

    Args:
        schedulers: The schedules, all of one optimizer.
        optimizer: That optimizer; None takes it from the first schedule.

    Raises:
        ValueError: If there is no schedule, or they have different optimizers.
        TypeError: If a schedule is no function of the step, such as `ReduceLROnPlateau`.

    Examples:
        >>> from neural_net_core import Parameter
        >>> from neural_net_optim import SGD
        >>> from neural_net_optim.schedules import ConstantLR, ExponentialLR
        >>> optimizer = SGD([Parameter([1.0])], lr=8.0)
        >>> parts = [ConstantLR(optimizer, 0.25, total_iters=2), ExponentialLR(optimizer, 0.5)]
        >>> scheduler = ChainedScheduler(parts)
        >>> [scheduler.lr_at(t) for t in range(4)]
        [[2.0], [1.0], [2.0], [1.0]]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Any = None) -> None:
        if optimizer is None and isinstance(schedulers, list | tuple) and schedulers:
            optimizer = getattr(schedulers[0], "optimizer", None)
        self.schedulers = _check_parts("ChainedScheduler", optimizer, schedulers)
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        for scheduler in self.schedulers:
            base_lr = scheduler.lr(step, base_lr, group)
        return base_lr

    def momentum(self, step: int, group: int) -> float | None:
        found = [scheduler.momentum(step, group) for scheduler in self.schedulers]
        return next((momentum for momentum in reversed(found) if momentum is not None), None)
