"""Steps that sort, scatter, repeat and draw run from their records, to the same bits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Tensor, gumbel_softmax, ops

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 64, 6)).astype(np.float32)
ROWS = RNG.integers(0, 5, size=(12, 64))
PLACES = RNG.integers(0, 64, size=(12, 3, 8))
ZEROS = np.zeros((5, 8), np.float32)

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sorted": lambda y: ops.sort(y, 0)[0] * ops.sort(y, descending=True)[0],
    "the first few": lambda y: ops.topk(y, 3)[0],
    "the first few of many": lambda y: ops.topk(ops.reshape(y, -1), 5)[0],
    "running": lambda y: ops.cumprod(y, 1) + ops.logcumsumexp(y, 0),
    "triangles": lambda y: ops.tril(y, -1) + ops.triu(y, 2),
    "copies": lambda y: ops.tile(y, (1, 2)) * ops.repeat_interleave(y, 2, 1),
    "rolled": lambda y: y * ops.roll(y, (1, 3), (0, 1)),
    "rounded": lambda y: ops.round_straight_through(4 * y) / 4 + ops.erf(y),
    "angles": lambda y: ops.arctan2(y, 0.5) * ops.logaddexp(y, 0.1),
    "outer": lambda y: ops.outer(y[0], y[:, 0]),
    "drawn": lambda y: gumbel_softmax(y, 0.5) * y,
    "drawn, hard": lambda y: gumbel_softmax(y, 0.5, hard=True) * y,
}
AT_POSITIONS: dict[str, tuple[Callable[[Tensor, Any], Tensor], Any]] = {
    "slices added": (lambda y, i: ops.index_add(ZEROS, i, y), ROWS),
    "few slices added": (lambda y, i: ops.index_add(ZEROS, i[:9], y[:9]), ROWS),
    "slices added beside one another": (lambda y, i: ops.index_add(ZEROS.T, i, y.T, 1), ROWS),
    "numbers added": (lambda y, i: ops.scatter_add(y, i, 0.5 * y[:3], 0), PLACES),
    "numbers put": (lambda y, i: ops.put_along_axis(y, i, y[:3] ** 2, 0), PLACES),
    "numbers of repetitions": (
        lambda y, i: ops.repeat_interleave(y, np.arange(64) % 3, 0) * i.mean(),
        ROWS,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_step_with_it_runs_from_the_record(name: str, side_by_side: Any, case: Any) -> None:
    def made() -> Any:
        model = Dense(6, 8)
        return case(lambda x: (FUNCTIONS[name](model(x)) ** 2).sum(), model)

    reasons = side_by_side(made, lambda step, i, _: step.gradients(X[i]))
    assert reasons[-1] is None


@pytest.mark.parametrize("name", AT_POSITIONS)
def test_positions_may_be_others_in_every_step(name: str, side_by_side: Any, case: Any) -> None:
    function, positions = AT_POSITIONS[name]

    def made() -> Any:
        model = Dense(6, 8)
        return case(lambda x, i: (function(model(x), i) ** 2).sum(), model)

    reasons = side_by_side(made, lambda step, i, _: step.gradients(X[i], positions[i]))
    assert reasons[-1] is None


def test_equal_elements_that_come_only_later(side_by_side: Any, case: Any) -> None:
    """Which of them count is found out in another way than where there are none."""

    def made() -> Any:
        model = Dense(6, 8, bias=False)
        return case(lambda x: (ops.topk(model(x), 3, 0)[0] ** 2).sum(), model)

    some = X.copy()
    some[7, 5:] = some[7, 5]
    some[9] = 0
    side_by_side(made, lambda step, i, _: step.gradients(some[i]))
