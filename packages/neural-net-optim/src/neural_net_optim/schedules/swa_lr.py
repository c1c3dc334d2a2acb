"""From whatever rate there is to a constant one, for averaging weights."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from neural_net_optim.base.limits import at_least, choice, whole
from neural_net_optim.schedules.one_cycle import Annealing
from neural_net_optim.schedules.scheduler import LRScheduler, PerGroup

__all__ = ["SWALR"]


class SWALR(LRScheduler):
    """Go from the present rate to a constant one, while `SWA` averages the weights.

    Unlike the other schedules it starts from the rate that it finds when `step` is first called,
    so that another schedule can run until then.

    Args:
        optimizer: The optimizer.
        swa_lr: The rate to reach, >= 0, or a list with one per group.
        anneal_epochs: How many steps it takes, >= 0.
        anneal_strategy: "cos" or "linear".

    References:
        Izmailov et al. (2018), Averaging weights leads to wider optima, arXiv:1803.05407.
    """

    def __init__(
        self,
        optimizer: Any,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: Annealing = "cos",
    ) -> None:
        self.swa_lrs = PerGroup("SWALR", "swa_lr", swa_lr, optimizer, at_least(0))
        self.anneal_epochs = whole(0).check("SWALR", "anneal_epochs", anneal_epochs)
        self.anneal_strategy = choice("cos", "linear").check(
            "SWALR", "anneal_strategy", anneal_strategy
        )
        super().__init__(optimizer)

    def lr(self, step: int, base_lr: float, group: int) -> float:
        share = min(step / self.anneal_epochs, 1.0) if self.anneal_epochs else 1.0
        if self.anneal_strategy == "cos":
            share = (1 - math.cos(math.pi * share)) / 2
        return float(self.swa_lrs[group] * share + base_lr * (1 - share))

    def step(self) -> None:
        """Go on to the next step; the first call takes the present rates as the beginning."""
        if self.last_step == 0:
            self._go_to(1, self._with_late_groups([]))
        else:
            super().step()

    def _base(self, group: Mapping[str, Any]) -> Any:
        return group[self.parameter]

    def _keep_base(self, group: dict[str, Any], base: float) -> None:
        """Keep nothing: it is no rate from before all schedules."""
