"""Checks that every rank runs: `mpiexec -n 2 python -m mpi4py on_ranks.py` prints the names of all.

A check that fails on one rank ends all. What is compared with is the same training in one process,
which each rank does by itself.
"""

import os
import signal
import tempfile
from pathlib import Path

import numpy as np
from mpi4py import MPI

import neural_net_core as core
from neural_net_core import Buffer, Dense, FeedForward, Module, TrainingError, cross_entropy
from neural_net_layers import BatchNorm1D, Dropout
from neural_net_optim import EMA, SGD, Adam, ReduceLROnPlateau, clip_grad_norm
from neural_net_utils import (
    Callback,
    DataLoader,
    EarlyStopping,
    GradientFlow,
    ModelCheckpoint,
    NonFiniteError,
    TimeLimit,
    WeightAveraging,
    accuracy,
    evaluate,
    f1_score,
    fit,
    latest_checkpoint,
    pad_samples,
)
from neural_net_utils.distributed import average_gradients, broadcast_weights, shard

COMM = MPI.COMM_WORLD
RANK, SIZE = COMM.rank, COMM.size


def points(n=70, dtype=np.float64):
    """Points of three classes, the same on all ranks; -1 is a target to be ignored."""
    rng = np.random.default_rng(3)
    y = rng.integers(3, size=n)
    return (rng.normal(size=(n, 5)) + y[:, None]).astype(dtype), y


def partly(logits, targets):
    return cross_entropy(logits, targets, ignore_index=-1)


def summed(logits, targets):
    return cross_entropy(logits, targets, reduction="sum")


def refused(error, function):
    """The message with which a function raises on this rank."""
    try:
        function()
    except error as caught:
        return str(caught)
    raise AssertionError(f"rank {RANK}: expected {error.__name__}")


def train(communicator, *, loss=cross_entropy, batch=16, dtype=np.float64, lr=0.1, n=70, **options):
    """A small run; ranks begin with other weights and other generators, to be made equal."""
    core.seed(0 if communicator is None else 7 + RANK)
    x, y = points(n, dtype)
    if loss is partly:
        y = np.where(np.random.default_rng(1).random(n) < 0.4, -1, y)
    model = FeedForward([5, 8, 3]).astype(dtype)
    if communicator is None or RANK == 0:
        core.seed(0)
        for p in model.parameters():
            p.data[...] = core.default_rng().normal(size=p.shape)
        core.seed(1)
    optimizer = SGD(model.named_parameters(), lr=lr, momentum=0.9)
    loader = DataLoader((x, y), batch, shuffle=True)
    make = options.pop("make", lambda *_: {})
    rest = {"epochs": 3, "progress": "off", **options, **make(model, optimizer)}
    history = fit(model, loss, optimizer, loader, communicator=communicator, **rest)
    return model, history


def compare(**options):
    """Training on all ranks against training in one process; returns both histories."""
    (together, history), (alone, expected) = train(COMM, **options), train(None, **options)
    for name, array in alone.state_dict().items():
        np.testing.assert_allclose(together.state_dict()[name], array, rtol=0, atol=1e-13)
    for table, other in ((history, expected), (history.steps, expected.steps)):
        assert table.index == other.index and list(table) == list(other)
        for name, column in other.items():
            np.testing.assert_allclose(table[name], column, rtol=0, atol=1e-12, err_msg=name)
    assert COMM.allgather(dict(history)) == [dict(history)] * SIZE
    return history


# The data and the gradients ---------------------------------------------------------------------


def check_shares_make_the_batches():
    core.seed(RANK)
    x = np.arange(22).reshape(11, 2)
    names = [str(i) for i in range(11)]
    for loader in (
        DataLoader((x, np.arange(11)), 4, shuffle=True),
        DataLoader((x, np.arange(11)), 4, transform=lambda b, rng: (b[0] + rng.integers(9), b[1])),
        [(x, names, 0.5, None), (x[:3], names[:3], 0.5, None)],
    ):
        shares = COMM.allgather(list(shard(loader, COMM)))
        whole = list(loader) if isinstance(loader, list) else None
        if whole is None:
            same = DataLoader(loader.dataset, 4, shuffle=loader.shuffle, transform=loader.transform)
            same.seed = loader.seed
            whole = list(same)
        assert len(shard(loader, COMM)) == len(whole)
        for place, batch in enumerate(whole):
            for field, values in enumerate(batch):
                parts = [share[place][field] for share in shares]
                if isinstance(values, list):
                    assert [name for part in parts for name in part] == values
                elif values is None or isinstance(values, float):
                    assert parts == [values] * SIZE
                else:
                    np.testing.assert_array_equal(np.concatenate(parts), values)
                    assert max(map(len, parts)) - min(map(len, parts)) <= 1 and len(parts[0])


