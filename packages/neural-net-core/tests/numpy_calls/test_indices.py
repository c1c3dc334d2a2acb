"""Which indices give views: NumPy is asked, for every kind of index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import basic_indices, integer_array_indices

from neural_net_core.numpy_calls.indices import as_view, is_basic

X = np.arange(24.0).reshape(2, 3, 4)


@given(basic_indices(X.shape, allow_newaxis=True))
def test_basic_indices_give_views_also_of_one_element(key):
    assert is_basic(key)
    view = X[as_view(key)]
    assert isinstance(view, np.ndarray)
    assert np.array_equal(view, X[key])
    assert view.size == 0 or np.shares_memory(view, X)


@given(integer_array_indices(X.shape))
def test_lists_of_places_give_copies(key):
    assert not is_basic(key)
    assert not np.shares_memory(X[key], X)


@pytest.mark.parametrize("key", [X > 3, True, (0, False), ([0, 1], slice(None)), [1]])
def test_masks_and_lists_give_copies(key):
    assert not is_basic(key)
    assert not np.shares_memory(X[key], X)
