"""The small matrices behind convolution by rows."""

import numpy as np
import pytest

from neural_net_layers.fast.convolution.cook_toom import rows_at_a_time, transforms


@pytest.mark.parametrize(
    ("m", "k"), [(2, 3), (3, 2), (4, 3), (2, 5), (4, 5), (2, 7), (1, 3), (1, 9)]
)
def test_they_give_the_sliding_sum_and_its_gradients(m, k):
    rng = np.random.default_rng(0)
    at, g, bt = transforms(m, k, np.dtype(float))
    x, kernel, dy = rng.normal(size=m + k - 1), rng.normal(size=k), rng.normal(size=m)
    expected = [x[i : i + k] @ kernel for i in range(m)]
    np.testing.assert_allclose(at @ ((g @ kernel) * (bt @ x)), expected, atol=1e-12)
    dw = [sum(dy[i] * x[i + j] for i in range(m)) for j in range(k)]
    np.testing.assert_allclose(g.T @ ((bt @ x) * (at.T @ dy)), dw, atol=1e-12)


def test_the_matrices_of_two_rows_and_three_taps_are_winograds():
    """Lavin & Gray (2016), equation 7, but for the sign of the last row of both A and B."""
    at, g, bt = transforms(2, 3, np.dtype(float))
    assert at.round(12).tolist() == [[1, 1, 1, 0], [0, 1, -1, 1]]
    expected = [[-1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
    np.testing.assert_allclose(g, expected, atol=1e-12)
    expected = [[-1, 0, 1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]]
    np.testing.assert_allclose(bt, expected, atol=1e-12)


def test_float32_matrices_stay_float32():
    for matrix in transforms(4, 3, np.dtype(np.float32)):
        assert matrix.dtype == np.float32


def test_rows_are_taken_together_only_where_that_saves_products():
    assert rows_at_a_time(32, 3) == 4  # 8 tiles of 6 products, for 32 of 3
    assert rows_at_a_time(14, 5) == 4
    assert rows_at_a_time(32, 1) == 1
    assert rows_at_a_time(1, 3) == 1
    assert rows_at_a_time(32, 9) == 1  # more points than there are
