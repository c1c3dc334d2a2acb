"""Keeps NumPy's calls of a step in order, each with the place in the step where it was made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from neural_net_core import Op
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.numpy_call import NumpyCall
from neural_net_core.numpy_calls.recorded_array import RecordedArray, plain
from neural_net_core.numpy_calls.recorder import Recorder as NumpyRecorder
from neural_net_core.numpy_calls.recorder import ViewKind
from neural_net_utils.program.calls import (
    Call,
    Number,
    Section,
    floats_of,
    place_of,
    wish_names,
)
from neural_net_utils.program.indexing import arguments_text, index_text
from neural_net_utils.program.values import Value, Values

__all__ = ["Recorder"]


class Recorder(NumpyRecorder):
    """The calls of NumPy that a step has made so far.

    Attributes:
        calls: The calls, in order.
        values: The arrays that they met.
        outputs: For each operation the values that it returned.
        updated: The parameter that an optimizer is at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.values = Values()
        self.outputs: dict[Op, list[Value]] = {}
        self.updated: Value | None = None
        self._section: Section = "forward"

    def module(self) -> str:
        """Return the module that is running, with its path, such as "0 Dense"."""
        return ""

    def value_of(self, x: Any) -> Value:
        known = x.value if isinstance(x, RecordedArray) else None
        return known if known is not None else self.values.of(plain(x))

    def made(self, array: Array, parent: Value | None) -> Value:
        return self.values.add("made", array, parent)

    def view_of(
        self,
        parent: Value,
        view: Array,
        kind: ViewKind,
        name: Any,
        args: Any,
        options: Mapping[str, Any],
    ) -> Value:
        known = self.values.known(view)
        if known is not None and known.root is parent.root and known.role == "view":
            return known
        text = f"[{index_text(name)}]" if kind == "getitem" else f".{name}"
        if kind == "method":
            text += f"({arguments_text(args, options)})"
        return self.values.add("view", view, parent, "{}" + text)

    def before(self, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
        place, frames = place_of(self._section)
        floats = floats_of(frames[0])
        wish_names(frames, self.outputs, self.values)
        named = tuple(Number(floats[id(x)], x) if id(x) in floats else x for x in args)
        return named, place

    def note(self, call: NumpyCall, before: Any) -> None:
        place, target = before, call.target
        if target is not None:
            target.root.is_followed = True
            if place.op is None and target.root.role in ("parameter", "state"):
                place = replace(place, section="update")
        self._section = place.section
        if place.section == "update":
            place = replace(place, updated=self.updated)
        elif not place.who:
            place = replace(place, who=self.module())
        self.calls.append(Call(**vars(call), place=place))
