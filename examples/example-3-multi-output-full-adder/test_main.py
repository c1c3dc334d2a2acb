"""One network learns parity and majority at once; chained, it adds numbers."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["rows_before"] < 0.5
    assert result["rows"] == 1
    assert result["sums_before"] < 0.5
    assert result["sums"] == 1


@pytest.mark.parametrize("seed", range(10))
def test_all_eight_rows_are_right_with_margin(seed):
    model = example.network(seed)
    assert not example.right(model).all()
    example.train(model)
    assert example.right(model).all()
    assert example.sums_right(model) == 1


def test_one_wrong_bit_spoils_sums():
    model = example.network(0)
    example.train(model)
    model.layers[1].bias.data[example.CARRY] -= 100  # never a carry
    assert example.sums_right(model) < 0.6
    assert example.add(model, np.array([1]), np.array([1]))[0] != 2
