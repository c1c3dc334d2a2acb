"""The Tensor handle: numbers in and out, operators, comparisons, and how it prints."""

import copy
import inspect
import operator
from fractions import Fraction

import numpy as np
import pytest

import neural_net_core
from neural_net_core import Buffer, DTypeError, GraphError, Parameter, Tensor, as_tensor, ops


def leaf(*values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


def test_getting_numbers_out():
    x = leaf(1.5)
    assert float(x) == x.item() == 1.5
    assert int(Tensor([3])) == 3
    assert bool(Tensor(True)) is True
    assert leaf(1.0, 2.0).tolist() == [1.0, 2.0]
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x) is x.data
    assert np.array(x, dtype=np.float64, copy=True).dtype == np.float64
    assert x.numpy() is x.data
    with pytest.raises(ValueError, match=r"exactly one element, got shape \(2,\)"):
        float(leaf(1.0, 2.0))


def test_shape_and_iteration():
    x = Tensor(np.zeros((2, 3)))
    assert (x.shape, x.ndim, x.size, len(x), x.T.shape) == ((2, 3), 2, 6, 2, (3, 2))
    assert [row.shape for row in x] == [(3,), (3,)]
    with pytest.raises(TypeError, match="0-d"):
        iter(Tensor(1.0))


def test_a_full_reduction_is_an_array():
    y = leaf(1.0, 2.0).sum()
    assert type(y.data) is np.ndarray and y.shape == ()


def test_operators_on_both_sides():
    x = leaf(2.0, 4.0)
    a = np.array([1.0, 8.0])
    cases = [
        (x + a, [3, 12]),
        (a + x, [3, 12]),
        (x - a, [1, -4]),
        (a - x, [-1, 4]),
        (x * a, [2, 32]),
        (a * x, [2, 32]),
        (x / a, [2, 0.5]),
        (a / x, [0.5, 2]),
        (x**2, [4, 16]),
        (2**x, [4, 16]),
        (1 - x, [-1, -3]),
        (1 / x, [0.5, 0.25]),
        (-x, [-2, -4]),
        (abs(-x), [2, 4]),
        (np.eye(2) @ x, [2, 4]),
        (x @ np.eye(2), [2, 4]),
    ]
    for y, expected in cases:
        assert type(y) is Tensor and y.requires_grad and y.dtype == np.float32
        np.testing.assert_allclose(y.data, expected)


def test_comparisons_are_plain_booleans():
    x = leaf(1.0, 3.0)
    assert (x > 2).tolist() == [False, True]
    assert (x >= x).all() and not (x < x).any() and (x <= 3).all()
    assert (x == [1.0, 0.0]).tolist() == [True, False]
    assert (x != Tensor([1.0, 0.0])).tolist() == [False, True]
    assert isinstance(x > 2, np.ndarray)
    assert len({x, x, leaf(1.0)}) == 2


