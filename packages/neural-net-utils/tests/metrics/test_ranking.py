"""ROC-AUC and average precision against definitions that compare every pair or threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core.errors import ShapeError
from neural_net_utils.metrics import average_precision, roc_auc

# Few distinct scores, so that ties are the rule.
samples = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=1, max_size=25)


@given(samples)
@settings(max_examples=150, deadline=None)
def test_auc_is_the_share_of_ordered_pairs(pairs):
    """A pair in order counts 1, a tie 1/2."""
    positive = [s for s, t in pairs if t]
    negative = [s for s, t in pairs if not t]
    scores, targets = map(np.array, zip(*pairs, strict=True))
    value = roc_auc(scores, targets)
    if not positive or not negative:
        assert np.isnan(value)
        return
    points = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    assert value == pytest.approx(points / (len(positive) * len(negative)))


@given(samples)
@settings(max_examples=150, deadline=None)
def test_average_precision_over_thresholds(pairs):
    """Precision times gain in recall, summed over every distinct threshold."""
    scores, targets = map(np.array, zip(*pairs, strict=True))
    value = average_precision(scores, targets)
    if not targets.any():
        assert np.isnan(value)
        return
    area = last = 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        called = scores >= threshold
        recall = targets[called].sum() / targets.sum()
        area += (recall - last) * targets[called].mean()
        last = recall
    assert value == pytest.approx(area)


def test_known_values():
    """Perfect, reversed and constant scores."""
    targets = [0, 0, 1, 1]
    assert roc_auc([1, 2, 3, 4], targets) == 1
    assert roc_auc([4, 3, 2, 1], targets) == 0
    assert roc_auc([7, 7, 7, 7], targets) == 0.5
    assert average_precision([7, 7, 7, 7], targets) == 0.5
    assert np.isnan(roc_auc([1, np.nan, 3, 4], targets))


def test_many_classes_are_averaged():
    """K columns: each class against the rest."""
    rng = np.random.default_rng(0)
    scores, targets = rng.random((40, 3)), rng.integers(0, 3, 40)
    for metric in (roc_auc, average_precision):
        wanted = np.mean([metric(scores[:, c], (targets == c).astype(int)) for c in range(3)])
        assert metric(scores, targets) == pytest.approx(wanted)
    column = scores[:, :1]
    assert roc_auc(column, (targets == 1)[:, None].astype(float)) == roc_auc(
        column[:, 0], targets == 1
    )


def test_bad_arguments():
    """Shapes and labels."""
    with pytest.raises(ShapeError, match="roc_auc: expected scores"):
        roc_auc([1, 2], [0, 1, 1])
    with pytest.raises(ValueError, match=r"from 0 to 1, got \[2\]"):
        roc_auc([1, 2], [0, 2])
