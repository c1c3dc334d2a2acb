"""A program: run with other arrays, and refusing what does not fit."""

import numpy as np
import pytest

from neural_net_core import Parameter, ShapeError
from neural_net_core.dtypes import Array
from neural_net_utils import Program, record

X = np.array([1.0, 2.0], np.float32)


@pytest.fixture
def program() -> Program:
    w = Parameter([3.0, 4.0], name="w")

    def train_step(x: Array) -> Array:
        w.grad = None
        y = w * x
        y.backward(np.ones(2))
        w.data -= w.grad  # type: ignore[operator]
        return y.data

    return record(train_step, X)


def test_it_runs_from_where_the_step_began(program: Program) -> None:
    assert program.inputs["w"].tolist() == [3, 4]
    assert program.results["w"].tolist() == [2, 2]
    for _ in range(2):  # nothing is changed by a run
        again = program.run()
        assert {k: v.tolist() for k, v in again.items()} == {
            k: v.tolist() for k, v in program.results.items()
        }


def test_it_runs_with_other_arrays(program: Program) -> None:
    other = program.run(x=np.array([5.0, 6.0], np.float32))
    assert other["y"].tolist() == [15, 24]
    assert other["w"].tolist() == [-2, -2]


def test_it_refuses_what_it_does_not_know(program: Program) -> None:
    with pytest.raises(ValueError, match="expected arrays among x, w, got one called z"):
        program.run(z=X)
    with pytest.raises(ShapeError, match=r"expected x \(2,\) float32.* got \(3,\) float32"):
        program.run(x=np.ones(3, np.float32))
    with pytest.raises(ShapeError, match="float64"):
        program.run(x=np.ones(2))
    with pytest.raises(ValueError, match=r"Program\.cost: repeats"):
        program.cost(0)


def test_lines_say_what_they_read_and_write(program: Program) -> None:
    assert [(line.section, line.reads, line.writes) for line in program.lines] == [
        ("forward", ("w", "x"), ("y",)),
        ("backward", ("x",), ("d_w",)),
        ("update", ("w", "d_w"), ("w",)),
    ]
