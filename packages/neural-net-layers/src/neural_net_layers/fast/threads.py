"""How much work on a batch is worth sharing between threads; see `neural_net_core.fast.threads`."""

from collections.abc import Callable
from typing import TypeVar

from neural_net_core.dtypes import Array
from neural_net_core.fast.threads import share, thread_count

__all__ = ["share", "share_sums"]

_Sums = TypeVar("_Sums", bound=tuple[Array | None, ...])

# Handing work to a thread takes some 30 µs; below about 200 µs of work it does not pay.
WORTH_SHARING = 10_000_000

_threads = thread_count()


def parts_for(multiplications: int) -> int:
    """Return among how many threads work of a size is worth sharing."""
    return _threads if multiplications >= WORTH_SHARING else 1


def share_sums(count: int, parts: int, work: Callable[[int, int], _Sums]) -> _Sums:
    """Share work as `share` does, and return the sums of the results, added in their order.

    Args:
        count: How many units of work there are.
        parts: Among how many threads to share them.
        work: Returns arrays of its own, or None in place of those that are not needed.
    """
    first, *others = share(count, parts, work)
    for other in others:
        for total, more in zip(first, other, strict=True):
            if total is not None:
                total += more
    return first
