"""One neuron learns OR; without its bias it cannot, and a hidden layer makes up for that."""

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
    assert result["gradient_error"] < 1e-6
    assert result["one neuron"] == 1
    assert result["one neuron, no bias"] == 0
    assert result["2 hidden units, no biases"] == 1


@pytest.mark.parametrize("seed", range(10))
def test_every_row_is_right_with_margin(seed):
    model = example.network("one neuron", seed)
    assert example.worst_error(model) > 0.1
    example.train(model)
    assert example.worst_error(model) < example.MARGIN


def test_without_bias_the_empty_row_is_always_one_half():
    model = example.network("one neuron, no bias", 0)
    example.train(model)
    np.testing.assert_allclose(example.outputs(model)[0], 0.5)
