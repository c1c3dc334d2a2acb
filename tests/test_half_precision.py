"""float16 is for storage: what gets it computes as with the same numbers in float32, or refuses.

Every public function and method is called with the arguments of `wrong_arguments.py`, once with
arrays of float32 and once with the same numbers as float16; also with numbers so large that a sum
of a few, or a square, is infinite in float16.
"""

import importlib.util
import inspect
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neural_net_core as core
import neural_net_optim as optim
from neural_net_core import DTypeError, Module, Parameter, Tensor

HALF, LONG = np.float16, np.longdouble
LARGE = 20_000.0


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
TAKES_NUMBERS = [
    (package, name)
    for package in ARGUMENTS.PACKAGES
    for name, _ in ARGUMENTS.public_callables(package)
    if "rows(" in str(ARGUMENTS.RECIPES[package].get(name))
]


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Any, float], None]:
    """Say in which dtype and how large the arrays of the recipes are."""
    rows = ARGUMENTS.rows
    monkeypatch.chdir(tmp_path)

    def use(dtype: Any, scale: float) -> None:
        def scaled(*shape: int) -> Any:
            return (rows(*shape) * scale).astype(HALF).astype(dtype)

        monkeypatch.setattr(ARGUMENTS, "rows", scaled)

    return use


def outcome(package: str, name: str) -> Any:
    """Call it; return what it gives, or the error."""
    core.seed(0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            call, bound = ARGUMENTS.prepare(package, name)()
            return call(*bound.args, **bound.kwargs)
        except (ValueError, TypeError, RuntimeError, ArithmeticError) as error:
            return error


def floats(value: Any) -> Iterator[Any]:
    """Yield the numbers in a result, in order."""
    if isinstance(value, Tensor):
        yield from floats(value.data)
    elif isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, float | int | np.generic):
        yield np.asarray(value)
    elif isinstance(value, dict):
        for key in value:
            yield from floats(value[key])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from floats(part)
    elif hasattr(value, "state_dict") and not inspect.isclass(value):
        yield from floats(value.state_dict())
    elif hasattr(value, "to_string"):
        yield np.frombuffer(value.to_string().encode(), np.uint8)


@pytest.mark.parametrize("scale", [1.0, LARGE])
@pytest.mark.parametrize(("package", "name"), TAKES_NUMBERS)
def test_float16_gives_what_float32_gives_or_is_refused(
    numbers: Callable[[Any, float], None], package: str, name: str, scale: float
) -> None:
    numbers(np.float32, scale)
    expected = outcome(package, name)
    numbers(HALF, scale)
    given = outcome(package, name)
    if isinstance(given, DTypeError):
        assert "astype" in str(given)
    elif isinstance(expected, Exception):
        assert type(given) is type(expected)
    else:
        assert not isinstance(given, Exception), given
        for x, y in zip(floats(given), floats(expected), strict=True):
            np.testing.assert_allclose(
                x.astype(np.float64), y.astype(np.float64), rtol=2e-6, atol=1e-7 * scale
            )


def test_enough_is_tried() -> None:
    assert len(TAKES_NUMBERS) > 200


# Where float16 would stay ------------------------------------------------------------------------


def storage() -> Any:
    return pytest.mark.parametrize("dtype", [HALF, LONG, "float16"], ids=str)


ENTRANCES: dict[str, Callable[[Any], Any]] = {
    "Tensor": lambda dtype: Tensor([1.0], dtype),
    "Parameter": lambda dtype: Parameter([1.0], dtype),
    "Buffer": lambda dtype: core.Buffer([1.0], dtype),
    "as_tensor": lambda dtype: core.as_tensor([1.0], dtype),
    "as_tensor of a Tensor": lambda dtype: core.as_tensor(Tensor([1.0]), dtype),
    "Tensor.astype": lambda dtype: Tensor([1.0]).astype(dtype),
    "cast": lambda dtype: core.ops.cast([1.0], dtype),
    "default_dtype": lambda dtype: core.default_dtype(dtype).__enter__(),
    "Module.astype": lambda dtype: core.Dense(2, 2).astype(dtype),
}


