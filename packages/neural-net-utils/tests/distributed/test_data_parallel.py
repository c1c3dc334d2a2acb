"""Ranks as threads, for what can be seen without MPI; tests/distributed starts real processes."""
# ruff: noqa: N802  (names of MPI)

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from neural_net_core import FeedForward, Parameter, cross_entropy
from neural_net_utils import (
    Callback,
    CSVLogger,
    DataLoader,
    JSONLinesLogger,
    ModelCheckpoint,
    WeightedSampler,
    accuracy,
    evaluate,
    f1_score,
)
from neural_net_utils.distributed import average_gradients, broadcast_weights, shard
from neural_net_utils.distributed._ranks import (
    differences,
    ending_all,
    file_of_rank_0,
    set_streams,
)
from neural_net_utils.distributed.data_parallel import Alone
from neural_net_utils.training._run_on_ranks import RunOnRanks


class Thread:
    """The communicator of one of several threads."""

    def __init__(self, rank, size, barrier, board):
        self.rank, self.size, self.barrier, self.board = rank, size, barrier, board

    def allgather(self, sendobj):
        self.board[self.rank] = sendobj
        self.barrier.wait()
        found = list(self.board)
        self.barrier.wait()
        return found

    def bcast(self, obj, root=0):
        return self.allgather(obj)[root]

    def Allreduce(self, sendbuf, recvbuf):
        recvbuf[...] = sum(self.allgather(sendbuf.copy()))

    def Bcast(self, buf, root=0):
        buf[...] = self.allgather(buf.copy())[root]

    def Abort(self, errorcode=0):
        raise AssertionError("a test does not end the process")


def on_ranks(size, function):
    """What a function of a communicator returns on each rank."""
    barrier, board = threading.Barrier(size, timeout=100), [None] * size
    ranks = [Thread(rank, size, barrier, board) for rank in range(size)]
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(function, ranks))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_average_is_the_gradient_of_the_whole_batch(size, reduction):
    x, y = np.random.default_rng(0).normal(size=(7, 4)), np.array([0, 1, 2, -1, 1, 0, -1])

    def gradients(communicator):
        model = FeedForward([4, 5, 3], rng=np.random.default_rng(communicator.rank))
        model.astype(np.float64)
        broadcast_weights(model, communicator)
        optimizer = SimpleNamespace(param_groups=[{"params": list(model.parameters())}])
        ((own_x, own_y),) = shard([(x, y)], communicator)
        loss = cross_entropy(model(own_x), own_y, ignore_index=-1, reduction=reduction)
        loss.backward()
        count = None if reduction == "sum" else loss.counted
        total = average_gradients(optimizer, communicator, count=count)
        assert total == (0 if reduction == "sum" else 5)
        return [p.grad for p in model.parameters()]

    (expected,) = on_ranks(1, gradients)
    for found in on_ranks(size, gradients):
        for g, e in zip(found, expected, strict=True):
            np.testing.assert_allclose(g, e, rtol=0, atol=1e-15)


def test_a_rank_without_gradients_counts_nothing():
    def gradients(communicator):
        p, unused = Parameter(np.zeros(2, np.float32)), Parameter([0.0])
        if communicator.rank == 0:
            p.grad = np.array([1.0, 3.0], np.float32)
        optimizer = SimpleNamespace(param_groups=[{"params": [p, unused]}])
        assert average_gradients(optimizer, communicator, count=4 - 4 * communicator.rank) == 4
        assert unused.grad is None
        return p.grad

    for grad in on_ranks(2, gradients):
        assert grad.dtype == np.float32 and grad.tolist() == [1.0, 3.0]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_evaluate_counts_every_sample_once(size):
    x, y = np.random.default_rng(0).normal(size=(11, 4)), np.arange(11) % 3
    alone = FeedForward([4, 5, 3], rng=np.random.default_rng(0)).astype(np.float64)
    metrics = {"accuracy": accuracy, "f1": f1_score}
    expected = evaluate(alone, cross_entropy, DataLoader((x, y), 3), metrics)

    def values(communicator):
        model = FeedForward([4, 5, 3], rng=np.random.default_rng(communicator.rank))
        model.astype(np.float64)
        loader = DataLoader((x, y), 3)
        return evaluate(model, cross_entropy, loader, metrics, communicator=communicator)

    for found in on_ranks(size, values):
        assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("prefetch", [0, 2])
def test_samplers_are_shared_by_ranks(prefetch):
    """Together the ranks' shares are the batches of one process with rank 0's seed."""

    def loader(seed):
        sampler = WeightedSampler(np.arange(20) % 3)
        rng = np.random.default_rng(seed)
        return DataLoader(np.arange(20.0), 6, sampler=sampler, rng=rng, prefetch=prefetch)

    whole = [x for (x,) in loader(0)]

    def shares(communicator):
        return [x for (x,) in shard(loader(communicator.rank), communicator)]

    for place, parts in enumerate(zip(*on_ranks(3, shares), strict=True)):
        np.testing.assert_array_equal(np.concatenate(parts), whole[place])


