"""Programs of NumPy calls at random: views, writes in place, decisions, everything mixed."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from neural_net_core import Dense

rng = np.random.default_rng(0)
X = rng.normal(size=(4, 4, 4)).astype(np.float32)
M = rng.integers(-2, 3, size=(4, 4, 4))
# The first steps have equal arguments, and then they are others.
ORDER = [0] * 6 + [1, 2, 3, 0, 1, 2, 3, 1]

# Each makes an array of two.
MAKERS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b,
    lambda a, b: a * b[::-1],
    lambda a, b: np.maximum(a, b),
    lambda a, b: np.exp(-np.abs(a)),
    lambda a, b: a.T,
    lambda a, b: a[1:, ::-1],
    lambda a, b: a.reshape(-1),
    lambda a, b: a.ravel()[::2],
    lambda a, b: a.T.reshape(-1, 2),
    lambda a, b: a.sum(axis=0),
    lambda a, b: a.mean(axis=-1, keepdims=True),
    lambda a, b: np.sort(a, axis=-1),
    lambda a, b: np.take_along_axis(a, np.argsort(a, axis=0), axis=0),
    lambda a, b: np.where(a > 0, a, b),
    lambda a, b: np.concatenate([a, b]),
    lambda a, b: np.split(a, 2)[1],
    lambda a, b: np.broadcast_to(a[0], a.shape),
    lambda a, b: np.einsum("ij->j", a),
    lambda a, b: a @ b.T,
    lambda a, b: a.clip(-0.5, 0.5),
    lambda a, b: a.astype(np.int64),
    lambda a, b: a.astype(np.float64),
    lambda a, b: a * float(b.sum()),
    lambda a, b: a[: int(abs(b.sum())) % 3 + 1],
    lambda a, b: a[: np.abs(b).argmax() % 3 + 1],
    lambda a, b: a if b.sum() > 0 else -a,
    lambda a, b: np.zeros(a.shape, a.dtype),
    lambda a, b: np.full(a.shape, b.max()),
    lambda a, b: np.repeat(a, (b.ravel()[: len(a)] > 0) + 1, axis=0),
    lambda a, b: np.pad(a, 1),
    lambda a, b: a[a.argmax(axis=0) % len(a)],
    lambda a, b: np.var(a, axis=0),
    lambda a, b: np.array([a.sum(), b.max(), 1.0]),
    lambda a, b: np.asfortranarray(a),
    lambda a, b: np.ascontiguousarray(a.T),
    lambda a, b: np.asarray(a),
    lambda a, b: np.add.reduce(a, axis=0, keepdims=True),
    lambda a, b: np.multiply.outer(a.ravel()[:3], b.ravel()[:2]),
    lambda a, b: np.searchsorted(np.sort(a.ravel()), b.ravel()[:4]),
    lambda a, b: np.unravel_index(a.argmax(), a.shape)[0] + b,
    lambda a, b: sum(a) + min(b.ravel()),
    lambda a, b: np.piecewise(a, [a > 0], [1.0, -1.0]),
    lambda a, b: np.choose((a > 0).astype(int), [a, b]),
    lambda a, b: np.modf(a)[0],
    lambda a, b: np.lib.stride_tricks.sliding_window_view(a, 2, axis=0).sum(-1),
]


def _assign(a: Any, b: Any) -> None:
    a[...] = b


def _row(a: Any, b: Any) -> None:
    a[0] = b[0]


def _masked(a: Any, b: Any) -> None:
    a[a > 0.25] = 0.25


def _repeated(a: Any, b: Any) -> None:
    a[[0, 0]] += 1


def _shifted(a: Any, b: Any) -> None:
    a[1:] += a[:-1]


def _product(a: Any, b: Any) -> None:
    a *= b


# Each changes the first of two.
WRITERS: list[Callable[[Any, Any], None]] = [
    _assign,
    _row,
    _masked,
    _repeated,
    _shifted,
    _product,
    lambda a, b: a.T.__setitem__(0, 3),
    lambda a, b: a[::-1][0].fill(0.5),
    lambda a, b: np.add.at(a, [0, 0], 1.0),
    lambda a, b: np.copyto(a, b, where=b > 0),
    lambda a, b: np.add(a, b, out=a),
    lambda a, b: np.multiply(a, 2, out=a[::-1]),
    lambda a, b: np.maximum(a, 0.1, out=a, where=a < 0),
    lambda a, b: np.cumsum(a, axis=0, out=a),
    lambda a, b: a.sort(axis=0),
    lambda a, b: np.put(a, [0], 1.5),
    lambda a, b: np.fill_diagonal(a, 1),
]

Program = list[tuple[bool, int, int, int]]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    program=st.lists(
        st.tuples(st.booleans(), st.integers(0, 10**6), st.integers(-4, -1), st.integers(-4, -1)),
        min_size=1,
        max_size=9,
    )
)
def test_random_programs(program: Program, side_by_side: Any, case: Any) -> None:
    run(program, side_by_side, case)


@pytest.mark.parametrize("kind", range(len(MAKERS) + len(WRITERS)))
def test_every_call_alone_is_replayed(kind: int, side_by_side: Any, case: Any) -> None:
    """Else the programs above would show nothing."""
    writes = kind >= len(MAKERS)
    program = [(writes, kind - len(MAKERS) if writes else kind, -2, -1)]
    assert run(program, side_by_side, case)[5] is None


def run(program: Program, side_by_side: Any, case: Any) -> Any:
    """Compare a program side by side; what fails in it is passed over.

    Args:
        program: Whether something is written, by which function, and on which of the arrays.
        side_by_side: See conftest.py.
        case: See conftest.py.
    """

    def loss_of(x: Any, m: Any) -> Any:
        arrays = [x, m, x.copy(), x * 2 - m]
        for writes, kind, i, j in program:
            try:
                if writes:
                    # Only what the program has made itself may be written.
                    target = arrays[i] if len(arrays) + i > 1 else arrays[2]
                    WRITERS[kind % len(WRITERS)](target, arrays[j])
                else:
                    arrays.append(MAKERS[kind % len(MAKERS)](arrays[i], arrays[j]))
            except (ValueError, TypeError, IndexError, AttributeError):
                continue
        last = np.tanh(np.asarray(arrays[-1], dtype=np.float32)).ravel()[:4]
        last = np.concatenate([last, np.zeros(4 - last.size, np.float32)])
        return ((model[0](last[None]) - 1.0) ** 2).mean(), last

    model: list[Any] = []

    def make() -> Any:
        model[:] = [Dense(4, 2, rng=np.random.default_rng(0))]
        return case(loss_of, model[0])

    def script(step: Any, i: int, _: Any) -> Any:
        with np.errstate(all="ignore"):
            return step.gradients(X[ORDER[i]].copy(), M[ORDER[i]].copy())

    return side_by_side(make, script, len(ORDER))
