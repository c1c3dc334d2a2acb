"""How the time grows with the batch and with the width, and how long inference takes.

    python benchmarks/scaling.py [--rounds 7] [--threads 1] [--json FILE]

The model is a perceptron of two hidden layers, trained with SGD. Its arithmetic grows in
proportion to the batch and with the square of the width; the slope is that of the logarithm of the
time between the first and the last size of a row, and stays below while the calls cost more than
the arithmetic. Each library is a process of its own; they take turns.
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

BATCHES = (1, 8, 64, 512)
WIDTHS = (64, 128, 256, 512)
SECONDS = 0.05

# (what grows, batch, width, whether it trains)
TRAINING = [("batch", b, 256, True) for b in BATCHES] + [("width", 64, w, True) for w in WIDTHS]
INFERENCE = [(f"inference, width {w}", b, w, False) for w in (64, 512) for b in (1, 64)]
CASES = TRAINING + INFERENCE


def ours(batch, width, trains):
    import neural_net_core as nn
    import neural_net_optim as optim

    model = nn.FeedForward([width, width, width, 10], nn.ReLU)
    x, y = nn.Tensor(data(batch, width)), np.arange(batch) % 10
    opt = optim.SGD(model.parameters(), lr=0.01)

    def step():
        nn.cross_entropy(model(x), y).backward()
        opt.step()
        opt.zero_grad()

    def infer():
        with nn.no_grad():
            model(x)

    return step if trains else infer


def torch(batch, width, trains):
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)
    )
    x, y = torch.from_numpy(data(batch, width)), torch.arange(batch) % 10
    opt = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
        opt.zero_grad()

    def infer():
        with torch.inference_mode():
            model(x)

    return step if trains else infer


def data(batch, width):
    return np.random.default_rng(0).normal(size=(batch, width)).astype(np.float32)


def worker(library: str, threads: int) -> None:
    """Answer every number of a case on standard input with the seconds per step."""
    if library == "torch":
        import torch as module

        module.set_num_threads(threads)
    ready = {}
    for line in sys.stdin:
        number = int(line)
        if number not in ready:
            step = globals()[library](*CASES[number][1:])
            for _ in range(5):
                step()
            start = time.perf_counter()
            step()
            repeats = max(1, round(SECONDS / (time.perf_counter() - start)))
            ready[number] = step, repeats
        step, repeats = ready[number]
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        print((time.perf_counter() - start) / repeats, flush=True)


def measure(rounds: int, threads: int) -> dict[str, list[list[float]]]:
    """Return the times of every case and round by library."""
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    env |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    processes = {
        library: subprocess.Popen(
            [sys.executable, __file__, "--worker", library, "--threads", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        for library in ("ours", "torch")
    }
    times = {library: [[] for _ in CASES] for library in processes}
    for number in range(len(CASES)):
        for i in range(rounds):
            for library in sorted(processes, reverse=bool(i % 2)):
                process = processes[library]
                print(number, file=process.stdin, flush=True)
                times[library][number].append(float(process.stdout.readline()))
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return times


def slope(records: list[dict], key: str, by: str) -> float:
    """Return how the logarithm of the time grows with that of the size."""
    first, last = records[0], records[-1]
    return math.log(last[key] / first[key]) / math.log(last[by] / first[by])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        worker(args.worker, args.threads)
        return
    times = measure(args.rounds, args.threads)
    records = []
    print(f"{'':<22} {'batch':>6} {'width':>6} {'ours µs':>10} {'torch µs':>10} {'ratio':>7}")
    for number, (name, batch, width, _) in enumerate(CASES):
        a, b = times["ours"][number], times["torch"][number]
        record = {
            "row": name,
            "batch": batch,
            "width": width,
            "ours_us": statistics.median(a) * 1e6,
            "torch_us": statistics.median(b) * 1e6,
            "ratio": statistics.median(x / y for x, y in zip(a, b, strict=True)),
        }
        records.append(record)
        print(
            f"{name:<22} {batch:>6} {width:>6} {record['ours_us']:>10,.0f}"
            f" {record['torch_us']:>10,.0f} {record['ratio']:>7.2f}"
        )
    for by, limit in (("batch", 1), ("width", 2)):
        rows = [r for r in records if r["row"] == by]
        found = ", ".join(f"{k} {slope(rows, f'{k}_us', by):.2f}" for k in ("ours", "torch"))
        print(f"slope with the {by}: {found}; of the arithmetic {limit}")
    if args.json:
        args.json.write_text(json.dumps(records, indent=2) + "\n")


if __name__ == "__main__":
    main()