def test_methods_agree_with_numpy():
    array = np.random.default_rng(0).uniform(0.5, 2, (2, 3)).astype(np.float32)
    x = Tensor(array)
    pairs = [
        (x.exp(), np.exp(array)),
        (x.log(), np.log(array)),
        (x.sqrt(), np.sqrt(array)),
        (x.abs(), np.abs(array)),
        (x.clip(0.8, 1.5), np.clip(array, 0.8, 1.5)),
        (x.sum(), array.sum()),
        (x.sum(1, keepdims=True), array.sum(1, keepdims=True)),
        (x.mean((0, 1)), array.mean((0, 1))),
        (x.max(0), array.max(0)),
        (x.min(-1), array.min(-1)),
        (x.var(0), array.var(0)),
        (x.std(0, ddof=1), array.std(0, ddof=1)),
        (x.cumsum(1), array.cumsum(1)),
        (x.cumprod(1), array.cumprod(1)),
        (x.logcumsumexp(0), np.log(np.exp(array).cumsum(0))),
        (x.sort()[0], np.sort(array)),
        (x.sort(0, descending=True)[1], np.argsort(-array, 0)),
        (x.topk(2)[0], np.sort(array)[:, :0:-1]),
        (x.floor(), np.floor(array)),
        (x.ceil(), np.ceil(array)),
        (x.round(), np.round(array)),
        (x.tril(), np.tril(array)),
        (x.triu(1), np.triu(array, 1)),
        (x.tile((2, 1)), np.tile(array, (2, 1))),
        (x.repeat_interleave(2, 1), np.repeat(array, 2, 1)),
        (x.roll(1), np.roll(array, 1)),
        (x.reshape(3, 2), array.reshape(3, 2)),
        (x.reshape((3, -1)), array.reshape(3, 2)),
        (x.transpose(), array.T),
        (x.transpose(1, 0), array.T),
        (x.swapaxes(0, 1), array.T),
        (x.expand_dims(0), array[None]),
        (x.expand_dims(0).squeeze(0), array),
        (x.flatten(), array.ravel()),
        (x.broadcast_to((4, 2, 3)), np.broadcast_to(array, (4, 2, 3))),
        (x.softmax(), np.exp(array) / np.exp(array).sum(-1, keepdims=True)),
        (x.log_softmax(0), array - np.log(np.exp(array).sum(0))),
        (x.logsumexp(1), np.log(np.exp(array).sum(1))),
        (x[1, ::2], array[1, ::2]),
    ]
    for y, expected in pairs:
        np.testing.assert_allclose(y.data, expected, rtol=1e-6)
    assert x.argmax() == array.argmax() and x.argmin(0).tolist() == array.argmin(0).tolist()


def test_repr_shows_data_shape_dtype_and_grad_function():
    x = leaf(1.0, 2.0)
    assert repr(x) == "Tensor([1., 2.], shape=(2,), dtype=float32, requires_grad=True)"
    assert repr(x + 2) == "Tensor([3., 4.], shape=(2,), dtype=float32, grad_fn=AddOp)"
    assert repr(Parameter([1.0], name="w")).startswith("Parameter([1.], name='w', shape=(1,)")
    assert len(repr(Tensor(np.zeros((100, 100))))) < 400
    assert (x * 2).grad_fn is not None and x.grad_fn is None


def test_detach_shares_data_and_drops_history():
    x = leaf(1.0)
    y = (x * 2).detach()
    assert y.is_leaf and not y.requires_grad
    assert x.detach().data is x.data


def test_integers_have_no_gradient():
    with pytest.raises(DTypeError, match=r"write 1\.0 instead of 1"):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(DTypeError):
        Tensor([1, 2]).requires_grad_()
    assert not leaf(1.0).astype(np.int64).requires_grad


def test_requires_grad_of_a_result_cannot_be_changed():
    with pytest.raises(GraphError, match="leaf"):
        (leaf(1.0) * 2).requires_grad_(False)


def test_assignment_says_what_to_do_instead():
    with pytest.raises(GraphError, match="where"):
        leaf(1.0, 2.0)[0] = 3.0


def test_astype_passes_the_gradient_back_in_the_leaf_s_dtype():
    x = leaf(1.0, 2.0)
    y = x.astype(np.float64)
    assert y.dtype == np.float64
    (y * y).sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2, 4])


def test_a_parameter_owns_its_memory():
    array = np.ones(3, np.float32)
    p = Parameter(array)
    p.data[0] = 5
    assert array[0] == 1
    assert p.version == 0 and p.requires_grad


def test_copies_of_leaves_and_not_of_results():
    p = Parameter([1.0], name="w")
    p.grad = np.ones(1, np.float32)
    p.version = 3
    twin = copy.deepcopy(p)
    assert (twin.name, twin.version, twin.grad[0]) == ("w", 3, 1)
    assert not np.shares_memory(twin.data, p.data)
    assert copy.deepcopy(Buffer([1.0], persistent=False)).persistent is False
    with pytest.raises(GraphError, match="detach"):
        copy.deepcopy(p * 2)


