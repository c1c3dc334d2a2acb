"""A model exported computes what it computed, at other sizes too; what cannot be is refused."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from onnx_cases import CASES, RNG, Case, Function, numbers
from onnx_models import Classifier, LanguageModel, LlamaBlock

from neural_net_core import (
    Buffer,
    Dense,
    Module,
    Op,
    Parameter,
    ReLU,
    Sequential,
    Tensor,
    cross_entropy,
    functional_call,
    gumbel_softmax,
    ops,
    recompute,
)
from neural_net_layers import (
    LSTM,
    BatchNorm1D,
    Dropout,
    GRUCell,
    LearnedPositionalEmbedding,
    MaxPool2D,
    MultiHeadAttention,
    alibi_bias,
    padding_keep,
)
from neural_net_layers.onnx import ExportError, to_onnx

X = np.linspace(-1, 1, 90, dtype=np.float32).reshape(3, 5, 6)


def exported(model: Any, *inputs: Any, **options: Any) -> Any:
    model = model if isinstance(model, Module) else Function(model)
    return to_onnx(model.eval(), *inputs, **options)


def check_alike(case: Case, file: Any, sizes: list[tuple[int, int]]) -> None:
    """Run the file at several sizes and compare it with the model."""
    runner = ReferenceEvaluator(file)
    names = [value.name for value in file.graph.input]
    for seed, (batch, length) in enumerate(sizes):
        inputs, keywords = case.made(seed, batch, length)
        expected = case.results(inputs, keywords)
        actual = runner.run(None, dict(zip(names, [*inputs, *keywords.values()], strict=True)))
        for a, e in zip(actual, expected, strict=True):
            assert (a.shape, a.dtype) == (e.shape, e.dtype)
            assert np.abs(a - e).max(initial=0) <= case.alike * max(np.abs(e).max(initial=0), 1e-30)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.reference])
def test_a_file_computes_what_the_model_computes_at_other_sizes(name: str) -> None:
    case = CASES[name]
    inputs, keywords = case.made(7, 3, 5)
    file = to_onnx(case.model, *inputs, keywords=keywords, **case.options)
    check_alike(case, file, [(3, 5), (2, 7), (4, 3)])


def test_axes_that_are_not_free_are_the_examples() -> None:
    case = Case(Classifier(RNG).eval(), CASES["encoder on ids"].inputs)
    inputs, _ = case.made(0, 3, 5)
    file = to_onnx(case.model, *inputs, dynamic=False)
    assert shapes(file) == [[3, 5], [3, 3]]
    check_alike(case, file, [(3, 5)])
    file = to_onnx(case.model, *inputs, dynamic={"ids": {1: "words"}})
    assert shapes(file) == [[3, "words"], [3, 3]]
    check_alike(case, file, [(3, 5), (3, 9)])


def shapes(file: Any) -> list[list[int | str]]:
    """The shapes of inputs and outputs."""
    return [
        [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*file.graph.input, *file.graph.output)
    ]


def test_free_axes_are_found_and_named() -> None:
    lengths = np.array([2, 5, 3])
    state = np.zeros((1, 3, 4), np.float32)
    time_first = Function(lambda lstm, x, h, lengths: lstm(x, (h, None), lengths)[0])
    time_first.parts.append(LSTM(6, 4, batch_first=False))
    file = exported(time_first, X.swapaxes(0, 1), state, lengths, names=["x", "h", "lengths"])
    expected = [["batch", "lengths_0", 6], [1, "lengths_0", 4], ["lengths_0"]]
    assert shapes(file)[:3] == expected  # the first axis bears the name that it mostly has
    difference = exported(lambda x: x[:, 1:] - x[:, :-1], X)
    assert shapes(difference) == [["batch", "length", 6], ["batch", "length - 1", 6]]


def test_a_table_that_is_used_up_can_only_be_read_in_part() -> None:
    file = exported(LearnedPositionalEmbedding(6, 5), X)
    (y,) = ReferenceEvaluator(file).run(None, {"x": X[:, :2]})
    assert y.shape == (3, 2, 6)


def test_the_file_holds_the_state_dict() -> None:
    """By its names and values, what is shared once; and nothing else of that size."""
    model = Classifier(RNG).eval()
    file = to_onnx(model, np.ones((2, 4), np.int64))
    held = {array.name: onnx.numpy_helper.to_array(array) for array in file.graph.initializer}
    for name, array in model.state_dict().items():
        assert np.array_equal(held.pop(name), array)
    assert np.array_equal(held.pop("places.table"), model.places.table.data)
    assert all(array.size <= 4 for array in held.values())


def test_what_is_shared_or_frozen_stands_once_under_its_first_name() -> None:
    model = LanguageModel(RNG, 1).eval()
    model.norm.weight.requires_grad = False
    names = [array.name for array in to_onnx(model, np.ones((2, 4), int)).graph.initializer]
    assert "tokens.weight" in names
    assert "head.weight" not in names
    assert "norm.weight" in names


def test_weights_of_recurrences_keep_their_names_and_their_order() -> None:
    model = LSTM(6, 4, num_layers=2).eval()
    file = to_onnx(model, X)
    held = {array.name: onnx.numpy_helper.to_array(array) for array in file.graph.initializer}
    for name, array in model.state_dict().items():
        assert np.array_equal(held[name], array)
    assert [n.op_type for n in file.graph.node].count("LSTM") == 2


def test_buffers_are_held_too() -> None:
    model = BatchNorm1D(6)
    model.running_mean.data[...] = 3.0
    held = {a.name for a in exported(model, X[0]).graph.initializer}
    assert held == {"weight", "bias", "running_mean", "running_var"}


def test_the_file_is_checked_and_asks_for_one_version(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    made = exported(LlamaBlock(RNG), np.ones((2, 4, 16)), path=path)
    onnx.checker.check_model(path, full_check=True)
    assert onnx.load(path) == made
    assert [(o.domain, o.version) for o in made.opset_import] == [("", 20)]
    assert list(tmp_path.iterdir()) == [path]


def test_inputs_have_the_dtypes_of_the_model() -> None:
    class Sums(Module):
        def __init__(self) -> None:
            self.weight = Parameter(np.ones(3))

        def forward(self, x: Any, ids: Any, keep: Any) -> Any:
            return self.weight[ids] * x + ops.where(keep, 1.0, 0.0)

    file = exported(Sums(), np.ones(2), np.array([0, 2], np.int16), np.array([True, False]))
    kinds = [value.type.tensor_type.elem_type for value in file.graph.input]
    proto = onnx.TensorProto
    assert kinds == [proto.FLOAT, proto.INT64, proto.BOOL]
    double = exported(Dense(6, 2).astype(np.float64), X)
    assert double.graph.output[0].type.tensor_type.elem_type == proto.DOUBLE


def test_integers_may_be_pixels() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 6)
    model = Sequential(Function(lambda x: x / 255), Dense(6, 2)).eval()
    file = exported(Function(lambda m, x: m[1](Tensor(x / 255.0)), model), pixels.astype(float))
    (y,) = ReferenceEvaluator(file).run(None, {"input_0": pixels.astype(np.float32)})
    assert np.allclose(y, model[1](pixels / 255).data, rtol=1e-6)
    file = exported(Dense(6, 2), pixels)
    assert file.graph.node[0].op_type == "Cast"


def test_names_can_be_given() -> None:
    file = exported(
        lambda x, y: {"sum": x + y, "rest": (x - y, None)},
        X, X,
        names=["a", "b"],
        output_names=["plus", "minus"],
    )  # fmt: skip
    assert [value.name for value in file.graph.input] == ["a", "b"]
    assert [value.name for value in file.graph.output] == ["plus", "minus"]


def test_keywords_that_are_no_arrays_stay_as_they_are() -> None:
    attention = MultiHeadAttention(6, 2).eval()
    keep = padding_keep([5, 2, 3])
    file = to_onnx(attention, X, keywords={"key_keep": keep, "causal": True})
    assert [value.name for value in file.graph.input] == ["query", "key_keep"]
    other = padding_keep([1, 4, 5])
    (y,) = ReferenceEvaluator(file).run(None, {"query": X, "key_keep": other})
    assert np.allclose(y, attention(X, key_keep=other, causal=True).data, atol=1e-6)


def test_arrays_in_tuples_are_inputs_too() -> None:
    model = LSTM(6, 4).eval()
    h, c = np.zeros((1, 3, 4)), np.ones((1, 3, 4))
    file = to_onnx(model, X, (h, c))
    assert [value.name for value in file.graph.input] == ["x", "state_0", "state_1"]
    h, c = (np.full((1, 2, 4), n, np.float32) for n in (0.5, -1))
    ran = ReferenceEvaluator(file).run(None, {"x": X[:2], "state_0": h, "state_1": c})
    y, (h, c) = model(X[:2], (h, c))
    for actual, expected in zip(ran, (y, h, c), strict=True):
        assert np.allclose(actual, expected.data, atol=1e-6)


def test_what_is_no_array_is_no_input() -> None:
    lstm = LSTM(6, 4).eval()
    assert shapes(to_onnx(lstm, X, None, [5, 2, 3]))[:2] == [["batch", "length", 6], ["batch"]]
    with pytest.raises(ValueError, match="at least one array"):
        exported(lambda flag: Tensor(np.ones(3)), True)


def test_a_number_may_be_an_input() -> None:
    file = exported(lambda x, n: x * n, X, np.array(2.0), names=["x", "n"])
    (y,) = ReferenceEvaluator(file).run(None, {"x": X, "n": np.float32(3)})
    assert np.array_equal(y, 3 * X)


class CubeOp(Op):
    """y = x³"""

    def forward(self, x: Any) -> Any:
        self.x = x
        return x**3

    def backward(self, dy: Any) -> Any:
        return 3 * dy * self.x**2


def test_an_operation_of_ones_own_needs_a_row_of_its_own() -> None:
    model = Sequential(Dense(6, 4), Sequential(ReLU(), Function(CubeOp.apply)))
    with pytest.raises(ExportError, match=r"1\.1 Function: CubeOp cannot be exported.*rows="):
        exported(model, X)
    file = exported(model, X, rows={CubeOp: lambda g, x: g.Mul(x, g.Mul(x, x))})
    (y,) = ReferenceEvaluator(file).run(None, {file.graph.input[0].name: X})
    assert np.allclose(y, model(X).data, rtol=1e-5, atol=1e-6)


def test_a_loss_is_not_exported() -> None:
    labels = np.array([0, 1, 2])
    with pytest.raises(ExportError, match="CrossEntropyLossOp cannot be exported: a loss is for"):
        exported(lambda x: cross_entropy(x, labels), X[:, 0], dynamic=False)


def test_draws_are_not_exported() -> None:
    """Though no two runs agree, the reason is named and not the noise."""
    for dynamic in (True, False):
        with pytest.raises(ExportError, match="GumbelSoftmaxOp cannot be exported: it draws"):
            exported(gumbel_softmax, X[:, 0], dynamic=dynamic)


def loop_over_time(cell: Module, x: Any) -> Any:
    h = None
    for step in ops.unstack(x, 1):
        h = cell(step, h)
    return h


FROZEN = {
    "a loop": (lambda x: loop_over_time(GRUCell(6, 4, rng=np.random.default_rng(0)), x), "a loop"),
    "a branch on a length": (lambda x: x * 2 if x.shape[1] > 6 else x, "a loop or a branch"),
    "a number from a length": (lambda x: x / np.sqrt(x.shape[1]), "takes 2.64.* in place of 2.23"),
    "a number from the input": (lambda x: x * float(x.data.mean()), "with other numbers"),
    "an array from the input": (lambda x: x * np.exp(x.data[0]), "with other numbers"),
    "an array from a length": (
        lambda x: ops.matmul(x.swapaxes(1, 2), alibi_bias(1, x.shape[1])[0]),
        r"an array \(7, 7\)",
    ),
    "an option from the input": (lambda x: ops.clip(x, float(x.data.min()) / 2), "other numbers"),
    "a fixed batch": (lambda x: x.reshape(3, 30), "takes no other size of the first axis"),
    "places from numpy": (lambda x: MaxPool2D(2, return_indices=True)(x[None]), "the result takes"),
    "no operation": (lambda x: np.ones((2, 2)), "comes from no operation"),
    "no array": (lambda x: "text", "expected the result to be Tensors"),
}


@pytest.mark.parametrize("name", FROZEN)
def test_what_python_decides_is_found_at_other_sizes_and_numbers(name: str) -> None:
    function, message = FROZEN[name]
    with pytest.raises(ExportError, match=message):
        exported(function, X)


def test_what_follows_a_fixed_axis_alone_is_exported() -> None:
    """The loop is unrolled for five steps, and the batch stays free."""
    model = Function(loop_over_time, GRUCell(6, 4))
    file = exported(model, X, dynamic={"input_0": {0: "batch"}})
    more = np.concatenate([X, X[:1]])
    (y,) = ReferenceEvaluator(file).run(None, {"input_0": more})
    assert np.allclose(y, model(Tensor(more)).data, atol=1e-6)


def test_a_mask_from_the_input_picks_no_elements() -> None:
    with pytest.raises(ExportError, match="an index of booleans that come with the input"):
        exported(lambda x, keep: x[keep], X, np.ones((3, 5), bool))


def test_a_function_of_numpy_without_a_row_is_named() -> None:
    with pytest.raises(ExportError, match="NumPy's sort"):
        exported(lambda x, ids: x[np.sort(ids)], X, np.array([0, 2]))


def test_options_of_numpy_that_nobody_writes_are_named() -> None:
    with pytest.raises(ExportError, match=r"NumPy's add computed with other options.*dtype"):
        exported(lambda x, ids: x[np.add(ids, 0, dtype=np.int64)], X, np.array([0, 2]))


def test_what_the_checker_refuses_is_not_written(tmp_path: Path) -> None:
    """Here what a row of one's own has written."""
    model = Function(CubeOp.apply)
    with pytest.raises(ExportError, match="the checker of onnx refuses"):
        exported(model, X, path=tmp_path / "x", rows={CubeOp: lambda g, x: g.Cube(x)})
    assert list(tmp_path.iterdir()) == []


