"""An array that tells what is done with it: every NumPy call on it goes through a recorder.

It is a subclass of NumPy's array, so that whoever asks for an array takes it, and lies in the
memory of the array that it stands for. Functions and operators come here by NumPy's own protocol,
methods because they are overridden; nothing in NumPy is replaced. What only reads the memory, such
as `np.asarray`, is not seen; what comes of it is recognized by its address.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["RecordedArray", "nested", "plain"]


def plain(x: Any) -> Any:
    """Return plain arrays in place of recorded ones, also in tuples, lists, dicts and slices."""
    return nested(lambda y: y.view(np.ndarray) if isinstance(y, RecordedArray) else y, x)


def nested(of: Callable[[Any], Any], x: Any) -> Any:
    """Return x with `of` called on all that stands in its tuples, lists, dicts and slices."""
    if isinstance(x, tuple | list):
        return type(x)(nested(of, part) for part in x)
    if isinstance(x, dict):
        return {name: nested(of, part) for name, part in x.items()}
    if isinstance(x, slice):
        return slice(*(nested(of, end) for end in (x.start, x.stop, x.step)))
    return of(x)


class RecordedArray(np.ndarray[Any, Any]):
    """A view of an array whose use is recorded.

    Attributes:
        recorder: Who is told; None of what was made behind his back.
        value: Which array of the program it is, if that is known.
    """

    # Its operators are those of plain arrays; see `neural_net_core.plain`.
    means_its_values = True
    recorder: Any = None
    value: Any = None

    def __array_finalize__(self, of: Any) -> None:
        self.recorder = getattr(of, "recorder", None)

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **options: Any) -> Any:
        # Another kind of array, such as a Tensor, knows better what to do with this one.
        parts = (*inputs, *options.get("out", ()))
        if any(hasattr(x, "__array_ufunc__") and not isinstance(x, _ARRAYS) for x in parts):
            return NotImplemented
        recorder = next(x.recorder for x in parts if isinstance(x, RecordedArray))
        return recorder.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if not all(issubclass(kind, np.ndarray) for kind in types):
            return NotImplemented
        return self.recorder.function(function, args, options)

    def __getitem__(self, key: Any) -> Any:
        return self.recorder.getitem(self, key)

    def __setitem__(self, key: Any, new: Any) -> None:
        self.recorder.setitem(self, key, new)

    @property
    def T(self) -> Any:  # noqa: N802 (NumPy's name)
        """The array with its axes reversed."""
        return self.recorder.attribute(self, "T")

    @property
    def mT(self) -> Any:  # noqa: N802 (NumPy's name)
        """The array with its last two axes exchanged."""
        return self.recorder.attribute(self, "mT")

    def view(self, *args: Any, **options: Any) -> Any:
        """Return the same memory as another type; as plain array it is no longer recorded."""
        if args == (np.ndarray,) or self.recorder is None:
            return super().view(*args, **options)
        return self.recorder.method("view", self, args, options)

    # What hands an element to Python, which may decide or compute something with it.

    def __float__(self) -> float:
        return float(self.recorder.read(self))

    def __int__(self) -> int:
        return int(plain(self))

    def __bool__(self) -> bool:
        return bool(plain(self))

    def __index__(self) -> int:
        return plain(self).__index__()

    def item(self, *args: Any) -> Any:
        """Return an element as a Python number."""
        return plain(self).item(*args) if args else self.recorder.read(self)

    def __repr__(self) -> str:
        return repr(plain(self))

    def __str__(self) -> str:
        return str(plain(self))


_ARRAYS = (np.ndarray, np.generic)

# fmt: off
METHODS = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip",
    "compress", "conj", "copy", "cumprod", "cumsum", "diagonal", "dot", "fill", "flatten", "max",
    "mean", "min", "nonzero", "partition", "prod", "put", "ravel", "repeat", "reshape", "round",
    "searchsorted", "sort", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose",
    "var",
)
# fmt: on


def _recorded(name: str) -> Any:
    def method(self: RecordedArray, *args: Any, **options: Any) -> Any:
        return self.recorder.method(name, self, args, options)

    method.__name__ = name
    method.__doc__ = f"See NumPy's `ndarray.{name}`."
    return method


for _name in METHODS:
    setattr(RecordedArray, _name, _recorded(_name))
