"""Maximum and minimum over axes."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops


@given(
    array=hnp.arrays(np.float32, hnp.array_shapes(max_side=4), elements=st.integers(-2, 2)),
    keepdims=st.booleans(),
    data=st.data(),
)
def test_ties_share_one_gradient_among_them(array, keepdims, data):
    """The values are NumPy's; the gradient of each result adds up to 1, equal among the ties."""
    axis = data.draw(st.none() | hnp.valid_tuple_axes(array.ndim, min_size=1))
    for ours, numpys in ((ops.max, np.max), (ops.min, np.min)):
        x = Tensor(array, requires_grad=True)
        y = ours(x, axis, keepdims=keepdims)
        np.testing.assert_array_equal(y.data, numpys(array, axis=axis, keepdims=keepdims))
        dx = grad(y.sum(), x)
        winners = array == numpys(array, axis=axis, keepdims=True)
        ties = winners.sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(dx, winners / ties, rtol=1e-6)


def test_two_equal_maxima_get_half_each():
    x = Tensor([1.0, 3.0, 3.0], requires_grad=True)
    assert grad(ops.max(x), x).tolist() == [0, 0.5, 0.5]


def test_integers_stay_integers():
    assert ops.max([3, 1]).dtype == ops.min([3, 1]).dtype == np.int64


def test_nothing_has_no_maximum_but_an_empty_batch_has_no_results():
    with pytest.raises(ValueError, match="zero-size array"):
        ops.max(np.zeros((2, 0)), 1)
    assert ops.max(np.zeros((0, 2)), 1).shape == (0,)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("extremum", [ops.max, ops.min])
def test_the_gradient_goes_to_the_nan_that_won(extremum):
    nan = np.nan
    for values, expected in (
        ([1.0, nan, 2.0], [0, 1, 0]),
        ([nan, np.inf, nan, -np.inf], [0.5, 0, 0.5, 0]),
        ([[nan], [1.0]], [[1], [0]]),
    ):
        x = Tensor(values, requires_grad=True)
        y = extremum(x)
        assert np.isnan(y.item())
        np.testing.assert_array_equal(grad(y, x), expected)
    x = Tensor([[1.0, nan], [3.0, 2.0]], requires_grad=True)
    dx = grad(extremum(x, 1).sum(), x)
    np.testing.assert_array_equal(dx, [[0, 1], [1, 0] if extremum is ops.max else [0, 1]])
