"""What several processes save, and a model of what many machines would.

    python benchmarks/distributed.py [--rounds 15] [--json benchmarks/results/distributed.json]

Measured here, with one thread to a process: the processor time of a step by one process, for the
whole batch of 512 samples and for each share of it down to one sample; the time of a step of one
process and of two, taking turns, two ranks on two cores; the time of MPI's Allreduce on two ranks
by its bytes. The machine may be shared: of wall times the median and the lowest are given.

The model of n ranks, each with 512/n samples and the gradients of all P parameters (4P bytes):

    T(n) = min_k k · step(512/nk) + copies(4P) + 3 α log₂ n + 2 α log₂ n + 2 (n − 1)/n · 4P/β

step and copies are measured; a share is worked through in k pieces (`accumulate`) where that is
faster, as it is for one process whose batch falls out of the cache. What follows are small messages
(what was counted, whether to stop) and the Allreduce by Rabenseifner's scheme (Thakur et al. 2005,
"Optimization of Collective Communication Operations in MPICH"), with a network's latency α and
bandwidth β, which are assumed. Doubling the ranks pays as long as it saves a fifth of the time.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

BATCH = 512
RANKS = [2**k for k in range(10)]
# Latency in s, bandwidth in byte/s: what such networks are sold as, less what programs see.
NETWORKS = {"10 Gbit/s Ethernet": (30e-6, 1.1e9), "100 Gbit/s InfiniBand": (2e-6, 11e9)}
ROWS = ["MLP 784-512-512-10, Adam", "CNN 28x28, 5x5, 1-16-32, SGD", "transformer d 64, T 32, AdamW"]
SIZES = [2**k for k in range(10, 25, 2)]


def make(name, samples):
    """A model, its optimizer and loss, and a batch, for a row."""
    import neural_net_core as nn
    import neural_net_layers as layers
    import neural_net_optim as optim

    rng = np.random.default_rng(0)
    if name.startswith("MLP"):
        model = nn.FeedForward([784, 512, 512, 10], nn.ReLU)
        x = rng.normal(size=(samples, 784)).astype(np.float32)
        return model, optim.Adam(model.parameters(), lr=1e-3), (x, rng.integers(0, 10, samples))
    if name.startswith("CNN"):
        model = nn.Sequential(
            layers.Conv2D(1, 16, 5),
            nn.ReLU(),
            layers.MaxPool2D(2),
            layers.Conv2D(16, 32, 5),
            nn.ReLU(),
            layers.MaxPool2D(2),
            nn.Flatten(),
            nn.Dense(512, 10),
        )
        x = rng.normal(size=(samples, 1, 28, 28)).astype(np.float32)
        return model, optim.SGD(model.parameters(), lr=0.01), (x, rng.integers(0, 10, samples))

    class Model(nn.Module):
        def __init__(self):
            self.tokens = layers.Embedding(65, 64)
            self.encoder = layers.TransformerEncoder(2, 64, 4, dropout=0.0)
            self.head = nn.Dense(64, 65)

        def forward(self, ids):
            return self.head(self.encoder(self.tokens(ids), causal=True))

    model = Model()
    ids = rng.integers(0, 65, (samples, 33))
    return model, optim.AdamW(model.parameters(), lr=3e-4), (ids[:, :-1], ids[:, 1:])


def step_of(name, samples, communicator=None):
    """A training step, and how many numbers the gradients are."""
    import neural_net_core as nn
    from neural_net_utils.distributed import average_gradients

    model, optimizer, (x, y) = make(name, samples)

    def step():
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), y, axis=-1)
        loss.backward()
        if communicator is not None:
            average_gradients(optimizer, communicator, count=loss.counted)
        optimizer.step()

    return step, model.num_parameters()


class Silent:
    """Two ranks of which the other is always ready and adds nothing: what is left are copies."""

    rank, size = 0, 2

    def Allreduce(self, sendbuf, recvbuf):  # noqa: N802
        recvbuf[...] = sendbuf

    def _unused(self, *_):
        raise NotImplementedError

    Bcast = bcast = allgather = Abort = _unused


def timed(step, clock, seconds):
    """Time per step, over about so many seconds."""
    count, began = 0, clock()
    while clock() - began < seconds or not count:
        step()
        count += 1
    return (clock() - began) / count


def alone(rounds):
    """Processor time of a step for every share of the batch, and what copies add to it."""
    rows = []
    for name in ROWS:
        times = {}
        for ranks in RANKS:
            plain, parameters = step_of(name, BATCH // ranks)
            copying, _ = step_of(name, BATCH // ranks, Silent())
            plain(), copying()
            pairs = [
                [timed(step, time.process_time, 0.05) for step in (plain, copying)]
                for _ in range(rounds)
            ]
            times[ranks] = statistics.median(first for first, _ in pairs)
            copies = statistics.median(second - first for first, second in pairs)
        rows.append({"row": name, "parameters": parameters, "step_s": times, "copies_s": copies})
    return rows


def pair(rounds):
    """Run by mpiexec on two ranks: one process against two, and Allreduce by bytes."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD

    def wait():
        request = comm.Ibarrier()  # asleep: a rank that waits in MPI keeps a core busy
        while not request.Test():
            time.sleep(0.0005)

    rows = []
    for name in ROWS:
        whole, _ = step_of(name, BATCH)
        half, _ = step_of(name, BATCH // 2, comm)
        whole(), half()
        one, two = [], []
        for _ in range(rounds):
            wait()
            if comm.rank == 0:
                began = time.perf_counter()
                whole()
                one.append(time.perf_counter() - began)
            wait()
            comm.Barrier()
            began = time.perf_counter()
            half()
            two.append(time.perf_counter() - began)
        if comm.rank == 0:
            ratio = statistics.median(a / b for a, b in zip(one, two, strict=True))
            rows.append({"row": name, "one_s": spread(one), "two_s": spread(two), "ratio": ratio})
    sums = []
    for size in SIZES:
        own, joined = np.ones(size // 4, np.float32), np.empty(size // 4, np.float32)
        times = []
        for _ in range(60 * rounds):
            comm.Barrier()
            began = time.perf_counter()
            comm.Allreduce(own, joined)
            times.append(time.perf_counter() - began)
        sums.append({"bytes": size, **spread(times)})
    if comm.rank == 0:
        print(json.dumps({"pair": rows, "allreduce": sums}))


def spread(times):
    """The median, and the lowest: what is nearest to a machine of one's own."""
    return {"median": statistics.median(times), "low": min(times)}


def predicted(row, ranks, latency, bandwidth):
    """Seconds per step on so many ranks, each on a core of its own."""
    own = min(n // ranks * row["step_s"][n] for n in RANKS if n >= ranks)
    if ranks == 1:
        return own
    size, rounds = 4 * row["parameters"], math.log2(ranks)
    sending = 5 * latency * rounds + 2 * (ranks - 1) / ranks * size / bandwidth
    return own + row["copies_s"] + sending


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--pair", action="store_true", help="what mpiexec starts")
    args = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if args.pair:
        pair(args.rounds)
        return
    mpiexec = Path(sys.executable).parent / "mpiexec"
    program = [sys.executable, __file__, "--pair", "--rounds", str(args.rounds)]
    done = subprocess.run([mpiexec, "-n", "2", *program], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    found["alone"] = alone(args.rounds)
    found["model"] = []
    for row in found["alone"]:
        for network, speeds in NETWORKS.items():
            steps = {ranks: predicted(row, ranks, *speeds) for ranks in RANKS}
            pays = [n for n in RANKS[:-1] if steps[2 * n] > 0.8 * steps[n]]
            line = {"row": row["row"], "network": network, "pays_up_to": min(pays, default=512)}
            found["model"].append({**line, "step_s": steps})
    for row in found["pair"]:
        one, two = row["one_s"], row["two_s"]
        print(
            f"{row['row']}: one process {1e3 * one['median']:.2f} ms (lowest "
            f"{1e3 * one['low']:.2f}), two ranks {1e3 * two['median']:.2f} "
            f"({1e3 * two['low']:.2f}), median of the ratios {row['ratio']:.2f}"
        )
    for line in found["allreduce"]:
        low, median = 1e6 * line["low"], 1e6 * line["median"]
        print(f"Allreduce of {line['bytes']:,} bytes: {low:.1f} µs at least, {median:.1f} median")
    for row in found["alone"]:
        steps = {ranks: f"{1e3 * seconds:.2f}" for ranks, seconds in row["step_s"].items()}
        print(row["row"], row["parameters"], steps, f"copies {1e3 * row['copies_s']:.2f} ms")
    for line in found["model"]:
        first = line["step_s"][1]
        gains = {ranks: f"{first / s:.1f}" for ranks, s in line["step_s"].items()}
        print(line["row"], line["network"], gains, "pays up to", line["pays_up_to"])
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
