"""The run that `fit` drives: it calls the callbacks, joins batches to steps, and can be resumed."""

import copy
import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import islice
from os import PathLike
from typing import Any, Self

import numpy as np

import neural_net_core
from neural_net_core import Module, StateDictError, Tensor
from neural_net_core.checks import check_flag, shown
from neural_net_core.counts import BatchWeights
from neural_net_core.files.checkpoint import load_checkpoint, save_checkpoint
from neural_net_utils._states import (
    load_together,
    saved_count,
    saved_entry,
    saved_flag,
    saved_number,
)
from neural_net_utils.distributed._ranks import set_states
from neural_net_utils.distributed.data_parallel import shard
from neural_net_utils.loading.loader import Batch
from neural_net_utils.replay.recorded_step import RecordedStep
from neural_net_utils.training._parts import (
    Checks,
    close_all,
    named_callbacks,
    needs_closure,
    parameters_held,
    parameters_of,
    state_of,
)
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.evaluate import (
    LossFunction,
    batch_size,
    check_batch,
    loss_value,
)
from neural_net_utils.training.history import History
from neural_net_utils.training.seeding import named_generators
from neural_net_utils.training.training import Training

__all__ = ["Run"]

HOOKS = (
    "on_train_start",
    "on_epoch_start",
    "on_gradients",
    "on_step_end",
    "on_epoch_end",
    "on_train_end",
)


