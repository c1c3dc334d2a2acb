"""Arrays whose every use is noted, and a NumPy that makes such arrays; both for one thread.

A fast form makes scratch memory with `np.empty` and asks `type(x) is np.ndarray`. So that nothing
of it is missed, the packages' own name `np` stands for another namespace while a step is recorded:
its functions make arrays that are noted, and its `ndarray` is their class. NumPy itself is not
touched, and in other threads the namespace is NumPy.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from neural_net_core.context import context
from neural_net_core.numpy_calls.recorded_array import RecordedArray
from neural_net_utils.replay.pure import OURS

__all__ = ["MAKERS", "Namespace", "TracedArray", "in_namespace"]


class _Kind(type):
    """Of `TracedArray`: while it stands in the place of `np.ndarray`, plain arrays are its."""

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, np.ndarray)


class TracedArray(RecordedArray, metaclass=_Kind):
    """A view of an array whose use is noted; what hands its numbers to Python is noted, too."""

    def __new__(cls, *args: Any, **options: Any) -> Any:
        buffer = options.get("buffer", args[2] if len(args) > 2 else None)
        array = np.ndarray(*args, **options)
        if type(buffer) is TracedArray and buffer.recorder is not None:
            return buffer.recorder.wrapped(array)
        return array

    # Whether this is a number of NumPy's in the step as it is written, such as a sum is.
    number = False

    def __bool__(self) -> bool:
        return bool(self.recorder.answer(bool, self))

    def __int__(self) -> int:
        return int(self.recorder.answer(int, self))

    def __float__(self) -> float:
        return float(self.recorder.answer(float, self))

    def __complex__(self) -> complex:
        return complex(self.recorder.answer(complex, self))

    def __index__(self) -> int:
        return int(self.recorder.answer(int, self))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, x: object) -> bool:
        return bool((self == x).any())

    def item(self, *args: Any) -> Any:
        return self.recorder.answer(np.ndarray.item, self, *args)

    def tolist(self) -> Any:
        return self.recorder.answer(np.ndarray.tolist, self)

    def tobytes(self, order: Any = "C") -> bytes:
        return bytes(self.recorder.answer(np.ndarray.tobytes, self, order))

    def __bytes__(self) -> bytes:
        return self.tobytes()

    def __format__(self, spec: str) -> str:
        return str(self.recorder.answer(np.ndarray.__format__, self, spec))

    def __repr__(self) -> str:
        return str(self.recorder.answer(np.ndarray.__repr__, self))

    def __str__(self) -> str:
        return str(self.recorder.answer(np.ndarray.__str__, self))


def _unseen(name: str, known: tuple[str, ...] = ("neural_net_core",)) -> Any:
    def get(self: TracedArray) -> Any:
        asks = sys._getframe(1).f_globals.get("__name__", "")
        if asks.partition(".")[0] not in known:  # which asks whether it is a Tensor
            self.recorder.refuse_use(name)
        return getattr(self.view(np.ndarray), name)

    return property(get, doc=f"NumPy's `{name}`, whose use is not seen.")


def _in_place(name: str) -> Any:
    writes = getattr(np.ndarray, f"__i{name}__")
    makes = getattr(np.ndarray, f"__{name}__")

    def apply(self: TracedArray, other: Any) -> Any:
        # A number cannot be changed: x += 1 lets x stand for another one.
        return (makes if self.number else writes)(self, other)

    return apply


for _name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor",
    "lshift", "rshift",
):  # fmt: skip
    setattr(TracedArray, f"__i{_name}__", _in_place(_name))

for _name in (
    "flat", "base", "ctypes", "__array__", "__array_interface__", "__array_struct__",
    "__array_namespace__", "__dlpack__", "data", "resize", "byteswap", "getfield", "setfield",
    "dump", "dumps", "tofile", "setflags", "__copy__", "__deepcopy__", "__reduce__",
    "__reduce_ex__",
):  # fmt: skip
    setattr(TracedArray, _name, _unseen(_name))

# What is not the same for all arrays of one shape and layout, as whether they can be written.
TracedArray.flags = _unseen("flags", (*OURS, "numpy"))  # type: ignore[method-assign]


# Functions of NumPy that make arrays, or take what is none, without asking their arguments.
MAKERS = (
    "empty", "zeros", "ones", "full", "arange", "array", "asarray", "asanyarray",
    "ascontiguousarray", "asfortranarray", "eye", "identity", "tri", "linspace", "frombuffer",
    "fromiter", "indices", "meshgrid",
)  # fmt: skip


# Functions that ask arrays, and of Python's numbers make one without asking anybody.
_OF_NUMBERS = ("reshape",)


class Namespace:
    """NumPy, but that in one thread its arrays are noted.

    Args:
        recorder: Who notes; it has a method `made_by(function, args, options)`.
    """

    def __init__(self, recorder: Any) -> None:
        self._thread = threading.get_ident()
        self._makers: dict[str, Callable[..., Any]] = {}
        for name in (*MAKERS, *_OF_NUMBERS):
            self._makers[name] = self._maker(getattr(np, name), recorder)

    @staticmethod
    def _maker(function: Callable[..., Any], recorder: Any) -> Callable[..., Any]:
        def make(*args: Any, **options: Any) -> Any:
            return recorder.made_by(function, args, options)

        return make

    def __getattr__(self, name: str) -> Any:
        if threading.get_ident() == self._thread:
            if name == "ndarray":
                return TracedArray
            if (maker := self._makers.get(name)) is not None:
                return maker
        return getattr(np, name)


@context
def in_namespace(namespace: Namespace, spaces: Iterable[dict[str, Any]] = ()) -> Iterator[None]:
    """Let names that stand for NumPy stand for a namespace.

    Args:
        namespace: The namespace.
        spaces: The global names of further functions, beside those of the packages.
    """
    ours = [
        vars(module)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in OURS and not name.startswith(_NOT_IN)
    ]
    unique = {id(space): space for space in (*ours, *spaces)}.values()
    names = [(space, name) for space in unique for name, x in space.items() if x is np]
    try:
        for space, name in names:
            space[name] = namespace
        yield
    finally:
        for space, name in names:
            space[name] = np


# What notes and what runs again stays with NumPy.
_NOT_IN = ("neural_net_utils.replay", "neural_net_core.numpy_calls")
