"""What the lines of a program cost: floating-point operations, memory traffic and time."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from neural_net_core.numpy_calls.counting import bytes_read, bytes_written, operations
from neural_net_utils.program.line import Line

__all__ = ["Cost", "LineCost", "cost_of"]


@dataclass(frozen=True)
class LineCost:
    """What one line costs.

    Attributes:
        line: The line.
        operations: Floating-point operations; None where no formula is known.
        read: Bytes read.
        written: Bytes written.
        seconds: Time, the median of several runs.
    """

    line: Line
    operations: int | None
    read: int
    written: int
    seconds: float


class Cost:
    """What a program costs, line by line and in all.

    Attributes:
        lines: The cost of each line.
    """

    def __init__(self, lines: tuple[LineCost, ...]) -> None:
        self.lines = lines

    @property
    def operations(self) -> int:
        """All floating-point operations that are counted."""
        return sum(line.operations or 0 for line in self.lines)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """The lines for which no formula is known."""
        return tuple(line.line.text for line in self.lines if line.operations is None)

    @property
    def bytes(self) -> int:
        """All bytes read and written."""
        return sum(line.read + line.written for line in self.lines)

    @property
    def seconds(self) -> float:
        """The time of all lines together."""
        return sum(line.seconds for line in self.lines)

    def by_part(self) -> dict[str, "Cost"]:
        """Return the costs of each module, of operations outside of modules, and of the rest.

        Returns:
            Name -> its lines, forward and backward together, in the order of their first line;
            such as "0 Dense", "MSELossOp", "the tape" and "SGD".
        """
        parts: dict[str, list[LineCost]] = {}
        for line in self.lines:
            parts.setdefault(line.line.comment.partition(":")[0], []).append(line)
        return {name: Cost(tuple(lines)) for name, lines in parts.items()}

    def __str__(self) -> str:
        total = self.seconds or 1.0
        width = min(60, max(len(line.line.text) for line in self.lines))
        rows = [f"{'operations':>12} {'read':>10} {'written':>10} {'time':>6}  line"]
        for line in self.lines:
            count = "?" if line.operations is None else f"{line.operations:,}"
            text = line.line.text
            text = text if len(text) <= width else text[: width - 1] + "…"
            share = 100 * line.seconds / total
            rows.append(f"{count:>12} {line.read:>10,} {line.written:>10,} {share:>5.1f}%  {text}")
        read = sum(line.read for line in self.lines)
        written = sum(line.written for line in self.lines)
        rows.append(
            f"{self.operations:>12,} {read:>10,} {written:>10,}   100%  "
            f"all, {1e6 * self.seconds:,.0f} µs"
        )
        return "\n".join(rows)


def cost_of(lines: Sequence[Line], namespace: Callable[[], dict[str, Any]], repeats: int) -> Cost:
    """Return what lines cost.

    Args:
        lines: A program's lines.
        namespace: Returns what they refer to, anew for each run.
        repeats: How often they are run to take the times.
    """
    times = _times(lines, namespace, repeats)
    return Cost(
        tuple(
            LineCost(
                line, operations(line.call), bytes_read(line.call), bytes_written(line.call), took
            )
            for line, took in zip(lines, times, strict=True)
        )
    )


def _times(
    lines: Sequence[Line], namespace: Callable[[], dict[str, Any]], repeats: int
) -> list[float]:
    """Return the median time of each line, less what it takes to run an empty one."""
    codes = [compile(line.text, "<program>", "exec") for line in lines]
    empty = compile("None", "<program>", "exec")
    clock, runs = time.perf_counter, []
    for _ in range(repeats):
        space = namespace()
        took = []
        for code in codes:
            start = clock()
            exec(empty, space)  # noqa: S102 (the program's own lines)
            middle = clock()
            exec(code, space)  # noqa: S102
            took.append((clock() - middle) - (middle - start))
        runs.append(took)
    return [max(0.0, statistics.median(times)) for times in zip(*runs, strict=True)]
