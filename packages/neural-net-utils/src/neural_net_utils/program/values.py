"""The arrays of a program, recognized by where they lie in memory."""

from typing import Any, Literal

import numpy as np

from neural_net_core import Tensor
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.numpy_call import Operand, place_in_memory
from neural_net_core.numpy_calls.recorded_array import RecordedArray
from neural_net_utils.program.literals import literal_of, number

__all__ = ["GIVEN", "Role", "Value", "Values"]

# What a program does not compute itself: the arguments of the step, what the model and the
# optimizer hold, and memory that no recorded call wrote.
GIVEN = ("input", "parameter", "buffer", "state", "gradient", "unseen")
Role = Literal[
    "input", "parameter", "buffer", "state", "gradient", "unseen", "literal", "made", "view"
]


class Value(Operand):
    """An array of the program.

    Attributes:
        role: One of `GIVEN`; "literal", if its numbers can be written down; "made", by a call; or
            "view" of another.
        text: A literal, or how a view is written, with {} for its parent.
        start: What a given array held when the step began.
        is_followed: Whether a recorded call has written it, so that it may differ from `start`.
        name: What the program calls it, once that is decided.
        wishes: What it could be called, by the kind of name: "role", "user", "op", "local", "call".
        of: To which other value it belongs, as its gradient or as an optimizer's state for it.
        prefix: What is put before that value's name: "d", or the name of the state.
    """

    __slots__ = ("is_followed", "name", "of", "prefix", "role", "start", "text", "wishes")

    def __init__(self, role: Role, array: Array, parent: "Value | None" = None, text: str = ""):
        super().__init__(array, parent)
        self.role, self.text = role, text
        self.start: Array | None = None
        if role == "literal" or role in GIVEN:
            self.start = array.copy("K")
        self.is_followed = False
        self.name = ""
        self.wishes: dict[str, str] = {}
        self.of: Value | None = None
        self.prefix = ""

    def belong(self, prefix: str, of: "Value") -> None:
        """Be called after another value from now on."""
        self.prefix, self.of = prefix, of

    @property
    def whole(self) -> "Value":
        """The value whose memory this is, if this has all its elements; else this one."""
        root: Value = self.root
        return root if root.size == self.size else self


class Values:
    """All arrays that a recording has met, in the order in which it met them."""

    def __init__(self) -> None:
        self.all: list[Value] = []
        self._exact: dict[Any, Value] = {}
        self._owners: list[tuple[int, int, Value]] = []

    def add(self, role: Role, array: Array, parent: Value | None = None, text: str = "") -> Value:
        """Take in an array and return it as a value."""
        value = Value(role, array, parent, text)
        self.all.append(value)
        if array.size:
            if parent is not None:
                self._exact.setdefault(place_in_memory(array), value)
            else:
                self._exact[place_in_memory(array)] = value
                self._owners.append((*np.lib.array_utils.byte_bounds(array), value))
        return value

    def known(self, array: Array) -> Value | None:
        """Return the value that lies exactly where an array does."""
        return self._exact.get(place_in_memory(array)) if array.size else None

    def met(self, x: Any) -> Value | None:
        """Return the value that a Tensor or an array is, or None if that is not known."""
        array = x.data if isinstance(x, Tensor) else x
        if isinstance(array, RecordedArray) and array.value is not None:
            value: Value = array.value
            return value
        return self.known(array) if isinstance(array, np.ndarray) else None

    def of(self, array: Array) -> Value:
        """Return the value that an array is: itself known, in known memory, or an unknown one."""
        known = self.known(array)
        if known is not None and not _was_rewritten(known, array):
            return known
        owner = self._owner(array) if known is None else None
        if owner is not None:
            return self.add("view", array, owner, _as_strided(array, owner.array))
        text = literal_of(array)
        return self.add("literal", array, None, text) if text else self.add("unseen", array)

    def _owner(self, array: Array) -> Value | None:
        if not array.size:
            return None
        low, high = np.lib.array_utils.byte_bounds(array)
        for start, stop, value in reversed(self._owners):
            if start <= low and high <= stop:
                return value
        return None


def _was_rewritten(known: Value, array: Array) -> bool:
    """Tell whether memory of somebody else's holds other numbers than when it was first met."""
    if known.is_followed or known.start is None or known.role not in ("unseen", "literal"):
        return False
    return known.start.tobytes() != array.tobytes()


def _as_strided(array: Array, owner: Array) -> str:
    """Return how a part of another array's memory is written, whatever part it is."""
    if array.shape == owner.shape[::-1] and array.strides == owner.strides[::-1]:
        return "{}.T"
    if array.flags.c_contiguous and owner.flags.c_contiguous and array.size == owner.size:
        return f"{{}}.reshape{array.shape}"
    start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return f"np.ndarray({array.shape}, {number(array.dtype)}, {{}}, {start}, {array.strides})"
