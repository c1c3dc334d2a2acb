"""NumPy's functions on Tensors: an answer without a gradient, a recorded result, or a refusal."""

import inspect
import re

import numpy as np
import pytest

from neural_net_core import HistoryError, Tensor, linalg, no_grad, ops
from neural_net_core.numpy_protocol import LINALG

NAMESPACES = [np, np.linalg, np.fft, np.lib.stride_tricks]
DISPATCHED = {
    f"{space.__name__}.{name}": getattr(space, name)
    for space in NAMESPACES
    for name in dir(space)
    if isinstance(getattr(space, name), type(np.concatenate) | np.ufunc)
}
# They look at a file's name, or at a memory's owner, first.
ELSEWHERE = {"numpy.savez", "numpy.savez_compressed", "numpy.can_cast"}


def tensor():
    return Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


def required(fn):
    """Return how many arguments a function needs at least."""
    if isinstance(fn, np.ufunc):
        return fn.nin
    try:
        parameters = inspect.signature(fn).parameters.values()
    except ValueError:  # NumPy 2.0 gives functions written in C no signature
        try:
            fn()
        except (TypeError, ValueError) as error:
            missing = re.search(r"missing (\d+) required", str(error))
            return int(missing[1]) if missing else 1
        return 1
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return max(1, sum(p.kind in positional and p.default is p.empty for p in parameters))


def without_history(result):
    """Tell whether there is an array of floating numbers in a result."""
    if isinstance(result, tuple | list):
        return any(map(without_history, result))
    return isinstance(result, np.ndarray | np.floating) and result.dtype.kind == "f"


def test_there_are_hundreds_of_them():
    assert len(DISPATCHED) > 300


@pytest.mark.parametrize("name", DISPATCHED)
@pytest.mark.filterwarnings("ignore")
def test_a_function_never_gives_an_array_without_history(name):
    fn, t = DISPATCHED[name], tensor()
    try:
        result = fn(*[t] * required(fn))
    except TypeError as error:
        refused = error
    else:
        assert not without_history(result)
        assert not isinstance(result, Tensor) or result.requires_grad
        return
    if name not in ELSEWHERE:
        assert isinstance(refused, HistoryError)
        assert re.search(r"^numpy\..*neural_net_core\.(ops|linalg).*\.numpy\(\)", str(refused))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.concatenate([t, t], axis=-1),
        lambda t: np.stack([t.numpy(), t]),
        lambda t: np.where(t > 0, t, 0),
        lambda t: np.einsum("ij->j", t),
        lambda t: np.dot(np.ones((2, 2)), t),
        lambda t: np.pad(t, 1),
        lambda t: np.broadcast_to(t, (3, 2, 2)),
        lambda t: np.linalg.norm(t),
        lambda t: np.add.reduce(t),
        lambda t: np.add.at(np.zeros((2, 2)), 0, t),
        lambda t: np.multiply(np.ones((2, 2)), t, out=np.ones((2, 2))),
        lambda t: np.exp(np.ones((2, 2)), where=t),
        # The list is all that these see, but the conversion happens in NumPy's own code.
        lambda t: np.mean([t, t]),
        lambda t: np.r_[t, t],
        lambda t: np.vectorize(float)([t[0, 0], t[0, 1]]),
        lambda t: np.ma.array([1.0, 2.0]) + t,
        lambda t: np.ma.exp(t),
    ],
)
def test_calls_as_they_are_written(call):
    with pytest.raises(HistoryError, match=r"neural_net_core\.ops.*\.numpy\(\)"):
        call(tensor())


def test_the_message_names_the_function_that_records():
    for call, ours in [
        (lambda t: np.concatenate([t]), "concatenate"),
        (lambda t: np.vstack([t]), "concatenate"),
        (np.linalg.norm, "norm"),
        (np.exp, "exp"),
        (np.square, "power"),
    ]:
        with pytest.raises(HistoryError, match=rf"neural_net_core\.ops\.{ours},"):
            call(tensor())


def test_functions_of_linear_algebra_are_named_in_their_folder():
    assert {f"linalg.{name}" for name in linalg.__all__ if name.islower()} == LINALG
    for name, *others in (("solve", np.eye(2)), ("inv",)):
        with pytest.raises(HistoryError, match=rf"use neural_net_core\.linalg\.{name},"):
            getattr(np.linalg, name)(tensor(), *others)


def test_what_asks_for_no_numbers_is_answered():
    t = tensor()
    assert (np.shape(t), np.ndim(t), np.size(t)) == ((2, 2), 2, 4)
    assert np.array_equal(t, t.numpy())
    assert np.allclose(t, t)


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.asanyarray, np.ascontiguousarray])
def test_a_conversion_is_a_conversion(convert):
    t = tensor()
    np.testing.assert_array_equal(convert(t), t.data)
    assert convert(t, dtype=np.float64).dtype == np.float64
    assert type(convert(t)) is np.ndarray


ARRAYS = [np.ones((2, 2)), np.ones((2, 2), np.float32), np.float64(2), np.int32(2)]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda x: f"{type(x).__name__}-{x.dtype}")
def test_operators_with_an_array_on_either_side_are_recorded(array):
    t = tensor()
    plain = np.asarray(array, np.float32)
    for result, expected in [
        (array + t, plain + t.data),
        (t + array, plain + t.data),
        (array - t, plain - t.data),
        (array * t, plain * t.data),
        (t * array, plain * t.data),
        (array / t, plain / t.data),
        (array**t, plain**t.data),
        *([(array @ t, plain @ t.data), (t @ array, t.data @ plain)] if plain.ndim else []),
    ]:
        assert result.requires_grad and result.dtype == np.float32
        np.testing.assert_allclose(result.data, expected, rtol=1e-6)
    for result, expected in [
        (array < t, plain < t.data),
        (array >= t, plain >= t.data),
        (array == t, plain == t.data),
        (array != t, plain != t.data),
    ]:
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, expected)


def test_an_array_is_not_changed_to_hold_a_tensor():
    array = np.ones((2, 2), np.float32)
    with pytest.raises(HistoryError, match=r"numpy\.add"):
        array += tensor()
    np.testing.assert_array_equal(array, 1)


def test_lists_of_tensors_are_refused_where_history_would_be_lost():
    t = tensor()
    for call in (Tensor, ops.exp, lambda x: ops.add(t, x), lambda x: t * x, lambda x: t + x):
        with pytest.raises(HistoryError, match=r"ops\.stack"):
            call([[t, t.data], [t, t]])
    assert Tensor([t.detach(), t.data]).shape == (2, 2, 2)
    with no_grad():
        assert Tensor([t, t]).shape == (2, 2, 2)
        assert np.mean([t, t]) == 2.5
    assert ops.stack([t, t]).requires_grad
