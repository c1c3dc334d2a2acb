"""One library in one process: reads a row's number and a repeat count, answers with two times.

Started by `run.py`, which keeps one worker per library and asks them in turn, so that whatever
else the machine is doing hits both sides alike. The answer is the time per step on the clock and
the processor time that all threads of this process spent on it.

    python benchmarks/worker.py ours 2 memory 8

prints instead, for one row in a process of its own, the memory in MB that the process held after
the imports and at most during ten steps; `worker.py ours 2 blas` prints what multiplies matrices.
The library `recorded` is ours with its steps run from their records (`RecordedStep`);
`compile` is PyTorch with its steps handed to `torch.compile`; `jax` is JAX; `textbook`
is ours without its fast forms.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable

from rows import ROWS

OURS = ["neural_net_core", "neural_net_layers", "neural_net_optim"]
IMPORTS = {
    "ours": OURS,
    "recorded": [*OURS, "neural_net_utils"],
    "textbook": OURS,
    "torch": ["torch"],
    "compile": ["torch"],
    "jax": ["jax", "optax"],
}


def main() -> None:
    library, threads = sys.argv[1], int(sys.argv[2])
    if library == "textbook":
        os.environ["NEURAL_NET_TEXTBOOK"] = "1"  # read when the package is imported
    if library == "jax" and hasattr(os, "sched_setaffinity"):
        # Its compiler has no other setting for the number of threads.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in IMPORTS[library]:
        importlib.import_module(name)
    if "torch" in IMPORTS[library]:
        import torch

        torch.set_num_threads(threads)
    if sys.argv[3:4] == ["memory"]:
        print(json.dumps(memory(library, int(sys.argv[4]))))
        return
    if sys.argv[3:4] == ["blas"]:
        from neural_net_utils.diagnostics.machine import find_blas

        print(json.dumps(find_blas()))
        return
    steps = {}
    for line in sys.stdin:
        number, repeats = json.loads(line)
        if number not in steps:
            steps[number] = build(library, number)
            for _ in range(5):
                steps[number]()
        step = steps[number]
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            step()
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(json.dumps([wall / repeats, cpu / repeats]), flush=True)


def build(library: str, number: int) -> Callable[[], object]:
    """Return the function that does one step of a row."""
    if library == "compile":
        import torch

        return torch.compile(ROWS[number].torch())
    return getattr(ROWS[number], "ours" if library == "textbook" else library)()


def memory(library: str, number: int) -> list[float]:
    """Return the peak memory in MB after the imports and after ten steps of a row."""
    import resource

    # Kilobytes on Linux, bytes on macOS.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    step = build(library, number)
    for _ in range(10):
        step()
    return [before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit]


if __name__ == "__main__":
    main()
