"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from typing import Any, Literal

from neural_net_core import Module, Parameter
from neural_net_core.checks import check_word
from neural_net_utils.distributed._ranks import ending_all
from neural_net_utils.distributed.data_parallel import Alone, Communicator, check_communicator
from neural_net_utils.loading.loader import Batch
from neural_net_utils.training._parts import check_options
from neural_net_utils.training._run import Run
from neural_net_utils.training._run_on_ranks import RunOnRanks
from neural_net_utils.training.callbacks.base import Callback
from neural_net_utils.training.callbacks.stop_on_nan import StopOnNaN
from neural_net_utils.training.evaluate import LossFunction, Metrics, evaluate, loss_function
from neural_net_utils.training.history import History
from neural_net_utils.training.progress import ProgressMode, make_progress
from neural_net_utils.training.training import Optimizer

__all__ = ["fit"]


def fit(
    model: Module,
    loss_fn: LossFunction | None,
    optimizer: Optimizer,
    train_loader: Iterable[Batch],
    *,
    epochs: int | None = None,
    max_steps: int | None = None,
    validation: Iterable[Batch] | None = None,
    metrics: Metrics | None = None,
    scheduler: Any = None,
    scheduler_every: Literal["step", "epoch"] = "step",
    scheduler_monitor: str | None = None,
    clip: Callable[[list[Parameter]], float | None] | None = None,
    accumulate: int = 1,
    callbacks: Sequence[Callback] = (),
    progress: ProgressMode = "auto",
    resume_from: str | PathLike[str] | None = None,
    seed: int | None = None,
    communicator: Communicator | None = None,
    record: bool = False,
) -> History:
    """Train a model.

    A run that was killed and is resumed from a checkpoint ends with the same weights and history,
    to the bit, as one that was never killed. The first Ctrl-C ends the run after the current step
    (a `ModelCheckpoint` then saves it), a second one ends it at once. NaN or infinity in the loss
    or a gradient stops it with an error before they reach the weights.

    Args:
        model: called as `model(*inputs)` for every batch.
        loss_fn: `loss_fn(output, target)` gives a scalar Tensor, the mean over the batch. None: the
            model itself returns it, and batches are `(*inputs)` without a target.
        optimizer: has `step()` and `zero_grad()`, and `state_dict()` for checkpoints. With
            `needs_closure = True`, as `LBFGS` has, it gets `step(closure)`, without ranks and clip.
        train_loader: gives batches `(*inputs, target)`; read once per epoch.
        epochs: train so many times through the data.
        max_steps: train at most so many optimizer steps.
        validation: batches to measure loss and metrics on after each epoch, as "val_loss", ….
        metrics: functions of (output, target) by name, measured on both; on the training data with
            the weights as they were in each step.
        scheduler: has `step()`; or `step_metric(value)`, called after each epoch, as a cut on a
            plateau needs it.
        scheduler_every: call `step()` after each "step" or "epoch".
        scheduler_monitor: the column that `step_metric` gets; None means "val_loss", or "loss"
            without validation.
        clip: called with the parameters before each step; returns the gradients' norm or None.
        accumulate: batches per step. They count as if they were one batch: each by what its loss
            divided by (`Tensor.counted`), or by its samples where a loss does not say; sums
            (reduction="sum") add up.
        callbacks: see `Callback`.
        progress: "rich" draws a bar, "plain" prints lines, "auto" does the first in a terminal and
            the second elsewhere, "off" is silent.
        resume_from: a checkpoint file of this run; give the same arguments as before.
        seed: restarts the library's generator first, which also orders loaders without own `rng`;
            a resumed run goes on with the generator that was saved.
        communicator: `MPI.COMM_WORLD` of mpi4py: of the processes that mpiexec started, each does
            its share of every batch, and all make the steps that one would. The first weights,
            decisions and `resume_from` are those of rank 0, which alone prints and writes.
        record: experimental: compute gradients from a record of their NumPy calls, with the same
            bits, see `RecordedStep`; `history.why_eager` says why not.

    Returns:
        One row per epoch, and one per step in `.steps`.

    Raises:
        TrainingError: if the loss or a gradient is NaN or infinite.
        CheckpointError: if `resume_from` is damaged or of another model; nothing has changed then.
        ValueError: for arguments out of range, batches that are not tuples, an optimizer that
            holds no parameter of the model, or arguments that differ between ranks.
        TypeError: for a part of the wrong kind, such as a loader that cannot be read by batches.
    """
    check_word("fit", "scheduler_every", scheduler_every, ("step", "epoch"))
    check_options(optimizer, clip, resume_from, callbacks)
    monitor = None
    if hasattr(scheduler, "step_metric"):
        scheduler_every = "epoch"
        monitor = scheduler_monitor or ("loss" if validation is None else "val_loss")
    ranks = Alone() if communicator is None else check_communicator("fit", communicator)
    run = (Run if ranks.size == 1 else RunOnRanks)(
        model,
        loss_fn,
        optimizer,
        train_loader,
        epochs=epochs,
        max_steps=max_steps,
        validation=validation,
        metrics=metrics,
        scheduler=scheduler,
        accumulate=accumulate,
        callbacks=[StopOnNaN(), *make_progress(progress), *callbacks],
        communicator=ranks,
    )
    loss_of, _ = loss_function("fit", loss_fn, metrics)
    recorded = run.recorded(loss_of, record)

    def compute(group: list[Batch]) -> None:
        optimizer.zero_grad()
        for *inputs, target in group:
            if recorded(inputs, target):
                continue
            output = model(*inputs)
            loss = loss_of(output, target)
            run.weighted(loss, inputs, output, target).backward()
        run.join_gradients()

    with ending_all(ranks), run:
        run.begin(resume_from, seed)
        while run.begin_epoch():
            for group in run.groups():  # batches of one step, ended early by run.stop()
                compute(group)
                run.call("on_gradients")
                if clip is not None:
                    run.gradient_norm = clip(run.parameters)
                optimizer.step(*run.closures(compute))
                if scheduler is not None and scheduler_every == "step":
                    scheduler.step()
                run.end_step()

            if run.abandons_epoch:
                break
            row = run.totals.compute()
            if validation is not None:
                run.begin_validation()
                with run.weights_to_evaluate():
                    scores = evaluate(model, loss_fn, validation, metrics, communicator=ranks)
                row |= {f"val_{name}": value for name, value in scores.items()}
            row = ranks.bcast(row)  # rank 0's numbers decide
            if scheduler is not None and scheduler_every == "epoch" and run.epoch_complete:
                run.step_scheduler(row, monitor)
            run.end_epoch(row)
        run.end()
    return run.history
