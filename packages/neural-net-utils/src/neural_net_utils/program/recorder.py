"""Runs NumPy's calls on plain arrays and notes each: what it took, what it made, where it was."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from neural_net_core import Op
from neural_net_core.dtypes import Array
from neural_net_utils.program.calls import (
    Call,
    Number,
    Section,
    floats_of,
    operands,
    place_of,
    wish_names,
)
from neural_net_utils.program.indexing import (
    arguments_text,
    as_view,
    index_text,
    is_basic,
    is_same,
    name_of,
)
from neural_net_utils.program.recorded_array import RecordedArray, nested, plain
from neural_net_utils.program.values import Value, Values

__all__ = ["Recorder"]


class Recorder:
    """The calls of NumPy that a step has made so far.

    Attributes:
        calls: The calls, in order.
        values: The arrays that they met.
        outputs: For each operation the values that it returned.
        open: Whether calls are still noted.
        updated: The parameter that an optimizer is at.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.values = Values()
        self.outputs: dict[Op, list[Value]] = {}
        self.open = True
        self.updated: Value | None = None
        self._section: Section = "forward"

    def module(self) -> str:
        """Return the module that is running, with its path, such as "0 Dense"."""
        return ""

    def recorded(self, array: Array, value: Value | None) -> RecordedArray:
        """Return a plain array as one whose use is noted here."""
        view = array.view(RecordedArray)
        view.recorder, view.value = self, value
        return view

    def value_of(self, x: Any) -> Value:
        """Return which value an array is."""
        known = x.value if isinstance(x, RecordedArray) else None
        return known if known is not None else self.values.of(plain(x))

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
            "function", name_of(function), args, options, function, options.get("out")
        )

    def method(self, name: str, of: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run a method of an array."""
        array = plain(of)
        result = getattr(array, name)(*plain(args), **plain(options))
        is_view = isinstance(result, np.ndarray) and np.may_share_memory(result, array)
        if is_view and options.get("out") is None:
            if name == "astype":
                return of
            return self._viewed(of, result, f".{name}({arguments_text(args, options)})")
        out = options.get("out")
        return self._call("method", name, (of, *args), options, lambda *_, **__: result, out)

    def attribute(self, of: Any, name: str) -> Any:
        """Return a view that an array has as an attribute."""
        return self._viewed(of, getattr(plain(of), name), f".{name}")

    def getitem(self, of: Any, key: Any) -> Any:
        """Return a part of an array: a view, or a copy of chosen elements."""
        array = plain(of)
        result = array[plain(key)]
        if is_basic(key):
            whole = result if isinstance(result, np.ndarray) else array[as_view(key)]
            return self._viewed(of, whole, f"[{index_text(key)}]")
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

    def _viewed(self, of: Any, view: Array, text: str) -> Any:
        if not self.open:
            return view
        parent = self.value_of(of)
        if is_same(view, parent.array):
            return self.recorded(view, parent)
        known = self.values.known(view)
        if known is None or known.root is not parent.root or known.role != "view":
            known = self.values.add("view", view, parent, "{}" + text)
        return self.recorded(view, known)

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
            kind: See `Call`.
            name: See `Call`.
            args: The arguments.
            options: The arguments by name.
            function: What is run with plain arrays.
            target: The array that it writes into, if that is known beforehand.
            written: How many bytes of the target it writes, if not all.
        """
        if not self.open:
            return function(*plain(args), **plain(options))
        place, frames = place_of(self._section)
        # Before the function runs, which may write into an array that is met for the first time.
        floats = floats_of(frames[0])
        named = tuple(Number(floats[id(x)], x) if id(x) in floats else x for x in args)
        taken = self._taken(named)
        taken_by_name = self._taken({k: x for k, x in options.items() if k != "out"})
        writes = None if target is None else self.value_of(target)
        wish_names(frames, self.outputs, self.values)
        result = function(*plain(args), **plain(options))
        many = isinstance(result, tuple | list)
        parts = result if many else (result,)
        made: tuple[Value, ...] = ()
        if writes is None and any(isinstance(x, _ARRAYS) for x in parts):
            made = tuple(self._made(x, operands((taken, taken_by_name))) for x in parts)
        elif writes is None and result is None and kind != "read":
            writes = taken[0]  # such as np.copyto, or the method sort
        elif writes is None and kind != "read":
            return result  # a shape, a dtype, an answer
        if writes is not None:
            writes.root.is_followed = True
            if place.op is None and writes.root.role in ("parameter", "state"):
                place = replace(place, section="update")
        self._section = place.section
        if place.section == "update":
            place = replace(place, updated=self.updated)
        elif not place.who:
            place = replace(place, who=self.module())
        is_out = options.get("out") is not None
        self.calls.append(
            Call(kind, name, taken, taken_by_name, made, writes, place, many, written, is_out)
        )
        if target is not None:
            return target
        wrapped = [self.recorded(value.array, value) for value in made]
        if many:
            return type(result)(*wrapped) if hasattr(result, "_fields") else type(result)(wrapped)
        return wrapped[0] if wrapped else None

    def _made(self, x: Any, taken: list[Value]) -> Value:
        """Take in what a call has returned: new memory, or a view of what it was given."""
        array = x if isinstance(x, np.ndarray) else np.asarray(x)
        for other in taken:
            if array.size and np.may_share_memory(array, other.root.array):
                return self.values.add("made", array, other)
        return self.values.add("made", array)

    def _taken(self, x: Any) -> Any:
        """Return arguments with values in place of arrays."""
        return nested(lambda y: self.value_of(y) if isinstance(y, np.ndarray) else y, x)


_ARRAYS = (np.ndarray, np.generic)
