"""What every function of one array has in common: exponential, trigonometric, absolute, power."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, no_grad, ops

FUNCTIONS = [
    (ops.negative, np.negative),
    (ops.absolute, np.abs),
    (ops.sign, np.sign),
    (ops.exp, np.exp),
    (ops.expm1, np.expm1),
    (ops.log, np.log),
    (ops.log1p, np.log1p),
    (ops.sin, np.sin),
    (ops.cos, np.cos),
    (ops.sqrt, np.sqrt),
]
ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    elements=st.floats(0.125, 8, width=32),
)


@given(x=ARRAYS)
def test_values_and_dtypes_are_numpys_for_any_shape(x):
    for ours, numpys in FUNCTIONS:
        y = ours(Tensor(x, x.dtype))
        np.testing.assert_array_equal(y.data, numpys(x))
        assert (y.dtype, y.shape) == (x.dtype, x.shape)


@given(x=ARRAYS)
def test_the_gradient_has_the_shape_and_dtype_of_the_input(x):
    for ours, _ in FUNCTIONS:
        leaf = Tensor(x, x.dtype, requires_grad=True)
        ours(leaf).sum().backward()
        assert (leaf.grad.dtype, leaf.grad.shape) == (x.dtype, x.shape)


@pytest.mark.parametrize(("ours", "numpys"), FUNCTIONS)
def test_raw_data_become_float32(ours, numpys):
    for x in (2.0, [1.0, 2.0], np.array([1.0, 2.0])):
        assert ours(x).dtype == np.float32


@pytest.mark.parametrize(("ours", "numpys"), FUNCTIONS)
def test_no_memory_is_kept_when_nothing_is_recorded(ours, numpys):
    assert ours(Tensor([1.0])).node is None
    with no_grad():
        assert ours(Tensor([1.0], requires_grad=True)).node is None


@pytest.mark.parametrize(("ours", "numpys"), FUNCTIONS)
def test_strided_input(ours, numpys):
    x = np.linspace(0.1, 2, 24, dtype=np.float32).reshape(4, 6)[::2, ::-2].T
    np.testing.assert_allclose(ours(Tensor(x)).data, numpys(x), rtol=1e-6)
