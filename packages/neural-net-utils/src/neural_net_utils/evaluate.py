"""A model's loss and metrics on data, and its outputs, without training."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from neural_net_core import Module, Tensor, no_grad
from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_utils.loader import Batch
from neural_net_utils.metrics import MetricFunction, StreamingMetric, as_streaming

__all__ = ["LossFunction", "Metrics", "Totals", "evaluate", "evaluation_mode", "predict"]

LossFunction = Callable[[Any, Any], Tensor]
Metrics = Mapping[str, MetricFunction | StreamingMetric]


def evaluate(
    model: Module,
    loss_fn: LossFunction,
    batches: Iterable[Batch],
    metrics: Metrics | None = None,
) -> dict[str, float]:
    """Loss and metrics over all samples, in evaluation mode and without gradients.

    Args:
        model: called as `model(*inputs)`.
        loss_fn: `loss_fn(output, target)` gives a scalar Tensor, the mean over the batch.
        batches: batches `(*inputs, target)`: a loader, or `[(x, y)]` for everything at once.
        metrics: functions of (output, target) by name; see `as_streaming` for how they join.

    Returns:
        "loss" and the metrics by name; means are weighted by batch size.

    Raises:
        ValueError: if there is no batch, or one is not a tuple `(*inputs, target)`.
    """
    totals = Totals(metrics)
    with evaluation_mode(model), no_grad():
        for batch in batches:
            *inputs, target = check_batch("evaluate", batch)
            output = model(*inputs)
            totals.update(loss_value(loss_fn(output, target)), output, target)
    if totals.count == 0:
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
    """
    check_count("predict", "batch_size", batch_size, 1)
    inputs = inputs.data if isinstance(inputs, Tensor) else np.asarray(inputs)
    if inputs.ndim == 0 or len(inputs) == 0:
        raise ValueError(f"predict: expected inputs (n, ...) with n >= 1, got {inputs.shape}")
    with evaluation_mode(model), no_grad():
        parts = [
            model(inputs[start : start + batch_size]).data
            for start in range(0, len(inputs), batch_size)
        ]
    return np.concatenate(parts)


@contextmanager
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
        # Copies, so that one metric object can serve training and validation.
        self.metrics = {k: as_streaming(copy.deepcopy(m)) for k, m in (metrics or {}).items()}
        if "loss" in self.metrics:
            raise ValueError('metrics: the name "loss" is taken by the loss')
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self.loss = 0.0
        self.count = 0
        for metric in self.metrics.values():
            metric.reset()

    def update(self, loss: float, output: Any, target: Any) -> None:
        """Take in a batch whose mean loss is `loss`."""
        self.loss += loss * len(target)
        self.count += len(target)
        if self.metrics:
            values = _arrays(output)
            for metric in self.metrics.values():
                metric.update(values, target)

    @property
    def mean_loss(self) -> float:
        """The mean over all samples; NaN if there were none."""
        return self.loss / self.count if self.count else math.nan

    def compute(self) -> dict[str, float]:
        """Loss and metrics over all samples; NaN if there were none."""
        return {"loss": self.mean_loss, **{name: m.compute() for name, m in self.metrics.items()}}

    def state_dict(self) -> dict[str, Any]:
        """Everything summed up so far."""
        metrics = {name: metric.state_dict() for name, metric in self.metrics.items()}
        return {"loss": self.loss, "count": self.count, "metrics": metrics}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the sums of `state_dict`."""
        if state["metrics"].keys() != self.metrics.keys():
            raise ValueError(
                f"metrics: the saved run had {sorted(state['metrics'])}, this one has "
                f"{sorted(self.metrics)}"
            )
        self.loss, self.count = float(state["loss"]), int(state["count"])
        for name, metric in self.metrics.items():
            metric.load_state_dict(state["metrics"][name])


def check_batch(where: str, batch: Any) -> Batch:
    """The batch, if it is `(*inputs, target)` with a target that has a length."""
    if not isinstance(batch, (tuple, list)) or len(batch) < 2:
        kind = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
        raise ValueError(
            f"{where}: expected batches (inputs, ..., target), got a "
            f"{kind or type(batch).__name__}; for arrays give DataLoader((x, y)) or [(x, y)]"
        )
    if np.ndim(batch[-1]) == 0:
        raise ValueError(f"{where}: a batch's target must be an array (B, ...), got {batch[-1]!r}")
    return tuple(batch)


def loss_value(loss: Any) -> float:
    """The number in a scalar loss."""
    if not isinstance(loss, Tensor) or loss.size != 1:
        kind = f"a Tensor {loss.shape}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ShapeError(f"loss_fn: expected a scalar Tensor, the batch's mean loss, got {kind}")
    return float(loss.item())


def _arrays(output: Any) -> Any:
    """An output's arrays: of a Tensor, or of a tuple of them."""
    if isinstance(output, Tensor):
        return output.data
    if isinstance(output, (tuple, list)):
        return tuple(_arrays(part) for part in output)
    return output
