"""MAE, MSE and R² against their formulas."""

import numpy as np
import pytest

from neural_net_core.errors import ShapeError
from neural_net_utils.metrics import mean_absolute_error, mean_squared_error, r2_score


def test_errors_are_means_over_elements():
    """Any shape; NaN without elements; float32 sums stay exact."""
    rng = np.random.default_rng(0)
    y, t = rng.random((5, 3)), rng.random((5, 3))
    assert mean_absolute_error(y, t) == pytest.approx(np.abs(y - t).mean())
    assert mean_squared_error(y, t) == pytest.approx(((y - t) ** 2).mean())
    assert np.isnan(mean_absolute_error([], []))
    assert np.isnan(mean_squared_error([], []))
    ones = np.ones(2**24 + 2, dtype=np.float32)
    assert mean_absolute_error(ones, 0 * ones) == 1
    with pytest.raises(ShapeError, match=r"got \(3,\) and \(3, 1\)"):
        mean_squared_error(np.ones(3), np.ones((3, 1)))


def test_r2():
    """1 for exact, 0 for the mean, negative for worse, columns averaged, constants defined."""
    t = np.array([1.0, 2.0, 6.0])
    assert r2_score(t, t) == 1
    assert r2_score(np.full(3, 3.0), t) == pytest.approx(0)
    assert r2_score(-t, t) < 0
    both = r2_score(np.stack([t, np.full(3, 3.0)], 1), np.stack([t, t], 1))
    assert both == pytest.approx(0.5)
    assert r2_score([2.0, 2.0], [2.0, 2.0]) == 1
    assert r2_score([2.0, 3.0], [2.0, 2.0]) == 0
    assert np.isnan(r2_score([1.0], [1.0]))