IDS = np.array([[3, 0, 2], [1, 0, 0]])
MASKS = {
    "comparisons": lambda ids: (ids != 0) & (ids < 3) | (ids >= 5) & ~(ids == 7),
    "logical functions": lambda ids: np.logical_or(ids > 1, np.logical_not(ids <= 2)),
    "whole numbers": lambda ids: (np.maximum(ids * 2 - 1, 0) & 3) + np.minimum(ids, 1) > 1,
    "sums": lambda ids: np.cumsum(ids, axis=1) > 3,
    "shapes": lambda ids: (np.expand_dims(ids.reshape(-1), 0)[:, ::2].copy() != 0)[0],
    "choices": lambda ids: np.where(ids > 1, ids, 0) > 0,
    "types": lambda ids: ids.astype(bool),
}


@pytest.mark.parametrize("name", MASKS)
def test_what_numpy_computes_of_ids_is_written(name: str) -> None:
    model = Function(lambda ids: ops.where(MASKS[name](ids), 1.0, 0.0))
    file = exported(model, IDS)
    for ids in (IDS, np.array([[7, 5, 4, 0]]), np.arange(12).reshape(3, 4)):
        (y,) = ReferenceEvaluator(file).run(None, {"input_0": ids})
        assert np.array_equal(y, model(ids).data)


