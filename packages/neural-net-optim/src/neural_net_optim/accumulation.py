"""Large batches in small pieces: several backward passes, one step."""

from typing import Any

from neural_net_core import Tensor
from neural_net_optim.clipping import clip_grad_norm
from neural_net_optim.limits import above, optional, whole

__all__ = ["GradientAccumulator"]


class GradientAccumulator:
    r"""Add up the gradients of several micro-batches before each step of an optimizer.

    $$ \nabla L = \frac1n \sum_{i=1}^{n} \nabla L_i $$

    For losses that are means over equally large micro-batches this is the gradient of the large
    batch. Clipping and weight decay happen once per step, not once per micro-batch.

        accumulator = GradientAccumulator(optimizer, steps=4, max_norm=1.0)
        for x, y in loader:
            accumulator.backward(loss_of(model(x), y))
            if accumulator.step():
                schedule.step()
        accumulator.flush()

    (Layers that look at the whole batch, such as batch norm, still see the small ones.)

    Args:
        optimizer: The optimizer.
        steps: n, how many micro-batches make a step, >= 1.
        max_norm: Clip the summed gradient to this norm, > 0; None does not clip.

    Attributes:
        count: How many micro-batches have been added since the last step.
        norm: The norm before clipping of the last step; None without clipping.
    """

    def __init__(self, optimizer: Any, steps: int, *, max_norm: float | None = None) -> None:
        self.optimizer = optimizer
        self.steps = whole(1).check("GradientAccumulator", "steps", steps)
        self.max_norm = optional(above(0)).check("GradientAccumulator", "max_norm", max_norm)
        self.count = 0
        self.norm: float | None = None

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a micro-batch.

        Args:
            loss: Its mean loss.
        """
        (loss * (1 / self.steps)).backward()
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
        # The mean is over fewer than n.
        for group in self.optimizer.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.grad = p.grad * (self.steps / self.count)
        self._update()
        return True

    def _update(self) -> None:
        if self.max_norm is not None:
            parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
            self.norm = clip_grad_norm(parameters, self.max_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.count = 0
