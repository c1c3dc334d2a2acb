"""Elementwise optimizers: blocks, threads and the layout change nothing but the time."""

import tracemalloc

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_optim import SGD, Adam, AdamW, ElementwiseOptimizer, NAdam
from neural_net_optim.base import elementwise
from neural_net_optim.base.limits import at_least
from neural_net_optim.fast import flat as _flat

SHAPES = [(3, 40), (40,), (), (100, 7), (5,), (2, 2), (1000,)]
OPTIMIZERS = [
    lambda params: SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    lambda params: Adam(params, lr=0.1, amsgrad=True, weight_decay=0.1, maximize=True),
    lambda params: NAdam(params, lr=0.1),
]
some = pytest.mark.parametrize("make", OPTIMIZERS, ids=["SGD", "Adam", "NAdam"])


def trained(make, run, *, split=False, pauses=True):
    """Return the weights after some steps with pauses; optionally each in its own optimizer."""
    params, grads = run(steps=12, dtype="float32", shapes=SHAPES)
    optimizers = [make([p]) for p in params] if split else [make(params)]
    for t, step in enumerate(grads):
        for i, (p, g) in enumerate(zip(params, step, strict=True)):
            p.grad = None if pauses and (t * i) % 5 == 1 else g
        for optimizer in optimizers:
            optimizer.step()
    return [p.data.copy() for p in params]


def assert_same_bits(a, b):
    for x, y in zip(a, b, strict=True):
        assert x.tobytes() == y.tobytes()


@some
def test_one_flat_buffer_equals_one_optimizer_each(make, run):
    """Laying parameters end to end changes no bit, also when some pause and counts differ."""
    assert_same_bits(trained(make, run), trained(make, run, split=True))


@some
@pytest.mark.parametrize("elements", [1, 7, 64])
def test_blocks_of_any_size_give_the_same_bits(make, run, elements, monkeypatch):
    """The rule is elementwise, so it may be cut anywhere."""
    expected = trained(make, run)
    monkeypatch.setattr(_flat, "BLOCK_BYTES", elements * 4)
    assert_same_bits(trained(make, run), expected)


@some
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_give_the_same_bits(make, run, threads, monkeypatch):
    """Whoever computes a block, the numbers are the same."""
    expected = trained(make, run)
    monkeypatch.setattr(_flat, "BLOCK_BYTES", 32 * 4)
    monkeypatch.setattr(elementwise, "_WORTH_SHARING", 0)
    monkeypatch.setattr(elementwise, "thread_count", lambda: threads)
    assert_same_bits(trained(make, run), expected)


def test_small_updates_stay_in_this_thread(run, monkeypatch):
    """Handing a small network to another thread would take longer than the update."""

    def refuse(*_):
        raise AssertionError("shared")

    monkeypatch.setattr(elementwise, "share", refuse)
    monkeypatch.setattr(elementwise, "thread_count", lambda: 2)
    trained(OPTIMIZERS[0], run)
    params, grads = run(steps=1, shapes=[(elementwise._WORTH_SHARING,)])
    params[0].grad = grads[0][0]
    with pytest.raises(AssertionError, match="shared"):
        SGD(params).step()
    monkeypatch.setattr(elementwise, "thread_count", lambda: 1)
    SGD(params).step()


def test_dtypes_live_side_by_side():
    """One group may hold several; each keeps its own."""
    params = [Parameter(np.ones(3), dtype) for dtype in ("float32", "float64", "float32")]
    optimizer = Adam(params, lr=0.1)
    for p in params:
        p.grad = np.ones_like(p.data)
    optimizer.step()
    assert [str(p.data.dtype) for p in params] == ["float32", "float64", "float32"]
    for p in params:
        np.testing.assert_allclose(p.data, 0.9)
    state = optimizer.state_dict()["state"]
    assert [str(state[k]["exp_avg"].dtype) for k in "012"] == ["float32", "float64", "float32"]


def test_tied_parameters_stay_tied():
    """One object under two names is one parameter; its array is changed in place."""
    p = Parameter(np.ones(3))
    held = []

    class Layer:
        weight = p

    optimizer = SGD([p], lr=1.0)
    held.append(p.data)
    p.grad = np.ones(3, dtype=np.float32)
    optimizer.step()
    assert Layer.weight.data is held[0]
    assert held[0].tolist() == [0, 0, 0]


def test_two_optimizers_over_one_parameter():
    """The one that finds the array replaced takes it in again; no update is lost."""
    p = Parameter([0.0])
    a, b = SGD([p], lr=1.0), SGD([p], lr=10.0)
    for optimizer in (a, b, a, a, b):
        p.grad = np.ones(1, dtype=np.float32)
        optimizer.step()
    assert p.data == [-23.0]


