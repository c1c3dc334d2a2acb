"""What an operation costs: its textbook form runs once more, and its NumPy calls are counted."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core.numpy_calls.counting import bytes_read, bytes_written, operations
from neural_net_core.numpy_calls.numpy_call import NumpyCall
from neural_net_core.numpy_calls.recorded_array import plain
from neural_net_core.numpy_calls.recorder import Recorder
from neural_net_core.random import resolve_rng

__all__ = ["OpCost", "forward_cost"]


@dataclass(frozen=True)
class OpCost:
    """What a forward pass costs.

    Attributes:
        operations: Floating-point operations; None if no formula is known for one of the calls.
        read: Bytes read.
        written: Bytes written.
    """

    operations: int | None = 0
    read: int = 0
    written: int = 0

    @property
    def bytes(self) -> int:
        """All bytes read and written."""
        return self.read + self.written

    def __add__(self, other: "OpCost") -> "OpCost":
        a, b = self.operations, other.operations
        known = None if a is None or b is None else a + b
        return OpCost(known, self.read + other.read, self.written + other.written)


class Counter(Recorder):
    """Adds up the cost of the calls that it is told of."""

    def __init__(self) -> None:
        super().__init__()
        self.cost = OpCost()

    def note(self, call: NumpyCall, before: Any) -> None:
        self.cost += OpCost(operations(call), bytes_read(call), bytes_written(call))


def forward_cost(op: type[Any], config: Mapping[str, Any], arrays: tuple[Any, ...]) -> OpCost:
    """Return what the forward pass of an operation costs in its textbook form.

    It must leave everything as it is, so `rng` among the options is a copy, and `observe`, which
    the forward pass tells of what it finds, such as a batch's mean, is left out.

    Args:
        op: The operation's class; of a fast form, the idea is what counts.
        config: Its options.
        arrays: What its forward pass is given.
    """
    counter = Counter()
    options = dict(config)
    if "rng" in options:
        options["rng"] = copy.deepcopy(resolve_rng(options["rng"]))
    options.pop("observe", None)
    try:
        op.idea(**options).forward(
            *(
                counter.recorded(x, counter.value_of(x)) if isinstance(x, np.ndarray) else x
                for x in map(_as_numpy, arrays)
            )
        )
    finally:
        counter.open = False
    return counter.cost


def _as_numpy(x: Any) -> Any:
    """Return an array of another library as one of NumPy's; everything else as it is."""
    return plain(np.asarray(x)) if hasattr(x, "dtype") and hasattr(x, "shape") else x