def test_training_mode_is_refused() -> None:
    model = Sequential(Dense(6, 2), Dropout(0.5)).eval()
    model[1].train()
    with pytest.raises(ExportError, match=r"\(1: Dropout\) is in training mode.*model\.eval\(\)"):
        to_onnx(model, X)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'neural-net-layers[onnx]'")):
        exported(Dense(6, 2), X)


def test_a_path_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        exported(Dense(6, 2), X, path=tmp_path / "nowhere/model.onnx")
    with pytest.raises(ValueError, match="path"):
        exported(Dense(6, 2), X, path=3)
    old = tmp_path / "model.onnx"
    old.write_bytes(b"old")
    with pytest.raises(ExportError):
        exported(lambda x: x.reshape(3, 30), X, path=old)
    assert old.read_bytes() == b"old"


def test_a_model_too_large_for_a_file_is_refused() -> None:
    model = Dense(2, 2)
    model.weight.data = np.broadcast_to(np.float32(0), (30_000, 30_000))  # 3.6 GB without memory
    with pytest.raises(ExportError, match=r"3\.60 GB.*at most 2 GB"):
        exported(model, X[0, :, :2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["a", "b"]}, "expected 1 names"),
        ({"names": ["weight"]}, "from those of the parameters"),
        ({"output_names": ["a", "b"]}, "expected 1 output_names"),
        ({"output_names": ["x"]}, "'x', the name of a result"),
        ({"dynamic": {"y": {0: "batch"}}}, "names 'y', the inputs are"),
        ({"dynamic": 1.5}, "dynamic must be a dict"),
        ({"dynamic": {"x": [0]}}, r"dynamic\['x'\] must be a dict"),
        ({"names": "x y"}, "names must be a list of texts"),
        ({"keywords": [1]}, "keywords must be a dict"),
        ({"dynamic": {"x": {3: "batch"}}}, "names axis 3 of 'x'"),
        ({"dynamic": {"x": {0: "n", 1: "n"}}}, r"has the lengths \[3, 5\]"),
    ],
)
def test_names_and_axes_have_to_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        exported(Dense(6, 2), X, **options)


