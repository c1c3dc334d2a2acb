"""What every layer keeps to, whatever it computes.

The layers stand in files `contract_cases_*.py` beside this one, each with a dictionary
`CASES = {name: (make, shape, {option: value, …})}`; `Case` says what the options are.
"""

import copy
import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neural_net_core import (
    Module,
    Tensor,
    default_rng,
    load_checkpoint,
    no_grad,
    recompute,
    save_checkpoint,
    seed,
)
from neural_net_core.testing import gradcheck


@dataclasses.dataclass(frozen=True)
class Case:
    """A layer in a small size.

    Attributes:
        make: Makes the layer, the same each time.
        shape: The shape of an input.
        batched: Whether the input's first axis is a batch of independent examples.
        needs_several: Whether one example alone is an error in training.
        random: Whether it draws random numbers in training.
        kinks: Whether central differences are unsafe, because the function has kinks.
        shows: A part of its `repr`.
    """

    make: Callable[[], Module]
    shape: tuple[int, ...]
    batched: bool = True
    needs_several: bool = False
    random: bool = False
    kinks: bool = False
    shows: str = ""


def load_cases():
    cases = {}
    for path in sorted(Path(__file__).parent.glob("contract_cases_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, (make, shape, *options) in module.CASES.items():
            cases[name] = Case(make, shape, **(options[0] if options else {}))
    return cases


CASES = load_cases()
every_layer = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def numbers(shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def randomized(layer):
    """Give every parameter values that hide less than its initial zeros and ones do."""
    rng = np.random.default_rng(9)
    for parameter in layer.parameters():
        parameter.data[...] = rng.uniform(0.5, 1.5, parameter.shape)
    return layer


@every_layer
def test_float32_stays_float32_in_results_and_gradients(case):
    layer = case.make()
    x = Tensor(numbers(case.shape), requires_grad=True)
    y = layer(x)
    (y * y).sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert x.grad.shape == x.shape
    for parameter in layer.parameters():
        assert parameter.dtype == parameter.grad.dtype == np.float32
    for buffer in layer.buffers():
        assert buffer.dtype in (np.float32, np.int64)


@every_layer
def test_every_parameter_gets_a_gradient_that_is_not_zero(case):
    layer = randomized(case.make())
    y = layer(Tensor(numbers(case.shape), requires_grad=True))
    (y * numbers(y.shape, seed=1)).sum().backward()
    silent = [
        name
        for name, p in layer.named_parameters()
        if p.grad is None or not np.isfinite(p.grad).all() or not p.grad.any()
    ]
    assert silent == []


@every_layer
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_gradients_of_input_and_parameters_equal_central_differences(case, mode):
    if case.random and mode == "train":
        pytest.skip("draws anew in every call; its operation is checked with a fixed mask")
    if case.kinks:
        pytest.skip("a step across a kink has no slope")
    layer = randomized(case.make()).astype(np.float64).train(mode == "train")
    x = numbers(case.shape, dtype=np.float64)
    assert gradcheck(lambda x, *_: layer(x), [x, *layer.parameters()], mode="direction")


@every_layer
def test_a_model_in_float64_computes_in_float64(case):
    layer = case.make().astype(np.float64)
    x = Tensor(numbers(case.shape, dtype=np.float64), np.float64, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float64


@every_layer
def test_a_model_in_float64_loses_no_digit_of_an_array(case):
    x = numbers(case.shape, dtype=np.float64) * np.pi
    layer, twin = (case.make().astype(np.float64).eval() for _ in range(2))
    if not [*layer.parameters(), *layer.buffers()]:
        pytest.skip("has no dtype that the array could take")
    assert layer(x).data.tobytes() == twin(Tensor(x, np.float64)).data.tobytes()


@every_layer
def test_the_state_loads_into_a_fresh_layer_which_then_gives_the_same(case, tmp_path):
    layer, fresh = randomized(case.make()), case.make()
    layer(numbers(case.shape))  # moves running averages, if there are any
    save_checkpoint(tmp_path / "layer", model=layer)
    load_checkpoint(tmp_path / "layer", model=fresh)
    assert list(fresh.state_dict()) == list(layer.state_dict())
    x = numbers(case.shape, seed=2)
    assert layer.eval()(x).data.tobytes() == fresh.eval()(x).data.tobytes()


@every_layer
def test_training_twice_from_one_seed_is_bit_identical(case):
    x = numbers(case.shape)

    def run():
        layer = case.make()
        leaf = Tensor(x, requires_grad=True)
        (layer(leaf) ** 2).sum().backward()
        return [leaf.grad.tobytes(), *(p.grad.tobytes() for p in layer.parameters())]

    assert run() == run()


@every_layer
def test_evaluation_is_deterministic_and_changes_nothing(case):
    layer = case.make().eval()
    before = {name: a.tobytes() for name, a in layer.state_dict().items()}
    x = numbers(case.shape)
    assert layer(x).data.tobytes() == layer(x).data.tobytes()
    assert before == {name: a.tobytes() for name, a in layer.state_dict().items()}


@every_layer
def test_recording_changes_no_result_and_the_input_is_not_written_to(case):
    x = numbers(case.shape)
    x.setflags(write=False)
    with no_grad():
        unrecorded = case.make()(x)
    recorded = case.make()(Tensor(x, requires_grad=True))
    assert not unrecorded.requires_grad
    assert unrecorded.data.tobytes() == recorded.data.tobytes()


@every_layer
def test_a_layer_applied_twice_gives_both_gradients(case):
    """Nothing of a call is kept on the layer."""
    layer = case.make().eval()
    a, b = (Tensor(numbers(case.shape, seed), requires_grad=True) for seed in (0, 1))
    (layer(a) ** 2).sum().backward()
    (layer(b) ** 2).sum().backward()
    alone = [a.grad, b.grad]
    a.grad = b.grad = None
    ((layer(a) ** 2).sum() + (layer(b) ** 2).sum()).backward()
    np.testing.assert_allclose(a.grad, alone[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(b.grad, alone[1], rtol=1e-5, atol=1e-6)


@every_layer
def test_memory_order_of_the_input_does_not_matter(case):
    x = numbers(case.shape)
    backwards = np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    fortran = np.asfortranarray(x)
    expected = case.make()(x).data
    for other in (backwards, fortran):
        leaf = Tensor(other, requires_grad=True)
        y = case.make()(leaf)
        np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-6)
        y.backward(np.asfortranarray(numbers(y.shape, seed=1)))
        plain = Tensor(x, requires_grad=True)
        case.make()(plain).backward(numbers(y.shape, seed=1))
        np.testing.assert_allclose(leaf.grad, plain.grad, rtol=1e-4, atol=1e-5)


@every_layer
@pytest.mark.parametrize("batch", [0, 1])
def test_an_empty_batch_and_a_batch_of_one(case, batch):
    if not case.batched or (batch == 1 and case.needs_several):
        pytest.skip("says so in its own tests")
    layer = case.make()
    x = Tensor(numbers((batch, *case.shape[1:])), requires_grad=True)
    y = layer(x)
    (y**2).sum().backward()
    assert len(y) == batch
    assert x.grad.shape == x.shape
    assert np.isfinite(y.data).all()
    for tensor in (*layer.parameters(), *layer.buffers()):
        assert np.isfinite(tensor.data).all()
        if tensor.requires_grad:
            assert tensor.grad.any() or batch == 0 or not y.data.any()


@every_layer
def test_examples_do_not_see_each_other_in_evaluation(case):
    if not case.batched:
        pytest.skip("has no batch axis")
    layer = case.make().eval()
    x = numbers(case.shape)
    together = layer(x).data
    alone = np.concatenate([layer(x[i : i + 1]).data for i in range(len(x))])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


@every_layer
def test_a_copy_is_independent(case):
    layer = case.make()
    twin = copy.deepcopy(layer)
    for parameter in twin.parameters():
        parameter.data += 1
    assert all(
        (p.data == q.data).all()
        for p, q in zip(layer.parameters(), case.make().parameters(), strict=True)
    )


@every_layer
def test_it_reads_as_its_class_with_its_sizes(case):
    layer = case.make()
    text = repr(layer)
    assert text.startswith(f"{type(layer).__name__}(")
    assert case.shows in text


@every_layer
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_recomputed_it_gives_the_same_to_the_last_bit(case, mode):
    def step(call):
        seed(0)
        layer = randomized(case.make()).train(mode == "train")
        x = Tensor(numbers(case.shape), requires_grad=True)
        y = call(layer, x * 2)
        (y * numbers(y.shape, seed=1)).sum().backward()
        versions = np.array([buffer.version for buffer in layer.buffers()])
        tensors = [*layer.parameters(), x]
        grads = [np.zeros(0) if p.grad is None else p.grad for p in tensors]
        return [
            y.data,
            *grads,
            *(b.data for b in layer.buffers()),
            versions,
            default_rng().random(2),
        ]

    for found, expected in zip(step(recompute), step(Module.__call__), strict=True):
        assert found.tobytes() == expected.tobytes()
