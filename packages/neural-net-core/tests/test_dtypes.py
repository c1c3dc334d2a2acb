"""The dtype policy: float32 by default, and never a silent float64."""

import numpy as np
import pytest

from neural_net_core import DTypeError, Tensor, default_dtype, get_default_dtype
from neural_net_core.dtypes import as_array


def test_floating_data_become_float32():
    for data in (1.5, [1.5], np.array([1.5]), np.float64(1.5), np.array([1.5], np.float16)):
        assert Tensor(data).dtype == np.float32


def test_integers_and_booleans_pass_as_they_are():
    assert Tensor([1, 2]).dtype == np.int64
    assert Tensor(np.array([1], np.uint8)).dtype == np.uint8
    assert Tensor([True]).dtype == np.bool_


def test_the_default_is_set_inside_a_block_and_put_back_after_an_error():
    def fail():
        with default_dtype(np.float64):
            assert Tensor([1.5]).dtype == np.float64 == get_default_dtype()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert get_default_dtype() == np.float32


def test_a_default_that_is_not_floating_is_refused():
    with pytest.raises(DTypeError, match="int64"), default_dtype(np.int64):
        pass


@pytest.mark.parametrize("data", ["text", [object()], [None], np.array([1 + 2j])])
def test_what_is_not_a_number_is_refused(data):
    with pytest.raises(DTypeError, match="expected numbers"):
        Tensor(data)


def test_no_copy_where_none_is_needed():
    array = np.zeros(3, np.float32)
    assert as_array(array) is array


@pytest.mark.parametrize(
    "other",
    [2, 2.0, True, np.float64(2), np.sqrt(2), np.int64(2), np.ones(3), np.arange(3), [1.0, 2, 3]],
    ids=repr,
)
def test_float32_stays_float32_whatever_stands_beside_it(other):
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    for y in (x + other, other + x, x * other, other * x, x - other, other - x, x / 2, 2 / x):
        assert y.dtype == np.float32
        assert y.requires_grad
    assert (x**2).dtype == (x**0.5).dtype == (x ** np.float64(2)).dtype == np.float32


def test_an_integer_tensor_takes_the_dtype_of_the_floating_one():
    y = Tensor([1, 2]) * Tensor([0.5, 0.5])
    assert y.dtype == np.float32
    assert (Tensor([1, 2]) * 0.5).dtype == np.float32
    assert (Tensor([1, 2]) * 2).dtype == np.int64
