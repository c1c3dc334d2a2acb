"""Add, subtract, multiply, divide, negative: NumPy's values, and gradients through broadcasting."""

import operator

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, ops
from neural_net_core.forms import is_textbook

BINARY = [
    (ops.add, operator.add),
    (ops.subtract, operator.sub),
    (ops.multiply, operator.mul),
    (ops.divide, operator.truediv),
]
NUMBERS = st.floats(0.5, 2.0, width=32)


def same(expected, actual):
    """Compare values and dtype."""
    np.testing.assert_array_equal(actual, expected)
    assert actual.dtype == expected.dtype


@given(data=st.data(), shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0))
def test_any_two_shapes_that_broadcast(data, shapes):
    """The values are NumPy's, and each gradient has the shape of its operand."""
    a, b = (
        data.draw(hnp.arrays(np.float32, shape, elements=NUMBERS)) for shape in shapes.input_shapes
    )
    for ours, numpys in BINARY:
        x, y = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
        z = ours(x, y)
        same(np.asarray(numpys(a, b)), z.data)
        z.sum().backward()
        assert x.grad.shape == a.shape
        assert y.grad.shape == b.shape


@given(data=st.data(), shapes=hnp.mutually_broadcastable_shapes(num_shapes=2))
def test_the_gradient_of_a_sum_counts_how_often_an_element_was_repeated(data, shapes):
    a, b = (Tensor(np.zeros(shape), requires_grad=True) for shape in shapes.input_shapes)
    ops.add(a, b).sum().backward()
    size = np.prod(shapes.result_shape)
    for x in (a, b):
        np.testing.assert_array_equal(x.grad, np.full(x.shape, size / x.size, np.float32))


@pytest.mark.parametrize(("ours", "numpys"), BINARY)
def test_numbers_arrays_and_lists_stand_on_either_side(ours, numpys):
    x = Tensor([1.0, 2.0])
    for other in (3, 3.0, np.float64(3), np.array([3.0, 4.0]), [3.0, 4.0], np.array([3, 4])):
        same(numpys(x.data, np.asarray(other, np.float32)), ours(x, other).data)
        same(numpys(np.asarray(other, np.float32), x.data), ours(other, x).data)


@pytest.mark.parametrize(("ours", "numpys"), BINARY)
def test_float64_keeps_all_its_digits_beside_raw_data(ours, numpys):
    x, third = Tensor([1.0], np.float64), np.array([1 / 3])
    same(numpys(x.data, third), ours(x, third).data)


def test_integers_stay_integers_but_for_division():
    x = Tensor([4, 7])
    assert ops.add(x, 1).dtype == ops.multiply(x, x).dtype == np.int64
    assert ops.multiply(x, 0.5).dtype == ops.subtract(0.5, x).dtype == np.float32
    assert ops.add(Tensor([True]), x).data.tolist() == [5, 8]
    for y in (ops.divide(x, 2), ops.divide(1, x), ops.divide(x, x), ops.divide([4, 7], [2, 2])):
        assert y.dtype == np.float32
    assert ops.divide(x, 2).data.tolist() == [2.0, 3.5]


def test_one_operand_used_twice_gets_both_gradients():
    x = Tensor([3.0], requires_grad=True)
    (ops.multiply(x, x) + ops.subtract(x, x) + ops.divide(x, x)).backward()
    assert x.grad.tolist() == [6.0]


def test_gradients_of_two_leaves_do_not_share_memory():
    a, b = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    ops.add(a, b).sum().backward()
    a.grad *= 5
    assert b.grad.tolist() == [1.0]


@pytest.mark.skipif(is_textbook(), reason="skipping is the fast form's")
def test_a_factor_is_kept_only_for_the_gradient_of_the_other():
    x, mask = Tensor([1.0], requires_grad=True), Tensor([2.0])
    node = ops.multiply(x, mask).node
    np.testing.assert_array_equal(node.b, mask.data)
    assert not hasattr(node, "a")


def test_division_by_zero_gives_infinity_and_numpys_warning():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert ops.divide([1.0], 0).item() == np.inf


def test_shapes_that_do_not_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"\(3,\) \(4,\)"):
        ops.add(np.ones(3), np.ones(4))
