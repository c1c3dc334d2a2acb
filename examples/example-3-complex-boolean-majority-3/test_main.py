"""One neuron learns the vote of three; the same neuron does not learn parity."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

example = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("main.py"))))


def test_the_story_holds(tmp_path):
    result = example.main(quick=True, folder=tmp_path)
    assert result["before"] > 0.3
    assert result["one neuron"] == result["3 hidden units"] == 1
    assert result["parity"] == 0
    assert 1.3 < result["threshold"] < 1.7


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", example.KINDS)
def test_all_eight_rows_are_right_with_margin(kind, seed):
    model = example.network(kind, seed)
    assert example.worst_error(model) > example.MARGIN
    example.train(model, example.TABLE.outputs)
    assert example.worst_error(model) < example.MARGIN
