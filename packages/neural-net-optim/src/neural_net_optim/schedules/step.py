"""Steps down a staircase: the rate is cut every so often, or at chosen steps."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import at_least, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler, check_milestones

__all__ = ["MultiStepLR", "StepLR", "multi_step_lr", "step_lr"]

LIMITS = {**COMMON_LIMITS, "step_size": whole(1), "gamma": at_least(0)}


@checked(LIMITS)
def step_lr(step: int, base_lr: float, step_size: int, gamma: float = 0.1) -> float:
    r"""Return the rate after a cut every `step_size` steps.

    $$ \eta_t = \eta\,\gamma^{\lfloor t / s \rfloor} $$

    Args:
        step: t, from 0.
        base_lr: η.
        step_size: s, >= 1.
        gamma: γ, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [step_lr(t, 8.0, step_size=2, gamma=0.5) for t in range(5)]
        [8.0, 8.0, 4.0, 4.0, 2.0]
    """
    return float(base_lr * gamma ** (step // step_size))


def multi_step_lr(
    step: int, base_lr: float, milestones: Iterable[int], gamma: float = 0.1
) -> float:
    """Return the rate after a cut at every milestone passed; one listed twice cuts twice.

    Args:
        step: From 0.
        base_lr: The rate before any cut.
        milestones: The steps from which a cut holds, >= 0, in any order.
        gamma: The factor of a cut, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [multi_step_lr(t, 8.0, [1, 3], gamma=0.5) for t in range(5)]
        [8.0, 4.0, 4.0, 2.0, 2.0]
    """
    step, base_lr, gamma = check_all(
        "multi_step_lr", LIMITS, step=step, base_lr=base_lr, gamma=gamma
    )
    return _cut(step, base_lr, sorted(check_milestones("multi_step_lr", milestones)), gamma)


def _cut(step: int, base_lr: float, ascending: list[int], gamma: float) -> float:
    return float(base_lr * gamma ** bisect_right(ascending, step))


class StepLR(LRScheduler):
    """Cut the rate every `step_size` steps; see `step_lr`.

    Args:
        optimizer: The optimizer.
        step_size: Steps between cuts, >= 1.
        gamma: The factor of a cut, >= 0.
    """

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = check_all("StepLR", LIMITS, step_size=step_size, gamma=gamma)
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(step_lr)(step, base_lr, self.step_size, self.gamma)


class MultiStepLR(LRScheduler):
    """Cut the rate at chosen steps; see `multi_step_lr`.

    Args:
        optimizer: The optimizer.
        milestones: The steps from which a cut holds, >= 0, in any order.
        gamma: The factor of a cut, >= 0.
    """

    def __init__(self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1) -> None:
        self.milestones = sorted(check_milestones("MultiStepLR", milestones))
        (self.gamma,) = check_all("MultiStepLR", LIMITS, gamma=gamma)
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return _cut(step, base_lr, self.milestones, self.gamma)
