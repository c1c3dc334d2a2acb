"""Down to zero along a power of the remaining steps."""

from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import at_least, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler

__all__ = ["PolynomialLR", "polynomial_lr"]

LIMITS = {**COMMON_LIMITS, "total_iters": whole(1), "power": at_least(0)}


@checked(LIMITS)
def polynomial_lr(step: int, base_lr: float, total_iters: int = 5, power: float = 1.0) -> float:
    r"""Return the rate times a power of the share of steps that remain.

    $$ \eta_t = \eta\,\bigl(1 - \min(t, T) / T\bigr)^k $$

    Args:
        step: t, from 0.
        base_lr: η.
        total_iters: T, the step from which the rate is 0, >= 1.
        power: k, >= 0; 1 gives a straight line.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [polynomial_lr(t, 16.0, total_iters=4, power=2.0) for t in range(6)]
        [16.0, 9.0, 4.0, 1.0, 0.0, 0.0]
    """
    return float(base_lr * (1 - min(step, total_iters) / total_iters) ** power)


class PolynomialLR(LRScheduler):
    """Let the rate fall to 0 as a power of the steps that remain; see `polynomial_lr`.

    Args:
        optimizer: The optimizer.
        total_iters: The step from which the rate is 0, >= 1.
        power: The power, >= 0.
    """

    def __init__(self, optimizer: Any, total_iters: int = 5, power: float = 1.0) -> None:
        self.total_iters, self.power = check_all(
            "PolynomialLR", LIMITS, total_iters=total_iters, power=power
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(polynomial_lr)(step, base_lr, self.total_iters, self.power)
