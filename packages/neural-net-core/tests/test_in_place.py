"""Augmented assignment keeps a parameter a parameter, and a plain Tensor what it always was."""

import operator

import numpy as np
import pytest

from neural_net_core import (
    Buffer,
    Dense,
    DTypeError,
    GraphError,
    Module,
    Parameter,
    ShapeError,
    Tensor,
    no_grad,
)

FLOATING = [
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ifloordiv,
    operator.imod,
    operator.ipow,
    operator.imatmul,
]
WHOLE = [operator.iand, operator.ior, operator.ixor, operator.ilshift, operator.irshift]
VALUES = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def operands():
    other = np.array([[2.0, 1.0], [1.0, 3.0]])
    return [other, Tensor(other), Parameter(other), Buffer(other), other.tolist()]


@pytest.mark.parametrize("change", FLOATING)
@pytest.mark.parametrize("kind", [Parameter, Buffer])
def test_every_operator_works_in_place_and_is_counted(change, kind):
    for other in operands() + ([2, 0.5, np.float64(2)] if change is not operator.imatmul else []):
        t = kind(VALUES)
        memory, values = t.data, np.asarray(getattr(other, "data", other), np.float32)
        expected = change(VALUES.copy(), values)
        with no_grad():
            result = change(t, other)
        assert result is t and t.data is memory and t.version == 1
        np.testing.assert_allclose(t.data, expected, rtol=1e-6)
        assert t.dtype == np.float32
        assert t.requires_grad == (kind is Parameter)


@pytest.mark.parametrize("change", WHOLE)
def test_operators_of_whole_numbers(change):
    t = Buffer([5, 6])
    expected = change(np.array([5, 6]), 1)
    change(t, 1)
    np.testing.assert_array_equal(t.data, expected)
    p = Parameter([1.0])
    with no_grad(), pytest.raises(DTypeError, match="Parameter of shape"):
        change(p, 1)
    assert p.data.tolist() == [1.0] and p.version == 0


@pytest.mark.parametrize("change", FLOATING)
def test_a_parameter_cannot_be_changed_where_it_is_recorded(change):
    p = Parameter(VALUES, name="0.weight")
    with pytest.raises(GraphError, match=r"Parameter 0\.weight.*no_grad"):
        change(p, VALUES)
    np.testing.assert_array_equal(p.data, VALUES)
    assert p.version == 0


def test_a_buffer_takes_no_history():
    b = Buffer([1.0])
    with pytest.raises(GraphError, match="Buffer"):
        b += Tensor([1.0], requires_grad=True)
    b += 1
    b += Tensor([1.0], requires_grad=True).detach()
    assert b.tolist() == [3.0]


def test_a_module_keeps_its_parameter():
    model = Dense(2, 2)
    before = model.weight
    with no_grad():
        model.weight -= 0.1 * model.weight
        model.bias *= 0
    assert model.weight is before
    assert dict(model.named_parameters()) == {"weight": before, "bias": model.bias}


def test_a_module_keeps_its_buffer():
    class Count(Module):
        def __init__(self):
            self.n = Buffer(0)

        def forward(self, x):
            self.n += 1
            return x

    model = Count()
    model(1.0)
    model(1.0)
    assert model.state_dict() == {"n": 2}


def test_a_change_after_the_forward_pass_is_noticed():
    p = Parameter([2.0])
    y = p * p
    with no_grad():
        p += 1
    with pytest.raises(GraphError, match="changed after the forward pass"):
        y.backward()


@pytest.mark.parametrize(
    ("start", "other", "error"),
    [
        ([1.0, 2.0], np.ones((3, 2)), ShapeError),
        ([1.0, 2.0], np.ones(3), ShapeError),
        ([1.0, 2.0], None, DTypeError),
        ([1.0, 2.0], "x", DTypeError),
        ([1.0, 2.0], 1j, DTypeError),
    ],
)
def test_after_a_refusal_nothing_is_changed(start, other, error):
    p = Parameter(start)
    with no_grad(), pytest.raises(error, match="Parameter of shape"):
        p += other
    assert p.tolist() == start and p.version == 0
    n = Buffer([1, 2])
    with pytest.raises(DTypeError, match="Buffer of shape"):
        n /= 2
    assert n.tolist() == [1, 2] and n.version == 0


def test_a_parameter_that_is_frozen_may_be_changed_anywhere():
    p = Parameter([1.0], requires_grad=False)
    p += 1
    assert isinstance(p, Parameter) and p.tolist() == [2.0]


def test_a_plain_tensor_is_bound_to_the_result():
    x = y = Tensor([1.0], requires_grad=True)
    y += 1
    assert y is not x and x.tolist() == [1.0]
    y.backward()
    assert x.grad.tolist() == [1.0]
