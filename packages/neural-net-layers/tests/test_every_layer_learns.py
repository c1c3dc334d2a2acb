"""Every public module of the package is found, stands in a case, and all its parameters learn.

The cases stand in the files `contract_cases_*.py` beside this one: `CASES` for layers of one
floating array (they pass all of `test_contract.py` too), and `SEVERAL_INPUTS = {name: (make,
arguments)}` for layers that are called with more than one array, or with integers.
"""

import importlib
import importlib.util
import inspect
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import neural_net_layers
from neural_net_core import Dense, Module, Sequential, Tensor

# What stands at `parametrizations.weight` of a layer; `weight_norm` and `spectral_norm` make them.
HELD = {"Parametrization", "SingularVectors", "SpectralNorm", "WeightNorm"}


def public_modules(package):
    """Return every Module class that a module of the package defines and does not hide."""
    found = set()
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        defined = vars(importlib.import_module(info.name))
        found |= {
            value
            for name, value in defined.items()
            if inspect.isclass(value)
            and issubclass(value, Module)
            and value.__module__ == info.name
            and not name.startswith("_")
            and name not in HELD
        }
    return found


def load_cases():
    """Return name -> (make, the arrays to call it with)."""
    cases = {}
    for path in sorted(Path(__file__).parent.glob("contract_cases_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, (make, shape, *_) in getattr(module, "CASES", {}).items():
            cases[name] = make, (np.random.default_rng(0).normal(size=shape),)
        cases |= getattr(module, "SEVERAL_INPUTS", {})
    return cases


CASES = load_cases()


def tensors_in(result):
    """Return every floating Tensor in a result, through tuples and lists."""
    if isinstance(result, Tensor):
        return [result] if result.dtype.kind == "f" else []
    if isinstance(result, tuple | list):
        return [tensor for part in result for tensor in tensors_in(part)]
    return []


def as_float32(argument):
    """Return an argument, an array or a tuple of arrays, with its floats in float32."""
    if isinstance(argument, tuple):
        return tuple(map(as_float32, argument))
    return argument.astype(np.float32) if argument.dtype.kind == "f" else argument


def silent_parameters(layer, arguments):
    """Return the names of the parameters whose gradient is missing, zero or not finite."""
    rng = np.random.default_rng(1)
    for parameter in layer.parameters():  # zeros and ones would hide much
        parameter.data[...] = rng.uniform(0.5, 1.5, parameter.shape)
    outputs = tensors_in(layer(*map(as_float32, arguments)))
    loss = sum((y * rng.normal(size=y.shape).astype(np.float32)).sum() for y in outputs)
    if isinstance(loss, Tensor) and loss.requires_grad:
        loss.backward()
    return [
        name
        for name, p in layer.named_parameters()
        if p.grad is None or not p.grad.any() or not np.isfinite(p.grad).all()
    ]


def test_every_public_module_stands_in_a_case():
    classes = {type(make()) for make, _ in CASES.values()}
    missing = public_modules(neural_net_layers) - classes
    assert sorted(c.__name__ for c in missing) == []


def test_every_public_module_is_exported_by_the_package():
    hidden = {c.__name__ for c in public_modules(neural_net_layers)}
    assert sorted(hidden - set(neural_net_layers.__all__)) == []


@pytest.mark.parametrize("name", CASES)
def test_every_parameter_receives_a_gradient(name):
    make, arguments = CASES[name]
    assert silent_parameters(make(), arguments) == []


def test_a_parameter_that_is_never_used_is_found():
    class Forgetful(Module):
        def __init__(self):
            self.used = Dense(3, 2)
            self.unused = Dense(3, 2)

        def forward(self, x):
            return self.used(x) + self.unused(x).detach()

    names = silent_parameters(Sequential(Forgetful()), (np.ones((4, 3)),))
    assert names == ["0.unused.weight", "0.unused.bias"]
