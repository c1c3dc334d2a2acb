"""Half a wave of the cosine, once or again and again."""

import math
from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import at_least, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler

__all__ = [
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "cosine_annealing_lr",
    "cosine_annealing_warm_restarts",
]

LIMITS = {
    **COMMON_LIMITS,
    "T_max": whole(1),
    "T_0": whole(1),
    "T_mult": whole(1),
    "eta_min": at_least(0),
}


@checked(LIMITS)
def cosine_annealing_lr(step: int, base_lr: float, T_max: int, eta_min: float = 0.0) -> float:
    r"""Return a rate that falls slowly, then fast, then slowly again.

    $$ \eta_t = \eta_{\min} + (\eta - \eta_{\min})\,\frac{1 + \cos(\pi t / T)}{2} $$

    Past T it rises again, to be back at η at 2 T, as in PyTorch.

    Args:
        step: t, from 0.
        base_lr: η.
        T_max: T, the step at which the lowest rate is reached, >= 1.
        eta_min: The lowest rate, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    References:
        Loshchilov & Hutter (2017), SGDR, arXiv:1608.03983, eq. 5.

    Examples:
        >>> [round(cosine_annealing_lr(t, 8.0, T_max=4), 3) for t in range(6)]
        [8.0, 6.828, 4.0, 1.172, 0.0, 1.172]
    """
    return float(eta_min + (base_lr - eta_min) * (1 + math.cos(math.pi * step / T_max)) / 2)


@checked(LIMITS)
def cosine_annealing_warm_restarts(
    step: int, base_lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0
) -> float:
    """Return a rate that falls along the cosine and jumps back up, in ever longer rounds.

    Args:
        step: From 0.
        base_lr: The rate at the start of every round.
        T_0: The length of the first round, >= 1.
        T_mult: How many times as long every round is as the one before, >= 1.
        eta_min: The rate that a round approaches, >= 0.

    Raises:
        ValueError: If an argument is outside its range.

    References:
        Loshchilov & Hutter (2017), SGDR, arXiv:1608.03983, section 3.

    Examples:
        >>> [round(cosine_annealing_warm_restarts(t, 8.0, T_0=2, T_mult=2), 3) for t in range(7)]
        [8.0, 4.0, 8.0, 6.828, 4.0, 1.172, 8.0]
    """
    length = T_0
    if T_mult == 1:
        step %= length
    while step >= length:
        step -= length
        length *= T_mult
    return unchecked(cosine_annealing_lr)(step, base_lr, length, eta_min)


class CosineAnnealingLR(LRScheduler):
    """Let the rate fall along half a wave of the cosine; see `cosine_annealing_lr`.

    Args:
        optimizer: The optimizer.
        T_max: The step at which the lowest rate is reached, >= 1.
        eta_min: The lowest rate, >= 0.
    """

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = check_all(
            "CosineAnnealingLR", LIMITS, T_max=T_max, eta_min=eta_min
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(cosine_annealing_lr)(step, base_lr, self.T_max, self.eta_min)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Let the rate fall along the cosine, again and again; see `cosine_annealing_warm_restarts`.

    Args:
        optimizer: The optimizer.
        T_0: The length of the first round, >= 1.
        T_mult: How many times as long every round is as the one before, >= 1.
        eta_min: The rate that a round approaches, >= 0.
    """

    def __init__(self, optimizer: Any, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> None:
        self.T_0, self.T_mult, self.eta_min = check_all(
            "CosineAnnealingWarmRestarts", LIMITS, T_0=T_0, T_mult=T_mult, eta_min=eta_min
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(cosine_annealing_warm_restarts)(
            step, base_lr, self.T_0, self.T_mult, self.eta_min
        )
