"""Recorded programs of thirteen networks: each gives the bits of the step it was taken from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neural_net_core as core
import neural_net_layers as layers
import neural_net_optim as optim
from neural_net_core import Dense, ReLU, Sequential, Tanh
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.counting import operations
from neural_net_utils import record

Step = tuple[Callable[..., Any], tuple[Array, ...]]


def _classifier(model: core.Module, optimizer: Any, images: Array, classes: int) -> Step:
    def train_step(x: Array, y: Array) -> core.Tensor:
        optimizer.zero_grad()
        loss = core.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    labels = np.random.default_rng(2).integers(classes, size=len(images))
    return train_step, (images, labels)


def _normal(*shape: int) -> Array:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def _xor(optimizer_class: Any, lr: float) -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(Dense(2, 4, rng=rng), Tanh(), Dense(4, 1, rng=rng))
    optimizer = optimizer_class(model.parameters(), lr=lr)

    def train_step(x: Array, y: Array) -> core.Tensor:
        optimizer.zero_grad()
        loss = core.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    return train_step, (x, np.array([[0], [1], [1], [0]], np.float32))


def xor_sgd() -> Step:
    return _xor(optim.SGD, 0.5)


def xor_adam() -> Step:
    return _xor(optim.Adam, 0.05)


def digits() -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(Dense(64, 32, rng=rng), ReLU(), Dense(32, 10, rng=rng))
    return _classifier(model, optim.Adam(model.parameters()), _normal(16, 64), 10)


def deep() -> Step:
    rng = np.random.default_rng(0)
    parts: list[core.Module] = [Dense(8, 16, rng=rng), core.GELU()]
    for _ in range(4):
        parts += [Dense(16, 16, rng=rng), core.Sigmoid()]
    model = Sequential(*parts, Dense(16, 3, rng=rng))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    return _classifier(model, optimizer, _normal(10, 8), 3)


def cnn() -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(
        layers.Conv2D(1, 4, 3, padding=1, rng=rng),
        ReLU(),
        layers.MaxPool2D(2),
        core.Flatten(),
        Dense(64, 5, rng=rng),
    )
    return _classifier(model, optim.SGD(model.parameters(), lr=0.1), _normal(6, 1, 8, 8), 5)


def batch_norm() -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(Dense(6, 8, rng=rng), layers.BatchNorm1D(8), ReLU(), Dense(8, 3, rng=rng))
    return _classifier(model, optim.SGD(model.parameters(), lr=0.1), _normal(12, 6), 3)


def layer_norm() -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(Dense(6, 8, rng=rng), layers.LayerNorm(8), Tanh(), Dense(8, 3, rng=rng))
    return _classifier(model, optim.RMSprop(model.parameters()), _normal(12, 6), 3)


def lstm_cell() -> Step:
    rng = np.random.default_rng(0)
    cell, head = layers.LSTMCell(3, 4, rng=rng), Dense(4, 2, rng=rng)
    optimizer = optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)

    def train_step(x: Array, y: Array) -> core.Tensor:
        optimizer.zero_grad()
        h, _ = cell(x)
        loss = core.cross_entropy(head(h), y)
        loss.backward()
        optimizer.step()
        return loss

    return train_step, (_normal(5, 3), np.array([0, 1, 1, 0, 1]))


def gru() -> Step:
    rng = np.random.default_rng(0)
    recurrence, head = layers.GRU(3, 4, rng=rng), Dense(4, 2, rng=rng)
    optimizer = optim.Adam([*recurrence.parameters(), *head.parameters()])

    def train_step(x: Array, y: Array) -> core.Tensor:
        optimizer.zero_grad()
        states, _ = recurrence(x)
        loss = core.cross_entropy(head(states[:, -1]), y)
        loss.backward()
        optimizer.step()
        return loss

    return train_step, (_normal(5, 6, 3), np.array([0, 1, 1, 0, 1]))


def attention() -> Step:
    rng = np.random.default_rng(0)
    model = layers.TransformerEncoder(1, 8, 2, dropout=0.0, activation="gelu", rng=rng)
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)

    def train_step(x: Array, y: Array) -> core.Tensor:
        optimizer.zero_grad()
        loss = core.mse_loss(model(x, causal=True), y)
        loss.backward()
        optimizer.step()
        return loss

    return train_step, (_normal(3, 5, 8), _normal(3, 5, 8) ** 2)


def embedding() -> Step:
    rng = np.random.default_rng(0)
    table, head = layers.Embedding(7, 4, rng=rng), Dense(4, 7, rng=rng)
    optimizer = optim.Adagrad([*table.parameters(), *head.parameters()], lr=0.1)

    def train_step(ids: Array, following: Array) -> core.Tensor:
        optimizer.zero_grad()
        loss = core.cross_entropy(head(table(ids)), following, axis=-1)
        loss.backward()
        optimizer.step()
        return loss

    ids = np.array([[0, 3, 3, 1], [6, 2, 0, 3]])
    return train_step, (ids, np.roll(ids, -1, axis=1))


def dropout() -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(
        Dense(6, 8, rng=rng), ReLU(), layers.Dropout(0.5, rng=rng), Dense(8, 3, rng=rng)
    )
    return _classifier(model, optim.SGD(model.parameters(), lr=0.1), _normal(12, 6), 3)


def clipping() -> Step:
    rng = np.random.default_rng(0)
    model = Sequential(Dense(6, 8, rng=rng), Tanh(), Dense(8, 1, rng=rng))
    optimizer = optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)

    def train_step(x: Array, y: Array) -> core.Tensor:
        optimizer.zero_grad()
        loss = core.mse_loss(model(x), y)
        loss.backward()
        optim.clip_grad_norm(model.parameters(), 0.1)
        optimizer.step()
        return loss

    return train_step, (_normal(9, 6), 3 * _normal(9, 1))


NETWORKS = {
    make.__name__: make
    for make in (
        xor_sgd, xor_adam, digits, deep, cnn, batch_norm, layer_norm, lstm_cell, gru, attention,
        embedding, dropout, clipping,
    )
}  # fmt: skip


def bits(arrays: dict[str, Array]) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_program_gives_the_bits_of_its_step(name: str) -> None:
    """Executed as plain Python, with nothing but NumPy and the arrays from before the step."""
    step, inputs = NETWORKS[name]()
    program = record(step, *inputs)
    space = {"np": np, **{given: array.copy() for given, array in program.inputs.items()}}
    exec(str(program), space)  # noqa: S102
    got = {result: np.asarray(eval(result, space)) for result in program.results}  # noqa: S307
    assert bits(got) == bits(program.results)
    assert not [note for note in program.notes if "bits" in note or "run" in note]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_recorded_step_is_a_step_like_any_other(name: str) -> None:
    """Two steps, recorded and not, leave the same parameters, buffers and results."""
    recorded, inputs = NETWORKS[name]()
    plain, same_inputs = NETWORKS[name]()
    with core.textbook():
        expected = [plain(*same_inputs).data for _ in range(2)]
    first = record(recorded, *inputs).results["loss"]
    second = record(recorded, *inputs).results["loss"]
    assert [first.tobytes(), second.tobytes()] == [x.tobytes() for x in expected]


@pytest.mark.parametrize("name", NETWORKS)
def test_all_lines_are_counted(name: str) -> None:
    step, inputs = NETWORKS[name]()
    assert record(step, *inputs).cost(1).uncounted == ()


def test_the_course_shows_the_page_that_is_printed() -> None:
    page = Path(__file__).parents[1] / "docs" / "theory" / "training-on-one-page.md"
    shown = page.read_text(encoding="utf-8").partition("```text\n")[2].partition("\n```")[0]
    step, inputs = xor_sgd()
    assert shown == str(record(step, *inputs))


def test_random_draws_are_inputs_and_named() -> None:
    step, inputs = dropout()
    program = record(step, *inputs)
    assert program.roles["unseen"] == ("mask",)
    assert any("mask" in note for note in program.notes)
    other = program.run(mask=~program.inputs["mask"])
    assert other["loss"] != program.results["loss"]


def test_a_convolution_has_the_operations_of_its_formula() -> None:
    """Forward and dW: 2 B O H W C k² each; the images need no gradient."""
    step, inputs = cnn()
    program = record(step, *inputs)
    counts = [operations(line.call) for line in program.lines if "np.einsum(" in line.text]
    assert counts == [2 * 6 * 4 * 8 * 8 * 1 * 3 * 3] * 2


def test_attention_has_the_operations_of_its_formula() -> None:
    """Per head and example 2 T² D for Q Kᵀ and as much for P V; twice that going back."""
    step, inputs = attention()
    program = record(step, *inputs)
    batch, heads, time, size = 3, 2, 5, 4
    products = [
        operations(line.call)
        for line in program.lines
        if " @ " in line.text and "Attention" in line.comment.rpartition(": ")[2]
    ]
    assert products == [2 * batch * heads * time * time * size] * 6


# Batch norm's operation moves its running averages as well, which counting must not do again.
COUNTED = [name for name in NETWORKS if name != "batch_norm"]


@pytest.mark.parametrize("name", COUNTED)
def test_a_trace_counts_what_the_page_counts(name: str) -> None:
    """Operation by operation, though one runs them again and the other has recorded the step."""
    step, inputs = NETWORKS[name]()
    with core.textbook(), core.trace() as calls:
        step(*inputs)
    counted: dict[str, int] = {}
    for call in calls:
        where = f"{call.path} {type(call.modules[-1]).__name__}".strip() if call.modules else ""
        comment = f"{where}: {call.op.__name__}" if where else call.op.__name__
        counted[comment] = counted.get(comment, 0) + (call.cost().operations or 0)
    step, inputs = NETWORKS[name]()
    on_the_page: dict[str, int] = {}
    for line in record(step, *inputs).cost(1).lines:
        if line.line.section == "forward":
            comment = line.line.comment
            on_the_page[comment] = on_the_page.get(comment, 0) + (line.operations or 0)
    # Operations that cost nothing may be left out of the page, and it notes what Python reads.
    assert {k: n for k, n in counted.items() if n} == {k: n for k, n in on_the_page.items() if n}
