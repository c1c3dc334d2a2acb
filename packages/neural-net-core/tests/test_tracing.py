"""A trace sees every operation, with all inputs and where it happened, and costs nothing else."""

import asyncio
import threading
import weakref

import numpy as np
import pytest

from neural_net_core import (
    Dense,
    GraphError,
    Module,
    Op,
    ReLU,
    Sequential,
    Tensor,
    cross_entropy,
    no_grad,
    observing,
    ops,
    textbook,
    trace,
)
from neural_net_core.activations.relu import ReLUOp
from neural_net_core.forms import is_textbook


class Block(Module):
    def __init__(self):
        self.layers = [Dense(3, 4), Dense(4, 3)]
        self.tied = self.layers[0]
        self.act = ReLU()

    def forward(self, x):
        return self.layers[1](self.act(self.tied(x))) + 1.0


def ideas(calls):
    return [call.op.idea.__name__ for call in calls]


def test_operations_come_in_order_with_their_modules_and_paths():
    model = Sequential(Block(), ReLU())
    with trace() as calls:
        model(np.ones((2, 3)))
    assert [(call.path, call.op.idea.__name__) for call in calls] == [
        ("0.layers.0", "LinearOp"),
        ("0.act", "ReLUOp"),
        ("0.layers.1", "LinearOp"),
        ("0", "AddOp"),
        ("1", "ReLUOp"),
    ]
    assert calls[0].modules == (model, model[0], model[0].layers[0])
    assert calls[3].modules == (model, model[0])


def test_inputs_without_gradient_are_seen_and_options_and_results():
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    target = np.array([1])
    with trace() as calls:
        y = ops.sum(x, axis=1)
        loss = cross_entropy(x, target)
    assert calls[0].inputs[0] is x
    assert calls[0].outputs == (y,)
    assert calls[0].config["axis"] == 1
    assert calls[-1].outputs[0] is loss
    assert any(np.array_equal(i, target) for i in calls[-1].inputs if not isinstance(i, Tensor))
    assert calls[0].modules == ()


def test_no_grad_hides_nothing_and_the_form_that_ran_is_named():
    x = Tensor(np.linspace(-1, 1, 5), requires_grad=True)
    with no_grad(), trace() as calls:
        ReLUOp.apply(x)
        with textbook():
            ReLUOp.apply(x)
    usual = ReLUOp if is_textbook() or ReLUOp.fast is None else ReLUOp.fast
    assert [call.op for call in calls] == [usual, ReLUOp]
    assert ideas(calls) == ["ReLUOp", "ReLUOp"]


def test_traces_nest_and_end_and_count_back_after_an_error():
    x = Tensor([1.0])
    with trace() as outer:
        ops.exp(x)
        try:
            with trace() as inner:
                ops.log(x)
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        ops.sqrt(x)
    ops.exp(x)
    assert (ideas(inner), ideas(outer)) == (["LogOp"], ["ExpOp", "LogOp", "SqrtOp"])
    assert observing.watching == 0


def test_an_operation_that_fails_is_no_call():
    with trace() as calls, pytest.raises(ValueError, match="shapes"):
        ops.add(np.ones(2), np.ones(3))
    assert len(calls) == 0


def test_another_thread_or_task_is_not_observed():
    x = Tensor([1.0])
    with trace() as calls:
        thread = threading.Thread(target=lambda: ops.exp(x))
        thread.start()
        thread.join()
    assert len(calls) == 0

    async def observed(op):
        with trace() as mine:
            await asyncio.sleep(0)
            op(x)
            await asyncio.sleep(0)
        return ideas(mine)

    async def both():
        return await asyncio.gather(observed(ops.exp), observed(ops.log))

    assert asyncio.run(both()) == [["ExpOp"], ["LogOp"]]


def test_several_outputs_are_one_call_and_calls_of_ones_own_operation_too():
    class HalvesOp(Op):
        def forward(self, x):
            return x / 2, x / 2

        def backward(self, dy, dz):
            return (dy + dz) / 2

    with trace() as calls:
        halves = HalvesOp.apply(np.ones(3))
    assert calls[0].outputs == halves
    assert str(calls) == "-: HalvesOp(): (3,) -> (3,), (3,)"


