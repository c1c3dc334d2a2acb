"""What importing the package costs and offers."""

import inspect
import json
import subprocess
import sys

import neural_net_core


def test_only_numpy_and_the_standard_library_are_imported():
    code = (
        "import sys, numpy; before = set(sys.modules); import neural_net_core, json; "
        "print(json.dumps(sorted({m.partition('.')[0] for m in set(sys.modules) - before})))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    others = {
        m
        for m in json.loads(out)
        # NumPy's compiled random generators bring the runtime of their compiler.
        if m not in sys.stdlib_module_names and "cython" not in m
    }
    assert others <= {"neural_net_core", "numpy"}


def test_every_public_name_exists_and_is_documented():
    for name in neural_net_core.__all__:
        value = getattr(neural_net_core, name)
        if inspect.isclass(value) or inspect.isroutine(value):  # not a type such as TensorLike
            assert value.__doc__, name


def test_every_name_of_a_public_module_is_reachable_from_the_package():
    from neural_net_core import tape, tensor
    from neural_net_core.modules import module

    public = set(neural_net_core.__all__)
    assert {"Module", "Tensor", "Parameter", "Buffer", "grad"} <= public
    assert module.Module is neural_net_core.Module and tape.grad is neural_net_core.grad
    assert tensor.Tensor is neural_net_core.Tensor
