"""A loader in the hands of somebody who does anything in any order, beside a plain list.

Loops are begun, left, read side by side and shared; states are saved and loaded, in the loader
itself or in a new one; a batch cannot be read. The model computes the batches of an epoch from the
documented numbers alone: those of Philox for the key (seed, 0) from the place (position, epoch).
STATE_MACHINE_EXAMPLES in the environment says how many sequences of steps are tried.
"""

import json
import os

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from neural_net_core import StateDictError
from neural_net_utils.loading.dataset import ArrayDataset
from neural_net_utils.loading.loader import DataLoader

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "25"))


class UnreadableError(Exception):
    """What the transform of a test raises."""


def numbers(seed, epoch, place):
    """The generator for one place of one epoch, as the loader's comments promise it."""
    return np.random.Generator(np.random.Philox(counter=[0, 0, place, epoch], key=[seed, 0]))


def pieces(rows, parts):
    """Divide a list into parts of equal size; the first ones have one more."""
    return [part.tolist() for part in np.array_split(np.array(rows, int), parts)]


class Place:
    """Where a loader should be."""

    def __init__(self, loader):
        self.loader = loader
        self.seed = None  # not drawn yet
        self.rng = np.random.default_rng(0)  # what it will be drawn from
        self.epoch, self.position, self.goes_on = 0, 0, False


class Loop:
    """One iteration over a loader, and what it should give."""

    def __init__(self, place, part=0, parts=None):
        loader = place.loader
        self.iterator = iter(loader) if parts is None else loader.shares(part, parts)
        parts = parts or 1
        self.place, self.part, self.parts = place, part, parts
        self.batches = None  # decided when the first batch is asked for


class LoaderMachine(RuleBasedStateMachine):
    loops, states = Bundle("loops"), Bundle("states")

    @initialize(
        count=st.integers(0, 13),
        batch_size=st.integers(1, 5),
        shuffle=st.booleans(),
        drop_last=st.booleans(),
        bucket=st.booleans(),
        moved=st.booleans(),
        collate=st.booleans(),
        prefetch=st.booleans(),
    )
    def make(self, count, batch_size, shuffle, drop_last, bucket, moved, collate, prefetch):
        self.count, self.batch_size, self.drop_last = count, batch_size, drop_last
        self.shuffle, self.moved = shuffle, moved
        self.lengths = np.arange(count) * 7 % 5 if bucket else None
        self.collate = (lambda rows: (np.array([-x for (x,) in rows], int),)) if collate else None
        self.prefetch = 2 * (prefetch and not moved)  # what fails ahead fails at another batch
        self.broken = False
        self.place = self.new()

    def new(self):
        loader = DataLoader(
            ArrayDataset(np.arange(self.count)),
            self.batch_size,
            shuffle=self.shuffle,
            drop_last=self.drop_last,
            rng=np.random.default_rng(0),
            lengths=self.lengths,
            collate=self.collate,
            prefetch=self.prefetch,
            transform=self.move if self.moved else None,
        )
        return Place(loader)

    def move(self, batch, rng):
        if self.broken:
            self.broken = False
            raise UnreadableError
        return (batch[0] + 100 * rng.integers(1000),)

    def batches_of(self, seed, epoch):
        """The model: all batches of an epoch as lists of numbers."""
        count, size = self.count, self.batch_size
        rng = numbers(seed, epoch, 0)
        order = rng.permutation(count).tolist() if self.shuffle else list(range(count))
        if self.lengths is not None:  # no window is full here: 50 batches are more than there are
            whole, rest = order[: count - count % size], order[count - count % size :]
            whole.sort(key=lambda i: self.lengths[i])
            if self.shuffle:
                whole = rng.permutation(np.array(whole, int).reshape(-1, size)).ravel().tolist()
            order = whole + rest
        batches = [order[i : i + size] for i in range(0, count, size)]
        if self.drop_last and batches and len(batches[-1]) < size:
            batches.pop()
        if self.collate:
            batches = [[-i for i in batch] for batch in batches]
        if self.moved:
            moves = [numbers(seed, epoch, i + 1).integers(1000) for i in range(len(batches))]
            batches = [[i + 100 * m for i in b] for b, m in zip(batches, moves, strict=True)]
        return batches

    @rule(target=loops)
    def begin(self):
        return Loop(self.place)

    @rule(target=loops, part=st.integers(0, 2), more=st.integers(1, 3))
    def begin_a_share(self, part, more):
        return Loop(self.place, part, part + more)

    @rule(loop=loops, steps=st.integers(1, 4))
    def read(self, loop, steps):
        for _ in range(steps):
            self.read_one(loop)

    @rule(steps=st.integers(0, 9))
    def loop_and_break(self, steps):
        self.read(loop=Loop(self.place), steps=steps)

    @rule(target=states, steps=st.integers(1, 9), elsewhere=st.booleans())
    def save_in_mid_epoch_and_go_on(self, steps, elsewhere):
        self.loop_and_break(steps=steps)
        state = self.save()
        self.load(state=state, elsewhere=elsewhere)
        return state

    def read_one(self, loop):
        if loop.batches is None:
            self.start(loop)
        if loop.batches == "over":
            assert next(loop.iterator, None) is None
        elif loop.position == len(loop.batches):
            assert next(loop.iterator, None) is None
            loop.place.epoch, loop.place.position = loop.epoch + 1, 0
            loop.batches = "over"
        elif self.broken:
            with pytest.raises(UnreadableError):
                next(loop.iterator)
            loop.batches = "over"
        else:
            (x,) = next(loop.iterator)
            assert x.tolist() == pieces(loop.batches[loop.position], loop.parts)[loop.part]
            loop.position += 1
            loop.place.epoch, loop.place.position = loop.epoch, loop.position

    def start(self, loop):
        """Decide what a loop gives: it begins when its first batch is asked for."""
        place = loop.place
        if place.position > 0 and not place.goes_on:
            place.epoch, place.position = place.epoch + 1, 0
        place.goes_on = False
        if place.seed is None and (self.shuffle or self.moved):
            place.seed = int(place.rng.integers(2**63))
        loop.epoch, loop.position = place.epoch, place.position
        loop.batches = self.batches_of(place.seed or 0, loop.epoch)

    @precondition(lambda self: self.moved)
    @rule()
    def let_the_next_batch_fail(self):
        self.broken = True

    @rule(target=states)
    def save(self):
        return json.loads(json.dumps(self.place.loader.state_dict()))

    @rule(state=states, elsewhere=st.booleans())
    def load(self, state, elsewhere):
        place = self.place = self.new() if elsewhere else self.place
        place.loader.load_state_dict(state)
        place.seed, place.epoch, place.position = state["seed"], state["epoch"], state["position"]
        place.goes_on = True

    @rule(seed=st.integers(0, 2**63 - 1))
    def set_the_seed(self, seed):
        self.place.loader.seed = self.place.seed = seed

    @rule(wrong=st.sampled_from(["epoch", "position", "seed"]), value=st.sampled_from([-1, 0.5]))
    def fail_to_load(self, wrong, value):
        with pytest.raises(StateDictError):
            self.place.loader.load_state_dict({"seed": 1, "epoch": 1, "position": 0, wrong: value})

    @invariant()
    def the_state_is_that_of_the_model(self):
        place = self.place
        state = {"seed": place.seed, "epoch": place.epoch, "position": place.position}
        assert place.loader.state_dict() == state
        assert len(place.loader) == len(self.batches_of(0, 0))


LoaderMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None, report_multiple_bugs=False
)
TestLoader = LoaderMachine.TestCase
