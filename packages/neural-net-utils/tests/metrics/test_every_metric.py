"""What all metrics have in common: dtypes, forms of data, streaming, class numbers, NaN."""

import functools
import inspect
import math

import numpy as np
import pytest

from neural_net_core import DTypeError, Tensor
from neural_net_utils import metrics
from neural_net_utils.metrics import as_streaming

rng = np.random.default_rng(0)
N, K = 12, 4
IDS = rng.integers(0, K, N)
GUESSES = np.where(rng.random(N) < 0.5, IDS, rng.integers(0, K, N))
SCORES = rng.permuted(np.arange(20, 100, 2)[: N * K // 2].repeat(2).reshape(N, K) % 60, axis=1)
BITS = rng.integers(0, 2, (N, 3))
ONE_HOT = np.eye(K, dtype=int)[GUESSES]
top_2 = functools.partial(metrics.top_k_accuracy, k=2)

# metric -> the inputs that it can have, as whole numbers from 0 to 99
CASES = {
    metrics.mean_absolute_error: [(SCORES, SCORES[::-1])],
    metrics.mean_squared_error: [(SCORES, SCORES[::-1])],
    metrics.r2_score: [(SCORES, SCORES[::-1])],
    metrics.accuracy: [(GUESSES, IDS), (SCORES, IDS)],
    top_2: [(SCORES, IDS)],
    metrics.precision: [(GUESSES, IDS), (SCORES, IDS)],
    metrics.recall: [(GUESSES, IDS), (SCORES, IDS)],
    metrics.f1_score: [(GUESSES, IDS), (SCORES, IDS)],
    metrics.confusion_matrix: [(GUESSES, IDS), (SCORES, IDS)],
    metrics.perplexity: [(SCORES % 5, IDS)],
    metrics.expected_calibration_error: [(ONE_HOT, IDS)],
    metrics.binary_accuracy: [(BITS, BITS[::-1])],
    metrics.exact_match: [(BITS, BITS[::-1])],
    metrics.roc_auc: [(SCORES[:, 0], IDS % 2), (SCORES, IDS)],
    metrics.average_precision: [(SCORES[:, 0], IDS % 2), (SCORES, IDS)],
    metrics.label_error_rate: [(BITS, BITS[::-1])],
}
EVERY = [
    pytest.param(metric, outputs, targets, id=f"{getattr(metric, '__name__', 'top_2')}-{i}")
    for metric, cases in CASES.items()
    for i, (outputs, targets) in enumerate(cases)
]
every = pytest.mark.parametrize(("metric", "outputs", "targets"), EVERY)
WHOLE = [*"bhilqBHILQ", ">i4", ">u2"]


def dtypes(values):
    """The dtypes that hold these numbers."""
    return [*WHOLE, *"efdg", *(["?"] if values.max() <= 1 else [])]


def test_every_metric_is_here():
    found = {
        value
        for name in metrics.__all__
        if inspect.isfunction(value := getattr(metrics, name))
        and name not in ("as_streaming", "edit_distance")  # of two sequences, not of samples
    }
    assert found - {metrics.top_k_accuracy} == set(CASES) - {top_2}


@every
def test_the_same_numbers_give_the_same_value_in_every_dtype(metric, outputs, targets):
    """Whatever holds them: small and unsigned integers, bools, floats, lists, Tensors."""
    expected = metric(outputs, targets)
    assert np.isfinite(expected).all()
    for a in dtypes(outputs):
        for b in dtypes(targets):
            given = outputs.astype(a), targets.astype(b)
            np.testing.assert_array_equal(metric(*given), expected, err_msg=f"{a} {b}")
    forms = [(outputs.tolist(), targets.tolist()), (Tensor(outputs), Tensor(targets))]
    for form in forms:
        np.testing.assert_array_equal(metric(*form), expected)


@every
def test_streaming_over_batches_of_several_dtypes(metric, outputs, targets):
    if metric is metrics.confusion_matrix:
        return  # no number
    expected = metric(outputs, targets)
    ids = targets.ndim == 1
    for a, b in [("B", "b"), ("Q", "q"), ("q", "Q"), ("H", "B"), ("i", "L")]:
        stream = as_streaming(metric)
        for part in (slice(0, 5), slice(5, 6), slice(6, N)):
            a, b = b, a
            stream.update(outputs[part].astype(a), targets[part].astype(b))
        assert stream.compute() == pytest.approx(expected, rel=1e-12), (a, b, ids)


def test_differences_of_small_integers_do_not_wrap():
    a, b = np.array([16], np.uint8), np.array([0], np.uint8)
    assert metrics.mean_squared_error(a, b) == 256
    assert metrics.mean_absolute_error(np.array([10], np.uint8), np.array([20], np.uint8)) == 10
    assert metrics.mean_absolute_error(np.array([-128], np.int8), np.array([127], np.int8)) == 255
    top = np.iinfo(np.uint64).max
    assert metrics.mean_absolute_error(np.array([top]), np.array([0], np.uint64)) == float(top)
    assert metrics.mean_absolute_error([True], [False]) == 1
    scores = np.array([0, 1, 200], np.uint8)
    assert metrics.average_precision(scores, [0, 0, 1]) == metrics.roc_auc(scores, [0, 0, 1]) == 1


CLASS_METRICS = [
    metrics.accuracy,
    top_2,
    metrics.precision,
    metrics.recall,
    metrics.f1_score,
    metrics.confusion_matrix,
    metrics.perplexity,
    metrics.expected_calibration_error,
    metrics.roc_auc,
    metrics.average_precision,
]
by_class = pytest.mark.parametrize(
    "metric", CLASS_METRICS, ids=lambda m: getattr(m, "__name__", "top_2")
)


@by_class
def test_class_numbers_out_of_range_are_named(metric):
    """Negative ones, those past the last, and those that no index can hold."""
    chances = np.full((3, K), 0.25)
    for wrong in (-1, K, 99, -100, 2**40, np.uint64(2**64 - 1), np.uint64(2**64 - 100)):
        labels = np.array([0, 1, 2]).astype(getattr(wrong, "dtype", int))
        labels[1] = wrong
        with pytest.raises(ValueError, match=rf"from 0 to {K - 1}, got \[?{int(wrong)}"):
            metric(chances, labels)
    for wrong in (-1.0, float(K), 1e300, 2.0**63):  # in floating numbers
        with pytest.raises(ValueError, match=rf"from 0 to {K - 1}, got "):
            metric(chances, np.array([0.0, wrong, 2.0]))
    for wrong in (0.5, np.nan, np.inf):
        with pytest.raises((ValueError, TypeError), match=r"got|must be|NaN"):
            metric(chances, np.array([0.0, wrong, 2.0]))
    if metric in (metrics.accuracy, metrics.precision, metrics.recall, metrics.f1_score):
        for outputs, targets in (([0, -1], [0, 1]), ([0, 1], [0, -1])):
            with pytest.raises(ValueError, match="from 0, got -1"):
                metric(outputs, targets)


@by_class
@pytest.mark.parametrize("labels", [[0.0, 1.0, 2.5], ["0", "1", "2"], [None, 1, 2], [np.nan, 0, 1]])
def test_class_numbers_that_are_none(metric, labels):
    with pytest.raises((DTypeError, ValueError)):
        metric(np.full((3, K), 0.25), labels)


@pytest.mark.filterwarnings("error")
def test_nan_is_no_class():
    """It is never right, and never class 0."""
    nan = math.nan
    rows, truth = [[nan, nan], [nan, 1.0], [0.0, 1.0], [1.0, nan]], [0, 1, 1, 0]
    assert metrics.accuracy(rows, truth) == 0.25
    assert metrics.recall(rows, truth, average=None).tolist() == [0, 0.5]
    assert metrics.precision(rows, truth, average=None).tolist() == [0, 1]
    assert metrics.f1_score(rows, truth, average=None).tolist() == [0, 2 / 3]
    with pytest.raises(ValueError, match="3 rows of the scores hold NaN"):
        metrics.confusion_matrix(rows, truth)
    with pytest.raises(ValueError, match="probabilities must be from 0 to 1"):
        metrics.expected_calibration_error([[nan, nan]], [0])
    assert metrics.top_k_accuracy([[nan, nan]], [0], k=1) == 0
    assert metrics.binary_accuracy([nan, nan, 0.9, 0.1], [0, 1, 1, 0]) == 0.5
    assert metrics.exact_match([[nan, 0.0], [0.0, 0.0]], [[0, 0], [0, 0]]) == 0.5
    assert math.isnan(metrics.perplexity([[nan, nan]], [0]))
    assert math.isnan(metrics.roc_auc([nan, 1.0], [0, 1]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("metric", [metrics.accuracy, metrics.perplexity])
@pytest.mark.parametrize("junk", [math.nan, math.inf, -math.inf])
def test_ignored_targets_take_part_in_nothing(metric, junk):
    scores, labels = SCORES % 7.0, IDS.copy()
    labels[[2, 5]] = -100
    spoiled = scores.copy()
    spoiled[[2, 5]] = junk
    kept = labels >= 0
    expected = metric(scores[kept], labels[kept])
    assert metric(spoiled, labels, ignore_index=-100) == expected
    stream = as_streaming(functools.partial(metric, ignore_index=-100))
    for part in (slice(0, 3), slice(3, N)):
        stream.update(spoiled[part], labels[part])
    assert stream.compute() == pytest.approx(expected)
    assert math.isnan(metric(spoiled[[2, 5]], labels[[2, 5]], ignore_index=-100))


@pytest.mark.parametrize("metric", [metrics.binary_accuracy, metrics.exact_match])
@pytest.mark.parametrize("wrong", [2, -1, 0.5, math.nan])
def test_yes_or_no_targets_are_0_or_1(metric, wrong):
    with pytest.raises(ValueError, match="targets must be 0 or 1, got"):
        metric([[0.5, 0.5]], [[1, wrong]])


@every
def test_indices_have_the_dtype_of_indices(metric, outputs, targets, monkeypatch):
    """As on a system of 32 bits, where NumPy counts no int64."""
    count = np.bincount

    def strict(x, *args, **keywords):
        assert np.can_cast(x.dtype, np.int32), x.dtype
        return count(x, *args, **keywords)

    monkeypatch.setattr(np, "intp", np.int32)
    monkeypatch.setattr(np, "bincount", strict)
    metric(outputs, targets.astype(np.int64))


@every
def test_no_sample_at_all(metric, outputs, targets):
    """NaN, or nothing in the matrix; never an error of NumPy's."""
    value = metric(outputs[:0], targets[:0])
    zero = {metrics.precision, metrics.recall, metrics.f1_score, metrics.confusion_matrix}
    if metric in zero:
        assert not np.any(value)
    else:
        assert math.isnan(value)
