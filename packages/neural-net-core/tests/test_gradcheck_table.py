"""Every operation of the package is gradient-checked: none is missing, and none is wrong.

The cases stand in files named `gradcheck_cases.py` below this folder, each with a dictionary
`CASES = {OpClass: [(function, inputs), …]}`. Where an operation has a fast form, the same cases
compare it with the textbook's, and so do larger ones from `DRAWN = {OpClass: strategy}`, whose
strategy draws a function and its inputs.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from neural_net_core import Tensor, default_dtype, trace
from neural_net_core.forms import is_textbook
from neural_net_core.ops import CastOp
from neural_net_core.testing import formcheck, gradcheck, op_classes
from neural_net_core.testing.recorded import operations_of

PACKAGE = "neural_net_core"


def load_cases():
    """Return all cases, of which an operation may have some in several files, and all DRAWN."""
    cases, drawn = {}, {}
    for path in sorted(Path(__file__).parent.rglob("gradcheck_cases.py")):
        spec = importlib.util.spec_from_file_location(f"cases_{path.parent.name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for op, some in module.CASES.items():
            cases.setdefault(op, []).extend(some)
        drawn |= getattr(module, "DRAWN", {})
    return cases, drawn


CASES, DRAWN = load_cases()
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


def test_every_operation_of_the_package_has_a_case():
    missing = [op.__name__ for op in op_classes(PACKAGE) if not CASES.get(op)]
    assert missing == []


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_gradient_equals_central_differences(op, fn, inputs):
    outputs = outputs_of(fn, arguments_of(inputs, np.float64), np.float64)
    assert op in operations_of(outputs), f"the case never runs {op.__name__}"
    assert gradcheck(fn, inputs)


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_the_cost_of_every_operation_is_known(op, fn, inputs):
    with trace() as calls:
        fn(*arguments_of(inputs, np.float32))
    assert op in {call.op.idea for call in calls}
    assert all(call.cost().operations is not None for call in calls)


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_nothing_is_written_to_inputs_or_to_dy(op, fn, inputs):
    arguments = arguments_of(inputs, np.float64)
    for x in arguments:
        (x.data if isinstance(x, Tensor) else x).setflags(write=False)
    for y in outputs_of(fn, arguments, np.float64):
        dy = np.ones_like(y.data)
        dy.setflags(write=False)
        y.backward(dy, retain_graph=True)


@pytest.mark.parametrize(("op", "fn", "inputs"), PARAMETERS)
def test_a_second_pass_through_a_kept_graph_gives_the_same(op, fn, inputs):
    """A backward that works in place on what it saved would give something else."""
    arguments = arguments_of(inputs, np.float64)
    outputs = outputs_of(fn, arguments, np.float64)
    leaves = [x for x in arguments if isinstance(x, Tensor)]

    def gradients():
        for x in leaves:
            x.grad = None
        for y in outputs:
            y.backward(np.ones_like(y.data), retain_graph=True)
        return [None if x.grad is None else x.grad.tobytes() for x in leaves]

    assert gradients() == gradients()


@pytest.mark.parametrize(
    ("op", "fn", "inputs"),
    [case for case in PARAMETERS if case.values[0] is not CastOp],  # whose purpose is another dtype
)
def test_float32_stays_float32_forward_and_backward(op, fn, inputs, monkeypatch):
    form = op if is_textbook() or op.fast is None else op.fast  # the one that will run
    backward, dtypes = form.backward, set()

    def spy(self, *dys):
        dxs = backward(self, *dys)
        # What the tape throws away, such as the gradient of a constant, may be of any dtype.
        for i, dx in enumerate(dxs if isinstance(dxs, tuple) else (dxs,)):
            if dx is not None and self.needs(i):
                dtypes.add(dx.dtype)
        return dxs

    monkeypatch.setattr(form, "backward", spy)
    outputs = outputs_of(fn, arguments_of(inputs, np.float32), np.float32)
    for y in outputs:
        y.backward(np.ones_like(y.data), retain_graph=True)
    assert {y.dtype for y in outputs} | dtypes == {np.dtype(np.float32)}


FAST = [case for case in PARAMETERS if case.values[0].fast is not None]
# Fast forms choose by size. Beside the small cases of the table, larger ones are drawn for each, on
# both sides of where the choice changes.
needs_fast_forms = pytest.mark.skipif(is_textbook(), reason="compares fast forms with the textbook")


@needs_fast_forms
@pytest.mark.parametrize(("op", "fn", "inputs"), FAST)
def test_the_fast_form_computes_what_the_textbook_says(op, fn, inputs):
    assert formcheck(fn, inputs)


@needs_fast_forms
@pytest.mark.parametrize(
    "op", sorted(DRAWN, key=lambda op: op.__name__), ids=lambda op: op.__name__
)
def test_the_fast_form_computes_what_the_textbook_says_of_any_shape(op):
    @settings(max_examples=15, deadline=None, derandomize=True)
    @given(DRAWN[op])
    def check(case):
        assert formcheck(*case)

    check()


@needs_fast_forms
def test_shapes_are_drawn_for_every_fast_form_and_for_no_other():
    assert {op.__name__ for op in op_classes(PACKAGE) if op.fast} == {op.__name__ for op in DRAWN}
