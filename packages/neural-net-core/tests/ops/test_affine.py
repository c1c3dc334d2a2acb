"""The fused affine map equals its composition."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, ops
from neural_net_core.forms import is_textbook


@given(
    lead=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    sizes=st.tuples(st.integers(0, 4), st.integers(1, 4)),
    bias=st.booleans(),
)
def test_equals_the_composition_from_primitives(lead, sizes, bias):
    rng = np.random.default_rng(0)
    inputs, outputs = sizes
    arrays = [rng.normal(size=shape) for shape in ((*lead, inputs), (outputs, inputs), (outputs,))]
    results = []
    for fused in (True, False):
        x, w, b = (Tensor(array, np.float64, requires_grad=True) for array in arrays)
        if fused:
            y = ops.linear(x, w, b if bias else None)
        else:
            y = x @ w.T
            y = y + b if bias else y
        y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
        results.append([y.data, x.grad, w.grad, *([b.grad] if bias else [])])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_a_large_bias_gradient_takes_the_product_with_ones():
    x, dy = np.zeros((100, 3)), np.random.default_rng(0).normal(size=(100, 50))
    w, b = np.zeros((50, 3)), Tensor(np.zeros(50), np.float64, requires_grad=True)
    ops.linear(x, w, b).backward(dy)
    np.testing.assert_allclose(b.grad, dy.sum(axis=0), rtol=1e-12)


def test_raw_float64_input_becomes_the_dtype_of_the_weights():
    w, b = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones(2), requires_grad=True)
    for x in (np.ones((4, 3)), np.ones((4, 3), int), [[1.0, 2.0, 3.0]]):
        assert ops.linear(x, w, b).dtype == np.float32


@pytest.mark.skipif(is_textbook(), reason="skipping is the fast form's")
def test_what_nobody_asked_for_is_skipped_and_not_kept():
    x, w, b = np.ones((4, 3), np.float32), Tensor(np.ones((2, 3))), Tensor(np.ones(2))
    node = ops.linear(Tensor(x, requires_grad=True), w, b).node
    assert not hasattr(node, "x")
    dx, dw, db = node.backward(np.ones((4, 2), np.float32))
    assert dx.shape == (4, 3)
    assert dw is db is None


def test_one_tensor_gives_its_dtype_to_all_raw_data():
    x, w, b = np.ones((4, 3)), np.ones((2, 3)), np.ones(2)
    for i in range(3):
        operands = [x, w, b]
        operands[i] = Tensor(operands[i], np.float64)
        assert ops.linear(*operands).dtype == np.float64
    assert ops.linear(x, w, b).dtype == np.float32


def test_the_bias_is_not_changed_by_adding_in_place():
    b = Tensor([1.0, 2.0])
    ops.linear(np.ones((4, 3)), np.ones((2, 3)), b)
    assert b.data.tolist() == [1, 2]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="matmul"):
        ops.linear(np.ones((4, 3)), np.ones((2, 4)))


def test_a_wider_bias_widens_the_result():
    x, w = (Tensor(np.ones((2, 2), np.float32), requires_grad=True) for _ in range(2))
    b = Tensor(np.array([1e-9, 0.0]), np.float64, requires_grad=True)
    y = ops.linear(x, w, b)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y.data, [[2 + 1e-9, 2]] * 2)
