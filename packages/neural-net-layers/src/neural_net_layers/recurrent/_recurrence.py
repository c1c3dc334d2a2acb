"""What the recurrences have in common: two directions of time, and sequences that end."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op

__all__: list[str] = []


class RecurrenceOp(Op):
    """All steps of a recurrence, in one direction of time; the kinds say what a step computes.

    They take x (B, T, I), the initial states, the parameters, and last the lengths: (B,) integers,
    or None if all sequences have T steps. They return the output of every step (B, T, ·), with
    zeros in the padding, and the final states.

    Args:
        reverse: Whether the steps are taken from the last to the first.

    Attributes:
        shown: What a figure may show of a step beside the hidden state: the gates, by name.
        steps: One tuple for each step, of what `forward` keeps of it for `backward`: the step t,
            which sequences have it, and so on; the last entry holds what is `shown`.
    """

    shown: ClassVar[tuple[str, ...]] = ()

    x: Array
    y: Array
    steps: list[Any]

    def __init__(self, reverse: bool = False) -> None:
        self.reverse = reverse

    def in_time(self, x: Array, lengths: Array | None) -> Iterator[tuple[int, Array]]:
        """Yield each step t, and for which sequences it is here, (B,), and no padding.

        Args:
            x: (B, T, I).
            lengths: (B,), or None.
        """
        batch, steps, _ = x.shape
        if lengths is None:
            lengths = np.full_like(x, steps, dtype=int, shape=(batch,))
        for t in reversed(range(steps)) if self.reverse else range(steps):
            yield t, t < lengths

    def values(self, width: int) -> dict[str, Array]:
        """Return what `forward` computed at every step, by name: (B, T, ·), zero in the padding.

        Args:
            width: D, the size of a gate.
        """
        result = {}
        for i, name in enumerate(self.shown):
            result[name] = np.zeros_like(self.x, shape=(*self.x.shape[:2], width))
            for t, here, *_, shown in self.steps:
                result[name][here, t] = shown[i]
        return result | {"hidden state": self.y}
