"""Choosing elementwise, and who gets the gradient."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, ops


@given(data=st.data(), shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0))
def test_where_broadcasts_all_three(data, shapes):
    c = data.draw(hnp.arrays(bool, shapes.input_shapes[0]))
    a, b = (
        Tensor(np.random.default_rng(i).normal(size=shapes.input_shapes[i]), requires_grad=True)
        for i in (1, 2)
    )
    y = ops.where(c, a, b)
    np.testing.assert_array_equal(y.data, np.where(c, a.data, b.data))
    da, db = grad(y.sum(), (a, b))
    assert (da.shape, db.shape) == (a.shape, b.shape)
    assert da.sum() + db.sum() == y.size


def test_where_takes_numbers_and_tensors_of_booleans():
    x = Tensor([1.0, 2.0])
    for condition in ([True, False], Tensor([True, False]), x < 1.5, np.array([1, 0])):
        y = ops.where(condition, x, -1)
        assert y.data.tolist() == [1, -1]
        assert y.dtype == np.float32


def test_the_gradient_of_a_side_not_chosen_is_zero_even_if_it_is_infinite():
    x = Tensor([0.0, 4.0], requires_grad=True)
    safe = ops.where(x > 0, ops.sqrt(ops.where(x > 0, x, 1.0)), 0.0)
    assert grad(safe.sum(), x).tolist() == [0, 0.25]


def test_equal_values_share_the_gradient():
    for fn, gradients in (
        (ops.maximum, ([0, 0.5, 1], [1, 0.5, 0])),
        (ops.minimum, ([1, 0.5, 0], [0, 0.5, 1])),
    ):
        a = Tensor([1.0, 2.0, 3.0], requires_grad=True)
        b = Tensor([2.0, 2.0, 2.0], requires_grad=True)
        da, db = grad(fn(a, b).sum(), (a, b))
        assert (da.tolist(), db.tolist()) == gradients


def test_maximum_and_minimum_are_numpys():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(ops.maximum(a, b).data, np.maximum(a, b))
    np.testing.assert_array_equal(ops.minimum(a, b[:1]).data, np.minimum(a, b[:1]))
    assert np.isnan(ops.maximum([np.nan], 1.0).item())


def test_the_boundary_of_clip_is_inside():
    x = Tensor([-2.0, -1.0, 0.0, 1.0, 2.0], requires_grad=True)
    assert ops.clip(x, -1, 1).data.tolist() == [-1, -1, 0, 1, 1]
    assert grad(ops.clip(x, -1, 1).sum(), x).tolist() == [0, 1, 1, 1, 0]
    assert grad(ops.clip(x, low=0).sum(), x).tolist() == [0, 0, 1, 1, 1]
    assert grad(ops.clip(x, high=0).sum(), x).tolist() == [1, 1, 1, 0, 0]


def test_limits_do_not_change_the_dtype():
    x = Tensor([0.3, 2.0])
    for low in (0.5, np.float64(0.5), np.array(0.5)):
        assert ops.clip(x, low).dtype == np.float32
    assert ops.clip([1, 5], 2, 3).dtype == np.int64
    assert ops.clip([1, 5], 0.5, 3).dtype == np.float32


def test_clip_refuses_arrays_as_limits_and_names_the_cure():
    for limit in (np.ones(2), Tensor(1.0)):
        with pytest.raises(ValueError, match=r"maximum\(\) and minimum\(\)"):
            ops.clip([1.0, 2.0], limit)


VALUES = [np.nan, 1.0, 2.0, np.inf, -np.inf, 0.0]


@pytest.mark.parametrize(("fn", "wins"), [(ops.maximum, np.greater), (ops.minimum, np.less)])
def test_nan_gives_both_operands_the_gradient_and_every_other_pair_shares_it(fn, wins):
    pairs = np.array([(a, b) for a in VALUES for b in VALUES], np.float32)
    a, b = Tensor(pairs[:, 0], requires_grad=True), Tensor(pairs[:, 1], requires_grad=True)
    fn(a, b).backward(np.full(len(pairs), 4))
    for (p, q), da, db in zip(pairs, a.grad, b.grad, strict=True):
        if np.isnan(p) or np.isnan(q):
            assert (da, db) == (4, 4)
        elif p == q:
            assert (da, db) == (2, 2)
        else:
            assert (da, db) == ((4, 0) if wins(p, q) else (0, 4))


def test_nan_stays_out_of_the_interval_of_clip():
    x = Tensor([np.nan, 0.5, 2.0], requires_grad=True)
    y = ops.clip(x, 0, 1)
    y.backward(np.ones(3))
    assert np.isnan(y.data[0])
    assert x.grad.tolist() == [0, 1, 0]


@pytest.mark.parametrize("fn", [ops.max, ops.min])
def test_a_nan_among_the_elements_is_the_extremum_and_gets_the_gradient(fn):
    x = Tensor([[1.0, np.nan, 3.0], [3.0, 3.0, 3.0]], requires_grad=True)
    y = fn(x, axis=1)
    y.backward(np.ones(2))
    assert np.isnan(y.data[0])
    assert x.grad[0].tolist() == [0, 1, 0]
    np.testing.assert_allclose(x.grad[1], 1 / 3)


@pytest.mark.parametrize("condition", [None, [1.5], "a", [None], np.array([1.0])], ids=repr)
def test_a_condition_is_of_booleans(condition):
    with pytest.raises(TypeError, match="where: condition must be booleans, got"):
        ops.where(condition, 1.0, 2.0)
