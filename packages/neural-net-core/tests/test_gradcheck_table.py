"""Every operation of the package is gradient-checked: none is missing, and none is wrong.

The cases stand in files named `gradcheck_cases.py` below this folder, each with a dictionary
`CASES = {OpClass: [(function, inputs), …]}`.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from neural_net_core import Op, Tensor, default_dtype
from neural_net_core.ops import CastOp
from neural_net_core.testing import gradcheck, op_classes


def load_cases():
    """Return all cases; the same operation may stand in several files."""
    cases = {}
    for path in sorted(Path(__file__).parent.rglob("gradcheck_cases.py")):
        spec = importlib.util.spec_from_file_location(f"cases_{path.parent.name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for op, some in module.CASES.items():
            cases.setdefault(op, []).extend(some)
    return cases


CASES = load_cases()
PARAMETERS = [
    pytest.param(op, fn, inputs, id=f"{op.__name__}-{i}")
    for op, some in CASES.items()
    for i, (fn, inputs) in enumerate(some)
]


def arguments_of(inputs, dtype):
    """Return floating inputs as leaves of a dtype, the others as arrays."""
    arrays = [np.array(x) for x in inputs]
    return [Tensor(x, dtype, requires_grad=True) if x.dtype.kind == "f" else x for x in arrays]


def outputs_of(fn, arguments, dtype):
    """Return the results of fn that have a gradient."""
    with default_dtype(dtype):
        y = fn(*arguments)
    return [part for part in (y if isinstance(y, tuple | list) else [y]) if part.requires_grad]


def recorded(outputs):
    """Return the classes of all operations that led to the outputs."""
    seen, waiting = set(), [y.node for y in outputs]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Op) and node not in seen:
            seen.add(node)
            waiting.extend(parent[0] for parent in node.parents if parent is not None)
    return {type(node) for node in seen}


def test_every_operation_of_the_package_has_a_case():
    missing = [op.__name__ for op in op_classes("neural_net_core") if not CASES.get(op)]
    assert missing == []


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_gradient_equals_central_differences(op, fn, inputs):
    outputs = outputs_of(fn, arguments_of(inputs, np.float64), np.float64)
    assert op in recorded(outputs), f"the case never runs {op.__name__}"
    assert gradcheck(fn, inputs)


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_nothing_is_written_to_inputs_or_to_dy(op, fn, inputs):
    arguments = arguments_of(inputs, np.float64)
    for x in arguments:
        (x.data if isinstance(x, Tensor) else x).setflags(write=False)
    for y in outputs_of(fn, arguments, np.float64):
        dy = np.ones_like(y.data)
        dy.setflags(write=False)
        y.backward(dy, retain_graph=True)


@pytest.mark.parametrize(
    ("op", "fn", "inputs"),
    [case for case in PARAMETERS if case.values[0] is not CastOp],  # whose purpose is another dtype
)
def test_float32_stays_float32_forward_and_backward(op, fn, inputs, monkeypatch):
    backward, dtypes = op.backward, set()

    def spy(self, *dys):
        dxs = backward(self, *dys)
        # What the tape throws away, such as the gradient of a constant, may be of any dtype.
        for i, dx in enumerate(dxs if isinstance(dxs, tuple) else (dxs,)):
            if dx is not None and self.needs(i):
                dtypes.add(dx.dtype)
        return dxs

    monkeypatch.setattr(op, "backward", spy)
    outputs = outputs_of(fn, arguments_of(inputs, np.float32), np.float32)
    for y in outputs:
        y.backward(np.ones_like(y.data), retain_graph=True)
    assert {y.dtype for y in outputs} | dtypes == {np.dtype(np.float32)}
