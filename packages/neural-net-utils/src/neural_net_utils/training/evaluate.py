"""A model's loss and metrics on data, and its outputs, without training."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from neural_net_core import Module, StateDictError, Tensor, no_grad
from neural_net_core.checks import check_array, check_count, check_instance, shown
from neural_net_core.context import context
from neural_net_core.counts import BatchWeights
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_utils._states import load_together, saved_count, saved_entry, saved_number
from neural_net_utils.distributed.data_parallel import (
    Alone,
    Communicator,
    broadcast_weights,
    check_communicator,
    shard,
)
from neural_net_utils.loading.loader import Batch
from neural_net_utils.metrics import MetricFunction, StreamingMetric, as_streaming

__all__ = ["LossFunction", "Metrics", "Totals", "evaluate", "evaluation_mode", "predict"]

LossFunction = Callable[[Any, Any], Tensor]
Metrics = Mapping[str, MetricFunction | StreamingMetric]


def evaluate(
    model: Module,
    loss_fn: LossFunction | None,
    batches: Iterable[Batch],
    metrics: Metrics | None = None,
    *,
    communicator: Communicator | None = None,
) -> dict[str, float]:
    """Loss and metrics over all samples, in evaluation mode and without gradients.

    Args:
        model: called as `model(*inputs)`.
        loss_fn: `loss_fn(output, target)` gives a scalar Tensor, the mean over the batch. None: the
            model itself returns it, and batches have no target.
        batches: batches `(*inputs, target)`: a loader, or `[(x, y)]` for everything at once.
        metrics: functions of (output, target) by name; see `as_streaming` for how they join.
        communicator: of mpi4py; each rank measures rank 0's model on its share of every batch, and
            all get the values for all samples.

    Returns:
        "loss" and the metrics by name. Batches join as if they were one: their mean losses are
        weighted by what they counted (`Tensor.counted`), or by samples where a loss does not say;
        sums (reduction="sum") add up.

    Raises:
        ValueError: if there is no batch, or one is not a tuple `(*inputs, target)`.
    """
    check_instance("evaluate", "model", model, Module)
    if not isinstance(batches, Iterable):
        raise ValueError(f"evaluate: batches must be a loader or a list, got {shown(batches)}")
    check_loader("evaluate: batches", batches, loss_fn is not None)
    totals, weights = Totals(metrics), BatchWeights("evaluate")
    loss_of, with_target = loss_function("evaluate", loss_fn, metrics)
    ranks = Alone() if communicator is None else check_communicator("evaluate", communicator)
    broadcast_weights(model, ranks)
    with evaluation_mode(model), no_grad():
        for batch in shard(batches, ranks):
            *inputs, target = check_batch("evaluate", batch, with_target)
            if ranks.size > 1 and not batch_size(inputs, target):
                continue
            output = model(*inputs)
            loss = loss_of(output, target)
            value = loss_value(loss)
            weight = weights.weight(loss, batch_size(inputs, target))
            totals.update(value, weight, output, target)
    totals.join(ranks)
    if totals.batches == 0:
        raise ValueError("evaluate: the loader gave no batch")
    return totals.compute()


def predict(model: Module, inputs: Any, *, batch_size: int = 256) -> Array:
    """The model's outputs for an array of inputs, in evaluation mode and without gradients.

    Args:
        model: called with one array, giving one Tensor.
        inputs: (n, ...), n >= 1.
        batch_size: rows at once.

    Returns:
        The outputs (n, ...).

    Raises:
        ValueError: if there are no inputs.
        TypeError: if the model gives anything but one Tensor, such as a recurrent layer, which
            gives its state, too.
    """
    check_instance("predict", "model", model, Module)
    check_count("predict", "batch_size", batch_size, 1)
    inputs = check_array("predict", "inputs", inputs)
    if inputs.ndim == 0 or len(inputs) == 0:
        raise ValueError(f"predict: expected inputs (n, ...) with n >= 1, got {inputs.shape}")
    with evaluation_mode(model), no_grad():
        outputs = [
            model(inputs[start : start + batch_size]) for start in range(0, len(inputs), batch_size)
        ]
    for output in outputs:
        if not isinstance(output, Tensor):
            raise TypeError(
                f"predict: {type(model).__name__} must give one Tensor, got {_kind(output)}; "
                "a module of your own can call it and return the part that you want"
            )
    return np.concatenate([output.data for output in outputs])


def _kind(output: Any) -> str:
    """How a message names what a model gave."""
    if isinstance(output, (tuple, list)):
        return f"a {type(output).__name__} of {len(output)}"
    return shown(output)


@context
def evaluation_mode(model: Module) -> Iterator[None]:
    """Put a model into evaluation mode, and afterwards every part of it back into its own mode."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class Totals:
    """Loss and metrics over the samples seen so far."""

    def __init__(self, metrics: Metrics | None) -> None:
        if not isinstance(metrics, Mapping | None):
            raise TypeError(
                f"metrics: expected a dict of functions by name, got a {type(metrics).__name__}"
            )
        # Copies, so that one metric object can serve training and validation.
        self.metrics = {k: as_streaming(copy.deepcopy(m)) for k, m in (metrics or {}).items()}
        for name in self.metrics:
            if not isinstance(name, str):
                raise TypeError(f"metrics: expected names and functions, got the name {name!r}")
            if name == "loss":
                raise ValueError('metrics: the name "loss" is taken by the loss')
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self.loss = 0.0
        self.count = 0.0
        self.batches = 0
        for metric in self.metrics.values():
            metric.reset()

    def update(self, loss: float, count: float | None, output: Any, target: Any) -> None:
        """Take in a batch with the mean loss `loss` over `count` targets, or (None) its sum."""
        self.loss += loss if count is None else loss * count
        self.count += count or 0
        self.batches += 1
        if self.metrics:
            values = _arrays(output)
            for metric in self.metrics.values():
                metric.update(values, target)

    def join(self, communicator: Communicator) -> None:
        """Add up the sums of all ranks, on each of them."""
        if communicator.size == 1:
            return
        everyone = communicator.allgather(self.state_dict())
        self.reset()
        for state in everyone:
            self.loss += state["loss"]
            self.count += state["count"]
            self.batches += state["batches"]
            self.merge(state["metrics"])

    def merge(self, metrics: Mapping[str, Any]) -> None:
        """Take in the states of another rank's metrics."""
        for name, metric in self.metrics.items():
            metric.merge(metrics[name])

    @property
    def mean_loss(self) -> float:
        """The mean over all samples, or the sum of sums; NaN if there were none."""
        if self.count:
            return self.loss / self.count
        return self.loss if self.batches else math.nan  # means of which none counted sum up to 0

    def compute(self) -> dict[str, float]:
        """Loss and metrics over all samples; NaN if there were none."""
        return {"loss": self.mean_loss, **{name: m.compute() for name, m in self.metrics.items()}}

    def state_dict(self) -> dict[str, Any]:
        """Everything summed up so far."""
        metrics = {name: metric.state_dict() for name, metric in self.metrics.items()}
        sums = {"loss": self.loss, "count": self.count, "batches": self.batches}
        return {**sums, "metrics": metrics}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the sums of `state_dict`.

        Raises:
            StateDictError: if a sum is impossible, or the metrics were others; nothing has changed.
        """
        loss, count = (saved_number("totals", state, name) for name in ("loss", "count"))
        batches = saved_count("totals", state, "batches")
        metrics = saved_entry("totals", state, "metrics")
        if not isinstance(metrics, Mapping) or set(metrics) != set(self.metrics):
            raise StateDictError(
                f"metrics: the saved run had {metrics!r:.200}, this one has {sorted(self.metrics)}"
            )
        if count < 0:
            raise StateDictError(f"totals: count must be >= 0 in a state, got {count}")
        load_together((metric, metrics[name]) for name, metric in self.metrics.items())
        self.loss, self.count, self.batches = loss, count, batches


def loss_function(
    where: str, loss_fn: LossFunction | None, metrics: Metrics | None
) -> tuple[LossFunction, bool]:
    """The loss as a function of output and target, and whether batches have a target.

    A model that returns its own loss is one whose loss is the identity, and whose target is None.
    """
    if loss_fn is None:
        if metrics:
            raise ValueError(
                f"{where}: metrics compare outputs with targets, and without loss_fn there are "
                "none; give a loss_fn, or take the metrics away"
            )
        return (lambda output, _: output), False
    if not callable(loss_fn):
        raise TypeError(
            f"{where}: loss_fn must be a function of (output, target), or None for a model that "
            f"returns its loss, got {shown(loss_fn)}"
        )
    return loss_fn, True


def check_batch(where: str, batch: Any, with_target: bool) -> Batch:
    """The batch, if it is `(*inputs, target)` and its last part has a length.

    Without a target it is `(*inputs, None)`, so that one loop serves both.
    """
    parts, form = (2, "inputs, ..., target") if with_target else (1, "inputs, ...")
    if not isinstance(batch, (tuple, list)) or len(batch) < parts:
        kind = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
        raise ValueError(
            f"{where}: expected batches ({form}), got a "
            f"{kind or type(batch).__name__}; for arrays give DataLoader((x, y)) or [(x, y)]"
        )
    if np.ndim(batch[-1 if with_target else 0]) == 0:
        which = "target" if with_target else "first input"
        raise ValueError(f"{where}: a batch's {which} must be an array (B, ...), got {batch[-1]!r}")
    return tuple(batch) if with_target else (*batch, None)


def check_loader(where: str, loader: Any, with_target: bool) -> None:
    """Raise for what cannot be read batch by batch, as far as a look costs nothing.

    A loader may draw and a generator is used up, so that only a list is looked into: whoever gives
    `(x, y)` for validation need not wait an epoch to hear of it.
    """
    if not isinstance(loader, Iterable) or isinstance(loader, (str, bytes, Mapping, type)):
        raise TypeError(
            f"{where} must give batches (inputs, ..., target), such as DataLoader((x, y)) or "
            f"[(x, y)], got {shown(loader)}"
        )
    if isinstance(loader, np.ndarray):
        loader = np.atleast_1d(loader)
    if isinstance(loader, (list, tuple, np.ndarray)):
        if len(loader) == 0:
            raise ValueError(f"{where} gave no batch: it is empty")
        check_batch(where, loader[0], with_target)


def batch_size(inputs: list[Any], target: Any) -> int:
    """How many samples a batch has."""
    return len(inputs[0] if target is None else target)


def loss_value(loss: Any) -> float:
    """The number in a scalar loss."""
    if not isinstance(loss, Tensor) or loss.size != 1:
        kind = f"a Tensor {loss.shape}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ShapeError(
            "loss: expected a scalar Tensor, the batch's mean, from loss_fn (without one, from the "
            f"model), got {kind}"
        )
    return float(loss.item())


def _arrays(output: Any) -> Any:
    """An output's arrays: of a Tensor, or of a tuple of them."""
    if isinstance(output, Tensor):
        return output.data
    if isinstance(output, (tuple, list)):
        return tuple(_arrays(part) for part in output)
    return output
