"""`RecordedStep` leaves what the step as it is written leaves, whatever comes in and in between."""

import os
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import (
    Dense,
    Module,
    Op,
    Parameter,
    Sequential,
    ShapeError,
    Tanh,
    Tensor,
    cross_entropy,
    default_dtype,
    default_rng,
    forms,
    mse_loss,
    no_grad,
    seed,
    tensor,
    textbook,
    trace,
)
from neural_net_core.observing import drawn
from neural_net_core.tensor import Buffer
from neural_net_utils import RecordedStep
from neural_net_utils.replay import recorded_step
from neural_net_utils.replay.recording import recorded

X = np.random.default_rng(1).normal(size=(24, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(24, 8, 3)).astype(np.float32)
LABELS = np.random.default_rng(3).integers(0, 3, size=(24, 8))


class Noisy(Module):
    """Draws in training, and keeps a running mean and a counter."""

    def __init__(self) -> None:
        self.mean = Buffer(np.zeros(7, np.float32))
        self.steps = Buffer(np.zeros((), np.int64))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x - self.mean
        with no_grad():
            self.mean *= 0.9
            self.mean += 0.1 * x.mean(axis=0).data
            self.steps += 1
        mask = drawn(default_rng().random, x.shape, dtype=np.float32) > 0.2
        return x * mask


def network() -> Any:
    return Sequential(Dense(5, 7), Noisy(), Tanh(), Dense(7, 3))


def squares(case: Any, *, make: Callable[[], Any] = network) -> Callable[[], Any]:
    def made() -> Any:
        model = make()
        return case(lambda x, y: mse_loss(model(x), y), model)

    return made


def strided(x: Any) -> Any:
    return np.repeat(x, 2, axis=0)[::2]


def read_only(x: Any) -> Any:
    x = x.copy()
    x.setflags(write=False)
    return x


def unaligned(x: Any) -> Any:
    return np.frombuffer(b"1" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)


KINDS: dict[str, tuple[Callable[[Any], Any], str | None]] = {
    "in Fortran's order": (np.asfortranarray, None),
    "backwards": (lambda x: x[::-1], None),
    "strided": (strided, None),
    "transposed": (lambda x: np.ascontiguousarray(x.T).T, None),
    "broadcast": (lambda x: np.broadcast_to(x[:1], x.shape), None),
    "overlapping": (lambda x: np.lib.stride_tricks.sliding_window_view(x.ravel(), 5)[:8], None),
    "read-only": (read_only, None),
    "unaligned": (unaligned, "an argument is not aligned in memory"),
    "float64": (lambda x: x.astype(np.float64), None),
    "big-endian": (lambda x: x.astype(">f4"), None),
    "whole numbers": (lambda x: (x * 3).astype(np.int64), None),
    "bytes": (lambda x: (x * 3).astype(np.int8), None),
    "booleans": (lambda x: x > 0, None),
    "zeros": (np.zeros_like, None),
    "Tensor": (Tensor, None),
    "Tensor in Fortran's order": (lambda x: Tensor(np.asfortranarray(x)), None),
    "Parameter": (Parameter, "an argument is a Parameter"),
    "wants a gradient": (
        lambda x: Tensor(x, requires_grad=True),
        "an argument requires a gradient",
    ),
    "list": (lambda x: x.tolist(), "an argument is a list"),
    "masked": (np.ma.masked_array, "an argument is a MaskedArray"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_of_every_kind(kind: str, side_by_side: Any, case: Any) -> None:
    of, reason = KINDS[kind]
    reasons = side_by_side(squares(case), lambda step, i, _: step.gradients(of(X[i]), Y[i]), 10)
    assert reasons[4:] == [reason] * 6


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_and_single_batches(rows: int, side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i][:rows], Y[i][:rows])

    assert side_by_side(squares(case), script, 8)[4:] == [None] * 4


def test_several_shapes_have_records_of_their_own(side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, _: Any) -> Any:
        rows = (8, 5, 8, 1)[i % 4]
        return step.gradients(X[i % 24][:rows], Y[i % 24][:rows])

    assert side_by_side(squares(case), script, 24)[16:] == [None] * 8


def test_numbers_and_words_as_arguments(side_by_side: Any, case: Any) -> None:
    """Each value has a record of its own, of the two zeros each, too."""

    def make() -> Any:
        model = network()

        def loss_of(x: Any, scale: Any, word: str) -> Any:
            y = model(x).sum() if word == "sum" else model(x).mean()
            return y * scale + np.copysign(np.ones((), np.float32), scale)

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i % 24], (0.0, -0.0, 1, True)[i % 4], ("sum", "mean")[i // 24])

    reasons = side_by_side(make, script, 48)
    assert reasons[20:24] == [None] * 4
    assert reasons[-4:] == [None] * 4


def test_there_is_an_end_to_the_records_of_one_step() -> None:
    model = network()
    step = RecordedStep(lambda x, scale: model(x).sum() * scale, model=model)
    for i in range(140):
        step.gradients(X[0], i / 7)
    assert step.why_eager is not None
    assert step.why_eager.startswith("it has met 128 combinations of shapes and numbers")
    assert len(step._records) == 128


def test_arguments_that_share_memory(side_by_side: Any, case: Any) -> None:
    """While they do, the step runs as it is written; afterwards it is recorded."""
    both = "an argument shares memory with another"

    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i], X[i][:, :3] if i < 4 else Y[i])

    reasons = side_by_side(squares(case), script, 12)
    # The two have other strides than Y, and so records of their own.
    assert reasons[1:4] == [both] * 3
    assert reasons[8:] == [None] * 4


