"""Sum, mean and product over any axes, with and without elements."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import PositionError, Tensor, ops


@st.composite
def array_and_axes(draw):
    """Return an array, with or without elements, and an axis argument that fits it."""
    x = draw(
        hnp.arrays(
            np.float64,
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
            elements=st.floats(-4, 4, width=16),
        )
    )
    if x.ndim == 0 or draw(st.booleans()):
        return x, None
    axes = draw(hnp.valid_tuple_axes(x.ndim, min_size=1))
    return x, axes[0] if len(axes) == 1 else axes


@given(case=array_and_axes(), keepdims=st.booleans())
def test_values_are_numpys_and_gradients_have_the_shape_of_x(case, keepdims):
    array, axis = case
    for ours, numpys in ((ops.sum, np.sum), (ops.prod, np.prod)):
        x = Tensor(array, np.float64, requires_grad=True)
        y = ours(x, axis, keepdims=keepdims)
        expected = numpys(array, axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(y.data, expected, rtol=1e-12, atol=1e-12)
        assert y.shape == expected.shape
        y.sum().backward()
        assert x.grad.shape == array.shape


@given(case=array_and_axes())
def test_the_mean_is_the_sum_over_the_count(case):
    array, axis = case
    x = Tensor(array, np.float64, requires_grad=True)
    y = ops.mean(x, axis)
    if array.size:
        np.testing.assert_allclose(y.data, array.mean(axis=axis), rtol=1e-12, atol=1e-12)
        y.sum().backward()
        np.testing.assert_allclose(x.grad.sum(), y.size, rtol=1e-12)


def test_the_mean_of_nothing_is_nan_without_a_warning():
    assert np.isnan(ops.mean(np.zeros((0,))).item())
    assert np.isnan(ops.mean(np.zeros((2, 0)), 1).data).all()
    assert ops.mean(np.zeros((0, 2)), 1).shape == (0,)


def test_the_mean_of_equal_numbers_is_that_number():
    for n in range(1, 200):
        assert ops.mean(np.ones(n)).item() == 1.0


def test_the_mean_of_integers_is_float32():
    y = ops.mean([1, 2])
    assert y.item() == 1.5
    assert y.dtype == np.float32


def test_the_sum_of_booleans_counts():
    assert ops.sum([True, True, False]).item() == 2


@pytest.mark.parametrize(
    ("row", "gradient"),
    [([2, 3, 4], [12, 8, 6]), ([0, 3, 4], [12, 0, 0]), ([0, 0, 4], [0, 0, 0])],
)
def test_the_gradient_of_a_product_is_right_with_zeros(row, gradient):
    x = Tensor(np.array(row, float), requires_grad=True)
    ops.prod(x).backward()
    assert x.grad.tolist() == gradient


def test_a_reduced_gradient_is_an_array_of_its_own():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    ops.sum(x).backward()
    x.grad[0, 0] = 5
    assert x.grad[1, 1] == 1


def test_an_axis_that_is_not_there_is_refused():
    for fn in (ops.sum, ops.mean, ops.prod):
        with pytest.raises(PositionError, match="axis 2"):
            fn(np.ones((2, 3)), 2)


@pytest.mark.parametrize(
    "name", ["sum", "mean", "prod", "max", "min", "var", "std", "norm", "logsumexp"]
)
@pytest.mark.parametrize("keepdims", [None, 1, "yes", np.array([True])], ids=repr)
def test_keepdims_is_true_or_false(name, keepdims):
    with pytest.raises(ValueError, match="keepdims must be True or False"):
        getattr(ops, name)([1.0], keepdims=keepdims)
