"""Random weights fail, weights set by hand work, and a checkpoint keeps every bit."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["random_right"] < 4
    assert result["error"] < 0.01
    assert result["same"]
    assert {p.name for p in (tmp_path / "images").iterdir()} == {
        "network_random.svg",
        "network_by_hand.svg",
        "truth_table_random.svg",
        "truth_table_by_hand.svg",
    }


def test_almost_no_random_network_is_xor():
    share, by_rows = example.share_that_solve(2000)
    assert share < 0.02
    np.testing.assert_allclose(by_rows.sum(), 1)


def test_the_hidden_units_are_or_and_nand():
    model = example.network(np.random.default_rng(0))
    model.load_state_dict(example.BY_HAND)
    x = example.xor_gate().inputs
    hidden = model.activations[0](model.layers[0](x)).numpy()
    np.testing.assert_allclose(hidden[:, 0], [0, 1, 1, 1], atol=1e-3)
    np.testing.assert_allclose(hidden[:, 1], [1, 1, 1, 0], atol=1e-3)


def test_the_hand_calculation_is_the_network():
    model = example.network(np.random.default_rng(0))
    model.load_state_dict(example.BY_HAND)
    line = example.forward_by_hand(np.array([0.0, 1.0]))[-1]
    by_hand = float(line.partition("[")[2].partition("]")[0])
    np.testing.assert_allclose(model(np.array([[0.0, 1.0]])).item(), by_hand, atol=1e-4)
