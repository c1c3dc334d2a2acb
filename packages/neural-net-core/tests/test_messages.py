"""Errors of the engine name the operation, what was expected and what came."""

import numpy as np
import pytest

from neural_net_core import (
    Dense,
    DTypeError,
    GraphError,
    GraphFreedError,
    Op,
    PositionError,
    ShapeError,
    Tensor,
    geglu,
    glu,
    grad,
    gumbel_softmax,
    ops,
    swiglu,
)
from neural_net_core.testing import gradcheck


class Answers(Op):
    """y = x;  dx is whatever the test wants"""

    def __init__(self, answer):
        self.answer = answer

    def forward(self, x):
        return x * 1

    def backward(self, dy):
        return self.answer(dy)


def leaf(shape=(2, 3), dtype=np.float32):
    return Tensor(np.ones(shape), dtype, requires_grad=True)


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (lambda dy: dy[:1, :1], ShapeError, r"\(2, 3\).*got \(1, 1\)"),
        (lambda dy: dy.reshape(3, 2), ShapeError, r"\(2, 3\).*got \(3, 2\)"),
        (lambda dy: dy[0], ShapeError, r"\(2, 3\).*got \(3,\)"),
        (lambda dy: dy.sum(), ShapeError, r"\(2, 3\).*got \(\)"),
        (lambda dy: dy.tolist(), GraphError, "an array, got list"),
        (lambda dy: 1.0, GraphError, "an array, got float"),
        (lambda dy: Tensor(dy), GraphError, "an array, got Tensor"),
        (lambda dy: dy * 1j, DTypeError, "float32, got complex"),
        (lambda dy: dy.astype(object), DTypeError, "float32, got object"),
    ],
)
@pytest.mark.parametrize("on_the_way", [False, True])
def test_a_gradient_that_does_not_fit_names_the_operation(answer, error, text, on_the_way):
    x = leaf()
    before = x * 2 if on_the_way else x
    y = Answers.apply(before, answer=answer)
    text = f"^Answers.backward: the gradient of input 0: expected .*{text}"
    with pytest.raises(error, match=text):
        y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("on_the_way", [False, True])
def test_a_gradient_of_another_dtype_is_cast(on_the_way):
    seen = []

    class Sees(Op):
        def forward(self, x):
            return x * 1

        def backward(self, dy):
            seen.append(dy.dtype)
            return dy

    x = leaf()
    before = Sees.apply(x) if on_the_way else x
    Answers.apply(before, answer=lambda dy: dy.astype(np.float64) * 2).sum().backward()
    assert x.grad.dtype == np.float32
    assert (x.grad == 2).all()
    assert seen == ([np.float32] if on_the_way else [])


def test_gradcheck_finds_a_gradient_that_turns_float64():
    def right(x):
        return Answers.apply(x, answer=lambda dy: dy * 1.0)

    def wrong(x):
        return Answers.apply(x, answer=lambda dy: dy * np.float64(1.0) * np.ones(3))

    assert gradcheck(right, [np.ones((2, 3))])
    with pytest.raises(DTypeError, match=r"Answers\.backward.*float32, got float64"):
        gradcheck(wrong, [np.ones((2, 3))])


def test_a_state_that_goes_on_is_told_to_be_cut_off():
    state = leaf() * 2
    state.sum().backward()
    with pytest.raises(GraphFreedError, match="detach"):
        (state + 1).sum().backward()


def test_grad_says_what_it_takes():
    x, model = leaf(), Dense(3, 2)
    for wrt in (model, None, 3):
        with pytest.raises(TypeError, match="grad: expected a Tensor or a sequence"):
            grad(x.sum(), wrt)
    with pytest.raises(TypeError, match="grad: expected Tensors, got ndarray at 1"):
        grad(x.sum(), [x, x.data])
    with pytest.raises(TypeError, match="grad: expected the loss as a Tensor, got float"):
        grad(1.0, x)


@pytest.mark.parametrize("number", [2.0, 2, True, np.float32(2), np.array(2.0), Tensor(2.0)])
def test_a_matrix_product_with_a_number_is_refused(number):
    for call in (lambda x: x @ number, lambda x: number @ x, lambda x: ops.matmul(x, number)):
        with pytest.raises(ShapeError, match=r"(?i)matmul"):
            call(leaf())


