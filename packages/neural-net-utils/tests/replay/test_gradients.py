"""Large gradients that several calls fill, and rows of tables: in new memory, the same bits."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from neural_net_core import Module, Op, Parameter, Tensor
from neural_net_core.op import returns_new_arrays
from neural_net_utils.replay import gradients, replay

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 6, 4)).astype(np.float32)
X[8] *= np.float32(1e38)  # of which sums overflow
ROWS = RNG.integers(-9, 9, size=(12, 6))
ROWS[6:8] = np.arange(6)  # none twice, and then some again

# Each fills g, or changes what the next one fills it with: b is (6, 4), rows are (6,).
FILLS: list[Callable[[Any, Any, Any, Any], Any]] = [
    lambda g, b, rows, dy: np.add.at(g, rows, b),
    lambda g, b, rows, dy: np.add.at(g.reshape(-1), rows, b[:, 0]),
    lambda g, b, rows, dy: np.add.at(g[::-1], rows % 5, b),
    lambda g, b, rows, dy: g.__setitem__(rows, b),
    lambda g, b, rows, dy: g.__setitem__(slice(2, 4), b[:2]),
    lambda g, b, rows, dy: g[3].fill(-0.0),
    lambda g, b, rows, dy: np.copyto(g, 2),
    lambda g, b, rows, dy: g.__iadd__(1),
    lambda g, b, rows, dy: b.__imul__(2),
    lambda g, b, rows, dy: b.__setitem__(Ellipsis, dy[::-1]),
    lambda g, b, rows, dy: rows.__setitem__(0, 1),
    lambda g, b, rows, dy: b.__iadd__(g[:6]),
]


class FilledOp(Op):
    """Rows of a table, whose gradient some calls fill in some order."""

    def __init__(self, fills: list[int]) -> None:
        self.fills = fills

    def forward(self, table: Any, rows: Any) -> Any:
        self.shape, self.rows = table.shape, rows
        return table[rows]

    @returns_new_arrays
    def backward(self, dy: Any) -> Any:
        g = np.zeros(self.shape, dy.dtype)
        b, rows = dy.copy(), self.rows.copy()
        for fill in self.fills:
            FILLS[fill](g, b, rows, dy)
        return g, None


class Table(Module):
    def __init__(self, fills: list[int]) -> None:
        self.table = Parameter(np.linspace(-1, 1, 36, dtype=np.float32).reshape(9, 4))
        self.fills = fills

    def forward(self, x: Tensor, rows: Tensor) -> Tensor:
        return (FilledOp.apply(self.table, rows, fills=self.fills) * x).sum()


class Lookup(Module):
    def __init__(self) -> None:
        self.weight = Parameter(np.linspace(-1, 1, 36, dtype=np.float32).reshape(9, 4))

    def forward(self, rows: Tensor) -> Tensor:
        return self.weight[rows]


def compared(fills: list[int], side_by_side: Any, case: Any) -> tuple[list[Any], int]:
    """Return why steps were run as written, and how many gradients a record fills at once."""
    found = 0

    def script(step: Any, i: int, c: Any) -> Any:
        nonlocal found
        kept = c.names.setdefault("kept", [])
        c.model.table.grad = None
        loss = step.gradients(X[i], ROWS[i])
        kept.append((c.model.table.grad, c.model.table.grad.tobytes()))
        if hasattr(step, "_records"):
            (records,) = step._records.values()
            calls = [call for v in records.proven for call in (*v.forward, *v.backward)]
            found = sum(type(function) is gradients._Fill for function, *_ in calls)
        return loss, [gradient.tobytes() == bits for gradient, bits in kept]

    def made() -> Any:
        model = Table(fills)
        return case(lambda x, rows: model(x, rows), model)

    with patch.object(gradients, "_LARGE", 1), patch.object(replay, "_MANY_ROWS", 1):
        return side_by_side(made, script), found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(fills=st.lists(st.integers(0, len(FILLS) - 1), min_size=1, max_size=6))
def test_gradients_filled_in_any_order(fills: list[int], side_by_side: Any, case: Any) -> None:
    compared(fills, side_by_side, case)


@pytest.mark.parametrize("fill", range(len(FILLS)))
def test_every_way_to_fill_a_gradient_is_replayed(fill: int, side_by_side: Any, case: Any) -> None:
    """Also that it is filled at once where it is, and that what was handed out stays as it is."""
    reasons, found = compared([fill, 0], side_by_side, case)
    assert reasons[-1] is None
    # In the last ones g is written by a call that gives its result as `out`, or is read.
    assert found == (fill not in (7, 11))


@pytest.mark.parametrize("fills", [[0, 8, 0], [4, 8, 0]])
def test_what_is_read_or_said_in_between(fills: list[int], side_by_side: Any, case: Any) -> None:
    """At the end, both calls would take of b what only the second may, or warn too late."""
    reasons, found = compared(fills, side_by_side, case)
    assert (reasons[-1], found) == (None, 0)


@pytest.mark.parametrize("least", [1, 1 << 20])
@pytest.mark.parametrize("shape", [(), (7,), (2, 3), (0,)])
def test_rows_of_a_table(least: int, shape: tuple[int, ...], side_by_side: Any, case: Any) -> None:
    """Row numbers from the end, none at all, and one that there is not, in a step of its own."""
    rows = RNG.integers(-9, 9, size=(12, *shape))
    wrong = rows.copy()
    wrong[8] = 9
    wrong[9] = -10

    def made() -> Any:
        model = Lookup()
        return case(lambda i, j: (model(i) * model.weight[j]).sum(), model)

    def script(step: Any, i: int, c: Any) -> Any:
        c.model.weight.data[0, 0] = [np.nan, -0.0, np.inf][i % 3]
        return step.gradients(np.asarray(abs(rows[i]) % 9), np.asarray(wrong[i]))

    with patch.object(replay, "_MANY_ROWS", least), np.errstate(invalid="ignore"):
        assert side_by_side(made, script)[-1] is None
