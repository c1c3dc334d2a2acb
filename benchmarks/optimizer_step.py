"""Times one optimizer step over many parameters beside PyTorch's default and fused step.

    python benchmarks/optimizer_step.py [--millions 10] [--tensors 10] [--rounds 15] [--all]

All contestants run in one process with the same number of threads and take turns, so that whatever
else the machine is doing hits them alike; the ratios are taken within each round. Shown are
medians over rounds (with the lowest and highest ratio), and the extra memory of ours as Python's
allocator counts it.
"""

import argparse
import os
import statistics
import sys
import time
import tracemalloc

THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SETTINGS = {"OMP_NUM_THREADS": str(THREADS), "OPENBLAS_NUM_THREADS": str(THREADS)}

# Name, our settings and PyTorch's, and whether PyTorch has a fused form.
ROWS = [
    ("Adam", {}, True),
    ("AdamW", {}, True),
    ("SGD", {"lr": 1e-3}, True),
    ("SGD", {"lr": 1e-3, "momentum": 0.9}, True),
    ("Adagrad", {}, True),
    ("RMSprop", {}, False),
    ("NAdam", {}, False),
    ("RAdam", {}, False),
]


def contestants(name: str, options: dict, fused: bool, sizes: list[int]) -> dict:
    """Return a step function for each side, over parameters of the given sizes."""
    import numpy as np
    import torch

    import neural_net_optim
    from neural_net_core import Parameter

    rng = np.random.default_rng(0)
    ours, default, other = [], [], []
    for size in sizes:
        start = rng.standard_normal(size, dtype=np.float32)
        grad = rng.standard_normal(size, dtype=np.float32)
        p = Parameter(start)
        p.grad = grad.copy()
        ours.append(p)
        for side in (default, other)[: 1 + fused]:
            q = torch.nn.Parameter(torch.tensor(start))
            q.grad = torch.tensor(grad)
            side.append(q)
    torch_class = getattr(torch.optim, name)
    steps = {
        "ours": getattr(neural_net_optim, name)(ours, **options).step,
        "default": torch_class(default, **options).step,
    }
    if fused:
        steps["fused"] = torch_class(other, fused=True, **options).step
    return steps


def measure(steps: dict, rounds: int) -> dict[str, list[float]]:
    """Time all sides in turn, each round beginning with another."""
    times: dict[str, list[float]] = {side: [] for side in steps}
    sides = list(steps)
    for step in steps.values():
        for _ in range(3):
            step()
    for i in range(rounds):
        for side in sides[i % len(sides) :] + sides[: i % len(sides)]:
            start = time.perf_counter()
            steps[side]()
            times[side].append(time.perf_counter() - start)
    return times


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Return the median ratio within rounds, and the range."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):5.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def extra_memory(sizes: list[int]) -> str:
    """Return what Adam adds to the parameters and gradients, counted over two steps."""
    import numpy as np

    from neural_net_core import Parameter
    from neural_net_optim import Adam

    params = [Parameter(np.zeros(size, np.float32)) for size in sizes]
    for p in params:
        p.grad = np.zeros_like(p.data)
    tracemalloc.start()
    optimizer = Adam(params)
    weights = 4 * sum(sizes)  # moved into the flat buffer; the old arrays are gone
    for _ in range(2):
        optimizer.step()
    extra = tracemalloc.get_traced_memory()[1] - weights
    tracemalloc.stop()
    moments = 8 * sum(sizes)
    return f"{moments / 1e6:.1f} MB of moments and {(extra - moments) / 1e6:.2f} MB besides"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, default=10.0)
    parser.add_argument("--tensors", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--all", action="store_true", help="all rows, not Adam alone")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(THREADS)
    size = round(arguments.millions * 1e6 / arguments.tensors)
    sizes = [size] * arguments.tensors
    print(f"{sum(sizes):,} float32 parameters in {arguments.tensors} tensors, {THREADS} threads")
    print(f"extra memory of our Adam: {extra_memory(sizes)}")
    print(f"{'':22} {'ours':>9} {'default':>9} {'fused':>9}   ours/default        ours/fused")
    for name, options, fused in ROWS if arguments.all else ROWS[:1]:
        times = measure(contestants(name, options, fused, sizes), arguments.rounds)
        label = f"{name} {'momentum' if 'momentum' in options else ''}"
        ms = {side: f"{statistics.median(t) * 1e3:6.1f} ms" for side, t in times.items()}
        print(
            f"{label:22} {ms['ours']:>9} {ms['default']:>9} {ms.get('fused', '-'):>9}   "
            f"{ratio(times['ours'], times['default'])}  "
            f"{ratio(times['ours'], times['fused']) if fused else '-'}",
            flush=True,
        )


if __name__ == "__main__":
    if "OPENBLAS_CORETYPE" in os.environ or any(
        os.environ.get(k) != v for k, v in SETTINGS.items()
    ):
        # Thread counts and the kernel are chosen when the libraries are loaded.
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        os.execve(sys.executable, [sys.executable, *sys.argv], environment | SETTINGS)
    main()
