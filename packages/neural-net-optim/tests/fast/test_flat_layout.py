"""The step over flat buffers: blocks, threads and the layout change nothing but the time."""

import tracemalloc

import numpy as np
import pytest

from neural_net_core import Parameter
from neural_net_core.forms import is_textbook
from neural_net_optim import SGD, Adam, NAdam
from neural_net_optim.fast import flat, flat_layout

pytestmark = pytest.mark.skipif(is_textbook(), reason="the rule is run for each parameter")

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
    monkeypatch.setattr(flat, "BLOCK_BYTES", elements * 4)
    assert_same_bits(trained(make, run), expected)


@some
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_give_the_same_bits(make, run, threads, monkeypatch):
    """Whoever computes a block, the numbers are the same."""
    expected = trained(make, run)
    monkeypatch.setattr(flat, "BLOCK_BYTES", 32 * 4)
    monkeypatch.setattr(flat_layout, "_WORTH_SHARING", 0)
    monkeypatch.setattr(flat_layout, "thread_count", lambda: threads)
    assert_same_bits(trained(make, run), expected)


def test_small_updates_stay_in_this_thread(run, monkeypatch):
    """Handing a small network to another thread would take longer than the update."""

    def refuse(*_):
        raise AssertionError("shared")

    monkeypatch.setattr(flat_layout, "share", refuse)
    monkeypatch.setattr(flat_layout, "thread_count", lambda: 2)
    trained(OPTIMIZERS[0], run)
    params, grads = run(steps=1, shapes=[(flat_layout._WORTH_SHARING,)])
    params[0].grad = grads[0][0]
    with pytest.raises(AssertionError, match="shared"):
        SGD(params).step()
    monkeypatch.setattr(flat_layout, "thread_count", lambda: 1)
    SGD(params).step()


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
