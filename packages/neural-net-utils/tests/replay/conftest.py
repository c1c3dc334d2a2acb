"""The same steps as they are written and from their record, side by side."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from neural_net_core import Module, Tensor, default_rng, seed
from neural_net_core.dtypes import Array
from neural_net_utils import RecordedStep


@dataclass
class Case:
    """A step and what belongs to it.

    Attributes:
        loss_of: The loss.
        model: The model.
        optimizer: Its optimizer, if there is one.
        sees: Returns what else has to be the same afterwards.
        names: Whatever the steps need.
    """

    loss_of: Callable[..., Any]
    model: Module
    optimizer: Any = None
    sees: Callable[[], Any] = lambda: None
    names: dict[str, Any] = field(default_factory=dict)


class AsWritten:
    """What `RecordedStep` promises to do, in its own words."""

    def __init__(self, loss_of: Any, *, model: Module, optimizer: Any = None) -> None:
        self.loss_of, self.model, self.optimizer = loss_of, model, optimizer
        self.why_eager = "always"

    def gradients(self, *inputs: Any) -> Any:
        result = self.loss_of(*inputs)
        (result[0] if type(result) is tuple else result).backward()
        if type(result) is tuple:
            return tuple(x.detach() if isinstance(x, Tensor) else x for x in result)
        return result.detach()

    def __call__(self, *inputs: Any) -> Any:
        self.optimizer.zero_grad()
        result = self.gradients(*inputs)
        self.optimizer.step()
        return result


def told(x: Any) -> Any:
    """Return something as what can be compared, bit by bit."""
    if isinstance(x, tuple | list):
        return type(x).__name__, [told(part) for part in x]
    if isinstance(x, dict):
        return {name: told(part) for name, part in x.items()}
    if isinstance(x, Tensor):
        return type(x).__name__, told(x.data), x.requires_grad
    if isinstance(x, np.ndarray | np.generic):
        return type(x).__name__, x.dtype.str, x.shape, x.tobytes()
    return x


def _left(case: Case) -> Any:
    """Return all that a step can have changed."""
    tensors = [*case.model.parameters(), *case.model.buffers()]
    return told([[x.data, x.grad, None if x.grad is None else x.grad.strides] for x in tensors])


def _history(
    make: Callable[[], Case], script: Callable[[Any, int, Case], Any], steps: int, kind: Any
) -> tuple[list[Any], list[str | None]]:
    seed(0)
    case = make()
    step = kind(case.loss_of, model=case.model, optimizer=case.optimizer)
    history: list[Any] = []
    reasons: list[str | None] = []
    for i in range(steps):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                result = told(script(step, i, case))
            except Exception as error:
                result = type(error), str(error), getattr(error, "__notes__", [])
        reasons.append(step.why_eager)
        history.append(
            {
                "result": result,
                "state": _left(case),
                "seen": told(case.sees()),
                "generator": default_rng().bit_generator.state,
                "warnings": [(w.category, str(w.message)) for w in said],
            }
        )
    return history, reasons


SideBySide = Callable[..., list[str | None]]


@pytest.fixture
def side_by_side() -> SideBySide:
    """A function that compares step for step, and returns why each one was run as written."""

    def run(
        make: Callable[[], Case], script: Callable[[Any, int, Case], Any], steps: int = 12
    ) -> list[str | None]:
        wanted, _ = _history(make, script, steps, AsWritten)
        found, reasons = _history(make, script, steps, RecordedStep)
        for i, (a, b) in enumerate(zip(wanted, found, strict=True)):
            for what in a:
                assert a[what] == b[what], f"step {i} ({reasons[i]}): other {what}"
        return reasons

    return run


@pytest.fixture
def case() -> type[Case]:
    """The class of cases."""
    return Case


X: Array = np.random.default_rng(1).normal(size=(16, 8, 5)).astype(np.float32)
