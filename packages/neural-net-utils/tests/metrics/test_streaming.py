"""A streamed metric equals the metric over everything at once, whatever the batches."""

import functools

import numpy as np
import pytest

from neural_net_utils import metrics
from neural_net_utils.metrics import Gathered, Mean, Ratio, as_streaming

RNG = np.random.default_rng(0)
N = 37
SCORES = RNG.random((N, 4)).astype(np.float32)
CLASSES = RNG.integers(0, 4, N)
PROBABILITIES = SCORES / SCORES.sum(axis=1, keepdims=True)
REAL = RNG.random((N, 4)).astype(np.float32)

CASES = [
    (metrics.accuracy, SCORES, CLASSES, Ratio),
    (functools.partial(metrics.accuracy, ignore_index=2), SCORES, CLASSES, Ratio),
    (metrics.binary_accuracy, SCORES, REAL.round(), Ratio),
    (functools.partial(metrics.exact_match, threshold=0.2), SCORES, REAL.round(), Ratio),
    (functools.partial(metrics.top_k_accuracy, k=2), SCORES, CLASSES, Ratio),
    (metrics.perplexity, SCORES, CLASSES, Ratio),
    (functools.partial(metrics.perplexity, ignore_index=0), SCORES, CLASSES, Ratio),
    (metrics.mean_absolute_error, SCORES, REAL, Ratio),
    (metrics.mean_squared_error, SCORES, REAL, Ratio),
    (metrics.precision, SCORES, CLASSES, Gathered),
    (functools.partial(metrics.recall, average="weighted"), SCORES, CLASSES, Gathered),
    (metrics.f1_score, SCORES, CLASSES, Gathered),
    (metrics.roc_auc, SCORES, CLASSES, Gathered),
    (metrics.average_precision, SCORES, CLASSES, Gathered),
    (metrics.expected_calibration_error, PROBABILITIES, CLASSES, Gathered),
    (metrics.r2_score, SCORES, REAL, Gathered),
    (lambda outputs, targets: float(outputs.mean()), SCORES, CLASSES, Mean),
]


@pytest.mark.parametrize(("metric", "outputs", "targets", "kind"), CASES)
@pytest.mark.parametrize("batch", [1, 8, 37])
def test_streamed_equals_whole(metric, outputs, targets, kind, batch):
    """Batches of any size, an uneven last one included; state moved over in the middle."""
    streaming = as_streaming(metric)
    assert type(streaming) is kind
    for round_number in range(2):  # the second round: reset forgets the first
        streaming.reset()
        for start in range(0, N, batch):
            streaming.update(outputs[start : start + batch], targets[start : start + batch])
            other = as_streaming(metric)
            other.load_state_dict(streaming.state_dict())
            streaming = other
        assert streaming.compute() == pytest.approx(float(metric(outputs, targets))), round_number


def test_plain_mean_of_means_would_be_wrong():
    """The reason for the weights: 3 right of 3, then 0 right of 1, is 3/4, not 1/2."""
    metric = as_streaming(lambda outputs, targets: float((outputs == targets).mean()))
    metric.update(np.array([1, 1, 1]), np.array([1, 1, 1]))
    metric.update(np.array([0]), np.array([1]))
    assert metric.compute() == 0.75


@pytest.mark.parametrize("metric", [metrics.accuracy, metrics.f1_score, lambda o, t: 0.0])
def test_nothing_is_nan(metric):
    """Without a batch there is no value, and the empty state travels too."""
    streaming = as_streaming(metric)
    assert np.isnan(streaming.compute())
    streaming.load_state_dict(streaming.state_dict())
    assert np.isnan(streaming.compute())


def test_gathered_copies():
    """A reused output buffer does not change what was gathered."""
    metric, buffer = Gathered(lambda o, t: float(o.sum())), np.ones(3)
    metric.update(buffer, buffer)
    buffer[:] = 5
    assert metric.compute() == 3


def test_as_streaming_passes_and_refuses():
    """A streaming metric is taken as it is; a string is refused."""
    metric = Gathered(metrics.f1_score)
    assert as_streaming(metric) is metric
    with pytest.raises(TypeError, match="got 'accuracy'"):
        as_streaming("accuracy")
