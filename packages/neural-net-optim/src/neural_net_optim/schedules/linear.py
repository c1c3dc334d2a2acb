"""A straight line from one factor of the rate to another."""

from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import Limit, between, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler

__all__ = ["LinearLR", "linear_lr"]

_unit = between(0, 1)
LIMITS = {
    **COMMON_LIMITS,
    "start_factor": Limit("a number in (0, 1]", lambda x: _unit.accepts(x) and x > 0),
    "end_factor": _unit,
    "total_iters": whole(1),
}


@checked(LIMITS)
def linear_lr(
    step: int,
    base_lr: float,
    start_factor: float = 1 / 3,
    end_factor: float = 1.0,
    total_iters: int = 5,
) -> float:
    r"""Return the rate times a factor that goes evenly from one value to another and stays there.

    $$ \eta_t = \eta\,\bigl(a + (b - a) \min(t, T) / T\bigr) $$

    Args:
        step: t, from 0.
        base_lr: η.
        start_factor: a, in (0, 1].
        end_factor: b, in [0, 1].
        total_iters: T, the step at which b is reached, >= 1.

    Raises:
        ValueError: If an argument is outside its range.

    Examples:
        >>> [linear_lr(t, 8.0, 0.5, 1.0, total_iters=4) for t in range(6)]
        [4.0, 5.0, 6.0, 7.0, 8.0, 8.0]
    """
    factor = start_factor + (end_factor - start_factor) * min(step, total_iters) / total_iters
    return float(base_lr * factor)


class LinearLR(LRScheduler):
    """Change the rate along a straight line; see `linear_lr`.

    Args:
        optimizer: The optimizer.
        start_factor: In (0, 1].
        end_factor: In [0, 1].
        total_iters: How many steps the line takes, >= 1.
    """

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor, self.end_factor, self.total_iters = check_all(
            "LinearLR",
            LIMITS,
            start_factor=start_factor,
            end_factor=end_factor,
            total_iters=total_iters,
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(linear_lr)(
            step, base_lr, self.start_factor, self.end_factor, self.total_iters
        )
