"""The order of rows and the places of states, against a plain list of what happens when."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from neural_net_layers.fast.recurrent.schedule import direction_of, full, varied


@given(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=6))
def test_every_step_reads_the_state_that_the_step_before_wrote(more, lengths):
    """States are written as texts that say what led to them."""
    steps = max(lengths, default=0) + more
    schedule = varied(np.array(lengths, dtype=np.int64), steps)
    x = np.empty((len(lengths), steps, 1), dtype=object)
    for b, t in np.ndindex(x.shape[:2]):
        x[b, t, 0] = f"{b}.{t} "
    rows = schedule.forwards.pack(x)
    assert len(rows) == sum(lengths)
    initial = np.array([[f"{b}: "] for b in range(len(lengths))], dtype=object)
    for direction, way in ((schedule.forwards, 1), (schedule.backwards, -1)):
        states = direction.states(initial.reshape(-1, 1), len(rows))
        for at, before, after in direction.steps:
            states[after] = states[before] + rows[at]
        for b, length in enumerate(lengths):
            read = "".join(f"{b}.{t} " for t in range(length)[::way])
            assert states[direction.final][b, 0] == f"{b}: " + read
        outputs, previous = states[direction.outputs], states[direction.previous]
        for row, before, after in zip(rows[:, 0], previous[:, 0], outputs[:, 0], strict=True):
            assert before + row == after


@given(st.integers(0, 5), st.integers(0, 5))
def test_full_sequences_are_a_special_case(steps, batch):
    schedule, same = full(steps, batch), varied(np.full(batch, steps), steps)
    x = np.arange(steps * batch * 2.0).reshape(batch, steps, 2)
    np.testing.assert_array_equal(schedule.forwards.pack(x), same.forwards.pack(x))
    if batch:
        assert schedule.forwards.steps == same.forwards.steps
        assert schedule.backwards.steps == same.backwards.steps


def test_unpacked_rows_have_zeros_in_the_padding():
    direction = varied(np.array([1, 2]), 3).forwards
    x = np.arange(1.0, 7).reshape(2, 3, 1)
    back = direction.unpack(direction.pack(x))
    np.testing.assert_array_equal(back[..., 0], [[1, 0, 0], [4, 5, 0]])


def test_blocks_cover_all_steps_in_order():
    direction = full(50, 40).forwards
    for blocks in (direction.blocks(64), direction.blocks_back(64)):
        spans = sorted((block.start, block.stop) for block, _ in blocks)
        assert len(spans) > 1
        assert spans[0][0] == 0
        assert spans[-1][1] == 2000
        assert all(a[1] == b[0] for a, b in pairwise(spans))
    back = [rows.start for _, steps in direction.blocks_back(64) for rows, _ in steps]
    assert back == sorted(back, reverse=True)


def test_lengths_of_one_batch_are_laid_out_once_and_those_of_another_anew():
    x = np.zeros((2, 3, 1))
    lengths = np.array([1, 2])
    forwards, backwards = (direction_of(x, lengths, reverse) for reverse in (False, True))
    assert direction_of(x, lengths.astype(np.int32), False) is forwards
    assert direction_of(x, lengths, True) is backwards
    lengths[0] = 3  # the caller's own array, whose next batch has other lengths
    assert len(direction_of(x, lengths, False).pack(x)) == 5
    assert len(forwards.pack(x)) == 3
    assert direction_of(x, None, True) is full(3, 2).backwards
