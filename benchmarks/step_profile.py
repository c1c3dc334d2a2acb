"""Where the time of a training step goes, operation by operation, and what kept memory saves.

    python benchmarks/step_profile.py [--rows "CNN 28x28"] [--threads 1] [--json FILE]

Every operation's forward and backward is timed by `neural_net_utils.diagnostics.profile_step`; what
no operation accounts for is the tape, the modules and the optimizer. The memory part runs each row
in processes of its own with freed memory kept (as it is by default) and given back
(NEURAL_NET_KEEP_MEMORY=0), in turns, and counts page faults.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rows import ROWS

from neural_net_utils.diagnostics import profile_step
from neural_net_utils.diagnostics.machine import processor

DEFAULT = (
    "CNN 28x28,CNN 32x32,transformer d 128,transformer d 384,MLP 784-512-512-10, batch 128, SGD"
)


def find(name: str) -> str:
    return next(row.name for row in ROWS if row.name.startswith(name))


def profile(name: str, steps: int) -> dict:
    """Return the milliseconds of a step, by kind and operation."""
    step = next(row.ours for row in ROWS if row.name == name)()
    found = profile_step(step, repeats=steps)
    frames: dict[str, dict[str, float]] = {"forward": {}, "backward": {}}
    for row in found.rows:
        operation = row.operation.removesuffix("Op")
        for kind, seconds in (("forward", row.forward), ("backward", row.backward)):
            frames[kind][operation] = frames[kind].get(operation, 0.0) + seconds * 1e3
    return frames | {"tape, modules, optimizer": found.rest * 1e3}


def one_run(name: str, seconds: float) -> dict:
    """Return the processor time and page faults of a step in this process."""
    step = next(row.ours for row in ROWS if row.name == name)()
    for _ in range(3):
        step()
    times, before = [], resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.process_time()
        step()
        times.append(time.process_time() - start)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "ms": statistics.median(times) * 1e3,
        "faults": (usage.ru_minflt - before) / len(times),
        "peak_mb": usage.ru_maxrss / 1e3,
    }


def memory(name: str, rounds: int, threads: int) -> dict:
    """Return the medians of processes with freed memory kept and given back."""
    runs: dict[str, list[dict]] = {"kept": [], "given back": []}
    for _ in range(rounds):
        for setting, values in runs.items():
            env = environment(threads) | {"NEURAL_NET_KEEP_MEMORY": str(int(setting == "kept"))}
            command = [sys.executable, __file__, "--run", name]
            output = subprocess.run(command, env=env, check=True, capture_output=True).stdout
            values.append(json.loads(output))
    return {
        setting: {key: statistics.median(run[key] for run in values) for key in values[0]}
        for setting, values in runs.items()
    }


def environment(threads: int) -> dict[str, str]:
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    return env | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default=DEFAULT, help="beginnings of names")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--profile", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(one_run(args.run, 1.0)))
        return
    if args.profile:
        print(json.dumps(profile(args.profile, args.steps)))
        return
    results = {"cpu": processor(), "threads": args.threads, "rows": {}}
    # A comma within a name is followed by a space.
    wanted = [part.replace("\0", ", ") for part in args.rows.replace(", ", "\0").split(",")]
    for name in map(find, wanted):
        command = [sys.executable, __file__, "--profile", name, "--steps", str(args.steps)]
        output = subprocess.run(
            command, env=environment(args.threads), check=True, capture_output=True
        ).stdout
        frames = json.loads(output)
        saved = memory(name, args.rounds, args.threads)
        results["rows"][name] = {"ms": frames, "memory": saved}
        print(name)
        for kind in ("forward", "backward"):
            parts = sorted(frames[kind].items(), key=lambda item: -item[1])
            print(f"  {kind:<9}", ", ".join(f"{k} {v:.2f}" for k, v in parts[:6]), "ms")
        print(f"  the rest  {frames['tape, modules, optimizer']:.2f} ms")
        for setting, run in saved.items():
            print(
                f"  memory {setting}: {run['ms']:.1f} ms of processor time,"
                f" {run['faults']:.0f} page faults, at most {run['peak_mb']:.0f} MB",
                flush=True,
            )
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