class Run(Training):
    """A run with its callbacks; a context, in which Ctrl-C ends it after the current step.

    Args:
        *parts: model, loss function, optimizer and loader, as `Training` takes them.
        callbacks: called in their order; each is reset.
        **options: the limits and everything else that `Training` takes.

    Attributes:
        callbacks: the callbacks, sorted.
    """

    def __init__(self, *parts: Any, callbacks: Sequence[Callback], **options: Any) -> None:
        super().__init__(*parts, **options)
        for callback in callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]:
            if not isinstance(callback, Callback):
                raise TypeError(
                    f"fit: callbacks must be a list of Callback objects, got {shown(callback)}"
                )
        self.callbacks = sorted(callbacks, key=lambda callback: callback.order)
        self._totals_here = self.totals  # of this process
        self._streams: int | None = None  # the key to what each of several ranks draws by itself
        self._weights = BatchWeights("fit")
        self._counted = 0.0  # what the newest step's losses divided by, all together
        self._expected: float | None = None  # what it will be if all batches are like the first
        self._batches = 0  # taken from the loader in this epoch
        self._loader_state: Any = None  # the loader's state after the newest batch
        self._generators = list(named_generators(model=self.model, loss_fn=self.loss_fn).values())
        self._states: list[Any] = []  # of the generators, where a step began to draw
        self._again = False  # whether the loss of a step is computed once more
        self._reading: Any = None  # the loop over the loader's batches
        # Before the validation of an epoch that was cut short: its loader's state, the generators.
        self._before_validation: tuple[Any, dict[str, np.random.Generator]] | None = None
        self._interrupted = False
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

    def begin(self, resume_from: str | PathLike[str] | None, seed: int | None) -> None:
        """Become the run that a checkpoint holds, or a new one."""
        if resume_from is not None:
            self.restore(resume_from)  # the generators, too, as they were when it was saved
        else:
            self.check()
            if seed is not None:
                neural_net_core.seed(seed)
        self.call("on_train_start")

    def check(self) -> None:
        """Ask the callbacks whether they fit this run."""
        for callback in self.callbacks:
            callback.check(self)

    def __enter__(self) -> Self:
        # Python allows handlers in the main thread only, and no other thread gets Ctrl-C.
        if threading.current_thread() is threading.main_thread():
            self._former_handler = signal.getsignal(signal.SIGINT)
            if self._former_handler not in (signal.SIG_IGN, None):
                signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._give_back_handler()
        if self._reading is not None:
            self._reading.close()  # a thread that reads ahead ends here, whatever happened
        self.history.stop_reason, self.history.why_eager = self.stop_reason, self.why_eager
        close_all(self.callbacks, error)

    def call(self, hook: str) -> None:
        """Call one hook of every callback."""
        for function in self._hooks[hook]:
            function(self)

    def begin_epoch(self) -> bool:
        """Count a new epoch, unless a checkpoint put the run into the middle of one.

        Returns:
            Whether there is something to do: steps, or the row of an epoch that a limit cut short.
        """
        if self.stop_reason is not None and (
            self.epoch_complete or self._batches == 0 or self.history.index[-1:] == [self.epoch]
        ):
            return False
        if not self.model.training:  # a part that the user keeps in evaluation mode stays so
            self.model.train()
        if self.epoch_complete:
            self.epoch += 1
            self.epoch_complete = False
            self._batches = 0
            self.totals.reset()
            self.call("on_epoch_start")
        return True

    def groups(self) -> Iterator[list[Batch]]:
        """The epoch's remaining batches, `accumulate` at a time; the last group may be smaller."""
        stateful = hasattr(self.train_loader, "state_dict")
        # A loader without a state gives the whole epoch again: skip what was used.
        batches = self._reading = iter(shard(self.train_loader, self.communicator))
        skipped = 0 if stateful else self._batches
        batches = islice(batches, skipped, None) if skipped else batches
        while True:
            # Cut short, unless that was the epoch's end anyway; a new epoch has a step at least.
            if self.stop_reason is not None and self._batches and next(batches, None) is not None:
                return
            group = self._take(batches)
            if not group:
                break
            self.group = self._own(group)
            yield self.group
        if self._batches == 0:
            raise ValueError(
                f"fit: train_loader gave no batch in epoch {self.epoch}: is it empty, or a "
                "generator, which can be read only once?"
            )
        self._note_loader_state()
        self.epoch_complete = True

    def weight(self, loss: Tensor, inputs: list[Any], output: Any, target: Any) -> float:
        """The weight of a batch's loss in the step, which goes on the record.

        A batch weighs what its loss divided by; sums add up. How much the step's other batches will
        weigh is known only when all have run, so they are taken to be like the first, by their
        sizes; `join_gradients` corrects what was not.
        """
        value = loss_value(loss)
        size, alone = batch_size(inputs, target), self.communicator.size == 1
        joined = self.accumulate > 1 or not alone
        count = self._weights.weight(loss, size, joined=joined)
        if not self._again:
            self._totals_here.update(value, count, output, target)
        if len(self.group) == 1 and alone:
            self.loss = value
            return 1.0
        if self._expected is None:
            samples = sum(batch_size(list(batch[:-1]), batch[-1]) for batch in self.group)
            self._expected = (count or size) * (samples / size) if size else 1.0
            self._counted = self.loss = 0.0
        if count is None:  # a sum adds up as it is
            self.loss += value
            return 1.0
        self._counted += count
        self.loss += count * value
        return count / self._expected

    def weighted(self, loss: Tensor, *batch: Any) -> Tensor:
        """A batch's loss with its weight in the step, which goes on the record."""
        weight = self.weight(loss, *batch)
        return loss if weight == 1 else loss * weight

    def recorded(self, loss_of: LossFunction, record: bool) -> Callable[[list[Any], Any], bool]:
        """What computes a batch's gradients by `RecordedStep`, and tells whether it has."""
        if not check_flag("fit", "record", record):
            return lambda inputs, target: False
        batch: list[Any] = []

        def compute(*parts: Any) -> tuple[Tensor, Any]:
            *inputs, target = parts
            output = self.model(*inputs)
            return loss_of(output, target), output

        def weigh(returned: tuple[Any, ...]) -> float:
            loss, output = returned
            return self.weight(loss, batch[0], output, batch[1])

        step = RecordedStep(compute, model=self.model)
        step.also, step.weigh = (self.loss_fn,), weigh

        def gradients(inputs: list[Any], target: Any) -> bool:
            batch[:] = [inputs, target]
            step.gradients(*inputs, target)
            self.why_eager = step.why_eager
            return True

        return gradients

    def join_gradients(self) -> None:
        """Make the sum of a step's gradients and losses their mean over all that counted."""
        if self._expected is None:  # a step of one batch
            return
        if self._counted:
            self.loss /= self._counted
            if self._counted != self._expected:
                for p in self._trained():
                    if p.grad is not None:
                        p.grad = p.grad * (self._expected / self._counted)
        self._expected = None

    def closures(self, compute: Callable[[list[Batch]], Any]) -> list[Callable[[], float]]:
        """What the optimizer's step gets: nothing, or a closure if it needs the loss again.

        The closure's first call answers with the loss and the gradients that are there. Every other
        one computes them again, with the random numbers of the first, so that a step sees one
        function; it is in no record.

        Args:
            compute: computes loss and gradients of a step's batches, as it has done already.
        """
        recorded, fresh = self.loss, True

        def closure() -> float:
            nonlocal fresh
            if fresh:
                fresh = False
                return recorded
            set_states(self._generators, self._states)
            self._again = True
            try:
                compute(self.group)
                return self.loss
            finally:
                self._again, self.loss = False, recorded

        return [closure] if needs_closure(self.optimizer) else []

    def end_step(self) -> None:
        """Count and record the step, then call the callbacks."""
        self.step += 1
        values = {"loss": self.loss}
        if self.gradient_norm is not None:
            values["gradient_norm"] = self.gradient_norm
        self.history.steps.append(self.step, values)
        self._check_limits()
        self.call("on_step_end")

    def step_scheduler(self, row: Mapping[str, float], monitor: str | None) -> None:
        """Move the scheduler on after an epoch, by one of the epoch's values if it asks for one."""
        if monitor is None:
            self.scheduler.step()
        elif monitor in row:
            self.scheduler.step_metric(row[monitor])
        else:
            raise ValueError(f"fit: scheduler_monitor {monitor!r} is none of {sorted(row)}")

    @property
    def abandons_epoch(self) -> bool:
        """Whether the epoch was cut short and nobody has time for its validation."""
        return self._hurry and not self.epoch_complete

    def begin_validation(self) -> None:
        """Keep where all that is random is, if the epoch was cut short: it is validated again."""
        if not self.epoch_complete:
            generators = copy.deepcopy(self._parts()["rng"])
            self._before_validation = state_of(self.validation), generators

    def end_epoch(self, row: Any) -> None:
        """Record the epoch, then call the callbacks."""
        if not isinstance(row, Mapping) or "loss" not in row:
            raise ValueError(f"end_epoch: expected the epoch's values by name, got {shown(row)}")
        if self.history.index[-1:] == [self.epoch]:  # the row from when it was cut short
            self.history.remove_last()
        self.history.append(self.epoch, row)
        self._check_limits()
        self.call("on_epoch_end")

    def end(self) -> None:
        """Call the callbacks for the last time."""
        self.call("on_train_end")

    # What a checkpoint holds ------------------------------------------------------------------

    def save(self, path: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        if not isinstance(metadata, Mapping | None):
            raise TypeError(f"Training.save: metadata must be a dict, got {shown(metadata)}")
        if not hasattr(self.optimizer, "state_dict"):
            raise TypeError(
                f"checkpoint: {type(self.optimizer).__name__} has no state_dict() to save"
            )
        record = {"epoch": self.epoch, "step": self.step, "loss": self.loss, **(metadata or {})}
        parts = self._parts()
        if self._before_validation is not None:
            parts["rng"] = self._before_validation[1]
        save_checkpoint(path, **parts, metadata=record)

    def restore(self, path: str | PathLike[str]) -> None:
        """Become the run that `save` wrote; if the file does not fit, nothing has changed."""
        load_checkpoint(path, **self._parts())
        self._check_limits()

    def state_dict(self) -> dict[str, Any]:
        """The run itself, without model, optimizer, scheduler and generators."""
        named = named_callbacks(self.callbacks)
        loader, validation = self._loader_state, None
        if self.step:
            if self.epoch_complete:  # validation may have gone on with the same loader
                loader = state_of(self.train_loader)
            if self.validation is not self.train_loader:
                before = self._before_validation
                validation = state_of(self.validation) if before is None else before[0]
        return {
            "epoch": self.epoch,
            "epoch_complete": self.epoch_complete,
            "step": self.step,
            "loss": self.loss,
            "batches": self._batches,
            "loader": loader,
            "validation": validation,
            "streams": self._streams,
            "totals": self.totals.state_dict(),
            "history": self.history.state_dict(),
            "callbacks": {name: dict(c.state_dict()) for name, c in named.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a run; a callback that it did not have starts afresh.

        Raises:
            StateDictError: if the state is that of no run, or of one with other data.
            Exception: whatever a callback raises that refuses its part. In both cases nothing has
                changed.
        """
        history = History()
        history.load_state_dict(saved_entry("training", state, "history"))
        # Every step has its row, so that a file cannot claim more steps than it holds.
        step = saved_count("training", state, "step")
        rows = history.steps.index  # numbered upwards from 1
        if len(rows) != step or rows[-1:] not in ([], [step]):
            raise StateDictError(
                f"training: the state is after step {step}, but its history has "
                f"{len(rows)} rows, up to step {max(rows, default=0)}"
            )
        epoch = saved_count("training", state, "epoch", high=step + 1)
        if history.index[-1:] > [epoch]:
            raise StateDictError(
                f"training: the state is in epoch {epoch}, but its history ends with epoch "
                f"{history.index[-1]}"
            )
        complete = saved_flag("training", state, "epoch_complete")
        # A loader without length is read on to where it was: so far it must have come at most.
        sized = isinstance(self.train_loader, Sized)
        most = len(self.train_loader) if sized else step * self.accumulate  # type: ignore[arg-type]
        batches = saved_count("training", state, "batches")
        if batches > most and not complete:
            raise StateDictError(
                f"training: the state is after batch {batches} of an epoch, where this run can be "
                f"after {most} at most: were the data, the batch size or accumulate changed?"
            )
        loss = saved_number("training", state, "loss") if step else math.nan
        callbacks = saved_entry("training", state, "callbacks")
        if not isinstance(callbacks, Mapping):
            raise StateDictError(f"training: expected callbacks by name, got {shown(callbacks)}")
        loader = saved_entry("training", state, "loader")
        streams = saved_entry("training", state, "streams")
        if streams is not None:
            streams = saved_count("training", state, "streams")
        parts: list[tuple[Any, Any]] = [(self.totals, saved_entry("training", state, "totals"))]
        named = named_callbacks(self.callbacks)
        parts += [(c, callbacks[name]) for name, c in named.items() if name in callbacks]
        places = [(self.validation, saved_entry("training", state, "validation"))]
        places += [(self.train_loader, loader)]
        parts += [(p, s) for p, s in places if s is not None and hasattr(p, "load_state_dict")]
        load_together([*parts, (Checks(self), None)])
        self.history = history
        self.epoch, self.epoch_complete, self.step = epoch, complete, step
        self.loss, self._batches, self._loader_state = loss, batches, loader
        self._streams = streams

    def _parts(self) -> dict[str, Any]:
        """Everything that changes in training, as the arguments of core's checkpoint functions."""
        extra: dict[str, Any] = {"training": self}
        if isinstance(self.loss_fn, Module) and self.loss_fn.state_dict():
            extra = {"loss_fn": self.loss_fn, **extra}
        rng = named_generators(model=self.model, loss_fn=self.loss_fn)
        # A loader draws its seed when it is first used, perhaps from what another one draws from.
        for name in ("train_loader", "validation"):
            own = getattr(getattr(self, name), "rng", None)
            if isinstance(own, np.random.Generator) and all(own is not g for g in rng.values()):
                rng[f"{name}.rng"] = own
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "rng": rng,
            "extra": extra,
        }

    def _trained(self) -> Iterable[Any]:
        """Every parameter that gets gradients, as far as the run can know, once."""
        found = {id(p): p for p in self.parameters}
        found |= {id(p): p for p in parameters_of(self.loss_fn)}
        found |= {id(p): p for p in parameters_held(self.optimizer)}
        return found.values()

    # Private ----------------------------------------------------------------------------------

    def _take(self, batches: Iterator[Batch]) -> list[Batch]:
        group: list[Batch] = []
        for batch in islice(batches, self.accumulate):
            group.append(check_batch("fit", batch, self.loss_fn is not None))
            self._batches += 1
            # Now, not at the step's end: a short last group exhausts the loader, which moves on.
            self._note_loader_state()
        return group

    def _note_loader_state(self) -> None:
        self._loader_state = state_of(self.train_loader)

    def _own(self, group: list[Batch]) -> list[Batch]:
        """What of a step's batches this process works on."""
        if needs_closure(self.optimizer):
            self._states = [generator.bit_generator.state for generator in self._generators]
        return group

    def _check_limits(self) -> None:
        # Ctrl-C counts from here on, so that every callback of this step or epoch sees it alike.
        if self._stops_early():
            self.stop("interrupted", now=True)
        if self.max_steps is not None and self.step >= self.max_steps:
            self.stop("max_steps")
        if self.epochs is not None and self.epoch >= self.epochs and self.epoch_complete:
            self.stop("epochs")

    def _stops_early(self) -> bool:
        """Whether there was a Ctrl-C."""
        return self._interrupted

    def _interrupt(self, *_: object) -> None:
        """The first Ctrl-C ends the run after the current step; a second one ends it at once."""
        self._interrupted = True
        self._give_back_handler()

    def _give_back_handler(self) -> None:
        if self._former_handler is not None:
            signal.signal(signal.SIGINT, self._former_handler)
            self._former_handler = None
