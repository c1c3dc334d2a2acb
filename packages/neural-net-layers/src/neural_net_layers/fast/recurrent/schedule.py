r"""In which order a recurrence meets the steps of sequences of different lengths.

The sequences of a batch are sorted, the longest first, and only steps that exist are kept: the
rows of step 0 of all sequences, then those of step 1 of the sequences that have one, and so on.

    lengths 3, 2, 1:   a₀ b₀ c₀ | a₁ b₁ | a₂

So a step works on neighbouring rows, the sequences that are still alive are always the first
ones, all steps' inputs make one matrix, and padding takes part in nothing.

The states stand in a matrix too. It has one more row per sequence, for the initial state: first
come B rows, then the N rows of the steps. Forwards, the first B rows are the initial states and
row B + r is the state after row r:

    S = [h₀ of a, b, c | after a₀ b₀ c₀ | after a₁ b₁ | after a₂]

Backwards in time the same slots are read where they were written and written where they were read:
row B + r is the state *before* row r, a sequence's initial state stands at its last step, and the
first B rows are the final states.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []

Rows = slice | Array
Step = tuple[slice, slice, slice]

# Elements of a block of steps: what is computed for several steps at once is still in the cache
# when the steps need it. With fewer rows the products of a block are slow.
_BLOCK = 1 << 16
_FEWEST_ROWS = 256


@dataclass(frozen=True, slots=True)
class Direction:
    """The steps of a batch in one direction of time, and where its states stand.

    Attributes:
        batch: B.
        time: T.
        steps: For each step its rows, where the states before it stand in the matrix of states,
            and where those after it do.
        start: Where the initial states stand, in the sorted order.
        outputs: Where the state after each row stands.
        previous: Where the state before each row stands.
        final: Where the final states stand, in the caller's order.
        order: The caller's index of each sorted sequence; None if nothing was sorted.
        inverse: The sorted index of each of the caller's sequences; None likewise.
        at: The step and the caller's sequence of each row; None if all sequences are full.
    """

    batch: int
    time: int
    steps: tuple[Step, ...]
    start: Rows
    outputs: Rows
    previous: Rows
    final: Rows
    order: Array | None
    inverse: Array | None
    at: tuple[Array, Array] | None

    def pack(self, x: Array) -> Array:
        """Return the steps of (B, T, F) as rows, (N, F)."""
        by_step = x.swapaxes(0, 1)  # (T, B, F)
        if self.at is not None:
            rows: Array = by_step[self.at]
            return rows
        return by_step.reshape(self.time * self.batch, x.shape[2])

    def unpack(self, rows: Array) -> Array:
        """Return rows as (B, T, F), with zeros in the padding."""
        shape = (self.time, self.batch, rows.shape[1])
        if self.at is None:
            return rows.reshape(shape).swapaxes(0, 1)
        x = np.zeros_like(rows, shape=shape)
        x[self.at] = rows
        return x.swapaxes(0, 1)

    def states(self, initial: Array, rows: int) -> Array:
        """Return a matrix for the states, which holds the initial ones.

        Args:
            initial: (B, D), in the caller's order.
            rows: N.
        """
        states = np.empty_like(initial, shape=(rows + self.batch, initial.shape[1]), order="C")
        states[self.start] = self.sort(initial)
        return states

    def sort(self, states: Array) -> Array:
        """Return the caller's (B, D) with the longest sequence first."""
        return states if self.order is None else states[self.order]

    def unsort(self, states: Array) -> Array:
        """Return sorted (B, D) in the caller's order."""
        return states if self.inverse is None else states[self.inverse]

    def carried(self, d_final: Array | None, like: Array, width: int) -> Array:
        """Return the gradient with which the way back begins: that of the final states.

        Args:
            d_final: (B, D) in the caller's order, or None.
            like: An array of the dtype.
            width: D.
        """
        if d_final is None:
            return np.zeros_like(like, shape=(self.batch, width))
        return self.sort(d_final).copy()

    def blocks(self, width: int) -> list[tuple[slice, list[Step]]]:
        """Return the steps in their order, in blocks of neighbouring rows.

        Args:
            width: How many numbers a row has; a block's numbers fit the cache.

        Returns:
            The rows of each block, and its steps.
        """
        return _in_blocks(self.steps, width)

    def blocks_back(self, width: int) -> list[tuple[slice, list[tuple[slice, slice]]]]:
        """Return the steps from the last to the first, in blocks of neighbouring rows.

        Args:
            width: How many numbers a row has.

        Returns:
            The rows of each block, and for each of its steps the rows and their place in the block.
        """
        return [
            (block, [(r, slice(r.start - block.start, r.stop - block.start)) for r, _, _ in steps])
            for block, steps in _in_blocks(self.steps[::-1], width)
        ]


