"""Operations and memory traffic of single calls, against their formulas."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from neural_net_core import Dense, ReLU, Sequential, mse_loss
from neural_net_core.dtypes import Array
from neural_net_utils import record
from neural_net_utils.program import Cost

A, B = np.ones((6, 5), np.float32), np.ones((5, 7), np.float32)
N = 4 * 6 * 5  # the bytes of A


def costs(function: Callable[..., Any], *arrays: Array) -> Cost:
    return record(function, *arrays).cost(1)


def test_in_place_reads_and_writes_its_target() -> None:
    def step(a: Array) -> None:
        a += a[0]
        a[1:3] = 0

    first, second = costs(step, A.copy()).lines
    assert (first.operations, first.read, first.written) == (30, N + 20, N)
    assert (second.operations, second.read, second.written) == (0, 0, 40)


def test_integers_alone_cost_no_floating_point_operations() -> None:
    assert costs(lambda i: i * 2 + 1, np.arange(5)).operations == 0


def test_what_has_no_formula_is_named() -> None:
    cost = costs(lambda a: np.linalg.eigvalsh(a) + 1, A.T @ A)
    assert cost.uncounted == ("eigvalsh = np.linalg.eigvalsh(a)",)
    assert cost.operations == 5
    assert " ? " in str(cost).splitlines()[1]


def test_a_network_of_dense_layers_costs_its_formula() -> None:
    """Forward 2 N I O for each layer; as much again for dW, and for dx but in the first layer."""
    rng = np.random.default_rng(0)
    n, sizes = 5, (8, 16, 3)
    model = Sequential(Dense(8, 16, rng=rng), ReLU(), Dense(16, 3, rng=rng))

    def train_step(x: Array, y: Array) -> Any:
        loss = mse_loss(model(x), y)
        loss.backward()
        return loss

    x, y = np.ones((n, 8), np.float32), np.ones((n, 3), np.float32)
    cost = record(train_step, x, y).cost(1)
    products = [line.operations for line in cost.lines if " @ " in line.line.text]
    first, second = (2 * n * a * b for a, b in pairwise(sizes))
    assert products == [first, second, second, second, first]


def test_the_costs_of_layers_add_up_to_the_whole() -> None:
    model = Sequential(Dense(8, 16), ReLU(), Dense(16, 3))
    cost = record(lambda x: model(x), np.ones((5, 8), np.float32)).cost(1)
    parts = cost.by_part()
    assert {name: part.operations for name, part in parts.items()} == {
        "0 Dense": 2 * 5 * 8 * 16 + 5 * 16,
        "1 ReLU": 5 * 16,
        "2 Dense": 2 * 5 * 16 * 3 + 5 * 3,
    }
    assert sum(part.bytes for part in parts.values()) == cost.bytes


def test_shares_of_time_add_up() -> None:
    cost = costs(lambda a, b: (a @ b).sum(axis=0), A, B)
    assert cost.seconds > 0
    last = str(cost).splitlines()[-1]
    assert "100%" in last
    assert f"{cost.operations:,}" in last
    assert cost.bytes == sum(line.read + line.written for line in cost.lines)
