"""A fixed factor for some steps, then the full rate."""

from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import between, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler

__all__ = ["ConstantLR", "constant_lr"]

LIMITS = {**COMMON_LIMITS, "factor": between(0, 1), "total_iters": whole(0)}


@checked(LIMITS)
def constant_lr(step: int, base_lr: float, factor: float = 1 / 3, total_iters: int = 5) -> float:
    """Return the factor times the rate for `total_iters` steps, then the rate.

    Args:
        step: From 0.
        base_lr: The full rate.
        factor: In [0, 1].
        total_iters: How many steps have the factor, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [constant_lr(t, 0.8, factor=0.5, total_iters=2) for t in range(4)]
        [0.4, 0.4, 0.8, 0.8]
    """
    return float(base_lr * factor if step < total_iters else base_lr)


class ConstantLR(LRScheduler):
    """Multiply the rate by a factor for the first steps; see `constant_lr`.

    With `factor=1` it leaves the rate alone, for use in a `SequentialLR`.

    Args:
        optimizer: The optimizer.
        factor: In [0, 1].
        total_iters: How many steps have the factor, >= 0.
    """

    def __init__(self, optimizer: Any, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self.factor, self.total_iters = check_all(
            "ConstantLR", LIMITS, factor=factor, total_iters=total_iters
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(constant_lr)(step, base_lr, self.factor, self.total_iters)
