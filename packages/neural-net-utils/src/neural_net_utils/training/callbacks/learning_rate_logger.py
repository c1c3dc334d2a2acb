"""Record the learning rate of every step."""

from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

__all__ = ["LearningRateLogger"]


class LearningRateLogger(Callback):
    """Write the learning rate that each step used into the history, as "lr".

    `history.steps["lr"]` has one value per step, `history["lr"]` that of each epoch's last step.
    Further parameter groups are "lr_1", "lr_2", ….
    """

    def __init__(self) -> None:
        self._used: dict[str, float] = {}

    def on_gradients(self, training: Training) -> None:
        # Before the step: afterwards a schedule has already set the next one's.
        rates = training.learning_rates
        self._used = {f"lr_{i}" if i else "lr": rate for i, rate in enumerate(rates)}

    def on_step_end(self, training: Training) -> None:
        for name, rate in self._used.items():
            training.history.steps.add(name, rate)

    def on_epoch_end(self, training: Training) -> None:
        for name in training.history.steps:
            if name == "lr" or name.startswith("lr_"):
                training.history.add(name, training.history.steps[name][-1])
