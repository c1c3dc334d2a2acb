"""Triangles of matrices."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad, ops

MATRICES = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=4),
    elements=st.floats(-9, 9, width=32),
)


@given(x=MATRICES, k=st.integers(-6, 6))
def test_every_element_stays_on_its_side_of_the_diagonal(x, k):
    i, j = np.indices(x.shape[-2:])
    for fn, kept in ((ops.tril, j <= i + k), (ops.triu, j >= i + k)):
        leaf = Tensor(x, x.dtype, requires_grad=True)
        y = fn(leaf, k)
        np.testing.assert_array_equal(y.data, np.where(kept, x, 0))
        assert y.dtype == x.dtype
        dy = np.random.default_rng(0).normal(size=x.shape).astype(x.dtype)
        np.testing.assert_array_equal(grad(y, leaf, dy), np.where(kept, dy, 0))


@given(x=MATRICES, k=st.integers(-6, 6))
def test_the_two_make_up_the_whole(x, k):
    whole = ops.tril(Tensor(x, x.dtype), k) + ops.triu(Tensor(x, x.dtype), k + 1)
    np.testing.assert_array_equal(whole.data, x)


def test_what_is_left_out_is_not_multiplied():
    x = Tensor([[1.0, np.nan], [np.inf, 2.0]], requires_grad=True)
    assert ops.tril(x).data.tolist() == [[1, 0], [np.inf, 2]]
    assert ops.triu(x, 1).data[1].tolist() == [0, 0]
    assert grad(ops.tril(x), x, np.array([[1.0, np.nan], [1.0, 1.0]]))[0, 1] == 0


@pytest.mark.parametrize("fn", [ops.tril, ops.triu])
def test_vectors_and_diagonals_that_are_none_are_refused(fn):
    for wrong in (1.0, [1.0, 2.0]):
        with pytest.raises(ShapeError, match=r"expected matrices, \(\.\.\., N, M\), got shape"):
            fn(wrong)
    for wrong in (1.5, True, None, "1"):
        with pytest.raises(ValueError, match=r"tri[lu]: k must be an int, got"):
            fn(np.ones((2, 2)), wrong)
