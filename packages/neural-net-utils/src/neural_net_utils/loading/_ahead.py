"""Reading ahead: a thread makes the next items while the newest one is in use."""

from __future__ import annotations

import atexit
import queue
import threading
import warnings
from collections.abc import Generator, Iterator
from contextvars import copy_context
from typing import Any, TypeVar

__all__ = ["read_ahead"]

T = TypeVar("T")


def read_ahead(items: Iterator[T], count: int) -> Generator[T, None, None]:
    """Yield the items in their order, each made by a thread before it is asked for.

    What the thread waits for (a disk, a network) passes while the program computes; so does what
    NumPy computes in it, which needs no interpreter. Python's own lines of both take turns.

    The thread runs in a copy of the caller's context (dtypes, `no_grad`, textbook forms). When the
    loop ends, in whatever way, the thread has ended, too: if need be after the item that it is at.
    Where there are no threads, as in WebAssembly, the items are made when they are asked for, and a
    warning says so.

    Args:
        items: gives the items; it is read by the thread alone.
        count: how many may be ready, besides the one in use.

    Raises:
        Exception: what making an item has raised, when that item is asked for, with the traceback
            of the thread.

    Examples:
        >>> list(read_ahead(iter("abc"), 2))
        ['a', 'b', 'c']
    """
    ready: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    room = threading.Semaphore(count)
    stopped = threading.Event()

    def work() -> None:
        try:
            while True:
                room.acquire()
                if stopped.is_set():
                    return
                ready.put(("item", next(items)))
        except StopIteration:
            ready.put(("end", None))
        except BaseException as error:  # whoever asks for the item gets it, Ctrl-C included
            ready.put(("error", error))

    def stop() -> None:
        stopped.set()
        room.release()
        thread.join()

    thread = threading.Thread(
        target=copy_context().run, args=(work,), name="DataLoader reading ahead", daemon=True
    )
    try:
        thread.start()
    except RuntimeError:
        warnings.warn(
            "DataLoader: prefetch needs a thread, and none can be started here (WebAssembly has "
            "none): batches are made when they are asked for",
            RuntimeWarning,
            stacklevel=2,
        )
        yield from items
        return
    # A loop that is left open must not keep the program from ending.
    atexit.register(stop)
    try:
        while True:
            kind, item = ready.get()
            if kind == "end":
                return
            if kind == "error":
                item.add_note("(raised while reading ahead, in the thread of prefetch)")
                raise item
            room.release()
            yield item
    finally:
        item = None  # an error holds this frame, which would hold the error
        stop()
        atexit.unregister(stop)
