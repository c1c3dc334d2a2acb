"""Subclasses of NumPy's array count as the plain values that they hold, wherever data enter."""

import numpy as np
import pytest

from neural_net_core import (
    Dense,
    DTypeError,
    HistoryError,
    Parameter,
    ShapeError,
    Tensor,
    binary_cross_entropy,
    cross_entropy,
    gelu,
    mse_loss,
    ops,
)
from neural_net_core.checks import check_array
from neural_net_core.plain import plain_array

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")

VALUES = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


class Named(np.ndarray):
    """A subclass that means something else by `*`."""

    def __mul__(self, other):
        return "no"


def as_memmap(values, path):
    array = np.memmap(path / "values", values.dtype, "w+", shape=values.shape)
    array[...] = values
    return array


@pytest.fixture(params=["matrix", "masked", "memmap", "recarray", "named"])
def other(request, tmp_path):
    return {
        "matrix": np.matrix,
        "masked": lambda x: np.ma.array(x, mask=np.zeros(x.shape, bool)),
        "memmap": lambda x: as_memmap(x, tmp_path),
        "recarray": lambda x: x.view(np.recarray),
        "named": lambda x: x.view(Named),
    }[request.param](VALUES)


def test_the_gradient_is_that_of_the_plain_values(other):
    for make in (Tensor, Parameter):
        x = make(other, requires_grad=True)
        assert type(x.data) is np.ndarray and x.dtype == np.float32
        y = x * x
        assert type(y.data) is np.ndarray
        y.sum().backward()
        assert type(x.grad) is np.ndarray
        np.testing.assert_array_equal(x.grad, 2 * VALUES)


FUNCTIONS = {
    "exp": ops.exp,
    "matmul": lambda x: ops.matmul(x, x),
    "multiply": lambda x: ops.multiply(Tensor(VALUES, requires_grad=True), x),
    "operator": lambda x: Tensor(VALUES, requires_grad=True) * x,
    "reflected": lambda x: x + Tensor(VALUES, requires_grad=True),
    "linear": lambda x: ops.linear(x, x, [1.0, 2.0]),
    "where": lambda x: ops.where(x > 2, x, 0),
    "concatenate": lambda x: ops.concatenate([x, x]),
    "einsum": lambda x: ops.einsum("ij,jk->ik", x, x),
    "getitem": lambda x: ops.getitem(VALUES, x.astype(int) % 2),
    "take_along_axis": lambda x: ops.take_along_axis(x, (x > 1).astype(int), 1),
    "gelu": gelu,
    "mse_loss": lambda x: mse_loss(x, x + 1),
    "bce": lambda x: binary_cross_entropy(x / 5, x > 2, weight=x),
    "cross_entropy": lambda x: cross_entropy(x, x / np.asarray(x).sum(1, keepdims=True)),
    "Dense": lambda x: Dense(2, 3, rng=np.random.default_rng(0))(x),
    "compare": lambda x: Tensor(VALUES) > x,
    "check_array": lambda x: check_array("f", "x", x),
}


@pytest.mark.parametrize("fn", FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions_take_them_as_plain_arrays(fn, other):
    if fn is FUNCTIONS["reflected"] and isinstance(other, np.ma.MaskedArray):
        with pytest.raises(HistoryError):  # its own operator answers first, and would drop it
            fn(other)
        return
    result, expected = fn(other), fn(VALUES)
    array = result.data if isinstance(result, Tensor) else result
    assert type(array) is np.ndarray
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == np.asarray(expected).dtype


def test_the_gradient_given_to_backward_may_be_one(other):
    x = Tensor(VALUES, requires_grad=True)
    (x * x).backward(other)
    assert type(x.grad) is np.ndarray
    np.testing.assert_array_equal(x.grad, 2 * VALUES * VALUES)


@pytest.mark.parametrize("fn", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_mask_that_hides_something_is_refused(fn):
    if fn is FUNCTIONS["reflected"]:
        pytest.skip("the mask's own operator answers; see test_numpy_protocol")
    with pytest.raises(DTypeError, match="masked array"):
        fn(np.ma.array(VALUES, mask=[[False, True], [False, False]]))


@pytest.mark.parametrize(
    "hidden",
    [
        np.ma.masked,
        [1.0, np.ma.masked],
        [[1.0, 2.0], np.ma.array([3.0, 4.0], mask=[True, False])],
        (np.ma.array([[3.0, 4.0]], mask=[[True, False]]), [[1.0, 2.0]]),
    ],
)
def test_a_mask_inside_lists_is_refused_too(hidden):
    with pytest.raises(DTypeError, match="masked array"):
        Tensor(hidden)


def test_an_index_that_is_masked_is_refused():
    x = Tensor(VALUES, requires_grad=True)
    with pytest.raises(DTypeError, match="masked array"):
        x[np.ma.array([0, 1], mask=[True, False])]


class Foreign:
    """An array of another library: it speaks NumPy's protocol and is no subclass."""

    dtype = np.dtype(np.float32)
    shape = (2,)

    def __array_function__(self, function, types, args, kwargs):
        raise NotImplementedError


def test_arrays_of_other_libraries_stay_as_they_are():
    array = Foreign()
    assert plain_array(array) is array


def test_lists_without_a_regular_shape_are_refused():
    with pytest.raises(ShapeError, match="regular shape"):
        Tensor([[1.0, 2.0], [3.0]])


def test_nesting_without_an_end_is_refused():
    endless = [1.0]
    endless.append(endless)
    with pytest.raises((ShapeError, DTypeError)):
        Tensor(endless)
