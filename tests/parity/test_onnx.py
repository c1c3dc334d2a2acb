"""Exported models against ONNX Runtime, at the sizes of the examples and at others."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from neural_net_layers.onnx import to_onnx

# The cases are those of the package's own tests, which only the package onnx itself runs.
sys.path.insert(0, str(Path(__file__).parents[2] / "packages/neural-net-layers/tests/onnx"))
from onnx_cases import CASES

SIZES = [(3, 5), (2, 7), (4, 3), (1, 6)]


@pytest.mark.parametrize("name", CASES)
def test_onnx_runtime_computes_what_the_model_computes(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    inputs, keywords = case.made(7, 3, 5)
    path = tmp_path / "model.onnx"
    to_onnx(case.model, *inputs, path=path, keywords=keywords, **case.options)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    for seed, (batch, length) in enumerate(SIZES):
        inputs, keywords = case.made(seed, batch, length)
        expected = case.results(inputs, keywords)
        actual = session.run(None, dict(zip(names, [*inputs, *keywords.values()], strict=True)))
        for a, e in zip(actual, expected, strict=True):
            assert (a.shape, a.dtype) == (e.shape, e.dtype)
            assert np.abs(a - e).max(initial=0) <= case.alike * max(np.abs(e).max(initial=0), 1e-30)
