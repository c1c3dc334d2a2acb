"""Notes the NumPy calls of a step, with their functions and arrays, to be run again."""

import contextlib
import operator
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.indices import as_view, is_basic
from neural_net_core.numpy_calls.numpy_call import is_same
from neural_net_core.numpy_calls.recorded_array import nested, plain
from neural_net_utils.replay.instruction import Instruction, Kind, arrays_in
from neural_net_utils.replay.memory import Memory
from neural_net_utils.replay.pure import OURS
from neural_net_utils.replay.traced_array import TracedArray

__all__ = ["AROUND", "Recorder"]


# NumPy's error setting while a step is recorded, which stands for the one around it, whatever that
# is: what is set otherwise then, was set by the step. "call" is not set by anybody else.
AROUND: Any = "call"


# Functions that ask for nothing but shapes, dtypes and addresses.
_QUIET = frozenset(
    [
        "may_share_memory", "shares_memory", "result_type", "can_cast", "ndim", "shape", "size",
        "min_scalar_type", "broadcast_shapes", "iscomplexobj", "isrealobj", "common_type",
        "byte_bounds",
    ]
)  # fmt: skip
# Makers of arrays whose first argument is what they copy.
_COPYING = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray)
_EMPTY = frozenset(("empty_like",))
_FILLED = {"zeros_like": 0, "ones_like": 1}
# The shape of what they return depends on numbers.
_SHAPED_BY_NUMBERS = frozenset(
    [
        "nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "trim_zeros",
        "union1d", "intersect1d", "setdiff1d", "histogram", "unique_values", "unique_counts",
        "unique_inverse", "bincount",
    ]
)  # fmt: skip
_IN_PLACE = frozenset(["copyto", "put", "putmask", "place", "fill_diagonal", "put_along_axis"])
_WITH_OUT = frozenset(
    [
        "concatenate", "stack", "take", "dot", "einsum", "cumsum", "cumprod", "sum", "mean",
        "max", "min", "amax", "amin", "prod", "any", "all", "argmax", "argmin", "clip",
        "matmul",
    ]
)  # fmt: skip
_METHODS_WITH_OUT = frozenset(
    [
        "sum", "mean", "max", "min", "prod", "cumsum", "cumprod", "take", "clip", "argmax",
        "argmin", "any", "all", "dot",
    ]
)  # fmt: skip
_METHODS_IN_PLACE = frozenset(["fill", "sort", "partition", "put"])


