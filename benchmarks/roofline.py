"""How near the large rows come to what this machine can do at most.

    python benchmarks/roofline.py [--seconds 2] [--threads 1] [--json FILE]

Arithmetic is counted by hand (`ARITHMETIC`: additions and multiplications of the matrix products
of a step), bytes likewise where memory is the limit. Both limits are measured in the same process,
before and after each row, and the better one counts: the share is what a perfect program would
leave. A share above 1 is possible where a convolution needs fewer multiplications than the count.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from rows import ROWS


def dense(batch, *sizes):
    """Forward, gradient of the weights, and of the input but for the first layer."""
    products = [m * n for m, n in itertools.pairwise(sizes)]
    return 2 * batch * (3 * sum(products) - products[0])


def conv(batch, places, *layers):
    """Layers (in, out, taps, share of the places), as above."""
    products = [i * o * taps * places * share for i, o, taps, share in layers]
    return 2 * batch * (3 * sum(products) - products[0])


def transformer(width, layers, time_steps, batch, vocabulary=65):
    tokens = batch * time_steps
    weights = 12 * layers * width**2 + vocabulary * width
    attention = 4 * layers * time_steps * width  # scores and mixing, each T times D per token
    return 3 * tokens * (2 * weights + attention)


# Beginning of a row's name -> floating-point operations of a step.
ARITHMETIC = {
    "MLP 784-512-512-10, batch 128, SGD": dense(128, 784, 512, 512, 10),
    "CNN 28x28": conv(64, 784, (1, 16, 25, 1), (16, 32, 25, 0.25)),
    "CNN 32x32": conv(32, 1024, (32, 64, 9, 1), (64, 64, 9, 1)),
    "transformer d 64": transformer(64, 2, 32, 16),
    "transformer d 128": transformer(128, 4, 64, 16),
    "transformer d 384": transformer(384, 6, 256, 4),
}
# Parameter, gradient and two moments are read, all but the gradient written.
BYTES = {"Adam over 10 million parameters": 7 * 4 * 10_000_000}


def build(name: str):
    """Return one step of a row."""
    return next(row.ours() for row in ROWS if row.name.startswith(name))


def best(step, seconds: float) -> float:
    for _ in range(2):
        step()
    shortest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        step()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


def measure(seconds: float) -> list[dict]:
    from neural_net_utils.diagnostics.machine import matrix_speed, memory_speed

    records = []
    print(f"{'':<36} {'ms':>9} {'done':>16} {'machine':>16} {'share':>6}")
    for name, count in (ARITHMETIC | BYTES).items():
        unit, limit = ("GB/s", memory_speed) if name in BYTES else ("GFLOP/s", matrix_speed)
        step = build(name)
        before = limit()
        time_of_step = best(step, seconds)
        peak = max(before, limit())
        done = count / time_of_step / 1e9
        records.append(
            {"row": name, "seconds": time_of_step, "unit": unit, "done": done, "machine": peak}
        )
        print(
            f"{name:<36} {time_of_step * 1e3:>9.1f} {done:>8.1f} {unit:<7} {peak:>8.1f} {unit:<7}"
            f" {done / peak:>6.0%}",
            flush=True,
        )
    return records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="per row")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    args = parser.parse_args()
    settings = {
        "OPENBLAS_NUM_THREADS": str(args.threads),
        "OMP_NUM_THREADS": str(args.threads),
    }
    wrong = any(os.environ.get(k) != v for k, v in settings.items())
    if wrong or "OPENBLAS_CORETYPE" in os.environ:
        # Thread counts and the kernel are chosen when the libraries are loaded.
        env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"} | settings
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=env).returncode)
    records = measure(args.seconds)
    if args.json:
        args.json.write_text(json.dumps(records, indent=2) + "\n")


if __name__ == "__main__":
    main()
