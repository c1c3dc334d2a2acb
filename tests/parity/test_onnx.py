"""Exported models and operations against ONNX Runtime."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx_cases import CASES, Function, leaves

from neural_net_core import Tensor, no_grad
from neural_net_layers.onnx import ExportError, to_onnx
from neural_net_layers.onnx._table import ROWS

PACKAGES = Path(__file__).parents[2] / "packages"
SIZES = [(3, 5), (2, 7), (4, 3), (1, 6)]


def session_of(file: str | bytes) -> Any:
    return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])


def check_alike(actual: Sequence[Any], expected: Sequence[Any], tolerance: float) -> None:
    """Compare shapes, dtypes and numbers, relative to the largest one."""
    for a, e in zip(actual, expected, strict=True):
        assert (a.shape, a.dtype) == (e.shape, e.dtype)
        largest = np.abs(e[np.isfinite(e)]).max(initial=1e-30)
        np.testing.assert_allclose(a, e, rtol=0, atol=tolerance * largest)


@pytest.mark.parametrize("name", CASES)
def test_a_model_computes_the_same_at_other_sizes(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    inputs, keywords = case.made(7, 3, 5)
    path = tmp_path / "model.onnx"
    to_onnx(case.model, *inputs, path=path, keywords=keywords, **case.options)
    session = session_of(str(path))
    names = [value.name for value in session.get_inputs()]
    for seed, (batch, length) in enumerate(SIZES):
        inputs, keywords = case.made(seed, batch, length)
        feeds = dict(zip(names, [*inputs, *keywords.values()], strict=True))
        check_alike(session.run(None, feeds), case.results(inputs, keywords), case.alike)


def gradient_cases() -> dict[Any, list[Any]]:
    """The tables by which gradients are checked: all operations, with all their options."""
    files = [PACKAGES / "neural-net-core/tests/test_gradcheck_table.py"]
    files += sorted((PACKAGES / "neural-net-layers/tests").glob("gradcheck_cases_*.py"))
    cases: dict[Any, list[Any]] = {}
    for path in files:
        spec = importlib.util.spec_from_file_location(f"of_onnx_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for op, some in module.CASES.items():
            cases.setdefault(op, []).extend(some)
    return {op: cases[op] for op in ROWS}


# What is refused and why, by a word of the message; everything else has to be exported.
TRAINING = "is for training"
KNOWN = {
    "AttentionOp": {TRAINING},
    "BlockedAttentionOp": {TRAINING},
    "ClipOp": {TRAINING},
    "CosineSimilarityOp": {TRAINING},
    "EinsumOp": {"Ellipsis for input"},
    "GetItemOp": {"beside one another"},
    "LogSigmoidOp": {TRAINING},
    "LogSoftmaxOp": {"checker"},
    "NormalizeOp": {TRAINING},
    "PadFromInputOp": {"more than once"},
    "PairwiseDistanceOp": {TRAINING},
    "ReshapeOp": {"checker"},
    "SoftmaxOp": {"checker"},
}


def written(op: Any, model: Any, arrays: list[Any], names: list[str]) -> Any:
    """Return the file, or None if the case is one of those that are refused."""
    try:
        return to_onnx(model, *arrays, dynamic=False, names=names)
    except ExportError as error:
        if any(word in str(error) for word in KNOWN.get(op.__name__, ())):
            return None
        raise


@pytest.mark.parametrize(
    ("op", "cases"), [pytest.param(*item, id=item[0].__name__) for item in gradient_cases().items()]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_operation_computes_the_same_with_all_its_options(op: Any, cases: list[Any]) -> None:
    done = 0
    for function, inputs, *_ in cases:
        arrays = [np.array(x) for x in inputs]
        kinds = {"f": np.float32, "b": bool, "i": np.int64}
        arrays = [array.astype(kinds[array.dtype.kind]) for array in arrays]
        names = [f"x{i}" for i in range(len(arrays))]
        model = Function(function).eval()
        file = written(op, model, arrays, names)
        if file is not None:
            with no_grad():
                given = [Tensor(x) if x.dtype.kind == "f" else x for x in arrays]
                expected = list(leaves(model(*given)))
            session = session_of(file.SerializeToString())
            check_alike(session.run(None, dict(zip(names, arrays, strict=True))), expected, 1e-5)
            done += 1
    assert done