@storage()
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_where_it_would_stay_it_is_refused(entrance: str, dtype: Any) -> None:
    with pytest.raises(DTypeError, match=r"expected float32 or float64.*astype"):
        ENTRANCES[entrance](dtype)
    assert core.get_default_dtype() == np.float32


WITH_A_DTYPE = [
    (package, name)
    for package in ARGUMENTS.PACKAGES
    for name, made in ARGUMENTS.public_callables(package)
    if "dtype" in inspect.signature(made).parameters and ARGUMENTS.prepare(package, name)
]


@storage()
@pytest.mark.parametrize(("package", "name"), WITH_A_DTYPE)
def test_nothing_is_made_of_it(package: str, name: str, dtype: Any) -> None:
    call, bound = ARGUMENTS.prepare(package, name)()
    made = call(*bound.args, **bound.kwargs)
    if isinstance(made, Module) and not [*made.parameters(), *made.buffers()]:
        return  # its dtype is that of parameters which it has with another option only
    bound.arguments["dtype"] = dtype
    refused = pytest.raises(DTypeError, match=r"float32 or float64|floating dtype")
    with refused, call(*bound.args, **bound.kwargs):  # entered, if it is a context
        pass


def test_an_operation_refuses_it_and_names_itself() -> None:
    class Halve(core.Op):
        def forward(self, x: Any) -> Any:
            return (x / 2).astype(self.dtype)

        def __init__(self, dtype: Any = np.float32) -> None:
            self.dtype = dtype

    for wrong in (HALF, LONG):
        for given in (np.ones(2, wrong), wrong(1)):
            with pytest.raises(DTypeError, match=r"Halve.*astype"):
                Halve.apply(given)
        with pytest.raises(DTypeError, match=r"Halve.*astype"):
            Halve.apply(Tensor([1.0], requires_grad=True), dtype=wrong)
        with pytest.raises(DTypeError, match="astype"):
            Halve.apply(Tensor([1.0]), dtype=wrong)


# Where it is put by hand -------------------------------------------------------------------------


def says_what_to_do(error: DTypeError) -> None:
    assert "astype" in str(error)


def stored(module: Module, dtype: Any) -> Module:
    """Put every number of a module, rounded to float16, into arrays of a dtype."""
    for tensor in [*module.parameters(), *module.buffers()]:
        if tensor.data.dtype.kind == "f":
            tensor.data = tensor.data.astype(HALF).astype(dtype)
    return module


FORWARD = [
    (package, name)
    for package in ("core", "layers")
    for name in ARGUMENTS.RECIPES[package]
    if name.endswith(".forward")
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("package", "name"), FORWARD)
def test_a_layer_whose_numbers_were_set_to_it(package: str, name: str, training: bool) -> None:
    results = []
    for dtype in (np.float32, HALF):
        core.seed(0)
        call, bound = ARGUMENTS.prepare(package, name)()
        module = stored(call.__self__, dtype).train(training)
        try:
            y = module(*bound.args, **bound.kwargs)
            total = sum(out.sum() for out in parts(y) if out.requires_grad)
            if isinstance(total, Tensor):
                total.backward()
            results.append([y, [p.grad for p in module.parameters()]])
        except DTypeError as error:
            says_what_to_do(error)
            assert dtype is HALF
            return
    for x, y in zip(floats(results[1]), floats(results[0]), strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-6, atol=1e-7)


