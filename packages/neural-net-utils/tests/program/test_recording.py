"""What is recorded of a step, how it reads, and that the step is none the worse for it."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import (
    Buffer,
    Dense,
    Module,
    Op,
    Parameter,
    Sequential,
    ShapeError,
    Tanh,
    Tensor,
    mse_loss,
    no_grad,
    textbook,
)
from neural_net_core.dtypes import Array
from neural_net_core.ops import moveaxis
from neural_net_utils import Program, record

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
Y = np.array([[0], [1], [1], [0]], np.float32)

# A step of gradient descent on XOR, with the update written by hand.
PAGE = """\
# arguments: x (4, 2), y (4, 1)
# parameters: w0 (3, 2), b0 (3,), w2 (1, 3), b2 (1,)

# forward
y_linear0 = x @ w0.T                          # 0 Dense: LinearOp
linear0 = y_linear0 + b0                      # 0 Dense: LinearOp
tanh1 = np.tanh(linear0)                      # 1 Tanh: TanhOp
y_linear2 = tanh1 @ w2.T                      # 2 Dense: LinearOp
linear2 = y_linear2 + b2                      # 2 Dense: LinearOp
d = linear2 - y                               # MSELossOp
square = np.square(d)                         # MSELossOp
total = np.add.reduce(square, axis=None)      # MSELossOp
loss = total / 4                              # MSELossOp

# backward
d_loss = np.ones_like(loss)                   # the tape
quotient = d_loss / 4                         # MSELossOp
product = quotient * 2                        # MSELossOp
d_linear2 = product * d                       # MSELossOp
d_tanh1 = d_linear2 @ w2                      # 2 Dense: LinearOp
d_w2 = d_linear2.T @ tanh1                    # 2 Dense: LinearOp
d_b2 = np.add.reduce(d_linear2, axis=(0,), keepdims=True)  # the tape
square_2 = np.square(tanh1)                   # 1 Tanh: TanhOp
difference = 1 - square_2                     # 1 Tanh: TanhOp
d_linear0 = d_tanh1 * difference              # 1 Tanh: TanhOp
d_w0 = d_linear0.T @ x                        # 0 Dense: LinearOp
d_b0 = np.add.reduce(d_linear0, axis=(0,), keepdims=True)  # the tape