def check_collate_sees_the_whole_batch():
    sequences = [(np.arange(length), length) for length in (1, 2, 7)]
    loader = DataLoader(sequences, 3, collate=pad_samples)
    ((padded, mask, lengths),) = shard(loader, COMM)
    assert padded.shape[1:] == mask.shape[1:] == (7,) and len(padded) == len(lengths)


def check_samples_that_cannot_be_divided():
    if SIZE > 1:
        for batch in ((np.zeros((4, 2)), np.zeros(5)), ((np.zeros(4), np.zeros(4)), np.zeros(4))):
            assert "first axis" in refused(ValueError, lambda b=batch: list(shard([b], COMM)))


def check_average_gradients():
    x, y = points(9)
    y[[0, 1, 5]] = -1
    for loss_of in (partly, summed):
        if loss_of is summed:
            y = abs(y)
        core.seed(4)
        model, alone = (FeedForward([5, 4, 3]).astype(np.float64) for _ in range(2))
        unused = core.Parameter(np.zeros(2))
        rank_0_only = core.Parameter(np.zeros(3, np.float32))
        broadcast_weights(model, COMM)
        alone.load_state_dict(model.state_dict())
        optimizer = SGD([*model.parameters(), unused, rank_0_only], lr=0.1)
        whole = loss_of(alone(x), y)
        whole.backward()
        for own_x, own_y in shard([(x, y)], COMM):
            count = None if loss_of is summed else 0.0
            if len(own_x):
                loss = loss_of(model(own_x), own_y)
                loss.backward()
                count = loss.counted
            if RANK == 0:
                rank_0_only.grad = np.ones(3, np.float32)
            total = average_gradients(optimizer, COMM, count=count)
        assert total == (whole.counted or 0)
        for p, q in zip(model.parameters(), alone.parameters(), strict=True):
            np.testing.assert_allclose(p.grad, q.grad, rtol=0, atol=1e-14)
        assert unused.grad is None and rank_0_only.grad.dtype == np.float32
        assert len(set(COMM.allgather(rank_0_only.grad.tobytes()))) == 1


# fit ----------------------------------------------------------------------------------------------


def check_fit_equals_one_process():
    compare()  # 70 samples by 16: the rest is 6, and on 4 ranks uneven
    compare(batch=3)  # smaller than 4 ranks, and the rest is one sample
    compare(loss=partly)
    compare(loss=partly, accumulate=3, batch=7)
    compare(loss=summed, lr=0.005)
    compare(loss=summed, lr=0.005, accumulate=2)


class OwnLoss(Module):
    """A model that returns its loss; its batches have no target."""

    def __init__(self):
        self.model = FeedForward([5, 8, 3], rng=np.random.default_rng(2)).astype(np.float64)

    def forward(self, x, y):
        return partly(self.model(x), y)


def check_a_model_that_returns_its_loss():
    x, y = points(23)
    y[::4] = -1
    runs = []
    for communicator in (COMM, None):
        model = OwnLoss()
        optimizer = SGD(model.parameters(), lr=0.1)
        rng = np.random.default_rng(0 if communicator is None else RANK)  # rank 0's counts
        loader = DataLoader((x, y), 7, rng=rng, shuffle=True)
        options = {"epochs": 2, "accumulate": 2, "validation": [(x, y)], "progress": "off"}
        history = fit(model, None, optimizer, loader, communicator=communicator, **options)
        runs.append((*(p.data.ravel() for p in model.parameters()), history["val_loss"]))
    np.testing.assert_allclose(*map(np.concatenate, runs), rtol=0, atol=1e-13)


def check_clipping_metrics_and_validation():
    x, y = points(31)

    def clip(parameters):
        return clip_grad_norm(parameters, 0.5)

    def make(model, optimizer):
        return {
            "clip": clip,
            "metrics": {"accuracy": accuracy, "f1": f1_score},
            "validation": DataLoader((x, y), 8, shuffle=True),
            "scheduler": ReduceLROnPlateau(optimizer, factor=0.5, patience=0),
            "callbacks": [
                WeightAveraging(EMA(model, 0.9)),
                EarlyStopping("val_accuracy", patience=2),
                GradientFlow(every=2),
            ],
        }

    history = compare(make=make, epochs=40, lr=0.4)
    assert history.stop_reason == "early stopping" and min(history.steps["gradient_norm"]) > 0