def _in_blocks(steps: tuple[Step, ...], width: int) -> list[tuple[slice, list[Step]]]:
    if not steps:
        return [(slice(0, 0), [])]  # a block of no rows, whose sums are zeros
    most = max(_FEWEST_ROWS, _BLOCK // max(1, width))
    blocks: list[tuple[slice, list[Step]]] = []
    part: list[Step] = []
    count = 0
    for i, step in enumerate(steps, 1):
        part.append(step)
        count += step[0].stop - step[0].start
        if count >= most or i == len(steps):
            first, last = part[0][0], part[-1][0]
            span = slice(min(first.start, last.start), max(first.stop, last.stop))
            blocks.append((span, part))
            part, count = [], 0
    return blocks


class Schedule(NamedTuple):
    """Both directions of time of a batch.

    Attributes:
        forwards: From each sequence's first step to its last.
        backwards: From each sequence's last step to its first.
    """

    forwards: Direction
    backwards: Direction


def direction_of(x: Array, lengths: Array | None, reverse: bool) -> Direction:
    """Return the steps of a batch in one direction of time.

    Args:
        x: (B, T, F).
        lengths: (B,) integers from 0 to T; None means that all have T steps.
        reverse: Whether the steps are taken from the last to the first.
    """
    batch, steps = x.shape[:2]
    if lengths is None:
        schedule = full(steps, batch)
    else:
        schedule = _varied(lengths.astype(np.int64).tobytes(), steps)
    return schedule.backwards if reverse else schedule.forwards


@lru_cache(maxsize=64)
def full(steps: int, batch: int) -> Schedule:
    """Return the schedule of sequences that all have the same number of steps."""
    n = steps * batch
    before, last = slice(0, n), slice(n, n + batch)
    return _both(batch, steps, [batch] * steps, before, last, last)


# The layers and directions of a stack ask for the same one; the next batch has other lengths.
@lru_cache(maxsize=4)
def _varied(lengths: bytes, steps: int) -> Schedule:
    return varied(np.frombuffer(lengths, np.int64), steps)


def varied(lengths: Array, steps: int) -> Schedule:
    """Return the schedule of sequences of different lengths.

    Args:
        lengths: (B,) integers from 0 to `steps`.
        steps: T, to which they are padded.
    """
    batch = len(lengths)
    order = np.argsort(-lengths, kind="stable")
    inverse = np.argsort(order, kind="stable")
    longest_first = lengths[order]
    alive = [int(np.count_nonzero(lengths > t)) for t in range(int(lengths.max(initial=0)))]
    offsets = [0, *accumulate(alive)]
    sequence = np.arange(batch)
    # The slot of the state before a row, and that of the last state: that of the step before.
    slots = [0, *(batch + offset for offset in offsets)]
    blocks = [slots[t] + np.arange(n) for t, n in enumerate(alive)]
    before = np.concatenate([*blocks, sequence[:0]])
    last = np.asarray(slots)[longest_first] + sequence
    at = (
        np.repeat(np.arange(len(alive)), alive),
        np.concatenate([*(order[:n] for n in alive), order[:0]]),
    )
    return _both(batch, steps, alive, before, last, last[inverse], order, inverse, at)


def _both(
    batch: int,
    time: int,
    alive: list[int],
    before: Rows,
    last: Rows,
    final: Rows,
    order: Array | None = None,
    inverse: Array | None = None,
    at: tuple[Array, Array] | None = None,
) -> Schedule:
    """Lay out both directions: one reads the slots that the other writes."""
    offsets = [0, *accumulate(alive)]
    rows = [slice(a, a + n) for a, n in zip(offsets, alive, strict=False)]
    after = [slice(batch + r.start, batch + r.stop) for r in rows]
    earlier = [slice(0, n) for n in alive[:1]]
    earlier += [slice(s.start, s.start + n) for s, n in zip(after, alive[1:], strict=False)]
    first, rest = slice(0, batch), slice(batch, None)
    forwards = Direction(
        batch, time, tuple(zip(rows, earlier, after, strict=True)),
        start=first, outputs=rest, previous=before, final=final,
        order=order, inverse=inverse, at=at,
    )  # fmt: skip
    backwards = Direction(
        batch, time, tuple(zip(rows, after, earlier, strict=True))[::-1],
        start=last, outputs=before, previous=rest,
        final=first if inverse is None else inverse,
        order=order, inverse=inverse, at=at,
    )  # fmt: skip
    return Schedule(forwards, backwards)