def test_results_are_the_same_bits_with_and_without_a_trace():
    model, x = Block(), np.random.default_rng(0).normal(size=(4, 3))
    plain = model(x)
    plain.sum().backward()
    gradients = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    with trace():
        y = model(x)
        y.sum().backward()
    assert y.data.tobytes() == plain.data.tobytes()
    for p, g in zip(model.parameters(), gradients, strict=True):
        assert p.grad.tobytes() == g.tobytes()


def test_the_reverse_pass_is_seen_in_its_order_with_the_calls_it_goes_back_through():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with trace() as calls:
        y = ops.exp(x)
        loss = (y * y).sum()
        loss.backward()
    assert [step.call for step in calls.backward] == list(calls)[::-1]
    assert [step.op for step in calls.backward] == [call.op for call in list(calls)[::-1]]
    np.testing.assert_array_equal(calls.backward[0].gradients[0], np.float32(1))
    # d/dy of the sum of y², which two uses of y have delivered
    np.testing.assert_array_equal(calls.backward[-1].gradients[0], 2 * y.data)
    assert all(step.seconds >= 0 for step in calls.backward)
    assert observing.watching == 0


def test_a_gradient_that_was_seen_stays_what_it_was():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with trace() as calls:
        y = ops.exp(x)
        (y + y + y * 2).sum().backward()
    seen = [step.gradients[0].copy() for step in calls.backward]
    assert calls.backward[-1].delivered[0].tolist() == x.grad.tolist()
    delivered = x.grad.copy()
    x.grad *= 7
    assert calls.backward[-1].delivered[0].tolist() == delivered.tolist()
    for step, before in zip(calls.backward, seen, strict=True):
        np.testing.assert_array_equal(step.gradients[0], before)
    np.testing.assert_array_equal(calls.backward[-1].gradients[0], [4, 4])


def test_what_ran_before_the_trace_has_no_call_and_other_outputs_no_gradient():
    class HalvesOp(Op):
        takes_none = True

        def forward(self, x):
            return x / 2, x / 3

        def backward(self, dy, dz):
            return dy / 2

    x = Tensor([3.0], requires_grad=True)
    first, _ = HalvesOp.apply(x)
    with trace() as calls:
        (first * 4).sum().backward()
    last = calls.backward[-1]
    assert (last.op, last.call, last.gradients[1]) == (HalvesOp, None, None)
    assert len(calls.backward) == 3
    assert len(calls) == 2


def test_each_call_says_how_long_it_took(monkeypatch):
    monkeypatch.setattr("neural_net_core.op.perf_counter", iter([1.0, 3.5]).__next__)
    monkeypatch.setattr("neural_net_core.tape.perf_counter", iter([4.0, 4.25]).__next__)
    x = Tensor(1.0, requires_grad=True)
    with trace() as calls:
        ops.exp(x).backward()
    assert calls[0].seconds == 2.5
    assert calls.backward[0].seconds == 0.25


def test_without_arrays_it_keeps_none_and_still_knows_what_ran_where():
    model, x = Block(), np.ones((4, 3), np.float32)
    with trace(arrays=False) as calls:
        y = model(x)
        made = weakref.ref(y.node)
        y.sum().backward()
        del y
    assert made() is None
    assert [call.path for call in calls] == ["layers.0", "act", "layers.1", "", ""]
    assert [step.call for step in calls.backward] == list(calls)[::-1]
    assert {(call.inputs, call.outputs, *call.config) for call in calls} == {((), ())}
    assert {step.gradients + step.delivered for step in calls.backward} == {()}
    with pytest.raises(ValueError, match="has kept no arrays"):
        calls[0].cost()


def test_a_wrong_gradient_is_told_by_the_tape_as_it_is_without_a_trace():
    class WrongOp(Op):
        def forward(self, x):
            return x

        def backward(self, dy):
            return 1.0

    with trace(), pytest.raises(GraphError, match="expected an array, got float"):
        WrongOp.apply(Tensor([1.0], requires_grad=True)).sum().backward()
    assert observing.watching == 0
