"""Reading ahead: the same batches in the same order, and no thread left behind."""

import gc
import subprocess
import sys
import threading
import time
import traceback
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import Tensor, default_dtype, is_grad_enabled, mse_loss, no_grad
from neural_net_utils import DataLoader, fit
from neural_net_utils.loading._ahead import read_ahead


def threads():
    return [t for t in threading.enumerate() if t.name == "DataLoader reading ahead"]


@pytest.fixture(autouse=True)
def none_left():
    yield
    assert threads() == []


@given(st.lists(st.integers(), max_size=20), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_the_same_items_in_the_same_order(items, count):
    assert list(read_ahead(iter(items), count)) == items


@given(
    n=st.integers(0, 30),
    size=st.integers(1, 7),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    prefetch=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_the_same_batches(n, size, shuffle, drop_last, prefetch):
    """Also of a transform that draws, in each of two epochs."""

    def loader(prefetch):
        return DataLoader(
            np.arange(n),
            size,
            shuffle=shuffle,
            drop_last=drop_last,
            transform=lambda batch, rng: (batch[0], rng.random(2)),
            rng=np.random.default_rng(0),
            prefetch=prefetch,
        )

    a, b = loader(0), loader(prefetch)
    for _ in range(2):
        for (x, noise), (y, other) in zip(a, b, strict=True):
            assert (x.tolist(), noise.tolist()) == (y.tolist(), other.tolist())
        assert a.state_dict() == b.state_dict()


class Counting:
    """A data set that says how many samples were read."""

    def __init__(self, n=20, fails_at=None):
        self.n, self.fails_at, self.read = n, fails_at, 0

    def __len__(self):
        return self.n

    def __getitem__(self, row):
        if row == self.fails_at:
            raise KeyError("sample 7 is damaged")
        self.read += 1
        return (np.array([row]),)


def until(true):
    """Wait for another thread, which on a busy machine may take its time."""
    for _ in range(10_000):
        if true():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("prefetch", [1, 2, 5])
def test_no_more_than_asked_for_is_made_ahead_and_only_what_was_used_counts(prefetch):
    data = Counting()
    loader = DataLoader(data, 2, prefetch=prefetch)
    batches = iter(loader)
    next(batches)
    assert until(lambda: data.read == 2 * (1 + prefetch))
    time.sleep(0.05)
    assert data.read == 2 * (1 + prefetch)
    assert loader.state_dict()["position"] == 1
    next(batches)
    assert loader.state_dict()["position"] == 2
    batches.close()
    other = DataLoader(Counting(), 2, prefetch=prefetch)
    other.load_state_dict(loader.state_dict())
    assert [x.ravel().tolist() for (x,) in other][0] == [4, 5]  # noqa: RUF015


def test_an_error_comes_where_its_batch_would_have_come():
    """After the batches before it, with the lines of the data set in its traceback."""
    loader = DataLoader(Counting(fails_at=7), 2, prefetch=4)
    seen = []

    def read():
        for (x,) in loader:
            seen.append(x.ravel().tolist())

    with pytest.raises(KeyError, match="sample 7 is damaged") as caught:
        read()
    assert seen == [[0, 1], [2, 3], [4, 5]]
    lines = "".join(traceback.format_exception(caught.value))
    assert "__getitem__" in lines and "in the thread of prefetch" in lines
    assert loader.state_dict()["position"] == 3
    with pytest.raises(KeyError):  # and once more in the next epoch
        list(loader)


def test_leaving_early_ends_the_thread():
    loader = DataLoader(Counting(), 2, prefetch=2)
    for _ in loader:
        assert len(threads()) == 1
        break
    assert threads() == []

    def fail():
        for _ in loader:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    held = iter(loader)
    next(held)
    del held
    assert threads() == []


def test_a_loop_that_ended_is_not_kept_until_the_program_ends():
    items = read_ahead(iter("ab"), 1)
    next(items)
    (thread,) = map(weakref.ref, threads())
    items.close()
    gc.collect()
    assert thread() is None


def test_two_loops_at_once():
    loader = DataLoader(np.arange(4), 2, prefetch=2)
    pairs = [(a.tolist(), b.tolist()) for (a,) in loader for (b,) in loader]
    assert pairs == [(a, b) for a in ([0, 1], [2, 3]) for b in ([0, 1], [2, 3])]


def test_two_loops_draw_their_own_numbers():
    """Each loop has a generator of its own, so that two threads do not share one."""

    def loader(prefetch):
        def transform(batch, rng):
            time.sleep(0.001)
            return (rng.random(50),)

        return DataLoader(np.arange(12), 2, transform=transform, prefetch=prefetch)

    plain = loader(0)
    plain.seed = 5
    wanted = [x.tolist() for (x,) in plain]
    ahead = loader(3)
    ahead.seed = 5
    ahead.load_state_dict({**ahead.state_dict(), "seed": 5})
    first, second = iter(ahead), None
    got = [next(first)[0].tolist()]
    other = loader(3)
    other.seed = 5
    second = [x.tolist() for (x,) in other]
    got += [x.tolist() for (x,) in first]
    assert got == second == wanted


def test_the_thread_computes_in_the_callers_context():
    seen = []

    def transform(batch, rng):
        seen.append((is_grad_enabled(), Tensor([1.0]).dtype.name))
        return batch

    loader = DataLoader(np.arange(4), 2, transform=transform, prefetch=2)
    with no_grad(), default_dtype(np.float64):
        list(loader)
    list(loader)
    assert seen == [(False, "float64")] * 2 + [(True, "float32")] * 2


def test_without_threads_batches_are_made_when_asked_for(monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    data = Counting()
    loader = DataLoader(data, 2, prefetch=3)
    batches = iter(loader)
    with pytest.warns(RuntimeWarning, match=r"DataLoader: prefetch needs a thread.*WebAssembly"):
        next(batches)
    assert data.read == 2
    assert [x.ravel().tolist() for (x,) in batches] == [[i, i + 1] for i in range(2, 20, 2)]


@pytest.mark.parametrize("end", ["stop", "error"])
def test_a_run_that_ends_early_ends_the_thread(end, tiny):
    """Whether it was stopped by a limit, or by an error whose traceback still holds the loop."""
    x, y = tiny.small_digits()
    calls = 0

    def loss_fn(output, target):
        nonlocal calls
        calls += 1
        if end == "error" and calls == 3:
            raise ZeroDivisionError
        return mse_loss(output, output.data * 0)

    model = tiny.NoisyNet(rng=np.random.default_rng(0))
    loader = DataLoader((x, y), 8, prefetch=2)
    options = {"max_steps": 3, "progress": "off"}
    optimizer = tiny.TinyMomentum(model.parameters(), 0.1)
    if end == "stop":
        fit(model, loss_fn, optimizer, loader, **options)
        assert threads() == []
        return
    with pytest.raises(ZeroDivisionError) as caught:
        fit(model, loss_fn, optimizer, loader, **options)
    assert caught.value.__traceback__ is not None
    assert threads() == []


def test_a_program_that_leaves_a_loop_open_ends():
    code = """
import numpy as np
from neural_net_utils import DataLoader
batches = iter(DataLoader(np.arange(100), 2, prefetch=3))
print(next(batches)[0].tolist())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout == "[0, 1]\n" and done.stderr == ""


@pytest.mark.parametrize("wrong", [-1, 1.5, "2", None, True])
def test_how_many_must_be_a_count(wrong):
    with pytest.raises(ValueError, match="DataLoader: prefetch must be an int >= 0"):
        DataLoader(np.arange(4), prefetch=wrong)
