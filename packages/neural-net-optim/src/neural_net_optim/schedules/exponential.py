"""The same factor at every step."""

from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import at_least
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler

__all__ = ["ExponentialLR", "exponential_lr"]

LIMITS = {**COMMON_LIMITS, "gamma": at_least(0)}


@checked(LIMITS)
def exponential_lr(step: int, base_lr: float, gamma: float) -> float:
    r"""Return the rate after as many cuts as steps.

    $$ \eta_t = \eta\,\gamma^t $$

    Args:
        step: t, from 0.
        base_lr: η.
        gamma: γ, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [exponential_lr(t, 8.0, gamma=0.5) for t in range(4)]
        [8.0, 4.0, 2.0, 1.0]
    """
    return float(base_lr * gamma**step)


class ExponentialLR(LRScheduler):
    """Multiply the rate by the same factor at every step; see `exponential_lr`.

    Args:
        optimizer: The optimizer.
        gamma: The factor, >= 0.
    """

    def __init__(self, optimizer: Any, gamma: float) -> None:
        (self.gamma,) = check_all("ExponentialLR", LIMITS, gamma=gamma)
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(exponential_lr)(step, base_lr, self.gamma)
