"""Where the time of a training step goes: to which operation, in which module, forward or back."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neural_net_core.checks import check_callable, check_count
from neural_net_core.tracing import Call, Trace, trace

__all__ = ["OperationTime", "StepProfile", "profile_step"]


@dataclass(frozen=True)
class OperationTime:
    """What an operation in a module takes in one step.

    Attributes:
        module: The module's path and class, such as "0 Dense"; empty outside of all modules.
        operation: The class that ran, such as "FastLinearOp".
        calls: How often it ran in a step.
        forward: The seconds of its forward passes.
        backward: The seconds of its backward passes.
        operations: The floating-point operations of its forward passes in the textbook form; None
            if no formula is known for one of its NumPy calls.
        bytes: Likewise the bytes that they read and write.
    """

    module: str
    operation: str
    calls: int
    forward: float
    backward: float
    operations: int | None
    bytes: int

    @property
    def seconds(self) -> float:
        """The time of both."""
        return self.forward + self.backward


class StepProfile:
    """The time of a step, by operation and module.

    Attributes:
        rows: What each operation takes in each module, the longest first.
        seconds: The time of the whole step.
        rest: The time that is in no operation: the tape, the modules, the optimizer.
    """

    def __init__(self, rows: tuple[OperationTime, ...], seconds: float, rest: float) -> None:
        self.rows, self.seconds, self.rest = rows, seconds, rest

    def __str__(self) -> str:
        table = [("forward ms", "backward ms", "share", "operations", "bytes", "calls", "what")]
        for row in self.rows:
            count = "?" if row.operations is None else f"{row.operations:,}"
            table.append(
                (
                    f"{1e3 * row.forward:.3f}",
                    f"{1e3 * row.backward:.3f}",
                    f"{self._share(row.seconds)}",
                    count,
                    f"{row.bytes:,}",
                    str(row.calls),
                    f"{row.module}: {row.operation}" if row.module else row.operation,
                )
            )
        table.append(("", "", self._share(self.rest), "", "", "", "tape, modules, optimizer"))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(f"{cell:>{width}}" for cell, width in zip(row[:-1], widths, strict=False))
            + f"  {row[-1]}"
            for row in table
        ]
        return "\n".join([*lines, f"one step: {1e3 * self.seconds:.3f} ms"])

    def _share(self, seconds: float) -> str:
        return f"{100 * seconds / (self.seconds or 1.0):.1f}%"


def profile_step(step: Callable[..., Any], *inputs: Any, repeats: int = 10) -> StepProfile:
    """Run a training step some times and return where its time goes.

    It runs as it always does, in the forms that are chosen, with a clock around each operation.
    The first run, which also fetches memory, is not timed, but counted (see `Call.cost`). Each run
    is a step: parameters and everything else change as in training.

    Args:
        step: A function that makes one step: loss, `backward`, `optimizer.step`.
        *inputs: Its arguments.
        repeats: How often it is timed; each time is the median.

    Returns:
        The profile, which can be printed.

    Raises:
        ValueError: If the step cannot be called, or repeats is less than 1.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Dense, Sequential, Tanh
        >>> model = Sequential(Dense(8, 4), Tanh())
        >>> profile = profile_step(lambda x: model(x).sum().backward(), np.ones((2, 8)))
        >>> sorted((row.module, row.calls) for row in profile.rows)
        [('', 1), ('0 Dense', 1), ('1 Tanh', 1)]
    """
    step = check_callable("profile_step", "step", step)
    repeats = check_count("profile_step", "repeats", repeats)
    with trace() as counted:
        step(*inputs)
    costs: dict[tuple[str, str], Any] = {}
    for call in counted:
        key, cost = _key(call), call.cost()
        costs[key] = costs[key] + cost if key in costs else cost
    del counted
    runs, walls, rests = [], [], []
    for _ in range(repeats):
        with trace(arrays=False) as calls:
            start = time.perf_counter()
            step(*inputs)
            walls.append(time.perf_counter() - start)
        runs.append(_times(calls))
        seen = (*calls, *calls.backward)
        rests.append(max(0.0, walls[-1] - sum(part.seconds for part in seen)))
    rows = []
    for key in dict.fromkeys(key for run in runs for key in run):
        found = [run[key] for run in runs if key in run]
        count, forward, backward = (statistics.median(x) for x in zip(*found, strict=True))
        cost = costs.get(key)
        counts = (None, 0) if cost is None else (cost.operations, cost.bytes)
        rows.append(OperationTime(*key, round(count), forward, backward, *counts))
    rows.sort(key=lambda row: -row.seconds)
    return StepProfile(tuple(rows), statistics.median(walls), statistics.median(rests))


def _key(call: Call) -> tuple[str, str]:
    where = f"{call.path} {type(call.modules[-1]).__name__}".strip() if call.modules else ""
    return where, call.op.__name__


def _times(calls: Trace) -> dict[tuple[str, str], tuple[int, float, float]]:
    """Return how often each operation ran in each module, and its seconds forward and backward."""
    times: dict[tuple[str, str], tuple[int, float, float]] = {}
    for call in calls:
        count, forward, backward = times.get(_key(call), (0, 0.0, 0.0))
        times[_key(call)] = count + 1, forward + call.seconds, backward
    for step in calls.backward:
        key = ("", step.op.__name__) if step.call is None else _key(step.call)
        count, forward, backward = times.get(key, (0, 0.0, 0.0))
        times[key] = count, forward, backward + step.seconds
    return times