# update
step_w0 = 0.5 * d_w0
w0 -= step_w0
step_b0 = 0.5 * d_b0.reshape((3,))
b0 -= step_b0
step_w2 = 0.5 * d_w2
w2 -= step_w2
step_b2 = 0.5 * d_b2.reshape((1,))
b2 -= step_b2"""


def network() -> Sequential:
    rng = np.random.default_rng(0)
    return Sequential(Dense(2, 3, rng=rng), Tanh(), Dense(3, 1, rng=rng))


def step_of(model: Module) -> Callable[..., Tensor]:
    def train_step(x: Array, y: Array) -> Tensor:
        for parameter in model.parameters():
            parameter.grad = None
        loss = mse_loss(model(x), y)
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= 0.5 * parameter.grad  # type: ignore[operator]
        return loss

    return train_step


def test_the_whole_of_training_is_one_page() -> None:
    assert str(record(step_of(network()), X, Y)) == PAGE


def test_the_page_is_python_that_gives_the_same_bits() -> None:
    model = network()
    before = {name: p.data.copy() for name, p in model.named_parameters()}
    program = record(step_of(model), X, Y)
    space = {"np": np, "x": X, "y": Y, "w0": before["0.weight"], "b0": before["0.bias"]}
    space |= {"w2": before["2.weight"], "b2": before["2.bias"]}
    exec(str(program), space)  # noqa: S102
    for name, key in (("w0", "0.weight"), ("b0", "0.bias"), ("w2", "2.weight"), ("b2", "2.bias")):
        assert space[name].tobytes() == model.state_dict()[key].tobytes()


def test_a_recorded_step_is_a_step_like_any_other() -> None:
    recorded, plain = network(), network()
    record(step_of(recorded), X, Y)
    with textbook():
        step_of(plain)(X, Y)
    for a, b in zip(recorded.parameters(), plain.parameters(), strict=True):
        assert a.data.tobytes() == b.data.tobytes()
        assert a.grad is not None
        assert b.grad is not None
        assert a.grad.tobytes() == b.grad.tobytes()


def test_nothing_stays_recorded() -> None:
    model = network()
    arrays = [p.data for p in model.parameters()]
    record(step_of(model), X, Y)
    for parameter, array in zip(model.parameters(), arrays, strict=True):
        assert parameter.data is array
        assert type(parameter.grad) is np.ndarray


def test_what_escapes_is_a_plain_array_in_all_it_does() -> None:
    kept: list[Any] = []

    def train_step(x: Array) -> None:
        kept.append(x + 1)

    program = record(train_step, X)
    lines = len(program.lines)
    escaped = kept[0]
    assert type(escaped * 2) is np.ndarray
    assert type(escaped[0]) is np.ndarray
    assert type(escaped.sum(axis=0)) is np.ndarray
    escaped += 1
    escaped[0] = 7
    assert float(escaped[0, 0]) == 7
    assert len(program.lines) == lines


def test_a_failing_step_fails_as_alone_and_leaves_plain_arrays() -> None:
    model = network()
    with pytest.raises(ZeroDivisionError):
        record(lambda x: (step_of(model)(x, Y), 1 / 0), X)
    assert all(type(p.grad) is np.ndarray for p in model.parameters())
    assert record(step_of(model), X, Y).notes == ()


def test_another_thread_notices_nothing() -> None:
    model, seen = network(), []

    def other() -> None:
        y = model(X)
        seen.append((type(y.data), type(model[0].weight.data), type(np.exp(X))))

    def train_step(x: Array) -> Tensor:
        y = model(x)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return y

    program = record(train_step, X)
    assert seen == [(np.ndarray, np.ndarray, np.ndarray)]
    assert len(program) == 5


def test_memory_that_no_call_made_is_an_input_and_named() -> None:
    rng = np.random.default_rng(0)

    def train_step(x: Array) -> Array:
        noise = rng.normal(size=x.shape).astype(np.float32)
        return np.tanh(x + noise) * noise

    program = record(train_step, X)
    assert program.roles["unseen"] == ("noise",)
    assert len(program.notes) == 1
    assert "noise" in program.notes[0]
    assert "# made elsewhere: noise (4, 2)" in str(program)


def test_memory_written_behind_its_back_is_named() -> None:
    """`w.data` is a plain array: what is written into it alone is not seen, but its end is."""
    w = Parameter(np.ones((2, 1)), name="w")

    def train_step(x: Array) -> Tensor:
        y = x @ w
        w.data[...] = 3
        return y

    (note,) = record(train_step, X).notes
    assert note == "not with the same bits when run again: w"


def test_unseen_memory_that_changes_is_a_new_input() -> None:
    table = np.arange(8, dtype=np.float32).reshape(4, 2)

    def train_step(x: Array) -> Array:
        first = x * table
        table[...] = -1.5
        return first + table

    program = record(train_step, X)
    assert len(program.inputs) == 2  # of constants only the first is no literal
    assert "np.full((4, 2), -1.5, np.float32)" in str(program)
    assert all("bits" not in note for note in program.notes)


def test_buffers_that_a_step_writes_are_results() -> None:
    class Counting(Module):
        def __init__(self) -> None:
            self.seen = Buffer(np.zeros(2))

        def forward(self, x: Array) -> Tensor:
            with no_grad():
                self.seen += np.sum(x, axis=0)
            return Tensor(x) * self.seen

    model = Counting()
    program = record(lambda x: model(x), X)
    assert program.results["seen"].tolist() == [2, 2]
    assert program.inputs["seen"].tolist() == [0, 0]


def test_checks_that_lead_to_nothing_are_left_out() -> None:
    def train_step(x: Array) -> Array:
        if np.isnan(x).any():
            raise ValueError
        return x * 2

    assert [line.text for line in record(train_step, X).lines] == ["product = x * 2"]


def test_a_number_that_python_reads_is_shown_where_it_is_read() -> None:
    def train_step(x: Array) -> Array:
        length = float(np.sqrt((x * x).sum()))
        return x / length

    program = record(train_step, X)
    assert "Python computes with this number, 2" in str(program)
    assert program.lines[-1].text == "quotient = x / length"
    assert program.numbers == {"length": 2.0}


def test_numbers_of_one_name_and_arrays_of_that_name_are_told_apart() -> None:
    def train_step(x: Array) -> Array:
        scale = 0.5
        half = x * scale
        scale = 0.25
        quarter = half * scale
        scale = quarter + 1  # type: ignore[assignment]
        return scale * 2

    program = record(train_step, X)
    assert program.notes == ()
    assert sorted(program.numbers.values()) == [0.25, 0.5]


def test_tensors_lists_and_dicts_are_arguments() -> None:
    def train_step(pair: list[Any], options: dict[str, Any], *rest: Any) -> tuple[Any, ...]:
        return pair[0] * pair[1], options["shift"] + pair[0], rest[0] + 1

    program = record(train_step, [X, Tensor(X.copy())], {"shift": X[0].copy()}, X.copy())
    assert program.roles["input"] == ("pair_0", "pair_1", "options_shift", "rest_0")
    assert program.notes == ()


def test_a_tensor_that_learns_nothing_is_an_argument_too() -> None:
    w = Parameter(np.ones((2, 3)), name="w")

    def train_step(x: Tensor) -> Tensor:
        loss = (x @ w).sum()
        loss.backward()
        return loss

    x = Tensor(X.copy())
    program = record(train_step, x)
    assert program.roles["input"] == ("x",)
    assert program.notes == ()
    assert type(x.data) is np.ndarray


def test_several_models_give_their_parameters_their_names() -> None:
    first, second = Dense(2, 3), Dense(3, 1)
    program = record(lambda x: second(first(x)), X)
    assert program.roles["parameter"] == (
        "first_weight", "first_bias", "second_weight", "second_bias",
    )  # fmt: skip


def test_an_operation_of_ones_own_is_recorded() -> None:
    class CubeOp(Op):
        def forward(self, x: Array) -> Array:
            self.square = x * x
            return self.square * x

        def backward(self, dy: Array) -> Array:
            return 3 * self.square * dy

    w = Parameter([[2.0]], name="w")

    def train_step() -> None:
        CubeOp.apply(w).backward()

    assert [line.text for line in record(train_step).lines] == [
        "square = w * w",
        "cube = square * w",
        "d_cube = np.ones_like(cube)",
        "product = 3 * square",
        "d_w = product * d_cube",
    ]


def test_an_operation_that_fails_and_is_caught_is_passed_over() -> None:
    model = Dense(2, 3)

    def train_step(x: Array) -> Tensor:
        with contextlib.suppress(ShapeError):
            Tensor(np.ones((2, 3))) @ Tensor(np.ones((2, 3)))
        return model(x)

    program = record(train_step, X)
    assert [line.comment for line in program.lines] == ["Dense: LinearOp"] * 2
    assert program.notes == ()


def test_a_gradient_that_is_a_view_of_another_is_copied() -> None:
    w = Parameter(np.ones((2, 3)), name="w")

    def train_step(x: Array) -> Tensor:
        loss = (moveaxis(w, 0, 1) * x).sum()
        loss.backward()
        return loss

    program = record(train_step, np.ones((3, 2), np.float32))
    assert program.lines[-1].text.startswith("d_w = moveaxis")
    assert program.lines[-1].text.endswith(".copy('K')")
    assert program.notes == ()


def test_a_gradient_that_two_parameters_share_is_copied_once() -> None:
    a, b = Parameter([1.0, 2.0], name="a"), Parameter([3.0, 4.0], name="b")

    def train_step() -> None:
        ((a + b) * 2).sum().backward()
        assert a.grad is not None
        a.grad *= 3

    program = record(train_step)
    assert sum("copy" in line.text for line in program.lines) == 1
    assert program.results["d_a"].tolist() == [6, 6]
    assert program.results["d_b"].tolist() == [2, 2]
    assert program.notes == ()


def test_gradients_from_before_are_added_to() -> None:
    w, idle = Parameter([1.0, 2.0], name="w"), Parameter([1.0], name="idle")
    w.grad, idle.grad = np.array([10, 20], np.float32), np.ones(1, np.float32)

    def train_step(x: Array) -> Tensor:
        loss = (w * x[0]).sum() + (idle.detach() * idle).sum().detach()
        loss.backward()
        return loss

    program = record(train_step, X + 1)
    assert program.roles["gradient"] == ("grad_w",)
    assert "# gradients from before: grad_w (2,)" in str(program)
    assert program.results["d_w"].tolist() == [11, 21]
    assert program.notes == ()


def test_arrays_of_another_byte_order_are_written_down() -> None:
    program = record(lambda x: x.astype(">f4") + 1, X)
    assert "x.astype('>f4')" in str(program)
    assert program.notes == ()
    program = record(lambda x: np.zeros_like(x, dtype=np.dtype(">f8")) + x, X)
    assert "dtype=np.dtype('>f8')" in str(program)


def test_what_cannot_be_called_is_no_step() -> None:
    with pytest.raises(ValueError, match="record: train_step must be a function"):
        record(3)  # type: ignore[arg-type]


def test_a_program_is_what_comes_of_it() -> None:
    assert isinstance(record(step_of(network()), X, Y), Program)
