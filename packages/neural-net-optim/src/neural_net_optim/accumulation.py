"""Large batches in small pieces: several backward passes, one step."""

from typing import Any

from neural_net_core import Tensor
from neural_net_core.checks import shown
from neural_net_core.counts import BatchWeights
from neural_net_optim.base._checked import check_optimizer
from neural_net_optim.base.limits import above, optional, whole
from neural_net_optim.clipping import clip_grad_norm

__all__ = ["GradientAccumulator"]


class GradientAccumulator:
    r"""Add up the gradients of several micro-batches before each step of an optimizer.

    $$ \nabla L = \frac{1}{\sum_i c_i} \sum_{i=1}^{n} c_i \nabla L_i $$

    cᵢ is what the mean loss of micro-batch i divided by (`Tensor.counted`), so that this is the
    gradient of the large batch, however unequal the batches or the targets that count in them.
    Sums (reduction="sum") add up. A loss that does not say what it is has c = 1. Clipping and
    weight decay happen once per step, not once per micro-batch.

        accumulator = GradientAccumulator(optimizer, steps=4, max_norm=1.0)
        for x, y in loader:
            accumulator.backward(loss_of(model(x), y))
            if accumulator.step():
                scheduler.step()
        accumulator.flush()

    (Layers that look at the whole batch, such as batch norm, still see the small ones.)

    Args:
        optimizer: The optimizer.
        steps: n, how many micro-batches make a step, >= 1.
        max_norm: Clip the summed gradient to this norm, > 0; None does not clip.

    Raises:
        TypeError: If it is no optimizer.
        ValueError: If the optimizer needs a closure, or a number is outside its range.

    Attributes:
        count: How many micro-batches have been added since the last step.
        norm: The norm before clipping of the last step; None without clipping.
    """

    def __init__(self, optimizer: Any, steps: int, *, max_norm: float | None = None) -> None:
        check_optimizer("GradientAccumulator", optimizer)
        if getattr(optimizer, "needs_closure", False):
            raise ValueError(
                f"GradientAccumulator: {type(optimizer).__name__} computes the loss several times "
                "in a step: add up the micro-batches' losses inside the closure"
            )
        self.optimizer = optimizer
        self.steps = whole(1).check("GradientAccumulator", "steps", steps)
        self.max_norm = optional(above(0)).check("GradientAccumulator", "max_norm", max_norm)
        self.count = 0
        self.norm: float | None = None
        # Gradients are kept in units of the first count, so that equal batches need no factor.
        self._unit = self._total = 0.0
        self._weights = BatchWeights("GradientAccumulator")

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a micro-batch.

        Args:
            loss: Its mean loss, or its sum.

        Raises:
            TypeError: If it is no Tensor; see `Tensor.backward` for the rest.
        """
        if not isinstance(loss, Tensor):
            raise TypeError(
                f"GradientAccumulator: backward takes a loss, a Tensor, got {shown(loss)}"
            )
        counted = self._weights.weight(loss, joined=self.steps > 1)
        if counted is None:
            loss.backward()
            self.count += 1
            return
        if self._total == 0:
            self._unit = counted
        share = counted / self._unit if self._unit else 1.0  # of nothing, the gradient is 0 anyway
        (loss * (share / self.steps)).backward()
        self._total += counted
        self.count += 1

    def step(self) -> bool:
        """Update the parameters if n micro-batches are together, and forget the gradients.

        Returns:
            Whether there was an update.
        """
        if self.count < self.steps:
            return False
        self._update()
        return True

    def flush(self) -> bool:
        """Update with what there is, for the last, incomplete round of an epoch.

        Returns:
            Whether there was an update.
        """
        if self.count == 0:
            return False
        self._update()
        return True

    def _update(self) -> None:
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        expected = self.steps * self._unit
        if self._total not in (0, expected):
            # The batches count unequally, or are fewer than n.
            for p in parameters:
                if p.grad is not None:
                    p.grad = p.grad * (expected / self._total)
            self._total = expected  # so that a step that fails can be tried again
        if self.max_norm is not None:
            self.norm = clip_grad_norm(parameters, self.max_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.count = 0
        self._unit = self._total = 0.0
