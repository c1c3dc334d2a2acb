"""A trace sees every operation, with all inputs and where it happened, and costs nothing else."""

import asyncio
import threading

import numpy as np
import pytest

from neural_net_core import (
    Dense,
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