def test_an_axis_that_the_model_fixes_cannot_be_free() -> None:
    with pytest.raises(ExportError, match="takes no other length of the axis 'width' than 6"):
        exported(Dense(6, 2), X, dynamic={"x": {2: "width"}})


def test_the_model_and_the_examples_stay_as_they_are() -> None:
    class Counts(Module):
        def __init__(self) -> None:
            self.seen = Buffer(np.zeros(3))
            self.inner = Dense(6, 2)

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    model = Counts().eval()
    before, x = {n: a.copy() for n, a in model.state_dict().items()}, X.copy()
    to_onnx(model, x)
    assert np.array_equal(x, X)
    assert all(np.array_equal(a, before[n]) for n, a in model.state_dict().items())


def test_a_case_of_wrong_numbers_would_be_found() -> None:
    case = Case(Dense(6, 2).eval(), (numbers("B", 6),))
    file = to_onnx(case.model, *case.made(0, 3, 5)[0])
    case.model.bias.data += 1e-3
    with pytest.raises(AssertionError):
        check_alike(case, file, [(3, 5)])


def test_a_recomputed_block_leaves_no_trace_in_the_file() -> None:
    net = Sequential(Dense(6, 4, rng=np.random.default_rng(0)), ReLU(), Dense(4, 3))
    files = [exported(Function(call, net), X) for call in (recompute, lambda net, x: net(x))]
    assert files[0].SerializeToString() == files[1].SerializeToString()


def test_weights_that_stand_in_place_of_a_modules_own_stand_in_the_file() -> None:
    net, other = Dense(6, 3), Dense(6, 3)
    model = Function(
        lambda net, other, x: functional_call(net, dict(other.named_parameters()), x), net, other
    )
    file = exported(model, X)
    assert [array.name for array in file.graph.initializer] == ["parts.1.weight", "parts.1.bias"]