def parts(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from parts(part)


OPTIMIZERS = [
    name
    for name in optim.__all__
    if inspect.isclass(made := getattr(optim, name)) and issubclass(made, optim.Optimizer)
    if name not in ("Optimizer", "ElementwiseOptimizer", "TensorwiseOptimizer")
]


def weights(*grads: Any) -> list[Parameter]:
    made = [Parameter(np.full((3, 2), 0.5)) for _ in grads]
    for p, g in zip(made, grads, strict=True):
        p.grad = g
    return made


@pytest.mark.parametrize("size", [1.0, 300.0])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_given_gradients_of_it(name: str, size: float) -> None:
    stepped = []
    for dtype in (np.float32, HALF):
        params = weights(*(np.full((3, 2), size, dtype) for _ in range(2)))
        optimizer = getattr(optim, name)(params, lr=0.01)
        before = [p.data.copy() for p in params]
        try:
            optimizer.step(lambda: 1.0)
        except DTypeError as error:
            says_what_to_do(error)
            assert dtype is HALF
            assert all((p.data == b).all() for p, b in zip(params, before, strict=True))
            return
        stepped.append([p.data for p in params])
    np.testing.assert_allclose(stepped[1], stepped[0], rtol=2e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_over_weights_of_it(name: str) -> None:
    params = weights(np.ones((3, 2), np.float32))
    params[0].data = params[0].data.astype(HALF)
    with pytest.raises(DTypeError, match=r"float16.*astype"):
        getattr(optim, name)(params, lr=0.01)
    params = weights(np.ones((3, 2), np.float32))
    optimizer = getattr(optim, name)(params, lr=0.01)
    params[0].data = params[0].data.astype(HALF)
    with pytest.raises(DTypeError, match="float16"):
        optimizer.step(lambda: 1.0)
    assert (params[0].data == HALF(0.5)).all()


CLIPPING: dict[str, Callable[[Any], Any]] = {
    "clip_grad_norm": lambda params: optim.clip_grad_norm(params, 1.0),
    "clip_grad_value": lambda params: optim.clip_grad_value(params, 0.1),
    "adaptive_clip_grad": lambda params: optim.adaptive_clip_grad(params, 0.1),
    "grad_norm": optim.grad_norm,
}


@pytest.mark.parametrize("name", CLIPPING)
def test_clipping_gradients_of_it(name: str) -> None:
    results = []
    for dtype in (np.float32, HALF):
        p = Parameter(np.full((100_000,), 0.5))
        p.grad = np.ones(100_000, dtype)
        try:
            results.append([CLIPPING[name]([p]), p.grad])
        except DTypeError as error:
            says_what_to_do(error)
            assert dtype is HALF
            assert (p.grad == 1).all()
            return
    for x, y in zip(floats(results[1]), floats(results[0]), strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-6)


def test_a_gradient_of_it_that_a_backward_pass_adds_to() -> None:
    p = Parameter([1.0, 2.0])
    p.grad = np.array([60_000, 1], HALF)
    (p * 60_000.0).sum().backward()
    assert p.grad is not None
    np.testing.assert_array_equal(p.grad, [120_000, 60_001])
    y = Parameter([1.0, 2.0])
    (y * 60_000.0).backward(np.array([2, 3], HALF))
    np.testing.assert_array_equal(y.grad, [120_000, 180_000])


AVERAGES: dict[str, Callable[[Module], Any]] = {
    "EMA": lambda model: optim.EMA(model, 0.5),
    "SWA": optim.SWA,
    "l1_penalty": lambda model: optim.l1_penalty(model, 0.1),
    "l2_penalty": lambda model: optim.l2_penalty(model, 0.1),
    "elastic_penalty": lambda model: optim.elastic_penalty(model, 0.1),
}


@pytest.mark.parametrize("name", AVERAGES)
def test_averages_and_penalties_of_weights_of_it(name: str) -> None:
    model = stored(core.Dense(2, 2), HALF)
    with pytest.raises(DTypeError, match="astype"):
        AVERAGES[name](model)


def test_files_hold_it_and_models_load_it(tmp_path: Path) -> None:
    model = core.Dense(3, 2)
    halves = {name: value.astype(HALF) for name, value in model.state_dict().items()}
    core.save_tensors(tmp_path / "half", halves)
    loaded = core.load_tensors(tmp_path / "half")
    assert {value.dtype for value in loaded.values()} == {np.dtype(HALF)}
    model.load_state_dict(loaded)
    assert model.weight.dtype == np.float32
    np.testing.assert_array_equal(model.weight.data, halves["weight"].astype(np.float32))
