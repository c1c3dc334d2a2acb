"""How much work on a batch is worth sharing between threads; see `neural_net_core.fast.threads`."""

from neural_net_core.fast.threads import share, thread_count

__all__ = ["share"]

# Handing work to a thread takes some 30 µs; below about 200 µs of work it does not pay.
WORTH_SHARING = 10_000_000

_threads = thread_count()


def parts_for(multiplications: int) -> int:
    """Return among how many threads work of a size is worth sharing."""
    return _threads if multiplications >= WORTH_SHARING else 1
