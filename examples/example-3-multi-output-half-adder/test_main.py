"""A hidden layer learns sum and carry; without one the carry is learned and the sum is not."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["rows_before"] < 0.5
    assert result["4 hidden units"] == 1
    assert result["no hidden layer"] == 0
    assert result["carry_steps"] < result["sum_steps"]


@pytest.mark.parametrize("seed", range(10))
def test_all_four_rows_are_right_with_margin(seed):
    model = example.network(seed)
    assert not example.right(model).all()
    example.train(model)
    assert example.right(model).all()


def test_without_hidden_units_only_the_carry_is_right():
    model = example.network(0, hidden=0)
    example.train(model)
    names = list(example.TABLE.output_names)
    assert example.right(model)[:, names.index("carry")].all()
    assert not example.right(model)[:, names.index("sum")].any()
