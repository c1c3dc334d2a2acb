"""Times full training steps beside PyTorch and prints one table.

    python benchmarks/run.py [--rounds 9] [--rows XOR,MLP] [--threads 1] [--memory] [--recorded]
                             [--compile] [--jax] [--json FILE] [--svg FILE]

Each library runs in a process of its own with the same number of threads. In each round every
row is timed on one library after the other, in changing order; the ratio is taken within the
round. Shown are medians over rounds, with the lowest and the highest ratio, and the ratio of the
processor time of all threads, which other processes disturb less. With --memory, the peak memory
of a process that runs the row alone. With --recorded, the time of our step run from its record
(`RecordedStep`) and its ratio to PyTorch's. With --compile and --jax, how long our step takes
beside PyTorch's compiled step and beside JAX's, and so for the recorded one.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from rows import ROWS

import neural_net_core
from neural_net_utils.diagnostics.machine import available_cores, processor

HERE = Path(__file__).parent
SECONDS = 0.15  # how long one timing of one row should take
OTHERS = ["recorded", "compile", "jax"]  # what can be timed besides ours and PyTorch


class Worker:
    """A process that times rows with one library."""

    def __init__(self, library: str, threads: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(threads),
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


def environment(threads: int) -> dict[str, str]:
    """Return the variables of a worker: its threads, and nothing that slows matrix products."""
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    return env | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}


def ask(*arguments: str, threads: int) -> list:
    """Return what a worker prints for other questions than times."""
    command = [sys.executable, str(HERE / "worker.py"), arguments[0], str(threads)]
    output = subprocess.run(
        [*command, *arguments[1:]],
        env=environment(threads),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)


def measure(numbers: list[int], args: argparse.Namespace) -> list[dict]:
    """Time the rows in alternating rounds and return one record per row."""
    libraries = ["ours", "torch", *others(args)]
    workers = {library: Worker(library, args.threads) for library in libraries}
    records = []
    try:
        for number in numbers:
            repeats = {}
            for library, worker in workers.items():
                first, _ = min(worker.time(number, 3) for _ in range(3))
                repeats[library] = max(1, round(SECONDS / first))
            times: dict[str, list] = {library: [] for library in libraries}
            for i in range(args.rounds):
                first = i % len(libraries)
                for library in libraries[first:] + libraries[:first]:
                    times[library].append(workers[library].time(number, repeats[library]))
            record = {"row": ROWS[number].name} | summary(times)
            if args.memory:
                for library in libraries[:2]:
                    before, peak = ask(library, "memory", str(number), threads=args.threads)
                    record |= {f"{library}_imported_mb": before, f"{library}_peak_mb": peak}
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
    for library in list(times)[2:]:
        record[f"{library}_us"] = statistics.median(wall for wall, _ in times[library]) * 1e6
        if library != "recorded":
            record[f"{library}_ratio"] = ratio(times, "ours", library)
    if "recorded" in times:
        for library in [name for name in times if name != "recorded"]:
            record[f"recorded_{library}_ratio"] = ratio(times, "recorded", library)
    return record


def ratio(times: dict[str, list[tuple[float, float]]], a: str, b: str) -> float:
    """Return the median over rounds of one library's time by another's."""
    pairs = zip(times[a], times[b], strict=True)
    return statistics.median(first / second for (first, _), (second, _) in pairs)


def others(args: argparse.Namespace) -> list[str]:
    """Return the libraries that were asked for besides ours and PyTorch."""
    return [library for library in OTHERS if getattr(args, library)]


def line(r: dict) -> str:
    """Lay out one record as a line of the table."""
    spread = f"{r['ratio_low']:.2f} to {r['ratio_high']:.2f}"
    text = (
        f"{r['row']:<46} {r['ours_us']:>10,.0f} {r['torch_us']:>10,.0f} {r['ratio']:>7.2f}"
        f"   {spread:<14} {r['cpu_ratio']:>8.2f}"
    )
    if "ours_peak_mb" in r:
        text += f" {r['ours_peak_mb']:>8,.0f} {r['torch_peak_mb']:>8,.0f}"
    for library in OTHERS:
        if f"{library}_us" in r:
            beside = r["recorded_torch_ratio" if library == "recorded" else f"{library}_ratio"]
            text += f" {r[f'{library}_us']:>10,.0f} {beside:>6.2f}"
    for library in OTHERS[1:]:
        if f"recorded_{library}_ratio" in r:
            text += f" {r[f'recorded_{library}_ratio']:>12.2f}"
    return text


def heading(args: argparse.Namespace) -> str:
    """Return the names of the columns."""
    text = (
        f"{'training step':<46} {'ours µs':>10} {'torch µs':>10} {'ratio':>7}"
        f"   {'spread':<14} {'cpu time':>8}"
    )
    text += f" {'ours MB':>8} {'torch MB':>8}" if args.memory else ""
    text += "".join(f" {library + ' µs':>10} {'ratio':>6}" for library in others(args))
    if args.recorded:
        text += "".join(f" {'rec. / ' + x:>12}" for x in others(args) if x != "recorded")
    return text


def machine(args: argparse.Namespace) -> dict:
    """Return what the numbers depend on."""
    name, kernel, _ = ask("ours", "blas", threads=args.threads)
    jax = {"jax": importlib.metadata.version("jax")} if args.jax else {}
    return {
        "cpu": processor(),
        "threads": args.threads,
        "blas": name,
        "kernel": kernel,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": importlib.metadata.version("torch"),
        **jax,
        "neural-net": neural_net_core.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", default="", help="only rows whose name contains one of these")
    parser.add_argument("--threads", type=int, default=available_cores(), help="of each library")
    parser.add_argument("--memory", action="store_true", help="peak memory too")
    parser.add_argument("--recorded", action="store_true", help="our steps run from records too")
    parser.add_argument("--compile", action="store_true", help="PyTorch's steps compiled too")
    parser.add_argument("--jax", action="store_true", help="JAX too; it must be installed")
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    parser.add_argument("--svg", type=Path, help="draw the ratios into this file")
    args = parser.parse_args()
    wanted = [w.lower() for w in args.rows.split(",") if w]
    numbers = [
        i for i, r in enumerate(ROWS) if not wanted or any(w in r.name.lower() for w in wanted)
    ]
    about = machine(args)
    print(", ".join(f"{k} {v}" for k, v in about.items()))
    print(heading(args))
    records = measure(numbers, args)
    mean, cpu_mean = (
        statistics.geometric_mean(r[key] for r in records) for key in ("ratio", "cpu_ratio")
    )
    print(f"{'geometric mean of the ratios':<68} {mean:>7.2f} {cpu_mean:>25.2f}")
    keys = {f"beside {x}": f"{x}_ratio" for x in others(args) if x != "recorded"}
    if args.recorded:
        libraries = ["ours", "torch", *(x for x in others(args) if x != "recorded")]
        keys |= {f"recorded beside {x}": f"recorded_{x}_ratio" for x in libraries}
    for title, key in keys.items():
        print(f"{title:<68} {statistics.geometric_mean(r[key] for r in records):>7.2f}")
    if args.json:
        args.json.write_text(json.dumps({"machine": about, "rows": records}, indent=2) + "\n")
    if args.svg:
        from chart import steps

        steps({"machine": about, "rows": records}).save(args.svg)


if __name__ == "__main__":
    main()