ONE_AXIS = ["sum", "mean", "prod", "max", "min", "var", "std", "norm", "logsumexp", "softmax"]
ONE_AXIS += [
    "log_softmax",
    "cumsum",
    "cumprod",
    "logcumsumexp",
    "sort",
    "flip",
    "squeeze",
    "expand_dims",
    "unstack",
]
WITH_AXIS = {
    **{name: getattr(ops, name) for name in ONE_AXIS},
    "concatenate": lambda x, axis: ops.concatenate([x, x], axis),
    "stack": lambda x, axis: ops.stack([x, x], axis),
    "split": lambda x, axis: ops.split(x, 1, axis),
    "take_along_axis": lambda x, axis: ops.take_along_axis(x, [[0]], axis),
    "transpose": lambda x, axis: ops.transpose(x, (0, axis)),
    "swapaxes": lambda x, axis: ops.swapaxes(x, 0, axis),
    "moveaxis": lambda x, axis: ops.moveaxis(x, 0, axis),
    "topk": lambda x, axis: ops.topk(x, 1, axis),
    "roll": lambda x, axis: ops.roll(x, 1, axis),
    "repeat_interleave": lambda x, axis: ops.repeat_interleave(x, 2, axis),
    "index_add": lambda x, axis: ops.index_add(x, [0], [[1.0, 1.0]], axis),
    "scatter_add": lambda x, axis: ops.scatter_add(x, [[0]], x, axis),
    "put_along_axis": lambda x, axis: ops.put_along_axis(x, [[0]], x, axis),
    "gumbel_softmax": lambda x, axis: gumbel_softmax(x, axis=axis),
    "glu": glu,
    "swiglu": swiglu,
    "geglu": geglu,
    "argmax": lambda x, axis: x.argmax(axis),
    "argmin": lambda x, axis: x.argmin(axis),
}


@pytest.mark.parametrize("axis", [7, -8, 1.5, "one", 2**70])
@pytest.mark.parametrize("fn", WITH_AXIS.values(), ids=WITH_AXIS)
def test_an_axis_that_is_not_there_is_named(fn, axis):
    with pytest.raises(
        (ShapeError, DTypeError, ValueError), match=r"(?i)axis|axes|transpose"
    ) as raised:
        fn(leaf((2, 2)), axis)
    assert not isinstance(raised.value, np.exceptions.AxisError)


def test_an_index_that_is_not_there_is_still_an_index_error():
    with pytest.raises(PositionError, match=r"GetItem.*out of bounds.*\(2, 3\)"):
        leaf()[5]
    with pytest.raises(IndexError):
        leaf()[0, 3]


def test_shapes_that_do_not_go_together_are_named_with_the_operation():
    with pytest.raises(ShapeError, match=r"^AddOp\(\).*inputs: \(2, 3\) float32, \(2,\) float32"):
        leaf() + np.ones(2)
    with pytest.raises(ShapeError, match=r"Reshape.*\(2, 3\)"):
        leaf().reshape(4, 4)


def test_an_error_of_ones_own_keeps_its_text_and_kind():
    class Picky(Op):
        def forward(self, x):
            raise ValueError("no such luck")

    with pytest.raises(ValueError, match="no such luck"):
        Picky.apply(leaf())


def test_padding_takes_whole_numbers():
    with pytest.raises((ValueError, TypeError), match="pad"):
        ops.pad(leaf(), 1.5)


def test_a_tensor_of_one_number_is_formatted_rounded_and_counts_as_an_index():
    x = Tensor(1.2345, requires_grad=True)
    assert f"{x:.3f}" == "1.234" or f"{x:.3f}" == "1.235"
    assert f"{x}" == str(x)
    assert (round(x), round(x, 1), int(x), float(Tensor([2.5])), bool(Tensor(0.0))) == (
        1,
        pytest.approx(1.2),
        1,
        2.5,
        False,
    )
    assert ["a", "b", "c"][Tensor(1)] == "b"
    assert list(range(Tensor(2))) == [0, 1]
    for wrong in (x, Tensor([1, 2])):
        with pytest.raises(TypeError):
            range(wrong)
    with pytest.raises(ValueError, match="exactly one element"):
        f"{Tensor([1.0, 2.0]):.2f}"
    with pytest.raises(ValueError, match="exactly one element"):
        round(Tensor([1.0, 2.0]))


@pytest.mark.parametrize("dtype", ["S3", "U2", object, complex, "datetime64[s]", "f2", list])
def test_a_dtype_of_no_numbers_is_refused(dtype):
    for call in (
        lambda: Tensor([1.0], dtype=dtype),
        lambda: leaf().astype(dtype),
        lambda: ops.cast([1.0], dtype),
        lambda: Dense(2, 2).astype(dtype),
    ):
        with pytest.raises(DTypeError):
            call()


@pytest.mark.parametrize("dtype", [int, bool, np.uint8])
def test_a_module_is_not_turned_into_integers(dtype):
    model = Dense(2, 2)
    before = model.weight.data.copy()
    with pytest.raises(DTypeError, match="astype"):
        model.astype(dtype)
    np.testing.assert_array_equal(model.weight.data, before)
    assert model.weight.requires_grad
