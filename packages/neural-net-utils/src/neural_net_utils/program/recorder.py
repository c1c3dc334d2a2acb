"""Runs NumPy's calls on plain arrays and notes each: what it took, what it made, where it was."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neural_net_core import Buffer, Module, Op, Parameter, Tensor, observing
from neural_net_core.dtypes import Array
from neural_net_utils.program.calls import Call, Number, called, operands, place_of, wish_names
from neural_net_utils.program.indexing import (
    arguments_text,
    as_view,
    index_text,
    is_basic,
    is_same,
    name_of,
)
from neural_net_utils.program.recorded_array import RecordedArray, plain
from neural_net_utils.program.values import Value, Values

__all__ = ["Recorder"]


class Recorder:
    """What a step did, while it runs.

    Attributes:
        calls: The calls so far.
        values: The arrays that they met.
        paths: For each operation the module it ran in, such as "0 Dense".
        outputs: For each operation the values that it returned.
        models: The outermost modules that ran, with the variables that hold them.
        held: Their parameters and buffers, and what optimizers changed, by identity.
        open: Whether the step is still running.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.values = Values()
        self.paths: dict[Op, str] = {}
        self.outputs: dict[Op, list[Value]] = {}
        self.models: dict[Module, str] = {}
        self.held: dict[int, Tensor] = {}
        self.open = True
        self._running: list[Op] = []
        self._section = "forward"
        self._updated: Value | None = None

    # What core and optim hand out --------------------------------------------------------------

    def given(self, role: str, array: Array, name: str) -> RecordedArray:
        """Take in an array that is there when the step begins."""
        array = plain(array)
        value = self.values.known(array)
        if value is None:
            value = self.values.add(role, array)
            value.wishes["role"] = name
        return self.recorded(array, value)

    def hand_out(self, by: Any, of: tuple[Any, ...], arrays: Sequence[Any]) -> Sequence[Any]:
        """Return the arrays of an operation, an update or a running average as recorded ones."""
        self._meet_modules(observing.modules())
        for tensor in of:
            if isinstance(tensor, Parameter | Buffer) and id(tensor) not in self.held:
                self._hold(tensor, tensor.name if isinstance(tensor, Parameter) else None)
        if isinstance(by, Op):
            self._running.append(by)
        elif by is not None:
            parameter, *state = of
            self._meet_update(parameter, state, arrays)
        return [self._seen(x) for x in arrays]

    def told(
        self,
        op: type[Op],
        config: Mapping[str, Any],
        inputs: tuple[Any, ...],
        result: Any,
        modules: tuple[Any, ...],
    ) -> None:
        """Note what an operation has returned."""
        node = self._running.pop()
        self.paths[node] = path_of(modules)
        tensors = result if isinstance(result, tuple) else (result,)
        self.outputs[node] = [self.value_of(tensor.data) for tensor in tensors]
        for name, held in vars(node).items():
            if isinstance(held, RecordedArray) and held.value is not None:
                held.value.wishes.setdefault("local", name.strip("_"))
            elif isinstance(held, np.ndarray) and (value := self.values.known(held)) is not None:
                value.wishes.setdefault("local", name.strip("_"))

    def _meet_modules(self, modules: tuple[Module, ...]) -> None:
        if modules and modules[0] not in self.models:
            self.models[modules[0]] = called(modules[0])
            for name, tensor in (*modules[0].named_parameters(), *modules[0].named_buffers()):
                self._hold(tensor, name)

    def _hold(self, tensor: Any, name: str | None) -> None:
        role = "parameter" if isinstance(tensor, Parameter) else "buffer"
        self.held[id(tensor)] = tensor
        self.given(role, tensor.data, name or called(tensor) or role)

    def _meet_update(self, parameter: Parameter, state: list[str], arrays: Sequence[Any]) -> None:
        """Learn what an optimizer's arrays are: values, gradient and state of a parameter."""
        p, g, *rest = arrays
        self.given("parameter", p, parameter.name or "parameter")
        self._updated = value = self.value_of(p)
        self.gradient(value, g)
        for name, array in zip(state, rest, strict=True):
            self.given("state", array, name)
            self.value_of(array).belong(name, value)

    def gradient(self, of: Value, array: Any) -> None:
        """Learn that an array is the gradient of a value."""
        value = self.value_of(array)
        if value.size == value.root.size:
            value = value.root
        if value.role == "made":
            value.belong("d", of)

    def _seen(self, x: Any) -> Any:
        if isinstance(x, RecordedArray) or not isinstance(x, np.ndarray):
            return x
        return self.recorded(x, self.values.of(x))

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
        result = getattr(ufunc, method)(*plain(inputs), **plain(options))
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        out = options.get("out")
        if method == "at":
            return self._note("ufunc", name, inputs, options, None, inputs[0])
        if out is None:
            return self._note("ufunc", name, inputs, options, result)
        rest = {key: value for key, value in options.items() if key != "out"}
        self._note("ufunc", name, inputs, rest, None, out[0])
        return out[0]

    def function(self, function: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run another function of NumPy, such as np.where."""
        result = function(*plain(args), **plain(options))
        name = name_of(function)
        out = options.get("out")
        if out is not None:
            rest = {key: value for key, value in options.items() if key != "out"}
            self._note("function", name, args, rest, None, out)
            return out
        if result is None:
            return self._note("function", name, args, options, None, args[0])
        return self._note("function", name, args, options, result)

    def method(self, name: str, of: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run a method of an array."""
        array = plain(of)
        result = getattr(array, name)(*plain(args), **plain(options))
        if result is None:
            return self._note("method", name, (of, *args), options, None, of)
        if name == "astype" and np.may_share_memory(result, array):
            return of
        if self.open and isinstance(result, np.ndarray) and np.may_share_memory(result, array):
            return self._viewed(of, result, f".{name}({arguments_text(args, options)})")
        return self._note("method", name, (of, *args), options, result)

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
        return self._note("getitem", "", (of, key), {}, result)

    def setitem(self, of: Any, key: Any, new: Any) -> None:
        """Write into a part of an array."""
        array, place = plain(of), plain(key)
        if is_basic(key) and is_same(array[as_view(key)], plain(new)):
            return  # Python's x[i] += y: the sum stands there already
        array[place] = plain(new)
        written = array[place].size * array.itemsize
        self._note("setitem", "", (key, new), {}, None, of, written)

    def read(self, of: Any) -> Any:
        """Return the only element as a Python number, with which Python may compute on."""
        number = plain(of).item()
        if self.open and isinstance(number, float):
            self._note("read", "float", (of,), {"number": number}, None)
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

    def _note(
        self,
        kind: str,
        name: str,
        args: tuple[Any, ...],
        options: Mapping[str, Any],
        result: Any,
        target: Any = None,
        written: int = 0,
    ) -> Any:
        """Note a call and return its result with recorded arrays in place of plain ones."""
        if not self.open:
            return result
        parts = result if isinstance(result, tuple | list) else (result,)
        if target is None and kind != "read" and not any(isinstance(x, _ARRAYS) for x in parts):
            return result
        place, frames = place_of(self._section)
        wish_names(frames, self.outputs)
        floats = {id(x): n for n, x in frames[0].f_locals.items() if type(x) is float}
        named = tuple(Number(floats[id(x)], x) if id(x) in floats else x for x in args)
        positional, by_name = self._taken(named), self._taken(dict(options))
        made: tuple[Value, ...] = ()
        if target is None and kind != "read":
            made = tuple(self._made(x, operands((positional, by_name))) for x in parts)
        writes = None if target is None else self.value_of(target)
        many = isinstance(result, tuple | list)
        if writes is not None and place.op is None and writes.root.role in ("parameter", "state"):
            place = replace(place, section="update")
        self._section = place.section
        if place.section == "update":
            place = replace(place, updated=self._updated)
        elif not place.who:
            place = replace(place, who=path_of(observing.modules()))
        call = Call(kind, name, positional, by_name, made, writes, place, many, written)
        self.calls.append(call)
        wrapped = [self.recorded(value.array, value) for value in made]
        return (
            type(result)(wrapped)
            if isinstance(result, tuple | list)
            else (wrapped[0] if wrapped else None)
        )

    def _made(self, x: Any, taken: list[Value]) -> Value:
        """Take in what a call has returned: new memory, or a view of what it was given."""
        array = x if isinstance(x, np.ndarray) else np.asarray(x)
        for other in taken:
            if array.size and np.may_share_memory(array, other.root.array):
                return self.values.add("made", array, other)
        return self.values.add("made", array)

    def _taken(self, x: Any) -> Any:
        """Return arguments with values in place of arrays."""
        if isinstance(x, np.ndarray):
            return self.value_of(x)
        if isinstance(x, tuple | list):
            return type(x)(map(self._taken, x))
        if isinstance(x, dict):
            return {name: self._taken(part) for name, part in x.items()}
        if isinstance(x, slice):
            return slice(self._taken(x.start), self._taken(x.stop), self._taken(x.step))
        return x


_ARRAYS = (np.ndarray, np.generic)


def path_of(modules: tuple[Any, ...]) -> str:
    """Return the innermost module's name and class."""
    if not modules:
        return ""
    outer, inner = modules[0], modules[-1]
    name = next((path for path, part in outer.named_modules() if part is inner), "")
    return f"{name} {type(inner).__name__}".strip()
