"""Operations and memory traffic of single calls, against their formulas."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import Op, Tensor, trace
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.counter import OpCost

A, B = np.ones((6, 5), np.float32), np.ones((5, 7), np.float32)
N = 4 * 6 * 5  # the bytes of A


class Given(Op):
    """Any function as an operation."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, *arrays: Any) -> Any:
        return np.asarray(self.function(*arrays))

    def backward(self, dy: Any) -> Any:
        raise NotImplementedError


def cost(function: Callable[..., Any], *arrays: Array) -> OpCost:
    with trace() as calls:
        Given.apply(*arrays, function=function)
    return calls[0].cost()


# Operations, bytes read, bytes written.
CASES: dict[str, tuple[Callable[[Any, Any], Any], int, int, int]] = {
    "sum of two": (lambda a, b: a + a, 30, N, N),
    "sum with a number": (lambda a, b: a + 1, 30, N, N),
    "sum with a row": (lambda a, b: a + b[:, 0], 30, N + 20, N),
    "exponential": (lambda a, b: np.exp(a), 30, N, N),
    "comparison": (lambda a, b: a > 0, 30, N, 30),
    "product": (lambda a, b: a @ b, 2 * 6 * 7 * 5, N + 140, 4 * 42),
    "einsum": (lambda a, b: np.einsum("ik,kj->ij", a, b), 2 * 6 * 7 * 5, N + 140, 4 * 42),
    "outer einsum": (lambda a, b: np.einsum("i,j->ij", a[:, 0], b[0]), 42, 24 + 28, 4 * 42),
    "einsum of the rest": (
        lambda a, b: np.einsum("...k,kj->...j", a.reshape(2, 3, 5), b),
        2 * 6 * 7 * 5,
        N + 140,
        168,
    ),
    "einsum that broadcasts": (
        lambda a, b: np.einsum("...i,...i->...", a.reshape(2, 3, 5), a[:3]),
        60,
        N + 60,
        24,
    ),
    "row sums": (lambda a, b: a.sum(axis=1), 6 * 4, N, 24),
    "reduction": (lambda a, b: np.maximum.reduce(a, axis=None), 29, N, 4),
    "mean": (lambda a, b: a.mean(axis=0), 30, N, 20),
    "running sums": (lambda a, b: np.add.accumulate(a, axis=1), 24, N, N),
    "choice": (lambda a, b: np.where(a, a, 0), 0, N, N),
    "rows chosen": (lambda a, b: a[[0, 2, 2]], 0, 60, 60),
    "copy": (lambda a, b: a.copy(), 0, N, N),
    "zeros": (lambda a, b: np.zeros_like(a), 0, 0, N),
    "repeated": (lambda a, b: np.broadcast_to(a[0], (6, 5)) + a, 30, 20 + N, N),
}


@pytest.mark.parametrize("name", CASES)
def test_a_call_has_the_cost_of_its_formula(name: str) -> None:
    function, *expected = CASES[name]
    found = cost(function, A, B)
    assert [found.operations, found.read, found.written] == expected
    assert found.bytes == found.read + found.written


def test_an_array_that_is_taken_twice_is_read_once() -> None:
    assert cost(lambda a, b: a[:3] * a[:3], A, B).read == N // 2
    assert cost(lambda a, b: a[:3] * a[3:], A, B).read == N


def test_costs_of_several_calls_add_up_and_views_are_free() -> None:
    found = cost(lambda a, b: (a.T.reshape(5, 6)[::2].T @ b[:3]).sum(axis=0), A, B)
    assert found.operations == 2 * 6 * 7 * 3 + 5 * 7


def test_what_is_written_in_place_is_counted_once() -> None:
    def squares(a: Array, b: Array) -> Array:
        out = np.zeros_like(a)
        out[1:3] = a[1:3]
        out *= out
        return out

    found = cost(squares, A, B)
    assert (found.operations, found.read, found.written) == (30, 40 + N, N + 40 + N)


def test_a_call_without_a_formula_makes_the_whole_unknown() -> None:
    assert cost(lambda a, b: np.linalg.matrix_rank(a) + 1.0, A, B).operations is None
    known = OpCost(3, 4, 5)
    assert known + OpCost(1, 1, 1) == OpCost(4, 5, 6)
    assert (known + OpCost(None, 1, 1)).operations is None


def test_integers_alone_cost_no_floating_point_operations() -> None:
    assert cost(lambda i: i * 2 + 1, np.arange(5)).operations == 0


def test_arrays_reach_the_operation_as_they_are_and_stay() -> None:
    x = Tensor(A.copy(), requires_grad=True)
    with trace() as calls:
        y = Given.apply(x, function=np.exp)
    assert calls[0].cost() == calls[0].cost() == OpCost(30, N, N)
    assert type(x.data) is np.ndarray
    assert type(y.data) is np.ndarray
    assert np.array_equal(x.data, A)


@pytest.mark.parametrize(
    ("name", "others", "terms"),
    [
        ("cholesky", [], 30**3 / 3),
        ("det", [], 2 * 30**3 / 3),
        ("slogdet", [], 2 * 30**3 / 3),
        ("inv", [], 2 * 30**3),
        ("solve", [np.ones((2, 30, 7))], 2 * 30**3 / 3 + 2 * 30**2 * 7),
        ("svd", [], 21 * 30**3),
    ],
)
def test_linear_algebra_counts_by_the_books(name: str, others: list[Array], terms: float) -> None:
    a = np.broadcast_to(2 * np.eye(30), (2, 30, 30)).copy()
    found = cost(lambda a, *b: getattr(np.linalg, name)(a, *b)[0], a, *others)
    assert found.operations == 2 * terms


def test_singular_values_alone_take_less() -> None:
    a = np.ones((2, 6, 3))
    assert cost(lambda a: np.linalg.svd(a)[0], a).operations == 2 * (
        4 * 36 * 3 + 8 * 6 * 9 + 9 * 27
    )
    found = cost(lambda a: np.linalg.svd(a, compute_uv=False), a).operations
    assert found == 2 * (4 * 6 * 9 - 4 * 27 / 3)