def test_an_argument_that_is_a_part_of_the_model(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model = network()
        return case(lambda x, shift: model(x).sum() + (model[1].mean * shift).sum(), model)

    def script(step: Any, i: int, its: Any) -> Any:
        mean = its.model[1].mean.data
        return step.gradients(X[i], mean if i in (7, 9) else mean * 2)

    reasons = side_by_side(make, script, 12)
    assert reasons[6] is reasons[8] is reasons[10] is None
    assert reasons[7] is not None


# What is handed out ------------------------------------------------------------------------------


def test_what_is_handed_out_belongs_to_the_caller(side_by_side: Any, case: Any) -> None:
    """What earlier steps have returned stays what it was, and may be changed."""

    def make() -> Any:
        model = network()

        def loss_of(x: Any, y: Any) -> Any:
            prediction = model(x)
            right = (prediction.data > 0) == (y > 0)
            return mse_loss(prediction, y), prediction, prediction.data.argmax(axis=1), right.mean()

        return case(loss_of, model, names={"kept": []})

    def script(step: Any, i: int, its: Any) -> Any:
        parameters = list(its.model.parameters())
        for parameter in parameters:
            parameter.grad = None
        its.names["kept"].append([step.gradients(X[i], Y[i]), [p.grad for p in parameters]])
        if i == 8:
            for part in its.names["kept"][7][0][1:3]:
                (part.data if isinstance(part, Tensor) else part)[...] = 3
            its.names["kept"][7][1][0][...] = 5
        return its.names["kept"]

    assert side_by_side(make, script, 12)[4:] == [None] * 8


def test_gradients_are_added_to_those_there_are(side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, its: Any) -> Any:
        if i % 5 == 3:
            its.model.zero_grad()
        if i == 8:
            its.model[0].weight.grad = np.full((7, 5), 2, np.float32)
        return step.gradients(X[i], Y[i])

    assert side_by_side(squares(case), script, 16)[4:] == [None] * 12


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("argument", "it returns the memory of an argument; return a copy of it"),
        ("parameter", "it returns the memory of a parameter or buffer; return a copy of it"),
        ("number", "it returns a float; only Tensors and arrays can be recorded"),
        ("dict", "it returns a dict; only Tensors and arrays can be recorded"),
    ],
)
def test_what_cannot_be_handed_out(what: str, reason: str, side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model = network()

        def loss_of(x: Any, y: Any) -> Any:
            loss = mse_loss(model(x), y)
            if what == "argument":
                return loss, x[:2]
            if what == "parameter":
                return loss, model[0].weight
            return loss, float(x.shape[0]) if what == "number" else {"x": loss}

        return case(loss_of, model)

    def script(step: Any, i: int, its: Any) -> Any:
        result = step.gradients(X[i], Y[i])
        return None if what == "dict" else result

    assert side_by_side(make, script, 6)[-1] == reason


# In between --------------------------------------------------------------------------------------


def test_modes_switches_and_evaluation_in_between(side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, its: Any) -> Any:
        x, y = X[i % 24], Y[i % 24]
        if i % 7 == 5:
            its.model.eval()
            with no_grad():
                its.model(x)
            its.model.train(i % 2 == 0)
        if i == 9:
            with textbook():
                return step.gradients(x, y)
        if i == 10:
            with trace():
                return step.gradients(x, y)
        if i == 11:
            with default_dtype(np.float64):
                return step.gradients(x, y)
        if i in (12, 20):
            seed(i)
        if i == 13:
            with no_grad():
                return step.gradients(x, y)
        return step.gradients(x, y)

    reasons = side_by_side(squares(case), script, 40)
    assert reasons[-4:] == [None] * 4
    assert reasons[10] == "somebody is observing what it does"
    assert reasons[13] == "gradients are switched off"


def test_a_network_that_is_loaded_frozen_and_replaced(side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, its: Any) -> Any:
        model = its.model
        if i == 6:
            model.load_state_dict({k: v // 2 for k, v in model.state_dict().items()})
        if i in (8, 14):
            model[0].requires_grad_(i == 14)
        if i == 16:
            model[3].weight.data = model[3].weight.data.copy()
        if i == 22:
            with no_grad():
                model[3].bias += 1.0
        return step.gradients(X[i % 24], Y[i % 24])

    reasons = side_by_side(squares(case), script, 26)
    assert reasons[4:8] == [None] * 4
    assert reasons[14:16] == [None] * 2
    assert reasons[-4:] == [None] * 4


# Errors and warnings -----------------------------------------------------------------------------


def test_an_error_leaves_what_the_step_as_it_is_written_leaves(
    side_by_side: Any, case: Any
) -> None:
    """Labels out of range, at every stage: the buffer and the generator have moved already."""

    def make() -> Any:
        model = network()
        return case(lambda x, labels: cross_entropy(model(x), labels), model)

    def script(step: Any, i: int, _: Any) -> Any:
        labels = LABELS[i % 24].copy()
        if i in (0, 2, 4, 6, 11, 12, 17):
            labels[0] = 7
        return step.gradients(X[i % 24], labels)

    reasons = side_by_side(make, script, 24)
    assert reasons[-4:] == [None] * 4


@pytest.mark.parametrize("settings", ["raise", "warn", "ignore"])
def test_overflow_under_every_setting(settings: Any, side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, _: Any) -> Any:
        large = np.float32(1e30) if i in (1, 3, 8, 9) else np.float32(1)
        with np.errstate(all=settings if i % 3 else "warn"):
            return step.gradients(X[i] * large, Y[i])

    reasons = side_by_side(squares(case), script, 16)
    assert reasons[-4:] == [None] * 4


@pytest.mark.parametrize("around", ["raise", "ignore", "warn"])
def test_settings_made_inside_the_step_hold_inside_of_it(
    around: Any, side_by_side: Any, case: Any
) -> None:
    """The record is made under one setting and used under another."""

    def make() -> Any:
        model = network()

        def loss_of(x: Any, y: Any) -> Any:
            with np.errstate(over="ignore"):
                large = np.exp(x * 1000)
            with np.errstate(over=around):
                small = np.log1p(np.exp(x))
            return mse_loss(model(np.minimum(large, small)), y)

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        with np.errstate(over=("ignore", "warn", "raise")[i % 3 if i > 6 else 0]):
            return step.gradients(X[i], Y[i])

    assert side_by_side(make, script, 14)[-4:] == [None] * 4


def test_warnings_as_errors(side_by_side: Any, case: Any) -> None:
    def script(step: Any, i: int, _: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error" if i in (2, 9) else "default")
            return step.gradients(X[i] * np.float32(1e30 if i in (2, 9) else 1), Y[i])

    side_by_side(squares(case), script, 14)


def test_a_step_that_warns_warns_in_every_step(side_by_side: Any, case: Any) -> None:
    class Warning_(Op):  # noqa: N801
        def forward(self, x: Any) -> Any:
            return x * 1

        def backward(self, dy: Any) -> Any:
            return dy

    def make() -> Any:
        model = network()

        def loss_of(x: Any, y: Any) -> Any:
            warnings.warn("beware", stacklevel=1)
            return mse_loss(Warning_.apply(model(x)), y)

        return case(loss_of, model)

    reasons = side_by_side(make, lambda step, i, _: step.gradients(X[i], Y[i]), 6)
    assert reasons[-1] == "loss_of uses the module warnings"


def test_a_loss_that_is_no_scalar_is_an_error_each_time(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model = network()
        return case(lambda x: model(x), model)

    model = network()
    step = RecordedStep(lambda x: model(x), model=model)
    for i in range(6):
        with pytest.raises(ShapeError, match="expected loss_of to return a scalar Tensor"):
            step.gradients(X[i])


class _Interrupt(BaseException):
    """As KeyboardInterrupt, which pytest would take for its own."""


@pytest.mark.parametrize("call", range(5))
def test_an_interrupt_anywhere_leaves_no_trace_of_the_recording(call: int) -> None:
    """It comes at any line: parameters are as they were, and nothing is left in their places."""
    lines = 0

    def attempt(at: int) -> None:
        nonlocal lines
        seed(0)
        model = network()
        step = RecordedStep(lambda x, y: mse_loss(model(x), y), model=model)
        for i in range(call):
            step.gradients(X[i], Y[i])
        tensors = [*model.parameters(), *model.buffers()]
        held = [(x, x.data) for x in tensors]
        before = [p.data.tobytes() for p in model.parameters()]
        lines = 0

        def line(frame: types.FrameType, event: str, _: Any) -> Any:
            nonlocal lines
            lines += event == "line"
            if lines == at:
                raise _Interrupt
            return line

        def trace_calls(frame: types.FrameType, event: str, _: Any) -> Any:
            name = frame.f_globals.get("__name__", "")
            inside = name.startswith(("neural_net_utils.replay", "neural_net_core"))
            inside = inside and name != "neural_net_core.context"  # which may be left half entered
            return line if inside and frame.f_code.co_name not in _CLEANING else None

        former = sys.gettrace()
        sys.settrace(trace_calls)
        try:
            step.gradients(X[call], Y[call])
        except _Interrupt:
            pass
        finally:
            sys.settrace(former)
        assert all(x.data is array for x, array in held)
        assert [p.data.tobytes() for p in model.parameters()] == before
        assert {type(p.grad) for p in model.parameters()} <= {np.ndarray, type(None)}
        assert vars(tensor)["np"] is np
        assert not recorded_step._recording.locked()

    attempt(-1)
    for at in np.random.default_rng(call).integers(1, lines, 12):
        attempt(int(at))


_CLEANING = ("put_back", "restore", "_traced", "in_namespace", "_watched_works")


# Threads -----------------------------------------------------------------------------------------


def test_steps_of_several_threads_are_those_of_one() -> None:
    def train(kind: Any, k: int, found: dict[Any, Any]) -> None:
        model = Sequential(
            Dense(5, 7, rng=np.random.default_rng(k)),
            Tanh(),
            Dense(7, 3, rng=np.random.default_rng(k)),
        )
        step = RecordedStep(lambda x, y: mse_loss(model(x), y), model=model)
        for i in range(24):
            model.zero_grad()
            if kind == "recorded":
                loss = step.gradients(X[i], Y[i])
            else:
                loss = mse_loss(model(X[i]), Y[i])
                loss.backward()
            with no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad  # type: ignore[operator]
            found[kind, k, i] = loss.data.tobytes(), [p.data.tobytes() for p in model.parameters()]

    found: dict[Any, Any] = {}
    for k in range(4):
        train("written", k, found)
    threads = [threading.Thread(target=train, args=("recorded", k, found)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 * 4 * 24
    assert all(
        found["recorded", k, i] == found["written", k, i] for k in range(4) for i in range(24)
    )


def test_a_call_while_another_one_is_under_way_runs_as_it_is_written() -> None:
    """Also when the step calls itself."""
    model = Sequential(Dense(5, 3))
    reasons = []

    def loss_of(x: Any, y: Any) -> Any:
        if len(x) > 2:
            step.gradients(x[:2], y[:2])
            reasons.append(step.why_eager)
        return mse_loss(model(x), y)

    step = RecordedStep(loss_of, model=model)
    step.gradients(X[0], Y[0])
    assert reasons == ["another call of it is under way"]


@pytest.mark.parametrize("entered", [False, True])
def test_textbook_of_another_thread_outlives_a_recording(
    entered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording must not switch off what somebody has switched on meanwhile."""
    monkeypatch.setattr(forms, "careful", False)
    model = Sequential(Dense(5, 3))

    def loss_of(x: Any, y: Any) -> Any:
        if entered:
            thread = threading.Thread(target=textbook().__enter__)
            thread.start()
            thread.join()
        return mse_loss(model(x), y)

    tensors = list(model.parameters())
    recorded(loss_of, (X[0], Y[0]), tensors, [model], [], loss_of(X[0], Y[0]))
    assert forms.careful is entered


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_goes_on_with_the_record() -> None:
    model = Sequential(Dense(5, 3))
    step = RecordedStep(lambda x, y: mse_loss(model(x), y), model=model)
    for i in range(6):
        step.gradients(X[i], Y[i])
    wanted = mse_loss(model(X[7]), Y[7]).data.tobytes()
    child = os.fork()
    if child == 0:
        same = step.gradients(X[7], Y[7]).data.tobytes() == wanted and step.why_eager is None
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0


# Weights -----------------------------------------------------------------------------------------


class _DecidesBackwards(Op):
    """Its backward pass looks at numbers."""

    def forward(self, x: Any, n: Any) -> Any:
        self.n = n
        return x * 1

    def backward(self, dy: Any) -> Any:
        return (dy * 2 if int(self.n[0]) > 1 else dy), None


def test_the_weight_of_a_step_is_asked_for_once() -> None:
    """Also where the record turns out to be of another step when the loss is known already."""
    results = []
    for kind in ("recorded", "written"):
        model = Sequential(Dense(5, 3, rng=np.random.default_rng(0)))
        asked = []

        def loss_of(x: Any, n: Any, model: Any = model) -> Any:
            return (_DecidesBackwards.apply(model(x), n) ** 2).mean()

        def weigh(returned: Any, asked: Any = asked) -> float:
            asked.append(returned[0].item())
            return 1 + len(asked) / 4

        step = RecordedStep(loss_of, model=model)
        step.weigh = weigh
        for i in range(24):
            n = np.array([1 if i < 8 or i % 3 else 5])
            if kind == "recorded":
                step.gradients(X[i], n)
            else:
                loss = loss_of(X[i], n)
                loss.backward(np.full_like(loss.data, weigh((loss,))))
        results.append((asked, [p.grad.tobytes() for p in model.parameters()]))  # type: ignore[union-attr]
        if kind == "recorded":
            assert step.why_eager is None
    assert results[0] == results[1]
    assert len(results[0][0]) == 24


def test_an_error_of_the_weight_is_raised_once() -> None:
    model = network()
    asked = 0

    def weigh(returned: Any) -> float:
        nonlocal asked
        asked += 1
        if asked == 8:
            raise FloatingPointError("a loss that is no number")
        return 1.0

    step = RecordedStep(lambda x, y: mse_loss(model(x), y), model=model)
    step.weigh = weigh
    for i in range(7):
        step.gradients(X[i], Y[i])
    assert step.why_eager is None
    with pytest.raises(FloatingPointError, match="a loss that is no number"):
        step.gradients(X[7], Y[7])
    assert asked == 8
    assert model[1].steps.item() == 8
