"""Cutting a batch of images into units of work that fit into the processor's cache."""

import math
import threading

import numpy as np

from neural_net_core import observing
from neural_net_core.dtypes import Array, DType

__all__: list[str] = []

# Bytes of scratch memory that one unit may fill; the second-level cache measured had 1 MiB.
_UNIT = 768 * 1024

# Scratch memory up to this size is kept by its thread. New memory costs the system a fault for
# every page: half of the time of a small convolution.
_KEPT = 8 * 1024 * 1024


class _Memory(threading.local):
    """What each thread keeps."""

    block: Array | None = None


_memory = _Memory()


def scratch(dtype: DType, *shapes: tuple[int, ...]) -> list[Array]:
    """Return arrays of arbitrary content, valid until this thread asks again.

    Args:
        dtype: Of all of them.
        shapes: One per array.
    """
    # Each begins at a multiple of 64 bytes, a line of the cache.
    ends, end = [], 0
    for shape in shapes:
        end += math.prod(shape) * dtype.itemsize
        ends.append(end)
        end = -(-end // 64) * 64
    # Whoever notes what is done with arrays is to see where this one comes from.
    block = None if observing.watching else _memory.block
    if block is None or block.nbytes < end:
        block = np.empty(end + 64, np.uint8)
        if not observing.watching:
            block = block[-block.ctypes.data % 64 :]
            if end <= _KEPT:
                _memory.block = block
    arrays, start = [], 0
    for shape, end in zip(shapes, ends, strict=True):
        arrays.append(np.ndarray(shape, dtype, block, start))
        start = -(-end // 64) * 64
    return arrays


def plan_units(
    batch: int, strips: int, strip_bytes: int, parts: int
) -> tuple[int, int, list[tuple[int, int]]]:
    """Return images per unit, strips per unit, and the first (image, strip) of every unit.

    Args:
        batch: How many images there are.
        strips: Into how many strips of rows an image can be cut.
        strip_bytes: Scratch memory for one strip.
        parts: How many threads want a share.
    """
    fitting = max(1, _UNIT // max(strip_bytes, 1))
    if fitting < strips:
        # As many units as this needs, but all of one size.
        images, strips_each = 1, -(-strips // -(-strips // fitting))
    else:
        # The last unit costs as much as the others, so all get about the same number of images.
        strips_each = max(strips, 1)  # an image may have no rows
        count = parts * -(-batch // (fitting // strips_each * parts))
        images = -(-batch // max(count, 1)) or 1
    units = [(i, s) for i in range(0, batch, images) for s in range(0, strips, strips_each)]
    return images, strips_each, units


def copy_rows(buffer: Array, x: Array, first: int, left: int) -> None:
    """Copy a strip of rows into a buffer, with zeros where there are none.

    Args:
        buffer: (images, rows, pitch, C); its columns outside of the image's are zero and stay so.
        x: (up to images, H, W, C).
        first: The row of x that the buffer begins with; it may be negative.
        left: The buffer's column where the image begins.
    """
    rows, (batch, height, width) = buffer.shape[1], x.shape[:3]
    begin = min(max(0, -first), rows)
    end = max(begin, min(rows, height - first))
    if begin:
        buffer[:, :begin] = 0
    if end < rows:
        buffer[:, end:] = 0
    if batch < len(buffer):
        buffer[batch:] = 0
    np.copyto(
        buffer[:batch, begin:end, left : left + width], x[:, first + begin : first + end, :width]
    )
