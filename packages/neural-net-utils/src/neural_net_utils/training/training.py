"""A run as its callbacks see it: the parts, how far it is, and how to stop or save it."""

import math
from collections.abc import Callable, Iterable, Mapping, Sized
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from typing import Any, Protocol

from neural_net_core import Module
from neural_net_core.checks import check_count
from neural_net_utils.distributed.data_parallel import Alone, Communicator
from neural_net_utils.loading.loader import Batch
from neural_net_utils.training._parts import check_names, check_parts
from neural_net_utils.training.evaluate import LossFunction, Metrics, Totals, check_loader
from neural_net_utils.training.history import History

__all__ = ["Optimizer", "Training"]


class Optimizer(Protocol):
    """What the loop needs of an optimizer; checkpoints need its state_dict, too."""

    def step(self) -> Any:
        """Change the parameters by their gradients."""
        ...

    def zero_grad(self) -> Any:
        """Forget the gradients."""
        ...


class Training:
    """A run in progress: the argument of every hook of a callback; `fit` makes it.

    Attributes:
        model, loss_fn, optimizer, scheduler, train_loader, validation: as given to `fit`.
        epochs, max_steps: the limits given, or None.
        epoch: the epoch in progress, from 1; 0 before the first.
        epoch_complete: whether that epoch's data were used up; False for an epoch cut short.
        step: optimizer steps finished.
        group: the newest step's batches, `accumulate` of them.
        loss: the newest step's loss.
        gradient_norm: what `clip` returned in the newest step, or None.
        totals: the epoch's losses and metrics so far.
        parameters: the model's, in a list.
        history: the record so far.
        weights_to_evaluate: gives a context in which the model holds the weights to be judged and
            kept: by default the newest, with `WeightAveraging` their average.
        stop_reason: why training is about to end; None while it goes on.
        why_eager: with `record=True`, why the newest batch was not run from a record; None if it
            was, and without `record`.
        communicator: the processes that train together; `communicator.rank` is this one's number.
    """

    def __init__(
        self,
        model: Module,
        loss_fn: LossFunction | None,
        optimizer: Optimizer,
        train_loader: Iterable[Batch],
        *,
        epochs: int | None,
        max_steps: int | None,
        validation: Iterable[Batch] | None,
        metrics: Metrics | None,
        scheduler: Any,
        accumulate: int,
        communicator: Communicator | None = None,
    ) -> None:
        if epochs is None and max_steps is None:
            raise ValueError("fit: give epochs or max_steps, or both: the first reached ends")
        self.epochs = None if epochs is None else check_count("fit", "epochs", epochs, 1)
        self.max_steps = (
            None if max_steps is None else check_count("fit", "max_steps", max_steps, 1)
        )
        self.accumulate = check_count("fit", "accumulate", accumulate, 1)
        check_parts(model, loss_fn, optimizer, scheduler)
        check_loader("fit: train_loader", train_loader, loss_fn is not None)
        if validation is not None:
            check_loader("fit: validation", validation, loss_fn is not None)
        check_names(metrics)
        self.model = model
        self.loss_fn = loss_fn
        self.parameters = list(model.parameters())
        self.optimizer = optimizer
        self.train_loader = train_loader
        self.validation = validation
        self.scheduler = scheduler
        self.totals = Totals(metrics)
        self.history = History()
        self.weights_to_evaluate: Callable[[], AbstractContextManager[Any]] = nullcontext
        self.epoch = 0
        self.epoch_complete = True
        self.step = 0
        self.group: list[Batch] = []
        self.loss = math.nan
        self.gradient_norm: float | None = None
        self.stop_reason: str | None = None
        self.why_eager: str | None = None
        self.communicator = Alone() if communicator is None else communicator
        self._hurry = False

    def stop(self, reason: str, *, now: bool = False) -> None:
        """End training after the current step or epoch; the first reason given counts.

        Args:
            reason: stands in `history.stop_reason`.
            now: leave out the validation and the history's row of an unfinished epoch.
        """
        if self.stop_reason is None:
            self.stop_reason = reason
        self._hurry = self._hurry or now

    @property
    def learning_rates(self) -> list[float]:
        """Each parameter group's learning rate, as the next step will use it."""
        groups = getattr(self.optimizer, "param_groups", [vars(self.optimizer)])
        return [float(group["lr"]) for group in groups if "lr" in group]

    @property
    def steps_per_epoch(self) -> int | None:
        """Optimizer steps in an epoch; None if the loader has no length."""
        if not isinstance(self.train_loader, Sized):
            return None
        return math.ceil(len(self.train_loader) / self.accumulate)

    @property
    def total_steps(self) -> int | None:
        """Optimizer steps until a limit ends the run; None if that cannot be known."""
        limits = [] if self.max_steps is None else [self.max_steps]
        if self.epochs is not None and self.steps_per_epoch is not None:
            limits.append(self.epochs * self.steps_per_epoch)
        return min(limits, default=None)

    def save(self, path: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write a checkpoint from which `fit(resume_from=path)` goes on as if never stopped."""
        raise NotImplementedError
