"""ArrayDataset indexes its arrays together."""

import numpy as np
import pytest

from neural_net_core.errors import ShapeError
from neural_net_utils.loading.dataset import ArrayDataset


def test_rows_stay_together():
    """An int gives a sample, a slice and an index array give batches."""
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6)
    data = ArrayDataset(x, y)
    assert len(data) == 6
    sample = data[2]
    assert sample[0].tolist() == [4.0, 5.0]
    assert sample[1] == 2
    assert [a.tolist() for a in data[np.array([5, 0])]] == [[[10, 11], [0, 1]], [5, 0]]
    assert data.arrays[0] is x
    assert len(ArrayDataset(x)) == 6
    assert repr(data) == "ArrayDataset(float64[6, 2], int64[6])"


@pytest.mark.parametrize("arrays", [([1, 2], [1]), (3.0,), ([1], 2)])
def test_unequal_lengths_are_refused(arrays):
    """Lengths that differ, or a number in place of an array, show all shapes."""
    with pytest.raises(ShapeError, match="arrays of equal length, got shapes"):
        ArrayDataset(*arrays)


def test_no_arrays():
    """Nothing is not a data set."""
    with pytest.raises(ValueError, match="at least one array"):
        ArrayDataset()
