"""Measures the memory of attention against the length of the sequence, and prints one table.

    python benchmarks/attention_memory.py [--lengths 1024,2048,4096,8192]

One head of 64 features, causal, forward and backward. Each measurement is a process of its own:
its peak of resident memory, less what Python and NumPy hold before the first tensor is made.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

WIDTH = 64


def peak_mib() -> float:
    """Return the most memory that this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(form: str, length: int) -> None:
    """Run forward and backward once in this process and print memory and time."""
    from neural_net_core import Tensor
    from neural_net_layers import scaled_dot_product_attention

    before = peak_mib()
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(1, 1, length, WIDTH)).astype(np.float32) for _ in range(4)]
    q, k, v = (Tensor(x, requires_grad=True) for x in arrays[:3])
    start = time.perf_counter()
    y = scaled_dot_product_attention(q, k, v, causal=True, blocked=form == "blocked")
    y.backward(arrays[3])
    seconds = time.perf_counter() - start
    print(f"{peak_mib() - before:.1f} {peak_mib():.1f} {seconds:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", default="1024,2048,4096,8192")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        measure(args.one[0], int(args.one[1]))
        return
    print(f"{'length':>7} {'form':>8} {'MiB':>8} {'whole process':>14} {'seconds':>8}")
    for length in map(int, args.lengths.split(",")):
        for form in ("plain", "blocked"):
            command = [sys.executable, __file__, "--one", form, str(length)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            own, whole, seconds = answer.split()
            print(f"{length:>7} {form:>8} {own:>8} {whole:>14} {seconds:>8}", flush=True)


if __name__ == "__main__":
    main()
