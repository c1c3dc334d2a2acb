"""Metrics over many batches, right also when the last batch is smaller.

The mean of the batches' means counts a last batch of 3 samples as much as one of 64, and the mean
of the batches' F1 scores is not the F1 score of anything. A streaming metric therefore keeps
what is needed to say the exact value for all samples at the end.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from neural_net_core import StateDictError
from neural_net_core.dtypes import Array
from neural_net_utils._states import saved_array, saved_number
from neural_net_utils.metrics._labels import as_array

__all__ = ["Gathered", "Mean", "MetricFunction", "Ratio", "StreamingMetric", "as_streaming"]

MetricFunction = Callable[[Any, Any], Any]
F = TypeVar("F", bound=Callable[..., Any])


class StreamingMetric:
    """A metric fed batch by batch; subclasses write `reset`, `update`, `compute` and the state."""

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError

    def update(self, outputs: Any, targets: Any) -> None:
        """Take in one batch."""
        raise NotImplementedError

    def compute(self) -> float:
        """The value for all samples since `reset`; NaN if there were none."""
        raise NotImplementedError

    def merge(self, state: dict[str, Any]) -> None:
        """Take in what another metric of this kind has seen: its `state_dict`.

        Only training on several processes asks for it.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: to be measured on several processes, a metric needs "
            "merge(state), which takes in the state_dict() of another one"
        )

    def state_dict(self) -> dict[str, Any]:
        """What it takes to go on in the middle of an epoch."""
        raise NotImplementedError

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        raise NotImplementedError


