"""Freed memory that the process keeps, so that the next training step finds it there.

A training step asks for the same arrays as the step before, which gave them back during its
backward pass. But the C library returns memory that is free at the end of its heap to the system,
and when it asks again the system hands out pages of zeros, 4 KiB at a time and only when each is
first touched: some thousand interruptions per step, a quarter of the time of a small transformer.

glibc, the C library of most Linux systems, learns how much to keep: twice the size of the largest
block that the program has given back, if that was at most 32 MiB. So one array of nearly 32 MiB,
made and dropped, lets the process keep up to 64 MiB. It is never written to and costs no memory.
Elsewhere this does nothing, and neither does it where the limits are set by
MALLOC_TRIM_THRESHOLD_ or its like.

It holds for the whole process, so no import does it: the first optimizer that is made does, since
then training is about to begin. With NEURAL_NET_KEEP_MEMORY=0 in the environment it is left out.
Models that use more than 64 MiB can raise the limit with `keep_freed_memory`, which is also for
loops without an optimizer.
"""

import os
from functools import cache

import numpy as np

from neural_net_core.checks import check_count

__all__ = ["keep_freed_memory", "keep_memory_of_steps"]

# The largest block by whose size glibc sets its limit on 64-bit systems, less room for its header.
_LARGEST = 32 * 1024 * 1024 - 8192

# From malloc.h of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory(megabytes: int) -> bool:
    """Let the process keep more freed memory, for models whose steps use more than 64 MB.

    What is kept is not lost: any later array in this process can have it. It holds for the whole
    process from then on.

    Args:
        megabytes: The limit, from 0 (everything goes back to the system at once) to 2047.

    Returns:
        Whether the C library has such a limit; only glibc does.

    Raises:
        ValueError: If the limit is out of range.

    Examples:
        >>> kept = keep_freed_memory(512)
    """
    megabytes = check_count("keep_freed_memory", "megabytes", megabytes, 0, 2047)
    import ctypes  # here, because few programs need it

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is None:
        return False
    size = megabytes * 1024 * 1024
    # Blocks from the second size on are mappings of their own, which are never kept. Some versions
    # accept 32 MiB at most.
    separate = mallopt(_M_MMAP_THRESHOLD, size) or mallopt(_M_MMAP_THRESHOLD, 32 * 1024 * 1024)
    return bool(mallopt(_M_TRIM_THRESHOLD, size) and separate)


@cache  # once is enough
def keep_memory_of_steps() -> None:
    """Let the process keep up to 64 MB of freed memory, as glibc learns it; optimizers call this.

    Only the first call does something, and none if NEURAL_NET_KEEP_MEMORY=0 in the environment.
    A limit that `keep_freed_memory` has set stays.
    """
    if os.environ.get("NEURAL_NET_KEEP_MEMORY") != "0":
        np.empty(_LARGEST, np.uint8)  # made and dropped: this is what glibc learns from
