"""Times full training steps beside PyTorch and prints one table.

    python benchmarks/run.py [--rounds 9] [--rows XOR,MLP] [--threads 1] [--json FILE]

Each library runs in a process of its own with the same number of threads. In each round every
row is timed on one library and then on the other, in alternating order; the ratio is taken
within the round. Shown are medians over rounds, with the lowest and the highest ratio, and the
ratio of the processor time of all threads, which other processes disturb less.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from rows import ROWS

HERE = Path(__file__).parent
SECONDS = 0.15  # how long one timing of one row should take
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


class Worker:
    """A process that times rows with one library."""

    def __init__(self, library: str, threads: int) -> None:
        env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        env |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )

    def time(self, number: int, repeats: int) -> tuple[float, float]:
        """Return the seconds per step, averaged over `repeats` steps: clock, processor time."""
        print(json.dumps([number, repeats]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker stopped at row {ROWS[number].name!r}")
        wall, cpu = json.loads(answer)
        return wall, cpu

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure(numbers: list[int], rounds: int, threads: int) -> list[dict]:
    """Time the rows in alternating rounds and return one record per row."""
    workers = {library: Worker(library, threads) for library in ("ours", "torch")}
    records = []
    try:
        for number in numbers:
            repeats = {}
            for library, worker in workers.items():
                first, _ = min(worker.time(number, 3) for _ in range(3))
                repeats[library] = max(1, round(SECONDS / first))
            times = {"ours": [], "torch": []}
            for i in range(rounds):
                order = ("ours", "torch") if i % 2 == 0 else ("torch", "ours")
                for library in order:
                    times[library].append(workers[library].time(number, repeats[library]))
            record = {"row": ROWS[number].name} | summary(times)
            print(line(record), flush=True)
            records.append(record)
    finally:
        for worker in workers.values():
            worker.close()
    return records


def summary(times: dict[str, list[tuple[float, float]]]) -> dict:
    """Return medians over rounds, and the median and the range of the ratios within rounds."""
    record: dict = {}
    for i, kind in enumerate(("", "cpu_")):
        ours, theirs = ([t[i] for t in times[library]] for library in ("ours", "torch"))
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        record |= {
            f"{kind}ours_us": statistics.median(ours) * 1e6,
            f"{kind}torch_us": statistics.median(theirs) * 1e6,
            f"{kind}ratio": statistics.median(ratios),
            f"{kind}ratio_low": min(ratios),
            f"{kind}ratio_high": max(ratios),
        }
    return record


def line(r: dict) -> str:
    """Lay out one record as a line of the table."""
    spread = f"{r['ratio_low']:.2f} to {r['ratio_high']:.2f}"
    return (
        f"{r['row']:<42} {r['ours_us']:>10,.0f} {r['torch_us']:>10,.0f} {r['ratio']:>7.2f}"
        f"   {spread:<14} {r['cpu_ratio']:>8.2f}"
    )


def cpu_name() -> str:
    """Return the processor's name where the system tells it."""
    try:
        for text in Path("/proc/cpuinfo").read_text().splitlines():
            if text.startswith("model name"):
                return text.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def blas_name() -> str:
    """Return the name and version of the library that multiplies NumPy's matrices."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these")
    parser.add_argument("--threads", type=int, default=CORES, help="of each library")
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    args = parser.parse_args()
    wanted = [w.lower() for w in args.rows.split(",") if w]
    numbers = [
        i for i, r in enumerate(ROWS) if not wanted or any(w in r.name.lower() for w in wanted)
    ]
    import importlib.metadata as metadata

    machine = {
        "cpu": cpu_name(),
        "threads": args.threads,
        "blas": blas_name(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": metadata.version("torch"),
    }
    print(", ".join(f"{k} {v}" for k, v in machine.items()))
    print(
        f"{'training step':<42} {'ours µs':>10} {'torch µs':>10} {'ratio':>7}"
        f"   {'spread':<14} {'cpu time':>8}"
    )
    records = measure(numbers, args.rounds, args.threads)
    mean = statistics.geometric_mean(r["ratio"] for r in records)
    cpu_mean = statistics.geometric_mean(r["cpu_ratio"] for r in records)
    print(f"{'geometric mean of the ratios':<64} {mean:>7.2f} {cpu_mean:>25.2f}")
    if args.json:
        args.json.write_text(json.dumps({"machine": machine, "rows": records}, indent=2) + "\n")


if __name__ == "__main__":
    main()
