"""The flat buffer: parameters are views of it, and blocks cover it exactly once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import Parameter
from neural_net_optim.base._slot import Slot
from neural_net_optim.fast import flat as _flat
from neural_net_optim.fast.flat import FlatBuffer, Workspace

SMALL = 8  # elements of a block in these tests


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_flat, "BLOCK_BYTES", SMALL * 4)
        yield


def buffer(sizes):
    """Return a buffer of vectors 0, 1, 2, … with gradients of their positions."""
    params, start = [], 0
    for n in sizes:
        p = Parameter(np.arange(start, start + n), "float32")
        p.grad = p.data + 100
        start += n
        params.append(p)
    return FlatBuffer([Slot(p, str(i), {}) for i, p in enumerate(params)])


def blocks_of(flat, skipped=()):
    return [block for run in flat.runs(list(skipped)) for block in run.blocks]


def test_parameters_become_views():
    """Writing to the buffer writes to the parameters, whose values and shapes stay."""
    params = [Parameter([[1.0, 2.0], [3.0, 4.0]]), Parameter(5.0), Parameter([6.0])]
    flat = FlatBuffer([Slot(p, str(i), {}) for i, p in enumerate(params)])
    assert flat.data.tolist() == [1, 2, 3, 4, 5, 6]
    flat.data += 1
    assert params[0].data.tolist() == [[2, 3], [4, 5]]
    assert params[1].data.shape == ()
    assert float(params[1]) == 6
    assert params[2].data.tolist() == [7]


sizes = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@given(sizes, st.data())
@settings(max_examples=150, deadline=None)
def test_blocks_cover_each_active_element_once(sizes, data):
    """Whatever the sizes and whoever is skipped; no block is larger than allowed or empty."""
    flat = buffer(sizes)
    skipped = sorted(data.draw(st.sets(st.integers(0, len(sizes) - 1))))
    for i in skipped:
        flat.slots[i].param.grad = None
    grads, found = flat.gradients()
    assert found == skipped
    seen = []
    workspace = Workspace(SMALL, flat.dtype, 0)
    for block in blocks_of(flat, skipped):
        assert 0 < block.p.size <= SMALL
        np.testing.assert_array_equal(block.gradient(grads, workspace), block.p + 100)
        seen += block.p.tolist()
    expected = [x for i, s in enumerate(flat.slots) if i not in skipped for x in s.param.data]
    assert seen == expected


def test_small_parameters_share_a_block_and_large_ones_are_cut_evenly():
    """3 + 5 fit into 8; 2 would not any more; 20 is three pieces of nearly the same length."""
    flat = buffer([3, 5, 2, 20, 8, 1])
    assert [b.p.size for b in blocks_of(flat)] == [8, 2, 6, 7, 7, 8, 1]
    assert [(b.first, b.last) for b in blocks_of(flat)] == [
        (0, 2),
        (2, 3),
        (3, 4),
        (3, 4),
        (3, 4),
        (4, 5),
        (5, 6),
    ]
    assert [b.offset for b in blocks_of(flat)] == [None, None, 0, 6, 13, None, None]


def test_gradient_of_a_whole_or_cut_parameter_is_not_copied():
    """Only blocks of several parameters need their gradients gathered."""
    flat = buffer([20, 8, 2, 2])
    grads, _ = flat.gradients()
    workspace = Workspace(SMALL, flat.dtype, 0)
    shared = [
        any(np.shares_memory(block.gradient(grads, workspace), g) for g in grads)
        for block in blocks_of(flat)
    ]
    assert shared == [True, True, True, True, False]


def test_runs_are_kept_while_the_same_parameters_take_part():
    """Planning costs more than a small step."""
    flat = buffer([3, 3, 3])
    first = flat.runs([])
    assert flat.runs([]) is first
    second = flat.runs([1])
    assert second is not first
    assert len(second) == 2
    assert flat.runs([1]) is second
    flat.forget_runs()
    assert flat.runs([1]) is not second


def test_parameters_with_different_counts_go_different_ways():
    """A run is of neighbours with equal counts; whoever pauses keeps his own."""
    flat = buffer([2, 2, 2])
    for run in flat.runs([1]):
        run.scalars["step"] += 1
    counts = [slot.scalars["step"] for slot in flat.slots]
    assert counts == [1, 0, 1]
    runs = flat.runs([])
    assert [run.scalars["step"] for run in runs] == [1, 0, 1]
    runs[1].scalars["step"] += 1
    flat.forget_runs()
    assert len(flat.runs([])) == 1
    assert [slot.scalars["step"] for slot in flat.slots] == [1, 1, 1]


def test_state_arrays_are_made_once_with_their_initial_values():
    """And seen by every parameter in its own shape."""
    flat = FlatBuffer([Slot(Parameter(np.ones((2, 3))), "a", {}), Slot(Parameter([1.0]), "b", {})])
    runs = flat.runs([])
    flat.ensure_state(("m", "s"), {"s": 0.5})
    assert flat.runs([]) is not runs, "the blocks must know the new arrays"
    assert flat.state["m"].tolist() == [0.0] * 7
    assert flat.state["s"].tolist() == [0.5] * 7
    held = flat.state["m"]
    flat.ensure_state(("m",), {"m": 9.0})
    assert flat.state["m"] is held
    flat.slots[0].arrays["m"][1, 2] = 7.0
    assert flat.state["m"].tolist() == [0, 0, 0, 0, 0, 7, 0]
    (block,) = blocks_of(flat)
    assert block.state["m"].tolist() == flat.state["m"].tolist()


def test_gathered_gradients_are_in_c_order_and_cast():
    """A transposed gradient, and one of another dtype."""
    params = [Parameter(np.zeros((2, 3))), Parameter(np.zeros(2))]
    flat = FlatBuffer([Slot(p, str(i), {}) for i, p in enumerate(params)])
    params[0].grad = np.arange(6, dtype=np.float32).reshape(3, 2).T
    params[1].grad = np.array([6.0, 7.0])
    grads, _ = flat.gradients()
    (block,) = blocks_of(flat)
    gathered = block.gradient(grads, Workspace(SMALL, flat.dtype, 0))
    assert gathered.tolist() == [0, 2, 4, 1, 3, 5, 6, 7]
    assert gathered.dtype == np.float32


def test_gradients_gathered_by_two_threads_in_turn_lie_apart():
    """Each worker has a workspace of its own, and a block may come to another one each time."""
    flat = buffer([3, 0, 5])
    (block,) = blocks_of(flat)
    workspaces = [Workspace(SMALL, flat.dtype, 0) for _ in range(2)]
    for turn in (0, 1, 0, 1, 1):
        flat.slots[2].param.grad[0] = turn
        grads, _ = flat.gradients()
        gathered = block.gradient(grads, workspaces[turn])
        assert gathered.tolist() == np.concatenate(grads).tolist()
        assert np.shares_memory(gathered, workspaces[turn].gradient(8))
        assert not np.shares_memory(gathered, workspaces[1 - turn].gradient(8))


def test_transposed_gradient_of_a_cut_parameter():
    """Its slices follow the parameter's order, and it is copied once, not once per block."""
    p = Parameter(np.zeros((4, 6)))
    p.grad = np.arange(24, dtype=np.float32).reshape(6, 4).T
    flat = FlatBuffer([Slot(p, "0", {})])
    grads, _ = flat.gradients()
    assert grads[0].flags.c_contiguous
    workspace = Workspace(SMALL, flat.dtype, 0)
    pieces = [block.gradient(grads, workspace) for block in blocks_of(flat)]
    np.testing.assert_array_equal(np.concatenate(pieces), p.grad.reshape(-1))


def test_workspace_lends_views_of_the_same_memory():
    """As many scratch arrays as wanted, of the block's length, made once."""
    workspace = Workspace(8, np.dtype(np.float64), 2)
    a, b = workspace.scratch(5)
    assert a.shape == b.shape == (5,)
    assert a.dtype == np.float64
    assert workspace.scratch(5) == (a, b) or workspace.scratch(5)[0] is a
    assert np.shares_memory(a, workspace.scratch(8)[0])
    assert not np.shares_memory(a, b)
    assert not np.shares_memory(a, workspace.gradient(5))
    assert workspace.gradient(3).shape == (3,)
    assert np.shares_memory(workspace.gradient(3), workspace.gradient(8))
