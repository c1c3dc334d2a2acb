"""Average the weights over training, and judge the average instead of the newest weights."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from neural_net_core.checks import check_count
from neural_net_utils._states import saved_count, saved_entry
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

__all__ = ["Average", "WeightAveraging"]


class Average(Protocol):
    """What an average must do; `EMA` and `SWA` of neural-net-optim do it."""

    def update(self) -> Any:
        """Take in the model's present weights."""
        ...

    def swapped(self) -> AbstractContextManager[Any]:
        """Put the average into the model for a `with` block."""
        ...

    def copy_to_model(self) -> Any:
        """Leave the average in the model."""
        ...

    def state_dict(self) -> Mapping[str, Any]:
        """The averages and their count."""
        ...

    def load_state_dict(self, state: Any, /) -> Any:
        """Go on from `state_dict`."""
        ...


class WeightAveraging(Callback):
    """Update an average after the steps; validate with it, and leave it in the model at the end.

    `EarlyStopping` then keeps and restores the best average. A checkpoint holds both: the weights
    as `model`, the averages with the run.

    Args:
        average: of the model that is trained, such as `EMA(model, 0.999)`.
        every: update after each n-th step.
        first_step: no update before this step, and validation with the plain weights until then.
    """

    order = -10

    def __init__(self, average: Average, *, every: int = 1, first_step: int = 1) -> None:
        self.average = average
        self.every = check_count("WeightAveraging", "every", every, 1)
        self.first_step = check_count("WeightAveraging", "first_step", first_step, 1)
        self.reset()

    def reset(self) -> None:
        """Forget that there were updates (the average itself is the caller's)."""
        self.updates = 0

    def check(self, training: Training) -> None:
        averaged = getattr(self.average, "tensors", None)  # not every average has them
        own = {id(p) for p in training.parameters}
        if averaged and own and own.isdisjoint(map(id, averaged)):
            raise ValueError(
                f"WeightAveraging: the average ({type(self.average).__name__}) is of another model "
                f"than the one that is trained ({type(training.model).__name__})"
            )

    def on_train_start(self, training: Training) -> None:
        if self.updates:  # resumed
            training.weights_to_evaluate = self.average.swapped

    def on_step_end(self, training: Training) -> None:
        if training.step >= self.first_step and training.step % self.every == 0:
            self.average.update()
            self.updates += 1
            training.weights_to_evaluate = self.average.swapped

    def on_train_end(self, training: Training) -> None:
        if self.updates:
            self.average.copy_to_model()

    def state_dict(self) -> dict[str, Any]:
        """The average's own state."""
        return {"updates": self.updates, "average": dict(self.average.state_dict())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on averaging from `state_dict`.

        Raises:
            StateDictError: if an entry is missing, or the average refuses its own; nothing has
                changed then.
        """
        updates = saved_count("WeightAveraging", state, "updates")
        self.average.load_state_dict(saved_entry("WeightAveraging", state, "average"))
        self.updates = updates
