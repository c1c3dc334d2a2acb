"""Runs NumPy's calls on plain arrays and tells of each: what it took, what it made."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.indices import as_view, is_basic
from neural_net_core.numpy_calls.numpy_call import NumpyCall, Operand, is_same, operands
from neural_net_core.numpy_calls.recorded_array import RecordedArray, nested, plain

__all__ = ["Recorder", "ViewKind"]

ViewKind = Literal["method", "attribute", "getitem"]


class Recorder:
    """Whom recorded arrays tell what is done with them.

    A subclass writes `note`, and decides what else is known of the arrays.

    Attributes:
        open: Whether calls are still noted.
    """

    def __init__(self) -> None:
        self.open = True

    def note(self, call: NumpyCall, before: Any) -> None:
        """Take in a call that has been made.

        Args:
            call: The call.
            before: What `before` has returned for it.
        """
        raise NotImplementedError

    def before(self, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        """Look around before a call is made.

        Returns:
            The arguments as they are to be noted, and what `note` is to know.
        """
        return args, None

    def value_of(self, x: Any) -> Any:
        """Return which operand an array is."""
        known = x.value if isinstance(x, RecordedArray) else None
        return Operand(plain(x)) if known is None else known

    def made(self, array: Array, parent: Any) -> Any:
        """Return an array that a call has returned, in a parent's memory or None's, as operand."""
        return Operand(array, parent)

    def view_of(
        self,
        parent: Any,
        view: Array,
        kind: ViewKind,
        name: Any,
        args: Any,
        options: Mapping[str, Any],
    ) -> Any:
        """Return a view as operand.

        Args:
            parent: The operand that it is a view of.
            view: The view.
            kind: How it was made.
            name: The method or attribute; or the index.
            args: The method's arguments.
            options: Its arguments by name.
        """
        return Operand(view, parent)

    def recorded(self, array: Array, value: Any) -> RecordedArray:
        """Return a plain array as one whose use is noted here."""
        view = array.view(RecordedArray)
        view.recorder, view.value = self, value
        return view

    # What NumPy is asked to do -----------------------------------------------------------------

    def ufunc(self, ufunc: Any, method: str, inputs: tuple[Any, ...], options: Any) -> Any:
        """Run a universal function, such as np.exp, or a method of one, such as np.add.reduce."""
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        out = options.get("out", (None,))[0]
        target = inputs[0] if method == "at" else out
        return self._call("ufunc", name, inputs, options, getattr(ufunc, method), target)

    def function(self, function: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run another function of NumPy, such as np.where."""
        return self._call(
            "function", _name_of(function), args, options, function, options.get("out")
        )

    def method(self, name: str, of: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run a method of an array."""
        array = plain(of)
        result = getattr(array, name)(*plain(args), **plain(options))
        is_view = isinstance(result, np.ndarray) and np.may_share_memory(result, array)
        if is_view and options.get("out") is None:
            if name == "astype":
                return of
            return self._viewed(of, result, "method", name, args, options)
        out = options.get("out")
        return self._call("method", name, (of, *args), options, lambda *_, **__: result, out)

    def attribute(self, of: Any, name: str) -> Any:
        """Return a view that an array has as an attribute."""
        return self._viewed(of, getattr(plain(of), name), "attribute", name)

    def getitem(self, of: Any, key: Any) -> Any:
        """Return a part of an array: a view, or a copy of chosen elements."""
        array = plain(of)
        result = array[plain(key)]
        if is_basic(key):
            whole = result if isinstance(result, np.ndarray) else array[as_view(key)]
            return self._viewed(of, whole, "getitem", key)
        return self._call("getitem", "", (of, key), {}, lambda *_: result)

    def setitem(self, of: Any, key: Any, new: Any) -> None:
        """Write into a part of an array."""
        array, place = plain(of), plain(key)
        if is_basic(key) and is_same(array[as_view(key)], plain(new)):
            return  # Python's x[i] += y: the sum stands there already
        written = array[place].size * array.itemsize
        self._call("setitem", "", (key, new), {}, lambda k, x: array.__setitem__(k, x), of, written)

    def read(self, of: Any) -> Any:
        """Return the only element as a Python number, with which Python may compute on."""
        number = plain(of).item()
        if isinstance(number, float):
            self._call("read", "float", (of,), {"number": number}, lambda *_, **__: None)
        return number

    # Notes --------------------------------------------------------------------------------------

    def _viewed(
        self, of: Any, view: Array, kind: ViewKind, name: Any, args: Any = (), options: Any = None
    ) -> Any:
        if not self.open:
            return view
        parent = self.value_of(of)
        if is_same(view, parent.array):
            return self.recorded(view, parent)
        return self.recorded(view, self.view_of(parent, view, kind, name, args, options or {}))

    def _call(
        self,
        kind: str,
        name: str,
        args: tuple[Any, ...],
        options: dict[str, Any],
        function: Callable[..., Any],
        target: Any = None,
        written: int = 0,
    ) -> Any:
        """Run a function, note the call, and return its result as recorded arrays.

        Args:
            kind: See `NumpyCall`.
            name: See `NumpyCall`.
            args: The arguments.
            options: The arguments by name.
            function: What is run with plain arrays.
            target: The array that it writes into, if that is known beforehand.
            written: How many bytes of the target it writes, if not all.
        """
        if not self.open:
            return function(*plain(args), **plain(options))
        # Before the function runs, which may write into an array that is met for the first time.
        named, before = self.before(args)
        taken = self._taken(named)
        taken_by_name = self._taken({k: x for k, x in options.items() if k != "out"})
        writes = None if target is None else self.value_of(target)
        result = function(*plain(args), **plain(options))
        many = isinstance(result, tuple | list)
        parts = result if many else (result,)
        made: tuple[Any, ...] = ()
        if writes is None and any(isinstance(x, _ARRAYS) for x in parts):
            made = tuple(self._made(x, operands((taken, taken_by_name))) for x in parts)
        elif writes is None and result is None and kind != "read":
            writes = taken[0]  # such as np.copyto, or the method sort
        elif writes is None and kind != "read":
            return result  # a shape, a dtype, an answer
        is_out = options.get("out") is not None
        call = NumpyCall(kind, name, taken, taken_by_name, made, writes, many, written, is_out)
        self.note(call, before)
        if target is not None:
            return target
        wrapped = [self.recorded(value.array, value) for value in made]
        if many:
            return type(result)(*wrapped) if hasattr(result, "_fields") else type(result)(wrapped)
        return wrapped[0] if wrapped else None

    def _made(self, x: Any, taken: list[Any]) -> Any:
        """Take in what a call has returned: new memory, or a view of what it was given."""
        array = x if isinstance(x, np.ndarray) else np.asarray(x)
        for other in taken:
            if array.size and np.may_share_memory(array, other.root.array):
                return self.made(array, other)
        return self.made(array, None)

    def _taken(self, x: Any) -> Any:
        """Return arguments with operands in place of arrays."""
        return nested(lambda y: self.value_of(y) if isinstance(y, np.ndarray) else y, x)


_ARRAYS = (np.ndarray, np.generic)


def _name_of(function: Any) -> str:
    """Return how a function of NumPy is written where NumPy is called np."""
    name = function.__name__
    if getattr(np, name, None) is function:
        return f"np.{name}"
    return f"{function.__module__.replace('numpy', 'np', 1)}.{name}"