def check_one_rank_is_no_communicator():
    """To the bit: a communicator of one rank changes nothing, dropout and all."""
    runs = []
    for communicator in (None, MPI.COMM_SELF):
        core.seed(5)
        model = core.Sequential(Dense(5, 9), Dropout(0.5), Dense(9, 3))
        loader = DataLoader(points(dtype=np.float32), 16, shuffle=True)
        held_out = DataLoader(points(dtype=np.float32), 16, shuffle=True)
        optimizer = Adam(model.parameters(), lr=0.01)
        options = {"epochs": 2, "validation": held_out, "progress": "off"}
        fit(model, cross_entropy, optimizer, loader, communicator=communicator, **options)
        runs.append(np.concatenate([p.data.reshape(-1) for p in model.parameters()]))
    np.testing.assert_array_equal(*runs)


def check_evaluate():
    x, y = points(13)
    core.seed(RANK)
    model = FeedForward([5, 8, 3]).astype(np.float64)
    metrics = {"accuracy": accuracy, "f1": f1_score}
    values = evaluate(model, partly, DataLoader((x, y), 3), metrics, communicator=COMM)
    alone = evaluate(model, partly, DataLoader((x, y), 3), metrics)  # rank 0's weights by now
    np.testing.assert_allclose(list(values.values()), list(alone.values()), rtol=1e-14)
    assert COMM.allgather(values) == [values] * SIZE


class Masks(Module):
    """Remembers what dropout let through; counts how often it was called in a buffer."""

    def __init__(self):
        self.dense, self.dropout = Dense(5, 3), Dropout(0.5)
        self.seen = []
        self.calls = Buffer(np.zeros(1))

    def forward(self, x):
        if self.training:
            self.seen.append(self.dropout(np.ones((4, 32), np.float32)).data.tobytes())
            self.calls.data += RANK + 1
        return self.dense(x)


def check_ranks_draw_different_numbers():
    core.seed(0)
    model = Masks()
    loader = DataLoader(points(64, np.float32), 16, shuffle=True)
    fit(
        model, cross_entropy, SGD(model.parameters(), lr=0.1), loader,
        epochs=2, communicator=COMM, progress="off",
    )  # fmt: skip
    seen = [mask for masks in COMM.allgather(model.seen) for mask in masks]
    assert len(seen) == len(set(seen)) == 8 * SIZE
    # Afterwards all draw the same again, as a program expects that runs on each.
    assert len(set(COMM.allgather(core.default_rng().random()))) == 1
    assert model.calls.data == 8  # rank 0's


def check_batch_norm_sees_its_own_samples():
    core.seed(0)
    x, y = points(12, np.float32)
    model = core.Sequential(BatchNorm1D(5, momentum=1.0), Dense(5, 3))
    fit(
        model, cross_entropy, SGD(model.parameters(), lr=0.1), [(x, y)],
        epochs=1, communicator=COMM, progress="off",
    )  # fmt: skip
    own = x[: -(-12 // SIZE)]  # rank 0's share
    np.testing.assert_allclose(model[0].running_mean.data, own.mean(axis=0), rtol=1e-5)


# What goes wrong ----------------------------------------------------------------------------------


def check_differences_are_named():
    if SIZE == 1:
        return
    last = RANK == SIZE - 1
    data = points(dtype=np.float32)

    def run(width=8, lr=0.1, batch=16, **options):
        model = FeedForward([5, width, 3])
        optimizer = SGD(model.named_parameters(), lr=lr)
        loader = DataLoader(data, batch)
        options = {"epochs": 1, "progress": "off", **options}
        fit(model, cross_entropy, optimizer, loader, communicator=COMM, **options)

    for words, options in (
        (["layers.0.weight", "float32 (8, 5)", "float32 (9, 5)"], {"width": 9}),
        (["lr of the optimizer's group 0 is 0.1 on rank 0, 0.2 on"], {"lr": 0.2}),
        (["batches in train_loader is 5 on rank 0, 4 on"], {"batch": 20}),
        (["epochs is 1 on rank 0, 2 on"], {"epochs": 2}),
        (["callbacks", "EarlyStopping"], {"callbacks": [EarlyStopping("loss")]}),
    ):
        message = refused(ValueError, lambda own=options: run(**(own if last else {})))
        assert all(word in message for word in words), message
        assert COMM.allgather(message) == [message] * SIZE


def check_nan_stops_all_ranks():
    x, y = points(16)
    x[15] = np.nan  # in the last rank's share
    model = FeedForward([5, 8, 3]).astype(np.float64)
    before = model.state_dict()
    optimizer = SGD(model.parameters(), lr=0.1)

    def run():
        fit(
            model, cross_entropy, optimizer, [(x, y)],
            epochs=1, communicator=COMM, progress="off",
        )  # fmt: skip

    message = refused(NonFiniteError, run)
    assert "step 1 (epoch 1)" in message and "holds NaN or infinity in input 0" in message
    if RANK == 0:
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])


