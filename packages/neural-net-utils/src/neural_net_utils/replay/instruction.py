"""One call of a recorded step, as it is run again: a function, its arguments, where it writes."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.recorded_array import nested

__all__ = ["Instruction", "Kind", "arrays_in"]

# "out": the function takes the arrays to write into as `out`. "assign": it returns new arrays,
# which are copied. "in place": it changes the arrays in `outs`, which are among its arguments.
# "draw": it draws from a generator, which it therefore changes. "guard": it returns what Python
# decided by.
Kind = Literal["out", "assign", "in place", "draw", "guard"]


@dataclass(eq=False)
class Instruction:
    """One call.

    Attributes:
        kind: How it gives its result.
        function: What is called.
        args: Its arguments; arrays in them are plain.
        options: Its arguments by name, without `out`.
        outs: The arrays that it writes.
        site: Where in the code it was called.
        errors: NumPy's error settings that were made by the step.
        lane: The number of a group of works that may run side by side, and which of them this
            belongs to; None outside of such works.
        answer: What a guard returned.
        fresh: Whether it made the array that it writes, which nobody gave it.
        slot: Which gradient it makes anew in every step, if it does.
        is_backward: Whether it belongs to the backward pass.
        warned: Whether there was something to warn of in it, such as an overflow.
    """

    kind: Kind
    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: Mapping[str, Any]
    outs: tuple[Array, ...]
    site: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    lane: tuple[int, int] | None = None
    answer: Any = None
    fresh: bool = False
    slot: int | None = None
    is_backward: bool = False
    warned: bool = False

    def reads(self) -> Iterator[Array]:
        """Yield the arrays that its result depends on."""
        if self.function is np.copyto:  # what it overwrites is the first of its arguments
            yield from arrays_in((self.args[1:], dict(self.options)))
            return
        yield from arrays_in((self.args, dict(self.options)))

    def with_arrays(self, of: Callable[[Array], Array]) -> "Instruction":
        """Return the same call with other arrays."""

        def other(x: Any) -> Any:
            return of(x) if isinstance(x, np.ndarray) else x

        return dataclasses.replace(
            self,
            args=nested(other, self.args),
            options=nested(other, dict(self.options)),
            outs=tuple(map(of, self.outs)),
        )

    def touches(self) -> Iterator[Array]:
        """Yield the arrays that it reads or writes."""
        yield from self.outs
        yield from self.reads()


def arrays_in(x: Any) -> list[Array]:
    """Return the arrays in nested tuples, lists, dicts and slices."""
    return list(_arrays_in(x))


def _arrays_in(x: Any) -> Iterator[Array]:
    if isinstance(x, np.ndarray):
        yield x
    elif isinstance(x, tuple | list):
        for part in x:
            yield from _arrays_in(part)
    elif isinstance(x, dict):
        for part in x.values():
            yield from _arrays_in(part)
    elif isinstance(x, slice):
        yield from _arrays_in((x.start, x.stop, x.step))