class Recorder:
    """The calls of one step; handed to arrays as the one who is told what is done with them.

    Attributes:
        instructions: The calls, in order.
        memory: Whose memory is whose.
        reasons: Why the step cannot be run again, if it cannot.
        open: Whether calls are noted.
        is_backward: Whether the backward pass has begun.
        side_by_side: What would have run works in several threads, if there were any.
        chosen: From which call on an array must not be written, and by whom.
    """

    def __init__(self, memory: Memory) -> None:
        self.instructions: list[Instruction] = []
        self.memory = memory
        self.reasons: list[str] = []
        self.open = True
        self.is_backward = False
        self.side_by_side: Callable[..., Any] | None = None
        self.chosen: list[tuple[int, Array, str]] = []
        self._heard = False
        self.lane: tuple[int, int] | None = None
        self._groups = 0
        self._thread = threading.get_ident()

    def refuse(self, why: str) -> None:
        """Note why the step cannot be run again."""
        if why not in self.reasons:
            self.reasons.append(why)

    def _done(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """Call a function of NumPy's; a step that catches its error may decide by numbers."""
        try:
            return function(*args, **options)
        except Exception as error:
            if self._notes:
                name = getattr(function, "__name__", str(function))
                self.refuse(
                    f"{_site()}: {name} raises {type(error).__name__}, and other numbers may not"
                )
            raise

    def refuse_use(self, name: str) -> None:
        """Note that an array's memory was handed out in a way that is not seen."""
        if self._notes:
            self.refuse(f"{_site()} uses .{name} of an array, which is not seen")

    @property
    def _notes(self) -> bool:
        return self.open and threading.get_ident() == self._thread

    def wrapped(self, array: Any, *, number: bool = False) -> Any:
        """Return an array as one whose use is noted here."""
        if not self._notes or not isinstance(array, np.ndarray):
            return array
        traced = array.view(TracedArray)
        traced.recorder = self
        traced.number = number
        return traced

    def handed(self, array: Any) -> Any:
        """Return an array that an operation is given."""
        if type(array) is not np.ndarray or not self._notes:
            return array
        if not self.memory.knows(array) and (place := _stranger()):
            self.refuse(f"{place} gives an operation an array {array.shape} that it made unseen")
        self.memory.meet(array)
        return self.wrapped(array)

    def run_works(
        self, works: Sequence[Callable[[], Any]], side_by_side: Callable[..., Any]
    ) -> list[Any]:
        """Run works one after the other, and note which call belongs to which."""
        self.side_by_side = side_by_side
        if not self._notes or self.lane is not None:
            return [work() for work in works]
        self._groups += 1
        results = []
        try:
            for i, work in enumerate(works):
                self.lane = (self._groups, i)
                results.append(work())
        finally:
            self.lane = None
        return results

    # What NumPy is asked to do -----------------------------------------------------------------

    def made_by(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """Run a function that makes arrays, such as np.zeros."""
        given = any(True for _ in arrays_in((args, options)))
        if given and function is np.reshape:
            return function(*args, **options)  # it asks them
        array = function(*plain(args), **plain(options))
        if not self._notes:
            return array
        if not isinstance(array, np.ndarray):
            return self._call("assign", function, args, options)
        if given and self.memory.owner(array) is not None:
            return self.wrapped(array)  # nothing was made
        source = plain(args[0]) if given and args else None
        if isinstance(source, np.ndarray) and np.may_share_memory(array, source):
            self._meet(source)
            return self.wrapped(array)  # nothing was made, and nobody knows where it is from
        if function in _COPYING and isinstance(source, np.ndarray) and source.shape == array.shape:
            self.memory.meet(source)
            self.memory.make(array)
            self._add("in place", np.copyto, (array, source), _UNSAFE, (array,))
            return self.wrapped(array)
        if given:
            return self._call("assign", function, args, options)
        self.memory.make(array)
        if function is not np.empty:
            content = array.copy("K")
            self.memory.meet(content)
            self._add("in place", np.copyto, (array, content), _UNSAFE, (array,))
        return self.wrapped(array)

    def ufunc(self, ufunc: Any, method: str, inputs: tuple[Any, ...], options: Any) -> Any:
        """Run a universal function or a method of one."""
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            return self._call("in place", function, inputs, options, target=inputs[0])
        return self._call("out", function, inputs, options)

    def function(self, function: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run another function of NumPy."""
        name = function.__name__
        if not self._notes or name in _QUIET:
            return function(*plain(args), **plain(options))
        if name in _EMPTY or name in _FILLED or name == "full_like":
            array = function(*plain(args), **plain(options))
            self.memory.make(array)
            if name not in _EMPTY:
                fill = (
                    _FILLED.get(name) if name in _FILLED else (*args, options.get("fill_value"))[1]
                )
                if isinstance(fill, np.ndarray):
                    self.memory.meet(fill := plain(fill))
                self._add("in place", np.copyto, (array, fill), _UNSAFE, (array,))
            return self.wrapped(array)
        if name == "bincount" and (len(args) > 2 or options.get("minlength")):
            # Larger ones would not fit into the array of the record: an error, and no wrong sum.
            return self._call("assign", function, args, options)
        if name in _SHAPED_BY_NUMBERS:
            self.refuse(f"{_site()} calls np.{name}, whose result has a shape that depends on data")
        if name in _IN_PLACE:
            return self._call("in place", function, args, options, target=args[0])
        writes = name in _WITH_OUT and not (name == "mean" and _is_half(args))
        return self._call("out" if writes else "assign", function, args, options)

    def method(self, name: str, of: Any, args: tuple[Any, ...], options: Any) -> Any:
        """Run a method of an array."""
        array = plain(of)
        function = getattr(np.ndarray, name)
        if not self._notes:
            return function(array, *plain(args), **plain(options))
        if name in _METHODS_IN_PLACE:
            return self._call("in place", function, (of, *args), options, target=of)
        if name in ("nonzero", "compress"):
            self.refuse(f"{_site()} calls {name}(), whose result has a shape that depends on data")
        if name in _METHODS_WITH_OUT and not (name == "mean" and _is_half(array)):
            return self._call("out", function, (of, *args), options)
        result = function(array, *plain(args), **plain(options))
        if isinstance(result, np.ndarray) and np.may_share_memory(result, array):
            self._decided_by((args, options))
            return of if is_same(result, array) and name == "astype" else self.wrapped(result)
        order = options.get("order", "C")
        if name in ("copy", "astype") or (name in ("reshape", "ravel", "flatten") and order == "C"):
            self._decided_by((args, options))
            self.memory.meet(array)
            self.memory.make(result)
            target = result.reshape(array.shape)
            fresh = name == "copy"
            self._add("in place", np.copyto, (target, array), _UNSAFE, (target,), fresh=fresh)
            return self.wrapped(result)
        return self._call("assign", function, (of, *args), options)

    def attribute(self, of: Any, name: str) -> Any:
        """Return a view that an array has as an attribute."""
        return self.wrapped(getattr(plain(of), name))

    def getitem(self, of: Any, key: Any) -> Any:
        """Return a part of an array."""
        array = plain(of)
        if is_basic(key):
            place = self._place(key)
            result = array[place]
            if isinstance(result, np.ndarray):
                return self.wrapped(result)
            return self._number(array[as_view(place)])
        if any(part.dtype == bool for part in arrays_in(key)) and self._notes:
            self.refuse(
                f"{_site()} takes the elements that a mask chooses, whose number may change"
            )
        chosen = self._call("assign", operator.getitem, (of, key), {})
        parts = key if isinstance(key, tuple) else (key,)
        if self._notes and all(is_basic(x) or getattr(x, "number", False) for x in parts):
            # A number chooses a view in the step as it is written, and here a copy.
            self.chosen += [(len(self.instructions), x, _site()) for x in (array, plain(chosen))]
        return chosen

    def _number(self, element: Array) -> Any:
        """Return an element that is taken out of an array as a number of its own."""
        if not self._notes:
            return element[()]
        self.memory.meet(element)
        new = element.copy()
        self.memory.make(new)
        self._add("in place", np.copyto, (new, element), _UNSAFE, (new,))
        return self.wrapped(new, number=True)

    def setitem(self, of: Any, key: Any, new: Any) -> None:
        """Write into a part of an array."""
        array = plain(of)
        if not self._notes:
            array[plain(key)] = plain(new)
        elif is_basic(key):
            part = array[as_view(self._place(key))]
            if not is_same(part, plain(new)):  # Python's x[i] += y: the sum stands there already
                self._call("in place", np.copyto, (part, new), _UNSAFE, target=part)
        else:
            self._call("in place", operator.setitem, (of, key, new), {}, target=of)

    def _place(self, key: Any) -> Any:
        """Return a basic index of Python's numbers, noting what has become one."""
        if isinstance(key, tuple):
            return tuple(self._place(part) for part in key)
        if not isinstance(key, slice):
            return key
        return slice(
            *(
                self.answer(operator.index, end) if isinstance(end, np.ndarray) else end
                for end in (key.start, key.stop, key.step)
            )
        )

    def _decided_by(self, x: Any, views: Sequence[Array] = ()) -> None:
        """Note the arrays that decide what is seen of another, such as where it is split."""
        for array in arrays_in(x):
            if not any(np.may_share_memory(array, view) for view in views):
                self.answer(np.ndarray.tobytes, array)

    def read(self, of: Any) -> Any:
        """Return the only element as a Python number."""
        return self.answer(np.ndarray.item, of)

    def answer(self, function: Callable[..., Any], of: Any, *args: Any) -> Any:
        """Return what Python is told of an array, by which it may decide; it has to stay so."""
        array = plain(of)
        result = self._done(function, (array, *args), {})
        if self._notes:
            self.memory.meet(array)
            self._add("guard", function, (array, *args), {}, (), result)
        return result

    def draw(self, function: Callable[..., Any], args: tuple[Any, ...], options: Any) -> Any:
        """Draw from a generator."""
        args, options = plain(args), plain(dict(options))
        result = function(*args, **options)
        if not self._notes:
            return result
        if not isinstance(result, np.ndarray) or self.memory.owner(result) is not None:
            self.refuse(f"{_site()} draws what is no new array")
            return result
        for array in arrays_in((args, options)):
            self._meet(array)
        self.memory.make(result)
        self._add("draw", function, args, options, (result,))
        return self.wrapped(result)

    # Notes --------------------------------------------------------------------------------------

    def _call(
        self,
        kind: Kind,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        options: Any,
        *,
        target: Any = None,
    ) -> Any:
        given, named = plain(args), plain(dict(options))
        if not self._notes:
            return function(*given, **named)
        for array in arrays_in((given, named)):
            self._meet(array)
        out = named.pop("out", None)
        out = out[0] if isinstance(out, tuple) and len(out) == 1 else out
        if target is not None:
            result = self._done(function, given, named)
            self._add("in place", function, given, named, (plain(target),))
            return result
        if out is not None:
            outs = out if isinstance(out, tuple) else (out,)
            self._done(function, given, {**named, "out": out})
            self._add("out", function, given, named, outs)
            written = options["out"]
            return written[0] if isinstance(written, tuple) and len(written) == 1 else written
        # Whoever writes into an argument without saying so, such as by copy=False, cannot do it.
        guarded = given if kind == "out" else nested(_read_only, given)
        result = self._done(function, guarded, named)
        many = isinstance(result, tuple | list)
        parts = tuple(result) if many else (result,)
        if not all(isinstance(part, np.ndarray | np.generic) for part in parts):
            if isinstance(result, bool | int | float | str):
                self._add("guard", function, given, named, (), result)
            elif result is not None:
                self.refuse(f"{_site()}: {function.__name__} returns a {type(result).__name__}")
            return result
        arrays = tuple(part if isinstance(part, np.ndarray) else np.array(part) for part in parts)
        if kind != "out":
            for array in arrays:
                _let_write(array, given)
        if not many and self.memory.owner(arrays[0]) is not None:
            self._decided_by((given, named), arrays)
            return self.wrapped(arrays[0])  # a view
        if any(self.memory.owner(array) is not None for array in arrays):
            self._decided_by((given, named), arrays)
            if all(map(self.memory.knows, arrays)):
                return type(result)(self.wrapped(array) for array in arrays)
            self.refuse(f"{_site()}: {function.__name__} returns views beside new arrays")
        for array in arrays:
            self.memory.make(array)
        self._add(kind, function, given, named, arrays, fresh=True)
        wrapped = [
            self.wrapped(array, number=part is not array)
            for part, array in zip(parts, arrays, strict=True)
        ]
        if many:
            return type(result)(*wrapped) if hasattr(result, "_fields") else type(result)(wrapped)
        return wrapped[0]

    def _meet(self, array: Array) -> None:
        if not self.memory.knows(array):
            if place := _stranger():
                self.refuse(f"{place} computes with an array {array.shape} that it made unseen")
            self.memory.meet(array)

    def _add(
        self,
        kind: Kind,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        options: Any,
        outs: tuple[Array, ...],
        answer: Any = None,
        *,
        fresh: bool = False,
    ) -> None:
        if any(array.dtype.hasobject for array in (*outs, *arrays_in((args, options)))):
            self.refuse(f"{_site()} computes with objects of Python's")
        errors: Any = {name: x for name, x in np.geterr().items() if x != AROUND}
        self.instructions.append(
            Instruction(
                kind,
                function,
                args,
                options,
                outs,
                _site(),
                errors,
                self.lane,
                answer,
                fresh,
                is_backward=self.is_backward,
                warned=self._heard,
            )
        )
        self._heard = False

    def hear(self, *_: Any) -> None:
        """Hear what NumPy would warn of: the step as it is written has done that already."""
        self._heard = True


_UNSAFE = {"casting": "unsafe"}


def _is_half(x: Any) -> bool:
    """Tell whether a mean is computed in another dtype than its result's."""
    return any(array.dtype == np.float16 for array in arrays_in(x))


def _read_only(x: Any) -> Any:
    """Return an array as one that cannot be written."""
    if not isinstance(x, np.ndarray):
        return x
    x = x.view()
    x.flags.writeable = False
    return x


def _let_write(array: Array, given: Any) -> None:
    """Let a view be written again if all that it may be a view of can be."""
    if not array.flags.writeable and all(x.flags.writeable for x in arrays_in(given)):
        with contextlib.suppress(ValueError):  # such as np.broadcast_to's
            array.flags.writeable = True


_MACHINERY = ("numpy", "neural_net_utils.replay", "neural_net_core.numpy_calls", "contextlib")


def _frames() -> Any:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith(_MACHINERY):
            yield frame
        frame = frame.f_back


def _site() -> str:
    """Return the innermost function that is neither NumPy's nor the recorder's."""
    for frame in _frames():
        me = frame.f_locals.get("self")
        name = frame.f_code.co_name
        return f"{type(me).__name__}.{name}" if me is not None else name
    return ""


def _stranger() -> str:
    """Return the function that acts if it is none of these packages, else ""."""
    for frame in _frames():
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] == "neural_net_core":
            continue  # whose functions do what they are asked to
        if module.partition(".")[0] in OURS:
            return ""
        return f"{module}.{frame.f_code.co_name}"
    return ""
