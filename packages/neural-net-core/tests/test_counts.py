"""BatchWeights: what each of several batches weighs, and when no one weight is right."""

import warnings

import pytest

from neural_net_core import Tensor
from neural_net_core.counts import BatchWeights


def loss(*counts):
    made = Tensor(1.0)
    made.counts = counts
    return made


@pytest.mark.parametrize(
    ("batches", "weights"),
    [
        ([(), ()], [7, 7]),
        ([(3.0,), (1.0,), (0.0,)], [3, 1, 0]),
        ([(None,), (None,)], [None, None]),
        ([(6.0, 3.0), (2.0, 1.0)], [6, 2]),
        ([(6.0, 3.0)], [6]),
        ([(None, 3.0)], [None]),
    ],
)
def test_weights(batches, weights):
    """The count, the samples where there is none, None for a sum; proportional counts fit."""
    joining = BatchWeights("here")
    assert [joining.weight(loss(*counts), 7) for counts in batches] == weights


@pytest.mark.parametrize(
    "batches",
    [
        [(6.0, 3.0), (2.0, 3.0)],
        [(6.0, 3.0), (2.0,)],
        [(3.0,), (2.0, 1.0)],
        [(0.0, 3.0), (2.0, 3.0)],
        [(None, 3.0), (None, 3.0)],
    ],
)
def test_one_warning_where_no_weight_is_right(batches):
    """Counts in another proportion than in the first batch."""
    joining = BatchWeights("here")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for counts in [*batches, *batches]:
            joining.weight(loss(*counts))
    assert [str(one.message)[:29] for one in caught] == ["here: the loss adds up losses"]
    with warnings.catch_warnings(record=True) as caught:
        for counts in batches:
            BatchWeights("here").weight(loss(*counts))
            joining.weight(loss(*counts), joined=False)
    assert caught == []
