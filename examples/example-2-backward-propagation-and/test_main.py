"""One neuron learns AND from any start; untrained it does not know it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["before"] > 0.4
    assert result["after"] < 0.1
    assert result["solved"] == 1
    assert result["gradient_error"] < 1e-6
    assert len(list((tmp_path / "images").iterdir())) == 7


@pytest.mark.parametrize("seed", range(10))
def test_every_row_is_right_with_margin(seed):
    model = example.network(seed)
    assert example.worst_error(model) > 0.1
    example.train(model)
    assert example.worst_error(model) < example.MARGIN


@pytest.mark.parametrize("row", range(4))
def test_the_hand_calculation_matches_every_row(row):
    model = example.network(3)
    hand = example.backward_by_hand(model, row)
    dw, db = example.backward_by_library(model, row)
    np.testing.assert_allclose(dw, hand["dw"], atol=1e-6)
    np.testing.assert_allclose(db, hand["db"], atol=1e-6)
