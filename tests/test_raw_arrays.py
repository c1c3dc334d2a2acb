"""The dtype that raw arrays are computed in: that of the parameters beside them, or the default.

Every public function and method is called with the arguments of `wrong_arguments.py`. In a float32
network float64 arrays give what the same numbers in float32 give, to the last bit; in a float64
network they lose no digit. docs/theory/floating-point.md states the rule.
"""

import importlib.util
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neural_net_core as core
import neural_net_layers as layers
from neural_net_core import Dense, Flatten, Module, Sequential, Tensor, default_dtype


def recipes() -> types.ModuleType:
    """Import the script that knows valid arguments of everything."""
    path = Path(__file__).with_name("wrong_arguments.py")
    spec = importlib.util.spec_from_file_location("wrong_arguments", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ARGUMENTS = recipes()
ROWS = ARGUMENTS.rows
CALLED = [
    (package, name)
    for package in ARGUMENTS.PACKAGES
    for name, _ in ARGUMENTS.public_callables(package)
    if "rows(" in str(ARGUMENTS.RECIPES[package].get(name))
]
# What makes arrays of arrays, and not Tensors, keeps float64.
KEEPS_ARRAYS = {
    "Identity.forward",
    "convert_state",
    "orthogonalize",
    "ArrayDataset.__getitem__",
    "Augment.__call__",
    "Standardizer.fit",
    "Standardizer.inverse",
    "Standardizer.transform",
    "add_noise",
    "mixup",
    "rotate",
    "shift",
    "train_test_split",
}


def as_if(value: Any, make: Any) -> Any:
    """Return an argument with `make` of every floating array in it."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return make(value)
    if isinstance(value, list | tuple):
        return type(value)(as_if(part, make) for part in value)
    if isinstance(value, dict):
        return {key: as_if(part, make) for key, part in value.items()}
    return value


def results(value: Any) -> Iterator[Any]:
    """Yield the numbers in a result, in order."""
    if isinstance(value, Tensor):
        yield value.data
    elif isinstance(value, np.ndarray | np.generic | float | int):
        yield np.asarray(value)
    elif isinstance(value, dict):
        yield from (array for part in value.values() for array in results(part))
    elif isinstance(value, list | tuple):
        yield from (array for part in value for array in results(part))
    elif isinstance(value, Module):
        yield from results(value.state_dict())


def outcome(package: str, name: str) -> list[Any]:
    """Call it and return the arrays that it gives."""
    core.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        call, bound = ARGUMENTS.prepare(package, name)()
        return list(results(call(*bound.args, **bound.kwargs)))


@pytest.mark.parametrize(("package", "name"), CALLED)
def test_float64_arrays_give_what_float32_arrays_give(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = outcome(package, name)
    monkeypatch.setattr(ARGUMENTS, "rows", lambda *shape: ROWS(*shape).astype(np.float64))
    found = outcome(package, name)
    if name in KEEPS_ARRAYS:
        assert any(x.dtype == np.float64 for x in found) or not found
        return
    assert [x.dtype for x in found] == [x.dtype for x in expected]
    assert [x.tobytes() for x in found] == [x.tobytes() for x in expected]


def modules_with_parameters() -> Iterator[tuple[str, str]]:
    """Yield package and name of `forward` of every module that has floating numbers of its own."""
    for package in ("core", "layers"):
        for name in ARGUMENTS.RECIPES[package]:
            if name.endswith(".forward") and ARGUMENTS.prepare(package, name):
                call, bound = ARGUMENTS.prepare(package, name)()
                own = [*call.__self__.parameters(), *call.__self__.buffers()]
                given = [x for x in bound.arguments.values() if isinstance(x, np.ndarray)]
                if own and any(x.dtype.kind == "f" for x in given):
                    yield package, name


WITH_PARAMETERS = list(modules_with_parameters())


def called_with(package: str, name: str, own: Any, make: Any) -> list[Any]:
    """Return what a module in one dtype gives for float64 numbers that float32 cannot hold."""
    core.seed(0)
    call, bound = ARGUMENTS.prepare(package, name)()
    module = call.__self__.astype(own).eval()
    arguments = as_if(bound.arguments, lambda x: make(x * np.float64(np.pi)))
    return list(results(module(**arguments)))


@pytest.mark.parametrize(("package", "name"), WITH_PARAMETERS)
def test_a_float64_network_loses_no_digit_of_an_array(package: str, name: str) -> None:
    raw = called_with(package, name, np.float64, lambda x: x)
    tensors = called_with(package, name, np.float64, lambda x: Tensor(x, np.float64))
    assert {x.dtype for x in raw if x.dtype.kind == "f"} == {np.dtype(np.float64)}
    assert [x.tobytes() for x in raw] == [x.tobytes() for x in tensors]


@pytest.mark.parametrize(("package", "name"), WITH_PARAMETERS)
def test_the_default_does_not_change_what_a_float32_network_computes_in(
    package: str, name: str
) -> None:
    expected = called_with(package, name, np.float32, lambda x: x)
    core.seed(0)
    call, bound = ARGUMENTS.prepare(package, name)()
    module = call.__self__.eval()
    arguments = as_if(bound.arguments, lambda x: x * np.float64(np.pi))
    with default_dtype(np.float64):
        found = list(results(module(**arguments)))
    assert [x.dtype for x in found] == [x.dtype for x in expected]
    assert [x.tobytes() for x in found] == [x.tobytes() for x in expected]


@pytest.mark.parametrize(("package", "name"), WITH_PARAMETERS)
def test_a_float64_tensor_makes_the_result_float64(package: str, name: str) -> None:
    found = called_with(package, name, np.float32, lambda x: Tensor(x, np.float64))
    assert {x.dtype for x in found if x.dtype.kind == "f"} == {np.dtype(np.float64)}


def test_enough_is_tried() -> None:
    assert len(CALLED) > 200
    assert len(WITH_PARAMETERS) > 30


# What stands around a layer ----------------------------------------------------------------------

FIRST = {
    "Flatten": lambda: [Flatten(), Dense(4, 3)],
    "pooling": lambda: [layers.MaxPool1D(1), Flatten(), Dense(4, 3)],
    "Sequential": lambda: [Sequential(Flatten()), Dense(4, 3)],
    "Residual": lambda: [layers.Residual(Sequential(Flatten(), Dense(4, 4))), Dense(4, 3)],
}


@pytest.mark.parametrize("first", FIRST)
@given(number=st.floats(-1e3, 1e3), own=st.sampled_from([np.float32, np.float64]))
def test_a_network_gives_an_array_its_dtype_whatever_its_first_layer_is(
    first: str, number: float, own: Any
) -> None:
    model = Sequential(*FIRST[first]()).astype(own)
    shape = (2, 4) if first == "Residual" else (2, 2, 2)
    x = np.full(shape, number)
    y, expected = model(x), model(Tensor(x, own))
    assert y.dtype == own
    assert y.data.tobytes() == expected.data.tobytes()


def test_a_float64_network_of_other_tensors_loses_no_digit() -> None:
    model = Sequential(Flatten(), Dense(4, 3))
    new = {k: Tensor(v, np.float64) for k, v in model.state_dict().items()}
    x = np.full((2, 2, 2), np.pi)
    found, expected = (core.functional_call(model, new, a) for a in (x, Tensor(x, np.float64)))
    assert found.data.tobytes() == expected.data.tobytes()
