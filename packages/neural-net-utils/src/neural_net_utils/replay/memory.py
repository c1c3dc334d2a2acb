"""Which memory belongs to what: recognized by address, as long as all of it is held."""

import bisect
from typing import Any, Literal

import numpy as np

from neural_net_core.dtypes import Array

__all__ = ["Memory", "Owner", "Role"]

# "given": it stays where it is, such as a parameter. "input": an argument of the step. "made": by a
# recorded call. "met": somebody's constant, such as a table that a layer keeps.
Role = Literal["given", "input", "made", "met"]


class Owner:
    """A stretch of memory.

    Attributes:
        array: The array that it is.
        role: What it is.
        start: The address of its first byte.
        stop: The address after its last byte.
        number: In which order it was met.
    """

    __slots__ = ("array", "content", "number", "role", "start", "stop")

    def __init__(self, array: Array, role: Role, number: int) -> None:
        self.array, self.role, self.number = array, role, number
        self.start, self.stop = bounds(array)
        self.content = array.tobytes() if role == "met" else b""


def bounds(array: Array) -> tuple[int, int]:
    """Return the addresses of the first byte of an array and of the one after its last."""
    return np.lib.array_utils.byte_bounds(array)


class Memory:
    """The memory that a step has met."""

    def __init__(self) -> None:
        self.owners: list[Owner] = []
        self._starts: list[int] = []
        self._sorted: list[Owner] = []
        self._empty: list[Any] = []  # arrays without an element lie nowhere

    def give(self, array: Array, role: Role = "given") -> Owner:
        """Take in memory that exists before the step."""
        return self.owner(array) or self._add(array, role)

    def make(self, array: Array) -> None:
        """Take in memory that a call has made."""
        if array.size:
            self._add(array, "made")

    def meet(self, array: Array) -> None:
        """Take in memory that was made unseen, if it is not known."""
        if array.size and self.owner(array) is None:
            self._add(array, "met")

    def knows(self, array: Array) -> bool:
        """Tell whether an array lies in known memory."""
        return not array.size or self.owner(array) is not None

    def owner(self, array: Array) -> Owner | None:
        """Return in whose memory an array lies."""
        if not array.size:
            return None
        low, high = bounds(array)
        i = bisect.bisect_right(self._starts, low) - 1
        while i >= 0:
            owner = self._sorted[i]
            if owner.start <= low and high <= owner.stop:
                return owner
            if owner.role != "given":
                break
            i -= 1  # what is given may lie within something else that is given
            if i < 0 or low - self._starts[i] > 1 << 32:
                break
        return None

    def _add(self, array: Array, role: Role) -> Owner:
        owner = Owner(array, role, len(self.owners))
        self.owners.append(owner)
        i = bisect.bisect_right(self._starts, owner.start)
        self._starts.insert(i, owner.start)
        self._sorted.insert(i, owner)
        return owner
