"""Long elementwise formulas, computed on pieces of an array that fit the processor's cache."""

from collections.abc import Callable

import numpy as np

from neural_net_core._threads import share, thread_count
from neural_net_core.dtypes import Array

__all__: list[str] = []

# Elements. A formula of a dozen steps then works in the second-level cache instead of in memory:
# measured on 8 million float32 numbers, 2.6 ns each for erf instead of 5.4.
BLOCK = 1 << 16

# How many threads share the blocks.
_threads = thread_count()


def in_blocks(
    kernel: Callable[..., tuple[Array, ...]], x: Array, outputs: int, *others: Array
) -> tuple[Array, ...]:
    """Return `kernel(x, *others)`, computed block by block, in several threads, where x is large.

    Args:
        kernel: An elementwise formula that returns a tuple of arrays of its arguments' shape.
        x: Any shape.
        outputs: How many arrays the kernel returns.
        *others: Further arguments of the kernel, of the same shape.
    """
    if x.size <= BLOCK or type(x) is not np.ndarray:
        return kernel(x, *others)
    # Images may lie in memory with another axis last: one long row all the same.
    order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
    rows = [argument.transpose(order) for argument in (x, *others)]
    if not all(row.flags.c_contiguous for row in rows):
        return kernel(x, *others)
    flat = [row.reshape(-1) for row in rows]
    whole = tuple(np.empty_like(x) for _ in range(outputs))
    flat_outputs = [y.transpose(order).reshape(-1) for y in whole]

    def work(start: int, stop: int) -> None:
        for first in range(start * BLOCK, min(stop * BLOCK, x.size), BLOCK):
            piece = slice(first, first + BLOCK)
            for y, part in zip(flat_outputs, kernel(*(v[piece] for v in flat)), strict=True):
                y[piece] = part

    share(-(-x.size // BLOCK), _threads, work)
    return whole
