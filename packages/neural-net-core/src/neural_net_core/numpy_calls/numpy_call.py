"""One call of NumPy, and the arrays that it met, told by shape and by where they lie in memory."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array, DType

__all__ = ["NumpyCall", "Operand", "is_same", "operands", "place_in_memory"]


class Operand:
    """An array that a call takes or makes.

    Attributes:
        shape: Its shape.
        dtype: Its dtype.
        nbytes: How much memory it takes; elements that are only repeated count once.
        array: The array itself, which keeps its address taken.
        parent: In whose memory it lies, if it is not its own.
    """

    __slots__ = ("array", "dtype", "nbytes", "parent", "shape")

    def __init__(self, array: Array, parent: Any = None) -> None:
        self.array, self.parent = array, parent
        self.shape: tuple[int, ...] = array.shape
        self.dtype: DType = array.dtype
        once = [n for n, stride in zip(array.shape, array.strides, strict=True) if stride or not n]
        self.nbytes = math.prod(once) * array.itemsize

    @property
    def root(self) -> Any:
        """The operand whose memory this is."""
        operand: Any = self
        while operand.parent is not None:
            operand = operand.parent
        return operand

    @property
    def size(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)


@dataclass(eq=False)
class NumpyCall:
    """One call of NumPy.

    Attributes:
        kind: "ufunc", "function", "method", "getitem", "setitem", "read" or "literal".
        name: The function, as it is written: "np.exp", "np.add.reduce", "sum".
        args: Its arguments, with operands in place of arrays.
        options: Its arguments by name.
        results: The operands that it made.
        target: The operand that it wrote into instead.
        many: Whether it returned its results in a tuple or list.
        written: Of a part that was written, its size in bytes.
        out: Whether the target was given as `out`.
    """

    kind: str
    name: str
    args: tuple[Any, ...]
    options: dict[str, Any]
    results: Sequence[Any]
    target: Any = None
    many: bool = False
    written: int = 0
    out: bool = False

    @property
    def taken(self) -> list[Any]:
        """All operands among its arguments."""
        return operands((self.args, self.options))

    @property
    def operands(self) -> list[Any]:
        """All operands among its arguments, and the one that it writes into."""
        return self.taken if self.target is None else [*self.taken, self.target]


def operands(x: Any) -> list[Any]:
    """Return the operands in nested arguments."""
    if isinstance(x, Operand):
        return [x]
    if isinstance(x, dict):
        x = tuple(x.values())
    if isinstance(x, slice):
        x = (x.start, x.stop, x.step)
    return [found for part in x for found in operands(part)] if isinstance(x, tuple | list) else []


def place_in_memory(array: Array) -> Any:
    """Return what tells an array from all others that exist at the same time."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def is_same(a: Any, b: Any) -> bool:
    """Tell whether two arrays are the same elements in the same memory."""
    return isinstance(b, np.ndarray) and bool(a.size) and place_in_memory(a) == place_in_memory(b)
