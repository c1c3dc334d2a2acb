"""The gradient check: it passes what is right and rejects, with a clear text, what is not."""

import numpy as np
import pytest

from neural_net_core import Dense, DTypeError, Op, Tensor, default_dtype, ops
from neural_net_core.testing import gradcheck, op_classes

MODES = ["projection", "jacobian", "direction"]
X = np.random.default_rng(0).normal(size=(3, 4))


class _SlightlyWrong(Op):
    """y = x² with one element of the gradient off by a part in a thousand."""

    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, dy):
        dx = 2 * self.x * dy
        dx[1, 2] *= 1.001
        return dx


class _Sloppy(Op):
    """y = x² whose backward can be told how to fail."""

    def __init__(self, how):
        self.how = how

    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, dy):
        if self.how == "nan":
            return dy * np.nan
        if self.how == "none":
            return None
        if self.how == "forgets the inner derivative":
            return dy
        self.x += 1
        return dy * 2 * (self.x - 1)


@pytest.mark.parametrize("mode", MODES)
def test_a_right_gradient_passes(mode):
    assert gradcheck(lambda a, b: ops.exp(a) * b, [X, X[0]], mode=mode)
    assert gradcheck(lambda a, b: (ops.sin(a @ b), a.sum()), [X, X.T], mode=mode)
    assert gradcheck(ops.sqrt, [np.array(2.0)], mode=mode)
    assert gradcheck(ops.exp, [np.zeros((0, 3))], mode=mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(5))
def test_a_gradient_wrong_by_a_thousandth_in_one_element_is_rejected(mode, seed):
    """By every mode and for every projection."""
    with pytest.raises(AssertionError, match="wrong gradient"):
        gradcheck(_SlightlyWrong.apply, [X], mode=mode, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("how", ["nan", "none", "forgets the inner derivative"])
def test_other_ways_to_be_wrong_are_rejected(mode, how):
    with pytest.raises(AssertionError, match="wrong gradient"):
        gradcheck(lambda x: _Sloppy.apply(x, how=how), [X], mode=mode)


def test_a_graph_cut_by_detaching_is_rejected():
    with pytest.raises(AssertionError, match="backward gives 0"):
        gradcheck(lambda x: (x * 2).detach(), [X])
    with pytest.raises(AssertionError, match="wrong gradient"):
        gradcheck(lambda x: x * x.detach(), [X])


def test_the_text_names_the_input_and_the_worst_place():
    with pytest.raises(AssertionError) as caught:
        gradcheck(lambda a, b: a.sum() + _SlightlyWrong.apply(b), [X, X])
    text = str(caught.value)
    assert "of input 1: backward gives" in text
    assert "at index (1, 2) of shape (3, 4); 1 of 12 elements differ" in text


def test_the_jacobian_names_the_output_too():
    with pytest.raises(AssertionError, match=r"input 0, for the output at \(1, 2\): "):
        gradcheck(_SlightlyWrong.apply, [X], mode="jacobian")
    with pytest.raises(AssertionError, match=r"input 0, for the output 1 at \(1, 2\): "):
        gradcheck(lambda x: (x * 1, _SlightlyWrong.apply(x)), [X], mode="jacobian")


def test_the_jacobian_needs_no_luck_with_the_projection():
    """Two errors that cancel under v = (1, 1) are seen one by one."""

    class _Swapped(Op):
        def forward(self, x):
            return x * np.array([2.0, 3.0])

        def backward(self, dy):
            return dy * np.array([3.0, 2.0])

    class _Ones:
        def normal(self, size):
            return np.ones(size)

    def fn(x):
        return _Swapped.apply(ops.broadcast_to(x, (2,)))

    assert gradcheck(fn, [np.array([1.0])], rng=_Ones())
    with pytest.raises(AssertionError):
        gradcheck(fn, [np.array([1.0])], mode="jacobian")


@pytest.mark.parametrize("mode", MODES)
def test_inputs_are_left_as_they_were(mode):
    x, t = X.copy(), Tensor(X, np.float64, requires_grad=True)
    gradcheck(lambda a, b: a * b, [x, t], mode=mode)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(t.data, X)
    assert t.grad is None


def test_inputs_are_put_back_when_fn_fails():
    t = Tensor(X.copy(), np.float64, requires_grad=True)

    def fails_beside(x):
        if not np.array_equal(x.data, X):
            raise RuntimeError("elsewhere")
        return x * 1

    for mode in MODES:
        with pytest.raises(RuntimeError, match="elsewhere"):
            gradcheck(fails_beside, [t], mode=mode)
        np.testing.assert_array_equal(t.data, X)


def test_a_backward_that_changes_an_input_is_rejected():
    with pytest.raises(AssertionError, match="changed an input in place"):
        gradcheck(lambda x: _Sloppy.apply(x, how="in place"), [X])


@pytest.mark.parametrize("mode", MODES)
def test_parameters_of_a_module_are_checked_as_they_are(mode):
    with default_dtype(np.float64):
        net = Dense(4, 2, rng=np.random.default_rng(0))
    assert gradcheck(lambda x, *_: net(x), [X, *net.parameters()], mode=mode)


def test_integers_and_constant_tensors_are_handed_through():
    seen = []

    def fn(x, i, t):
        seen.append((i, t))
        return x[i] * t

    t = Tensor(2.0)
    assert gradcheck(fn, [X, np.array([0, 0]), t])
    assert isinstance(seen[0][0], np.ndarray)
    assert seen[0][1] is t


def test_float32_is_refused_because_it_cannot_tell_right_from_wrong():
    with pytest.raises(DTypeError, match="expected float64 Tensors, got float32"):
        gradcheck(ops.exp, [Tensor([1.0], requires_grad=True)])
    with pytest.raises(DTypeError, match="expected a float64 result from fn, got float32"):
        gradcheck(lambda x: x.astype(np.float32), [X])


def test_a_random_function_is_refused_unless_it_is_seeded_inside():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="different results"):
        gradcheck(lambda x: x * rng.normal(), [X])
    assert gradcheck(lambda x: x * np.random.default_rng(0).normal(), [X])


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(ValueError, match="floating input"):
        gradcheck(ops.absolute, [np.array([1, 2])])
    with pytest.raises(ValueError, match="floating Tensor from fn"):
        gradcheck(lambda x: x.data, [X])
    with pytest.raises(ValueError, match="mode projection, jacobian or direction, got both"):
        gradcheck(ops.exp, [X], mode="both")


def test_the_direction_costs_two_steps_for_any_size():
    calls = []

    def count(x):
        calls.append(1)
        return ops.exp(x)

    gradcheck(count, [np.zeros(1000)], mode="direction")
    assert len(calls) == 5  # two to compare, one to record, two steps


def test_concrete_operations_of_a_package_are_found_and_bases_are_not():
    names = [op.__name__ for op in op_classes("neural_net_core.ops")]
    assert {"AddOp", "MatMulOp", "MinOp", "EinsumOp", "CastOp"} <= set(names)
    assert "Reduction" not in names
    assert not any(name.startswith("_") for name in names)
    assert op_classes("json") == []