def test_as_tensor_returns_a_tensor_as_it_is():
    x = leaf(1.0)
    assert as_tensor(x) is x
    assert as_tensor(x, np.float64).dtype == np.float64
    assert as_tensor(Fraction(1, 2).__float__()).dtype == np.float32


# The functions of `ops` that no method has the name of.
OPERATORS = {"add", "subtract", "multiply", "divide", "power", "matmul", "negative", "getitem"}
OTHER_NAMES = {"absolute": "abs", "cast": "astype"}
OF_SEVERAL_ARRAYS = {
    *("concatenate", "einsum", "linear", "maximum", "minimum", "stack", "take_along_axis", "where"),
    *("arctan2", "index_add", "logaddexp", "outer", "put_along_axis", "scatter_add"),
}
# It computes something else than its gradient says: nobody shall reach it by a dot.
ESTIMATORS = {"round_straight_through"}
# These take their numbers one by one, too, as NumPy's methods do.
UNPACKED = {"reshape", "transpose"}


@pytest.mark.parametrize("name", [name for name in ops.__all__ if name.islower()])
def test_every_operation_of_one_array_is_a_method_with_the_same_arguments(name):
    if name in OPERATORS | OF_SEVERAL_ARRAYS | ESTIMATORS:
        assert name not in vars(Tensor) or not inspect.isfunction(vars(Tensor)[name])
        return
    function = inspect.signature(getattr(ops, name))
    method = inspect.signature(getattr(Tensor, OTHER_NAMES.get(name, name)))
    if name in UNPACKED:
        return

    def arguments(signature):
        return [(p.name, p.kind, p.default) for p in list(signature.parameters.values())[1:]]

    assert arguments(method) == arguments(function)


def test_no_activation_is_a_method_unless_it_is_an_operation_too():
    activations = {
        name
        for name, value in vars(neural_net_core).items()
        if inspect.isfunction(value) and value.__module__.startswith("neural_net_core.activations.")
    }
    assert len(activations) > 15
    methods = {name for name in vars(Tensor) if inspect.isfunction(vars(Tensor)[name])}
    assert activations & methods <= set(ops.__all__)


def test_the_methods_compute_what_the_functions_do():
    x = Tensor([[1.0, -2.0, 3.0], [0.5, 0.25, -0.125]])
    calls = [
        ("sin", ()), ("cos", ()), ("expm1", ()), ("sign", ()), ("prod", (1,)), ("norm", (0,)),
        ("moveaxis", (0, 1)), ("flip", (1,)), ("pad", (1,)), ("erf", ()),
    ]  # fmt: skip
    for name, arguments in calls:
        wanted = getattr(ops, name)(x, *arguments).data
        np.testing.assert_array_equal(getattr(x, name)(*arguments).data, wanted)
    np.testing.assert_array_equal(x.abs().log1p().data, ops.log1p(ops.absolute(x)).data)
    for name, arguments in (("split", (3, 1)), ("unstack", (1,))):
        for part, wanted in zip(
            getattr(x, name)(*arguments), getattr(ops, name)(x, *arguments), strict=True
        ):
            np.testing.assert_array_equal(part.data, wanted.data)


@pytest.mark.parametrize("other", [None, "a", b"a", {}, set()], ids=repr)
def test_what_has_no_size_is_not_compared(other):
    x = Tensor([1.0, 2.0])
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        for pair in ((x, other), (other, x)):
            with pytest.raises(TypeError, match="Tensor: it can be compared with numbers, got"):
                compare(*pair)


@pytest.mark.parametrize("divide", [operator.floordiv, operator.mod, divmod])
def test_division_with_remainder_says_what_to_write(divide):
    x = Tensor([1.0, 2.0])
    for pair in ((x, 2), (2, x), (x, x), (x, [2.0])):
        with pytest.raises(DTypeError, match=r"write np\.floor_divide\(x\.data, y\)"):
            divide(*pair)


def test_a_number_has_no_length():
    with pytest.raises(TypeError, match="Tensor: a 0-d tensor has no length"):
        len(Tensor(1.0))
