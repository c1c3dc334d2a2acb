"""Learns what the arrays of a step are: from modules, operations and optimizers as they run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_core import Buffer, Module, Op, Parameter, Tensor, observing
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.recorded_array import RecordedArray, plain
from neural_net_utils.program.calls import called
from neural_net_utils.program.recorder import Recorder
from neural_net_utils.program.values import Role, Value

__all__ = ["StepRecorder"]


class StepRecorder(Recorder):
    """What a step did, while it runs.

    Attributes:
        paths: For each operation the module it ran in, such as "0 Dense".
        models: The outermost modules that ran, with the variables that hold them.
        held: Their parameters and buffers, and what optimizers changed, by identity.
    """

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[Op, str] = {}
        self.models: dict[Module, str] = {}
        self.held: dict[int, Tensor] = {}
        self._running: list[Op] = []

    def module(self) -> str:
        return _path_of(observing.modules())

    def given(self, role: Role, array: Array, name: str) -> RecordedArray:
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
        seconds: float,
    ) -> None:
        """Note what an operation has returned."""
        node = self._running.pop()
        while type(node) is not op:  # an operation that has failed, and the step went on
            node = self._running.pop()
        self.paths[node] = _path_of(modules)
        tensors = result if isinstance(result, tuple) else (result,)
        self.outputs[node] = [self.value_of(tensor.data) for tensor in tensors]
        for name, held in vars(node).items():
            value = self.values.met(held)
            if value is not None:
                value.wishes.setdefault("local", name.strip("_"))

    def _meet_modules(self, modules: tuple[Module, ...]) -> None:
        if modules and modules[0] not in self.models:
            self.models[modules[0]] = called(modules[0])
            for name, tensor in (*modules[0].named_parameters(), *modules[0].named_buffers()):
                self._hold(tensor, name)

    def _hold(self, tensor: Any, name: str | None) -> None:
        role: Role = "parameter" if isinstance(tensor, Parameter) else "buffer"
        self.held[id(tensor)] = tensor
        value = self.value_of(self.given(role, tensor.data, name or called(tensor) or role))
        if isinstance(tensor.grad, np.ndarray) and self.values.known(plain(tensor.grad)) is None:
            self.value_of(self.given("gradient", tensor.grad, "grad")).belong("grad", value)

    def _meet_update(self, parameter: Parameter, state: list[str], arrays: Sequence[Any]) -> None:
        """Learn what an optimizer's arrays are: values, gradient and state of a parameter."""
        p, g, *rest = arrays
        self.given("parameter", p, parameter.name or "parameter")
        self.updated = value = self.value_of(p)
        self.gradient(value, g)
        for name, array in zip(state, rest, strict=True):
            self.given("state", array, name)
            self.value_of(array).belong(name, value)

    def gradient(self, of: Value, array: Any) -> None:
        """Learn that an array is the gradient of a value."""
        value = self.value_of(array).whole
        if value.role == "made":
            value.belong("d", of)

    def _seen(self, x: Any) -> Any:
        if isinstance(x, RecordedArray) or not isinstance(x, np.ndarray):
            return x
        return self.recorded(x, self.values.of(x))


def _path_of(modules: tuple[Any, ...]) -> str:
    """Return the innermost module's name and class."""
    if not modules:
        return ""
    outer, inner = modules[0], modules[-1]
    name = next((path for path, part in outer.named_modules() if part is inner), "")
    return f"{name} {type(inner).__name__}".strip()
