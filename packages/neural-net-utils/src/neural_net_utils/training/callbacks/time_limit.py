"""Stop when the time is over."""

import math
import time

from neural_net_core.checks import check_number
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.training import Training

__all__ = ["TimeLimit"]


class TimeLimit(Callback):
    """End training cleanly after the step in which the time ran out.

    A `ModelCheckpoint` then saves that step. A resumed run has the whole time again.

    Args:
        seconds: from the start of training, > 0.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = check_number("TimeLimit", "seconds", seconds, above=0)
        self._end = math.inf

    def on_train_start(self, training: Training) -> None:
        self._end = time.monotonic() + self.seconds

    def on_step_end(self, training: Training) -> None:
        if time.monotonic() >= self._end:
            training.stop("time limit", now=True)