class OnOneRank(Callback):
    """Does something on the last rank alone."""

    def __init__(self, act):
        self.act = act

    def on_step_end(self, training):
        if RANK == SIZE - 1 and training.step == 2:
            self.act(training)


def check_weights_changed_on_one_rank():
    if SIZE > 1:

        def act(training):
            training.parameters[0].data[0] += 1

        message = refused(TrainingError, lambda: train(COMM, callbacks=[OnOneRank(act)]))
        assert "layers.0.weight" in message and "after epoch 1" in message


def check_rank_0_decides_when_to_stop():
    if SIZE > 1:
        _, history = train(COMM, callbacks=[OnOneRank(lambda t: t.stop("I alone", now=True))])
        assert history.stop_reason == "epochs"
    _, history = train(COMM, callbacks=[TimeLimit(1e-9 if RANK == 0 else 1e9)])
    assert history.stop_reason == "time limit" and history.steps.index == [1]


def check_interrupt_of_one_rank_stops_all():
    folder = Path(COMM.bcast(tempfile.mkdtemp()))
    interrupt = OnOneRank(lambda _: os.kill(os.getpid(), signal.SIGINT))
    _, history = train(COMM, callbacks=[interrupt, ModelCheckpoint(folder)])
    COMM.barrier()
    assert history.stop_reason == "interrupted"
    assert COMM.allgather(len(history.steps.index)) == [len(history.steps.index)] * SIZE
    assert latest_checkpoint(folder).name == f"step-{len(history.steps.index):08d}.safetensors"


def check_batches_without_a_number():
    x, y = points(12)

    class Stream:
        def __iter__(self):
            more = SIZE > 1 and RANK == SIZE - 1
            yield from [(x, y)] * (2 + more)

    def run():
        model = FeedForward([5, 8, 3]).astype(np.float64)
        optimizer = SGD(model.parameters(), lr=0.1)
        options = {"epochs": 1, "communicator": COMM, "progress": "off"}
        fit(model, cross_entropy, optimizer, Stream(), **options)

    if SIZE == 1:
        run()
    else:
        message = refused(ValueError, run)
        assert message.endswith(f"{[0] * (SIZE - 1) + [1]} for step 3")


class Shuffled:
    """A loader of somebody's own: a new order in each epoch."""

    def __init__(self, source):
        self.source = source

    def __iter__(self):
        x, y = points(40, np.float32)
        order = self.source.permutation(40)
        for start in range(0, 40, 10):
            yield x[order[start : start + 10]], y[order[start : start + 10]]


def check_a_loader_shuffles_alike_on_all_ranks():
    def run(rng):
        model = core.Sequential(Dense(5, 8), Dropout(0.5), Dense(8, 3))  # draws from the same
        optimizer = SGD(model.parameters(), lr=0.1)
        options = {"epochs": 3, "communicator": COMM, "progress": "off"}
        return fit(model, cross_entropy, optimizer, Shuffled(rng), **options)

    core.seed(RANK)
    assert len(run(core.default_rng()).steps.index) == 12
    # The program goes on alike on all ranks.
    assert len(set(COMM.allgather(core.default_rng().random()))) == 1
    if SIZE > 1:
        message = refused(ValueError, lambda: run(np.random.default_rng(RANK)))
        assert "Shuffled" in message and "on rank" in message and "1" in message


def check_only_rank_0_reaches_the_folder():
    """Other ranks are given no path, and write nothing."""
    folder = Path(tempfile.mkdtemp())
    place = folder if RANK == 0 else folder / "not here"
    train(COMM, callbacks=[ModelCheckpoint(place)], max_steps=7)
    assert bool(latest_checkpoint(place)) == (RANK == 0) and place.exists() == (RANK == 0)
    path = latest_checkpoint(place)
    model, _ = train(COMM, callbacks=[ModelCheckpoint(place)], resume_from=path)
    whole, _ = train(COMM)
    for name, array in whole.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], array)


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            check()
            COMM.barrier()
            if RANK == 0:
                print(name, flush=True)
