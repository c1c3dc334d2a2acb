"""What a callback can do: take part in training without a line in the loop."""

from collections.abc import Mapping
from typing import Any

from neural_net_utils.training.training import Training

__all__ = ["Callback"]


class Callback:
    """Base class of callbacks; override the hooks that are needed.

    A run calls the hooks in this order:

        reset, load_state_dict where the run is resumed, check
        on_train_start
            on_epoch_start
                on_gradients, on_step_end       for every step
            on_epoch_end                        after validation
        on_train_end                            unless an error ended the run
        close                                   always

    Every hook gets the `Training`, which holds the model, the optimizer, the step, the history, and
    `stop(reason)`.

    Attributes:
        order: callbacks with a lower number are called first; equal ones in the order given. Those
            that change the run have 0, loggers 50, progress 60, and `ModelCheckpoint`, which must
            see what all the others did, 100.
        first_rank_only: where several processes train one model, only that of rank 0 has this
            callback: it prints or writes. Others are called on each rank, so that what they change
            is changed everywhere; whether to stop is rank 0's to say.
    """

    order: int = 0
    first_rank_only: bool = False

    def reset(self) -> None:
        """Forget earlier runs."""

    def check(self, training: Training) -> None:
        """Raise if the callback does not fit the run; called before anything is changed."""

    def on_train_start(self, training: Training) -> None:
        """Called before the first step, after a checkpoint was restored."""

    def on_epoch_start(self, training: Training) -> None:
        """Called before an epoch's first batch; not when an epoch is continued."""

    def on_gradients(self, training: Training) -> None:
        """Called when the gradients are there, before they are clipped and used."""

    def on_step_end(self, training: Training) -> None:
        """Called after the optimizer (and the schedule) made a step."""

    def on_epoch_end(self, training: Training) -> None:
        """Called when the epoch's row stands in the history, validation included."""

    def on_train_end(self, training: Training) -> None:
        """Called after the last epoch, also when training was stopped early."""

    def close(self) -> None:
        """Release files and the terminal; called also after an error."""

    def state_dict(self) -> Mapping[str, Any]:
        """What the callback must remember for a resumed run to be the same run."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`; called between `reset` and `check`.

        Raise `StateDictError` for what `state_dict` could not have returned, before changing
        anything: a checkpoint may be a stranger's.
        """
