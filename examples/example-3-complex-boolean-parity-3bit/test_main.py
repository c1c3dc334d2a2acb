"""Six hidden units learn parity; one unit, a plane, and an untrained network do not."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["before"] > 0.4
    assert result["solved"] == 1
    assert result["one_unit"] == 0
    assert result["linear"] == 6


@pytest.mark.parametrize("seed", range(10))
def test_all_eight_rows_are_right_with_margin(seed):
    model = example.network(seed)
    assert example.worst_error(model) > 0.4
    example.train(model)
    assert example.worst_error(model) < example.MARGIN
