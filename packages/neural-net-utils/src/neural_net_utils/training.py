"""The state of a run: what callbacks see, what a checkpoint holds, when to stop."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from os import PathLike
from typing import Any, Protocol, Self

from neural_net_core import Module
from neural_net_core.checkpoint import load_checkpoint, save_checkpoint
from neural_net_core.checks import check_count
from neural_net_utils.callbacks.base import Callback
from neural_net_utils.evaluate import LossFunction, Metrics, Totals, check_batch
from neural_net_utils.history import History
from neural_net_utils.loader import Batch
from neural_net_utils.seeding import named_generators

__all__ = ["Optimizer", "Training"]

HOOKS = (
    "on_train_start",
    "on_epoch_start",
    "on_gradients",
    "on_step_end",
    "on_epoch_end",
    "on_train_end",
)


class Optimizer(Protocol):
    """What the loop needs of an optimizer; checkpoints need its state_dict, too."""

    def step(self) -> Any:
        """Change the parameters by their gradients."""
        ...

    def zero_grad(self) -> Any:
        """Forget the gradients."""
        ...


class Training:
    """A run in progress: the argument of every hook of a callback.

    Attributes:
        model, loss_fn, optimizer, schedule, train_loader, validation: as given to `fit`.
        epochs, max_steps: the limits given, or None.
        epoch: the epoch in progress, from 1; 0 before the first.
        epoch_complete: whether that epoch's data were used up; False for an epoch cut short.
        step: optimizer steps finished.
        group: the newest step's batches, `accumulate` of them.
        loss: the newest step's loss.
        gradient_norm: what `clip` returned in the newest step, or None.
        parameters: the model's, in a list.
        history: the record so far.
        weights_to_evaluate: gives a context in which the model holds the weights to be judged and
            kept: by default the newest, with `WeightAveraging` their average.
        stop_reason: why training is about to end; None while it goes on.
    """

    def __init__(
        self,
        model: Module,
        loss_fn: LossFunction,
        optimizer: Optimizer,
        train_loader: Iterable[Batch],
        *,
        epochs: int | None,
        max_steps: int | None,
        validation: Iterable[Batch] | None,
        metrics: Metrics | None,
        schedule: Any,
        accumulate: int,
        callbacks: Sequence[Callback],
    ) -> None:
        if epochs is None and max_steps is None:
            raise ValueError("fit: give epochs or max_steps, or both: the first reached ends")
        self.epochs = None if epochs is None else check_count("fit", "epochs", epochs, 1)
        self.max_steps = (
            None if max_steps is None else check_count("fit", "max_steps", max_steps, 1)
        )
        self.accumulate = check_count("fit", "accumulate", accumulate, 1)
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"fit: expected Callback objects, got {callback!r}")
        self.model = model
        self.loss_fn = loss_fn
        self.parameters = list(model.parameters())
        self.optimizer = optimizer
        self.train_loader = train_loader
        self.validation = validation
        self.schedule = schedule
        self.callbacks = sorted(callbacks, key=lambda callback: callback.order)
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
        self._batches = 0  # taken from the loader in this epoch
        self._loader_state: Any = None  # the loader's state after the newest batch
        self._interrupted = False
        self._hurry = False
        self._former_handler: Any = None
        # Only hooks that somebody wrote are called: an empty one costs a step nothing.
        self._hooks: dict[str, list[Callable[[Training], None]]] = {
            name: [
                getattr(callback, name)
                for callback in self.callbacks
                if getattr(type(callback), name) is not getattr(Callback, name)
            ]
            for name in HOOKS
        }
        for callback in self.callbacks:
            callback.reset()

    # What callbacks use -----------------------------------------------------------------------

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
        if not hasattr(self.optimizer, "state_dict"):
            raise TypeError(
                f"checkpoint: {type(self.optimizer).__name__} has no state_dict() to save"
            )
        record = {"epoch": self.epoch, "step": self.step, "loss": self.loss, **(metadata or {})}
        save_checkpoint(path, **self._parts(), metadata=record)

    # What the loop uses -----------------------------------------------------------------------

    def restore(self, path: str | PathLike[str]) -> None:
        """Become the run that `save` wrote; if the file does not fit, nothing has changed."""
        load_checkpoint(path, **self._parts())
        self._check_limits()

    def __enter__(self) -> Self:
        # Python allows handlers in the main thread only, and no other thread gets Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            self._former_handler = signal.getsignal(signal.SIGINT)
            if self._former_handler not in (signal.SIG_IGN, None):
                signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back_handler()
        self.history.stop_reason = self.stop_reason
        for callback in self.callbacks:
            callback.close()

    def call(self, hook: str) -> None:
        """Call one hook of every callback."""
        for function in self._hooks[hook]:
            function(self)

    def begin_epoch(self) -> None:
        """Count a new epoch, unless a checkpoint put the run into the middle of one."""
        if not self.model.training:  # a part that the user keeps in evaluation mode stays so
            self.model.train()
        if self.epoch_complete:
            self.epoch += 1
            self.epoch_complete = False
            self._batches = 0
            self.totals.reset()
            self.call("on_epoch_start")

    def groups(self) -> Iterator[list[Batch]]:
        """The epoch's remaining batches, `accumulate` at a time; the last group may be smaller."""
        stateful = hasattr(self.train_loader, "state_dict")
        # A loader without a state gives the whole epoch again: skip what was used.
        batches = iter(self.train_loader)
        skipped = 0 if stateful else self._batches
        batches = islice(batches, skipped, None) if skipped else batches
        while group := self._take(batches):
            self.group = group
            yield group
            # Cut short, unless that was the epoch's end anyway.
            if self.stop_reason is not None and next(batches, None) is not None:
                return
        if self._batches == 0:
            raise ValueError(
                f"fit: train_loader gave no batch in epoch {self.epoch}: is it empty, or a "
                "generator, which can be read only once?"
            )
        self._note_loader_state()
        self.epoch_complete = True

    def end_step(self) -> None:
        """Count and record the step, then call the callbacks."""
        self.step += 1
        values = {"loss": self.loss}
        if self.gradient_norm is not None:
            values["gradient_norm"] = self.gradient_norm
        self.history.steps.append(self.step, values)
        self._check_limits()
        self.call("on_step_end")

    @property
    def abandons_epoch(self) -> bool:
        """Whether the epoch was cut short and nobody has time for its validation."""
        return self._hurry and not self.epoch_complete

    def end_epoch(self, row: Mapping[str, float]) -> None:
        """Record the epoch, then call the callbacks."""
        self.history.append(self.epoch, row)
        self._check_limits()
        self.call("on_epoch_end")

    # What a checkpoint holds ------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The run itself, without model, optimizer, schedule and generators."""
        return {
            "epoch": self.epoch,
            "epoch_complete": self.epoch_complete,
            "step": self.step,
            "loss": self.loss,
            "batches": self._batches,
            "loader": self._loader_state,
            "totals": self.totals.state_dict(),
            "history": self.history.state_dict(),
            "callbacks": {name: dict(c.state_dict()) for name, c in self._named_callbacks()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a run; a callback that it did not have starts afresh."""
        self.epoch = int(state["epoch"])
        self.epoch_complete = bool(state["epoch_complete"])
        self.step = int(state["step"])
        self.loss = float(state["loss"])
        self._batches = int(state["batches"])
        self._loader_state = state["loader"]
        self.totals.load_state_dict(state["totals"])
        self.history.load_state_dict(state["history"])
        for name, callback in self._named_callbacks():
            if name in state["callbacks"]:
                callback.load_state_dict(state["callbacks"][name])
        # Last, since the loader alone outlives a failed restore.
        if self._loader_state is not None and hasattr(self.train_loader, "load_state_dict"):
            self.train_loader.load_state_dict(self._loader_state)

    def _parts(self) -> dict[str, Any]:
        """Everything that changes in training, as the arguments of core's checkpoint functions."""
        extra: dict[str, Any] = {"training": self}
        if isinstance(self.loss_fn, Module) and self.loss_fn.state_dict():
            extra = {"loss_fn": self.loss_fn, **extra}
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "scheduler": self.schedule,
            "rng": named_generators(model=self.model, loss_fn=self.loss_fn),
            "extra": extra,
        }

    def _named_callbacks(self) -> Iterator[tuple[str, Callback]]:
        """Callbacks by class name; a second one of a class is `Class.1`."""
        counts: dict[str, int] = {}
        for callback in self.callbacks:
            name = type(callback).__name__
            number = counts.get(name, 0)
            counts[name] = number + 1
            yield (f"{name}.{number}" if number else name), callback

    # Private ----------------------------------------------------------------------------------

    def _take(self, batches: Iterator[Batch]) -> list[Batch]:
        group: list[Batch] = []
        for batch in islice(batches, self.accumulate):
            group.append(check_batch("fit", batch))
            self._batches += 1
            # Now, not at the step's end: a short last group exhausts the loader, which moves on.
            self._note_loader_state()
        return group

    def _note_loader_state(self) -> None:
        if hasattr(self.train_loader, "state_dict"):
            self._loader_state = self.train_loader.state_dict()

    def _check_limits(self) -> None:
        # Ctrl-C counts from here on, so that every callback of this step or epoch sees it alike.
        if self._interrupted:
            self.stop("interrupted", now=True)
        if self.max_steps is not None and self.step >= self.max_steps:
            self.stop("max_steps")
        if self.epochs is not None and self.epoch >= self.epochs and self.epoch_complete:
            self.stop("epochs")

    def _interrupt(self, *_: object) -> None:
        """The first Ctrl-C ends the run after the current step; a second one ends it at once."""
        self._interrupted = True
        self._give_back_handler()

    def _give_back_handler(self) -> None:
        if self._former_handler is not None:
            signal.signal(signal.SIGINT, self._former_handler)
            self._former_handler = None
