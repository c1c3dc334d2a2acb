"""The Transformer's schedule: a linear warm-up, then down with the root of the step."""

import math
from typing import Any

from neural_net_optim.base._checked import check_all, checked, unchecked
from neural_net_optim.base.limits import optional, whole
from neural_net_optim.schedules.scheduler import COMMON_LIMITS, LRScheduler

__all__ = ["InverseSqrtLR", "inverse_sqrt_lr"]

LIMITS = {**COMMON_LIMITS, "warmup_steps": whole(1), "d_model": optional(whole(1))}


@checked(LIMITS)
def inverse_sqrt_lr(
    step: int, base_lr: float, warmup_steps: int, d_model: int | None = None
) -> float:
    r"""Return a rate that rises for W steps and then falls as the inverse root.

    $$ \eta_t = \eta \min\!\left(\frac{s}{W}, \sqrt{\frac{W}{s}}\right), \qquad s = t + 1 $$

    The highest rate is η, at s = W. With `d_model` it is the paper's
    $\eta\, d^{-1/2} \min(s^{-1/2}, s\,W^{-3/2})$, whose highest value is $\eta / \sqrt{d W}$.

    Args:
        step: t, from 0; the paper counts from 1.
        base_lr: η.
        warmup_steps: W, >= 1.
        d_model: d, the model's width, >= 1; None scales to η instead.

    Raises:
        ValueError: If an argument is outside its range.

    References:
        Vaswani et al. (2017), Attention is all you need, arXiv:1706.03762, eq. 3. Also called Noam.

    Examples:
        >>> [inverse_sqrt_lr(t, 8.0, warmup_steps=4) for t in (0, 1, 2, 3, 15)]
        [2.0, 4.0, 6.0, 8.0, 4.0]
    """
    s = step + 1
    peak = base_lr if d_model is None else base_lr / math.sqrt(d_model * warmup_steps)
    return float(peak * min(s / warmup_steps, math.sqrt(warmup_steps / s)))


class InverseSqrtLR(LRScheduler):
    """Warm up, then let the rate fall with the root of the step; see `inverse_sqrt_lr`.

    Args:
        optimizer: The optimizer.
        warmup_steps: How many steps the rate rises, >= 1.
        d_model: The model's width, for the paper's scale; None makes the optimizer's rate the
            highest.
    """

    def __init__(self, optimizer: Any, warmup_steps: int, d_model: int | None = None) -> None:
        self.warmup_steps, self.d_model = check_all(
            "InverseSqrtLR", LIMITS, warmup_steps=warmup_steps, d_model=d_model
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        return unchecked(inverse_sqrt_lr)(step, base_lr, self.warmup_steps, self.d_model)
