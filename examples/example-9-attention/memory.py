"""How much memory attention takes, plain and in tiles, for ever longer sequences."""

import tracemalloc

import numpy as np

from neural_net_core import Tensor
from neural_net_layers import scaled_dot_product_attention

WIDTH = 64
LENGTHS = {"plain": [256, 512, 1024, 2048], "in tiles": [256, 512, 1024, 2048, 4096]}


def peak_mib(length: int, blocked: bool) -> float:
    """Return the most memory that forward and backward of one causal head take, in MiB."""
    rng = np.random.default_rng(0)
    q, k, v = (Tensor(rng.normal(size=(1, 1, length, WIDTH)), requires_grad=True) for _ in range(3))
    dy = rng.normal(size=q.shape).astype(np.float32)
    tracemalloc.start()
    scaled_dot_product_attention(q, k, v, causal=True, blocked=blocked).backward(dy)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20


def measure(longest: int = 4096) -> dict[str, tuple[list[int], list[float]]]:
    """Return lengths and MiB for both forms."""
    measured = {}
    for form, lengths in LENGTHS.items():
        lengths = [n for n in lengths if n <= longest]
        measured[form] = lengths, [peak_mib(n, form != "plain") for n in lengths]
    return measured
