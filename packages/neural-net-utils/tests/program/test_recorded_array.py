"""Every way of using an array is seen, gives what a plain array gives, and is written as Python."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import Tensor
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.recorded_array import RecordedArray
from neural_net_core.plain import plain_array
from neural_net_utils import record

A = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
B = np.arange(12, 0, -1, dtype=np.float32).reshape(3, 4)
I = np.array([2, 0, 2])


def accumulate(a: Array, b: Array, i: Array) -> Array:
    np.add.at(a, (i, 0), b[:, 0])
    return a


def write(a: Array, b: Array, i: Array) -> Array:
    a[1:, ::2] = b[1:, ::2]
    a[i, 1] = 5
    a[0] += b[0]
    a.T[...] -= 1
    a[b > 9] = -a[b > 9]
    a *= b
    np.multiply(a, 2, out=a.T.T)
    np.copyto(a[:1], b[:1])
    a[2].fill(3)
    a[1].sort()
    return a


def into_plain(a: Array, b: Array, i: Array) -> Array:
    out = np.zeros((3, 4), np.float32)
    out += a
    np.maximum(out, b, out=out)
    return out


def into_out(a: Array, b: Array, i: Array) -> Array:
    np.clip(a, 2, 5, out=a)
    np.mean(b, axis=0, out=a[0])
    b.sum(axis=0, out=a[1])
    a[2:].cumsum(axis=1, out=b[2:])
    np.take(b, i, axis=0, out=a)
    return a + b


# What an expression is written as, where that is to be seen.
CASES: list[tuple[Callable[[Any, Any, Any], Any], str]] = [
    (lambda a, b, i: a + b, "a + b"),
    (lambda a, b, i: 1 - a / b, "1 - quotient"),
    (lambda a, b, i: -a @ b.T, "minus @ b.T"),
    (lambda a, b, i: a**3.5, "a ** 3.5"),
    (lambda a, b, i: (a > b) & (a != 3), "greater & not_equal"),
    (lambda a, b, i: ~(a > b), "~greater"),
    (lambda a, b, i: np.exp(-b) * -2, "exp * -2"),
    (lambda a, b, i: np.add.reduce(a, axis=0), "np.add.reduce(a, axis=0)"),
    (lambda a, b, i: np.maximum.accumulate(b, 1), "np.maximum.accumulate(b, axis=1)"),
    (lambda a, b, i: np.multiply.outer(a[0], b[1]), "np.multiply.outer(a[0], b[1])"),
    (lambda a, b, i: np.where(a > b, a, 0), "np.where(greater, a, 0)"),
    (lambda a, b, i: np.einsum("ij,kj->ik", a, b), "np.einsum('ij,kj->ik', a, b)"),
    (lambda a, b, i: np.concatenate([a, b[:1]], axis=0), "np.concatenate([a, b[:1]], axis=0)"),
    (lambda a, b, i: np.split(a, 2, axis=1)[1] * 2, "split_2 * 2"),
    (lambda a, b, i: np.linalg.norm(a), "np.linalg.norm(a)"),
    (lambda a, b, i: np.zeros_like(a, shape=(2, 2), dtype=np.float64), "dtype=np.float64"),
    (lambda a, b, i: a.sum(axis=1, keepdims=True), "a.sum(axis=1, keepdims=True)"),
    (lambda a, b, i: a.mean() + a.max(), "mean + largest"),
    (lambda a, b, i: a.var(axis=-1, ddof=1), "a.var(axis=-1, ddof=1)"),
    (lambda a, b, i: a.astype(np.float64) / 3, "a.astype(np.float64)"),
    (lambda a, b, i: a.astype(np.float32, copy=False) + 1, "a + 1"),
    (lambda a, b, i: a.reshape(4, 3).T.copy("C"), "a.reshape(4, 3).T.copy('C')"),
    (lambda a, b, i: a.T.reshape(-1) * 2, "reshape * 2"),
    (lambda a, b, i: a[i], "a[i]"),
    (lambda a, b, i: a[i, [0, 1, 3]], "a[i, [0, 1, 3]]"),
    (lambda a, b, i: a[a > 4], "a[greater]"),
    (lambda a, b, i: a[1:, None, ::-1] * 1, "a[1:, None, ::-1] * 1"),
    (lambda a, b, i: a[..., 0] + a[1, 2], "a[..., 0] + a[1, 2]"),
    (lambda a, b, i: a[np.int64(1), : i[1] + 2] + 1, "a[1, :2] + 1"),
    (lambda a, b, i: sum(row[0] for row in a), ""),
    (lambda a, b, i: np.clip(a, 2, np.inf), "np.clip(a, 2, np.inf)"),
    (lambda a, b, i: np.broadcast_to(a[0], (3, 4)) * b, "* b"),
    (lambda a, b, i: np.lib.stride_tricks.sliding_window_view(a, 2, axis=1) + 0, "+ 0"),
    (lambda a, b, i: a.argmax(axis=1), "a.argmax(axis=1)"),
    (lambda a, b, i: np.take_along_axis(a, i[:, None], axis=1), "np.take_along_axis("),
    (lambda a, b, i: a * np.float32(0.1), "a * np.float32(0.1)"),
    (lambda a, b, i: a + np.arange(4), "a + np.arange(4)"),
    (lambda a, b, i: np.asarray(a).T @ b, "a.T @ b"),  # a view that was not seen, and is known
    (lambda a, b, i: np.asarray(a)[1:, 1:3] * b[1:, 1:3], "np.ndarray("),
    (lambda a, b, i: (np.divmod(a, b)[0], np.modf(a)[1]), ""),
    (lambda a, b, i: a.squeeze() + a.ravel()[3], ""),
    (accumulate, "np.add.at(a, (i, 0), b[:, 0])"),
    (write, "a[1:, ::2] = b[1:, ::2]"),
    (into_plain, "out += a"),
    (into_out, "np.clip(a, 2, 5, out=a)"),
    (into_out, "b.sum(axis=0, out=a[1])"),
]


@pytest.mark.parametrize(("function", "text"), CASES)
def test_it_computes_as_a_plain_array_and_is_written_down(
    function: Callable[[Array, Array, Array], Any], text: str
) -> None:
    def train_step(a: Array, b: Array, i: Array) -> Any:
        return function(a, b, i)

    program = record(train_step, A.copy(), B.copy(), I.copy())
    expected = function(A.copy(), B.copy(), I.copy())
    expected = expected if isinstance(expected, tuple) else (expected,)
    got = program.run()
    for array, result in zip(expected, program.results, strict=False):
        assert got[result].tobytes() == np.asarray(array).tobytes()
        assert got[result].dtype == np.asarray(array).dtype
    assert program.notes == ()
    assert text in str(program)


def test_it_means_its_values_and_stays_what_it_is() -> None:
    array = A.view(RecordedArray)
    assert plain_array(array) is array
    assert isinstance(array, np.ndarray)


def test_beside_a_tensor_the_tensor_decides() -> None:
    def train_step(a: Array) -> tuple[Tensor, Tensor]:
        t = Tensor(np.ones((3, 4)), requires_grad=True)
        return a * t, t * a

    first, second = record(train_step, A).results.values()
    assert first.tobytes() == second.tobytes() == A.tobytes()


@pytest.mark.parametrize("take", [bool, int, float, str, repr, lambda x: x.item(), complex])
def test_a_single_element_is_a_number(take: Callable[[Any], Any]) -> None:
    seen = []
    record(lambda a: seen.append(take(a[0, 1])), A)
    expected = take(A[0, 1]) if take not in (str, repr) else take(A[0, 1, ...])
    assert seen == [expected]


def test_an_index_is_an_index() -> None:
    seen = []
    record(lambda i: seen.append([10, 20, 30][i[0]]), I)
    assert seen == [30]
