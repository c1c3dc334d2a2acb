"""What a library costs before it trains: time to the first step, memory, disk space.

    python benchmarks/footprint.py [--rounds 5] [--json FILE]

Each start is a process of its own that imports the library, builds a small classifier and makes
one training step; the libraries take turns. The size is that of all files which installing the
library puts into an empty environment that has Python alone, NumPy included.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from packaging.requirements import Requirement

PROGRAMS = {
    "ours": """
import neural_net_core as nn
import neural_net_optim as optim

model = nn.FeedForward([64, 128, 10])
opt = optim.Adam(model.parameters())
x, y = nn.Tensor([[0.5] * 64] * 32), [3] * 32
nn.cross_entropy(model(x), y).backward()
opt.step()
""",
    "torch": """
import torch

model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
opt = torch.optim.Adam(model.parameters())
x, y = torch.tensor([[0.5] * 64] * 32), torch.tensor([3] * 32)
torch.nn.functional.cross_entropy(model(x), y).backward()
opt.step()
""",
}
DISTRIBUTIONS = {
    "ours": ["neural-net-core", "neural-net-optim", "numpy"],
    "torch": ["torch", "numpy"],
}


def start(program: str) -> tuple[float, float]:
    """Return the seconds from start to end of a process, and its peak memory in MB."""
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program], env=env)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("the program failed")
    return seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def installed_size(names: list[str]) -> float:
    """Return the MB of all files of distributions and of what they need."""
    seen: set[str] = set()
    total, waiting = 0, list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name.startswith("neural-net"):  # sources on the path, not installed
                spec = importlib.util.find_spec(name.replace("-", "_"))
                folder = Path(spec.origin).parent
                total += sum(f.stat().st_size for f in folder.rglob("*.py"))
                waiting += ["numpy"]
            continue
        for file in found.files or ():
            path = Path(found.locate_file(file))
            if path.is_file() and path.suffix != ".pyc":
                total += path.stat().st_size
        for text in found.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return total / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the records to this file too")
    args = parser.parse_args()
    runs = {library: [] for library in ("python", *PROGRAMS)}
    for _ in range(args.rounds + 1):
        runs["python"].append(start("import numpy"))
        for library, program in PROGRAMS.items():
            runs[library].append(start(program))
    print(f"{'':<14} {'start to first step':>20} {'peak memory':>12} {'on disk':>10}")
    records = []
    for library, values in runs.items():
        seconds, peaks = zip(
            *values[1:], strict=True
        )  # the first fills the system's cache of files
        record = {
            "library": "NumPy alone" if library == "python" else library,
            "seconds": statistics.median(seconds),
            "seconds_low": min(seconds),
            "seconds_high": max(seconds),
            "peak_mb": statistics.median(peaks),
            "disk_mb": installed_size(DISTRIBUTIONS.get(library, ["numpy"])),
        }
        records.append(record)
        print(
            f"{record['library']:<14} {record['seconds']:>18.2f} s {record['peak_mb']:>9.0f} MB"
            f" {record['disk_mb']:>7.1f} MB"
        )
    if args.json:
        args.json.write_text(json.dumps(records, indent=2) + "\n")


if __name__ == "__main__":
    main()