class Ratio(StreamingMetric):
    """A quotient of two sums, such as right answers over answers.

    Args:
        parts: `parts(outputs, targets)` gives the batch's numerator and denominator.
        finish: applied to the quotient, for example `math.exp`.

    Examples:
        >>> metric = Ratio(lambda outputs, targets: ((outputs == targets).sum(), len(targets)))
        >>> metric.update(np.array([1, 1, 1]), np.array([1, 1, 0]))
        >>> metric.update(np.array([0]), np.array([1]))
        >>> metric.compute()
        0.5
    """

    def __init__(
        self,
        parts: Callable[[Any, Any], tuple[float, float]],
        finish: Callable[[float], float] | None = None,
    ) -> None:
        self.parts = parts
        self.finish = finish
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.numerator = 0.0
        self.denominator = 0.0

    def update(self, outputs: Any, targets: Any) -> None:
        """Add one batch's two sums."""
        numerator, denominator = self.parts(outputs, targets)
        self.numerator += float(numerator)
        self.denominator += float(denominator)

    def compute(self) -> float:
        """The quotient of the sums; NaN if the denominator is 0."""
        if self.denominator == 0:
            return math.nan
        value = self.numerator / self.denominator
        return value if self.finish is None else self.finish(value)

    def merge(self, state: dict[str, Any]) -> None:
        """Add both sums of another one; a state that has none changes nothing."""
        numerator, denominator = self.numerator, self.denominator
        self.load_state_dict(state)
        self.numerator += numerator
        self.denominator += denominator

    def state_dict(self) -> dict[str, Any]:
        """Both sums."""
        return {"numerator": self.numerator, "denominator": self.denominator}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set both sums; a state that has none raises StateDictError and changes nothing."""
        where = type(self).__name__
        numerator = saved_number(where, state, "numerator", finite=False)
        denominator = saved_number(where, state, "denominator", finite=False)
        self.numerator, self.denominator = numerator, denominator


class Mean(Ratio):
    """The mean of a function's batch values, each weighted by its batch size.

    Exact for whatever is itself a mean over samples: accuracy, an error, a loss.

    Examples:
        >>> metric = Mean(lambda outputs, targets: float(np.mean(outputs)))
        >>> metric.update(np.array([1.0, 1.0, 1.0]), np.zeros(3))
        >>> metric.update(np.array([0.0]), np.zeros(1))
        >>> metric.compute()
        0.75
    """

    def __init__(self, function: MetricFunction) -> None:
        def parts(outputs: Any, targets: Any) -> tuple[float, float]:
            count = len(targets)
            return float(function(outputs, targets)) * count, count

        super().__init__(parts)


class Gathered(StreamingMetric):
    """Keep every batch and compute once over all: exact for any metric, at the cost of memory.

    Args:
        function: the metric, called with all outputs and all targets.

    Examples:
        >>> metric = Gathered(lambda outputs, targets: float(np.max(outputs - targets)))
        >>> metric.update(np.array([1.0, 5.0]), np.array([1.0, 2.0]))
        >>> metric.update(np.array([1.0]), np.array([1.0]))
        >>> metric.compute()
        3.0
    """

    def __init__(self, function: MetricFunction) -> None:
        self.function = function
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.outputs: list[Array] = []
        self.targets: list[Array] = []

    def update(self, outputs: Any, targets: Any) -> None:
        """Keep one batch (a copy: the caller may reuse its arrays)."""
        self.outputs.append(_joinable(as_array("metrics", "outputs", outputs)))
        self.targets.append(_joinable(as_array("metrics", "targets", targets)))

    def compute(self) -> float:
        """The metric over all batches; NaN if there were none."""
        if not self.outputs:
            return math.nan
        return float(self.function(np.concatenate(self.outputs), np.concatenate(self.targets)))

    def merge(self, state: dict[str, Any]) -> None:
        """Keep what another one has gathered, after what is here."""
        outputs, targets = self.outputs, self.targets
        self.load_state_dict(state)
        self.outputs, self.targets = outputs + self.outputs, targets + self.targets

    def state_dict(self) -> dict[str, Any]:
        """Everything gathered so far."""
        if not self.outputs:
            return {}
        return {"outputs": np.concatenate(self.outputs), "targets": np.concatenate(self.targets)}

    def load_state_dict(self, state: Any) -> None:
        """Take over what was gathered; a state of another kind raises StateDictError."""
        if not isinstance(state, Mapping) or set(state) not in (set(), {"outputs", "targets"}):
            raise StateDictError(f"Gathered: expected outputs and targets, got {state!r:.80}")
        names = ("outputs", "targets")
        arrays = [[saved_array("Gathered", state, name)] if state else [] for name in names]
        if any(array.ndim == 0 for parts in arrays for array in parts):
            raise StateDictError(f"Gathered: expected arrays (n, ...), got {state!r:.80}")
        self.outputs, self.targets = arrays


def _joinable(values: Array) -> Array:
    """A copy; of uint64 in int64 if it fits, since NumPy joins these two to float64."""
    fits = values.dtype == np.uint64 and values.max(initial=0) <= np.iinfo(np.int64).max
    return values.astype(np.int64) if fits else np.array(values)


def streams_as(make: Callable[..., StreamingMetric]) -> Callable[[F], F]:
    """Say how a metric function streams: `make(**keywords)` builds its streaming form."""

    def mark(function: F) -> F:
        function.make_streaming = make  # type: ignore[attr-defined]
        return function

    return mark


def gathered(function: F) -> F:
    """Mark a metric function that is no mean over samples: it streams as `Gathered`."""

    def make(**keywords: Any) -> StreamingMetric:
        return Gathered(functools.partial(function, **keywords))

    return streams_as(make)(function)


def as_streaming(metric: MetricFunction | StreamingMetric) -> StreamingMetric:
    """The streaming form of a metric.

    This library's metrics know their exact form, also inside `functools.partial`; any other
    function becomes a `Mean` weighted by batch size. Wrap a function that is no mean over samples
    in `Gathered` yourself.

    Examples:
        >>> from neural_net_utils.metrics import accuracy, f1_score
        >>> [type(as_streaming(m)).__name__ for m in (accuracy, f1_score, lambda o, t: 0.0)]
        ['Ratio', 'Gathered', 'Mean']
    """
    if isinstance(metric, StreamingMetric):
        return metric
    if not callable(metric):
        raise TypeError(
            "metric: expected a function of (outputs, targets) or a StreamingMetric, "
            f"got {metric!r}"
        )
    keywords: dict[str, Any] = {}
    function: Any = metric
    if isinstance(metric, functools.partial) and not metric.args:
        function, keywords = metric.func, metric.keywords
    make = getattr(function, "make_streaming", None)
    return Mean(metric) if make is None else make(**keywords)