def run_on_ranks(optimizer_of, weights_of, callbacks_of=lambda rank: ()):
    """What fit raises on two ranks, with a loader of each rank's weights."""

    def message(communicator):
        model = FeedForward([4, 3], rng=np.random.default_rng(0))
        optimizer = optimizer_of(model)
        sampler = WeightedSampler(weights_of(communicator.rank))
        loader = DataLoader((np.ones((6, 4), "f"), np.arange(6) % 3), 3, sampler=sampler)
        loader.seed = 1
        run = RunOnRanks(
            model,
            cross_entropy,
            optimizer,
            loader,
            epochs=1,
            max_steps=None,
            validation=None,
            metrics=None,
            scheduler=None,
            accumulate=1,
            callbacks=callbacks_of(communicator.rank),
            communicator=communicator,
        )
        run.begin(None, None)
        return ""

    def caught(communicator):
        try:
            return message(communicator)
        except ValueError as error:
            return str(error)

    return on_ranks(2, caught)


class Optimizer:
    """As much of one as a run asks for before its first step."""

    def __init__(self, model, needs_closure=False):
        self.param_groups = [{"params": list(model.parameters()), "lr": 0.1}]
        self.needs_closure = needs_closure

    def step(self, closure=None):
        pass

    def zero_grad(self):
        pass

    def state_dict(self):
        return {}


def test_ranks_with_other_weights_in_their_samplers_are_told():
    """Each would draw other samples, and call the batch its own."""
    assert run_on_ranks(Optimizer, lambda rank: np.ones(6)) == ["", ""]
    for text in run_on_ranks(Optimizer, lambda rank: np.arange(6) + rank):
        assert "fit: the ranks must be given the same: the sampler of train_loader" in text


def test_only_rank_0_has_the_callbacks_that_write(tmp_path):
    """Of all it has the others, which have to decide the same."""
    started, made = [], []

    class Noted(Callback):
        def on_train_start(self, training):
            started.append(self)

    def callbacks(rank):
        path = tmp_path / str(rank)
        logs = [CSVLogger(path / "log.csv"), JSONLinesLogger(path / "log.jsonl")]
        made.extend(logs)
        return [*logs, ModelCheckpoint(path / "saved"), Noted()]

    assert run_on_ranks(Optimizer, lambda rank: np.ones(6), callbacks) == ["", ""]
    for log in made:
        log.close()  # as the end of training does
    assert len(started) == 2
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert found == ["0", "0/log.csv", "0/log.jsonl", "0/saved"]


def test_an_optimizer_that_needs_a_closure_is_refused_on_ranks():
    told = run_on_ranks(lambda model: Optimizer(model, True), lambda rank: np.ones(6))
    for text in told:
        assert "fit: Optimizer computes the loss several times in a step" in text
        assert "got 2 ranks" in text


def test_differences_name_what_differs_and_where():
    def told(communicator):
        facts = {"lr": str(communicator.rank // 2), "epochs": "3"}
        if communicator.rank == 1:
            facts["more"] = "x"
        return differences(facts, communicator)

    told = on_ranks(3, told)
    assert told == ["lr is 0 on rank 0, 1 on 2; more is missing on rank 0, x on 1"] * 3
    assert on_ranks(2, lambda c: differences({"lr": "1"}, c)) == ["", ""]


def test_streams_depend_on_the_key_alone():
    kinds = [np.random.PCG64, np.random.Philox, np.random.MT19937, np.random.SFC64]
    generators = [np.random.Generator(kind(5)) for kind in kinds]

    def draws(*key):
        set_streams(generators, *key)
        return [rng.random() for rng in generators]

    assert draws(1, 2, 3) == draws(1, 2, 3)
    assert len({*draws(1, 2, 3), *draws(1, 2, 4), *draws(1, 3, 3)}) == 12


def test_only_rank_0_needs_the_file(tmp_path):
    (tmp_path / "run.bin").write_bytes(bytes(range(200)))

    def content(communicator):
        path = tmp_path / "run.bin" if communicator.rank == 0 else "nowhere"
        with file_of_rank_0(path, communicator) as file:
            return file.read_bytes()

    assert on_ranks(3, content) == [bytes(range(200))] * 3


def test_an_error_ends_all_only_if_nobody_catches_it(monkeypatch, capsys):
    codes = []
    communicator = SimpleNamespace(rank=2, size=3, Abort=codes.append)
    monkeypatch.setattr(sys, "excepthook", lambda *error: print("printed", error[1]))
    with pytest.raises(ValueError, match="full") as caught, ending_all(communicator):
        raise ValueError("full")
    assert caught.value.__notes__ == ["This was rank 2 of 3."] and codes == []
    sys.excepthook(ValueError, caught.value, None)
    assert codes == [1] and capsys.readouterr().out == "printed full\n"
    for code, expected in ((7, 7), (None, 0), ("no data", 1)):
        with pytest.raises(SystemExit), ending_all(communicator):
            sys.exit(code)
        assert codes[-1] == expected
    assert capsys.readouterr().err == "no data\n"


def test_alone_nothing_is_touched():
    before = sys.excepthook
    with pytest.raises(ValueError, match="x"), ending_all(Alone()):
        raise ValueError("x")
    assert sys.excepthook is before


@pytest.mark.parametrize("wrong", [None, 3, object(), Alone])
def test_no_communicator(wrong):
    with pytest.raises(TypeError, match=r"MPI\.COMM_WORLD"):
        shard([], wrong)
