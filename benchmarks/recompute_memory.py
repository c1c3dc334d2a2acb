"""Measures what it saves and costs to recompute the layers of a transformer, and prints a table.

    python benchmarks/recompute_memory.py [--layers 12] [--rounds 5] [--keep 1900]

A causal encoder of width 256 with 8 heads and dropout 0.1, 8 sequences of 256 steps: forward, loss
and backward. Memory is the largest sum of all arrays at one time, as `tracemalloc` sees them, less
what was there before the forward pass: parameters and the batch. Time is that of the processor in
this process, measured without `tracemalloc` and in turns: the median of the seconds, and of the
ratios within each round. Freed memory goes back to the system as in training with an optimizer, or
is kept up to so many MB as `--keep` says. Results and gradients are compared to the last bit.
"""

import argparse
import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core import Tensor, keep_freed_memory, recompute, seed
from neural_net_core.memory import keep_memory_of_steps
from neural_net_layers import TransformerEncoderLayer

WIDTH, HEADS, LENGTH, BATCH = 256, 8, 256, 8


def called(layer: Any, *inputs: Any, **options: Any) -> Any:
    """Call a layer, as `recompute` is called."""
    return layer(*inputs, **options)


def one_by_one(call: Callable[..., Any], layers: list[Any], x: Any) -> Any:
    """Run one layer after the other."""
    for layer in layers:
        x = call(layer, x, causal=True)
    return x


def in_groups(size: int, layers: list[Any], x: Any) -> Any:
    """Recompute several layers at a time: fewer inputs are kept, and more is computed at once."""
    for i in range(0, len(layers), size):
        x = recompute(one_by_one, called, layers[i : i + size], x)
    return x


WAYS: dict[str, Callable[[list[Any], Any], Any]] = {
    "kept": lambda layers, x: one_by_one(called, layers, x),
    "each layer recomputed": lambda layers, x: one_by_one(recompute, layers, x),
    "three layers at a time": lambda layers, x: in_groups(3, layers, x),
}


def step(layers: list[Any], x: Tensor, way: str) -> Tensor:
    """Run forward and backward once, and return the loss."""
    seed(0)
    for layer in layers:
        layer.zero_grad()
    x.grad = None
    loss = (WAYS[way](layers, x) ** 2).mean()
    loss.backward()
    return loss


def outcome(layers: list[Any], x: Tensor, way: str) -> bytes:
    """Return the loss and all gradients of a step."""
    loss = step(layers, x, way)
    gradients = [x.grad, *(p.grad for layer in layers for p in layer.parameters())]
    return b"".join(np.asarray(a).tobytes() for a in (loss.data, *gradients))


def peak(layers: list[Any], x: Tensor, way: str) -> int:
    """Return the most bytes that one step holds."""
    for layer in layers:
        layer.zero_grad()
    x.grad = None
    gc.collect()
    tracemalloc.start()
    step(layers, x, way)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def seconds(layers: list[Any], x: Tensor, way: str) -> float:
    """Return how long one step keeps the processor busy."""
    start = time.process_time()
    step(layers, x, way)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=int)
    args = parser.parse_args()
    if args.keep is None:
        keep_memory_of_steps()
    else:
        keep_freed_memory(args.keep)
    seed(0)
    layers = [TransformerEncoderLayer(WIDTH, HEADS) for _ in range(args.layers)]
    numbers = np.random.default_rng(0).normal(size=(BATCH, LENGTH, WIDTH))
    x = Tensor(numbers, requires_grad=True)
    results = {way: outcome(layers, x, way) for way in WAYS}  # once, so that all is warm
    bytes_of = {way: peak(layers, x, way) for way in WAYS}
    took = [{way: seconds(layers, x, way) for way in WAYS} for _ in range(args.rounds)]
    print(f"{'':24}{'bytes':>14} {'share':>6} {'seconds':>8} {'ratio':>6}  same bits")
    for way in WAYS:
        share, same = bytes_of[way] / bytes_of["kept"], results[way] == results["kept"]
        time_of = statistics.median(times[way] for times in took)
        ratio = statistics.median(times[way] / times["kept"] for times in took)
        print(f"{way:<24}{bytes_of[way]:>14,} {share:>6.2f} {time_of:>8.2f} {ratio:>6.2f}  {same}")


if __name__ == "__main__":
    main()
