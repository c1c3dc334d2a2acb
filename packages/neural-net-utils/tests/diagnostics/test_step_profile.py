"""The profile of a step has each operation in its module, its time, its counts, and the rest."""

from itertools import count
from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Op, Parameter, ReLU, Sequential, mse_loss
from neural_net_core.dtypes import Array
from neural_net_utils.diagnostics import OperationTime, StepProfile, profile_step

X, Y = np.ones((5, 8), np.float32), np.ones((5, 3), np.float32)


def network_step() -> tuple[Sequential, Any]:
    model = Sequential(Dense(8, 16), ReLU(), Dense(16, 3))

    def step(x: Array, y: Array) -> None:
        mse_loss(model(x), y).backward()

    return model, step


def test_each_operation_is_found_in_its_module_with_its_counts() -> None:
    _, step = network_step()
    found = {row.module: row for row in profile_step(step, X, Y, repeats=2).rows}
    assert set(found) == {"0 Dense", "1 ReLU", "2 Dense", ""}
    assert found["0 Dense"].operations == 2 * 5 * 8 * 16 + 5 * 16
    assert found["2 Dense"].operations == 2 * 5 * 16 * 3 + 5 * 3
    assert found["1 ReLU"].bytes == 2 * 4 * 5 * 16
    assert found[""].operation.endswith("MSELossOp")
    for row in found.values():
        assert row.calls == 1
        assert min(row.forward, row.backward) > 0


def test_the_times_are_those_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forward pass takes 1 s and a backward pass 10 s on a clock that says so."""
    forward, backward, wall = count(0.0, 1.0), count(0.0, 10.0), count(0.0, 100.0)
    monkeypatch.setattr("neural_net_core.op.perf_counter", forward.__next__)
    monkeypatch.setattr("neural_net_core.tape.perf_counter", backward.__next__)
    monkeypatch.setattr(
        "neural_net_utils.diagnostics.step_profile.time.perf_counter", wall.__next__
    )
    w = Parameter(np.ones(3))
    profile = profile_step(lambda: (w * w * w).sum().backward(), repeats=3)
    product, total = profile.rows
    assert (product.calls, product.forward, product.backward) == (2, 2.0, 20.0)
    assert (total.calls, total.forward, total.backward) == (1, 1.0, 10.0)
    assert profile.seconds == 100.0
    assert profile.rest == 100 - 33
    assert str(profile).splitlines()[1].split()[:3] == ["2000.000", "20000.000", "22.0%"]
    assert "67.0%" in str(profile).splitlines()[-2]


def test_a_step_runs_as_often_as_it_is_said_to_and_counts_once() -> None:
    class CountedOp(Op):
        runs = 0

        def forward(self, x: Array) -> Array:
            CountedOp.runs += 1
            return x * 2

        def backward(self, dy: Array) -> Array:
            return dy * 2

    profile = profile_step(lambda: CountedOp.apply(X), repeats=4)
    assert CountedOp.runs == 1 + 1 + 4  # the first run, counting, and four with the clock
    assert (profile.rows[0].operations, profile.rows[0].backward) == (40, 0.0)


def test_an_operation_without_a_formula_is_a_question_mark() -> None:
    row = OperationTime("0 Dense", "LinearOp", 1, 0.5, 0.25, None, 7)
    assert row.seconds == 0.75
    assert " ? " in str(StepProfile((row,), 1.0, 0.25)).splitlines()[1]


def test_what_is_no_step_is_an_error() -> None:
    with pytest.raises(ValueError, match="step"):
        profile_step(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="repeats"):
        profile_step(lambda: None, repeats=0)