def test_gradients_of_other_layouts_and_dtypes():
    """Transposed, strided, broadcast and float64 gradients of float32 parameters."""
    rng = np.random.default_rng(0)
    g = rng.standard_normal((4, 6))
    for grad in (
        np.asfortranarray(g.astype(np.float32)),
        np.repeat(g.astype(np.float32), 2, axis=1)[:, ::2],
        g,
        np.broadcast_to(np.float32(0.5), (4, 6)),
    ):
        p = Parameter(np.zeros((4, 6)))
        q = Parameter(np.zeros(2))
        for params in ([p], [p, q]):
            p.data[...] = 0
            p.grad, q.grad = grad, np.zeros(2, np.float32)
            SGD(params, lr=1.0).step()
            np.testing.assert_allclose(p.data, -grad, rtol=1e-6)
            assert p.data.dtype == np.float32


def test_memory_is_the_moments_and_less_than_a_megabyte():
    """Adam over ten million numbers: two moments of 40 MB, no copy of gradients or weights."""
    n = 10_000_000
    sizes = [(n - 1_000_000,), (999_000,), (1000,)]
    params = [Parameter(np.zeros(shape, np.float32)) for shape in sizes]
    for p in params:
        p.grad = np.ones_like(p.data)
    tracemalloc.start()
    try:
        optimizer = Adam(params)
        # The weights were moved, so the old arrays are gone and the flat one counts as new.
        before = tracemalloc.get_traced_memory()[0] - 4 * n
        optimizer.step()
        tracemalloc.reset_peak()
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1] - 4 * n
    finally:
        tracemalloc.stop()
    assert before < 1e6
    assert 8 * n <= peak < 8 * n + 1e6


def test_own_rule_in_a_few_lines():
    """The example of the module's docstring, and one with state and numbers of its own."""

    class SignSGD(ElementwiseOptimizer):
        limits = {"lr": at_least(0)}  # noqa: RUF012

        def __init__(self, params, lr=1e-3):
            super().__init__(params, {"lr": lr})

        def update(self, p, g, state, scratch, group, t):
            p -= group["lr"] * np.sign(g)

    class Growing(ElementwiseOptimizer):
        limits = {"lr": at_least(0)}  # noqa: RUF012
        scalar_state = {"factor": 1.0}  # noqa: RUF012
        scratch_arrays = 0

        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def state_names(self, group):
            return ("sum",)

        def initial_state(self, group):
            return {"sum": 100.0}

        def advance(self, scalars, group):
            super().advance(scalars, group)
            scalars["factor"] *= 2

        def update(self, p, g, state, scratch, group, t):
            assert scratch == ()
            state["sum"] += g
            p += group["lr"] * state["factor"] * t * state["sum"]

    p, q = Parameter([1.0, 1.0]), Parameter([0.0])
    p.grad, q.grad = np.array([0.5, -7.0], np.float32), np.array([1.0], np.float32)
    SignSGD([p], lr=0.25).step()
    assert p.data.tolist() == [0.75, 1.25]
    growing = Growing([q], lr=1.0)
    growing.step()
    growing.step()
    assert q.data == [2 * 1 * 101 + 4 * 2 * 102]
    assert growing.state_dict()["state"]["0"]["factor"] == 4.0


def test_state_names_may_change_with_the_settings():
    """An option that is switched on gets its array, also when a state is loaded first."""
    p = Parameter([1.0])
    p.grad = np.ones(1, dtype=np.float32)
    optimizer = AdamW([p])
    optimizer.step()
    optimizer.param_groups[0]["amsgrad"] = True
    state = optimizer.state_dict()["state"]["0"]
    assert state["max_exp_avg_sq"].tolist() == [0.0]
    optimizer.step()
    state = optimizer.state_dict()["state"]["0"]
    assert state["max_exp_avg_sq"] > 0


def test_an_option_switched_on_between_two_steps():
    """Nobody need ask for the state first."""
    p = Parameter([1.0])
    p.grad = np.ones(1, dtype=np.float32)
    optimizer = AdamW([p])
    optimizer.step()
    optimizer.param_groups[0]["amsgrad"] = True
    optimizer.step()
    assert optimizer.state_dict()["state"]["0"]["max_exp_avg_sq"] > 0


@some
def test_groups_of_all_sizes_share_the_scratch_memory(make, run):
    """It suits the largest of them, also one that comes after the first step."""
    params, (grads,) = run(steps=1, dtype="float32", shapes=[(3,), (50,), (2,), (700,), (5,)])
    alone = [Parameter(p.data) for p in params]
    for p, q, g in zip(params, alone, grads, strict=True):
        p.grad = q.grad = g
    optimizer = make([{"params": params[:1]}, {"params": params[1:2]}, {"params": params[2:3]}])
    optimizer.step()
    for p in params[:3]:
        p.grad = None
    optimizer.add_param_group({"params": params[3:]})
    optimizer.step()
    for q in alone:
        make([q]).step()
    assert_same_bits([p.data for p in params], [q.data for q in alone])
