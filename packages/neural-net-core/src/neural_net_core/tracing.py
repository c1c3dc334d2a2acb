"""What a computation consists of: every operation that runs, in order, with all that went in.

The graph behind a Tensor holds what a gradient needs: no masks and no ids, nothing that has no
gradient, and nothing at all under `no_grad`. A trace sees them all:

    with trace() as calls:
        loss = cross_entropy(model(images), labels)
    print(calls)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from neural_net_core.context import context
from neural_net_core.modules.module import Module
from neural_net_core.observing import observed_by
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["Call", "Trace", "trace"]


@dataclass(frozen=True, eq=False)
class Call:
    """One operation that ran.

    Attributes:
        op: The class that ran; `op.idea` tells which operation it is, whatever its form.
        config: Its options, by name.
        inputs: What `apply` was given, in order: Tensors, and arrays and numbers that have no
            gradient, such as ids and masks; None for an input that was left out.
        outputs: The results.
        modules: The modules in whose `forward` it happened, from the outermost to the innermost.
        path: The innermost module's name in the outermost one, such as "encoder.layers.0"; empty
            in the outermost module itself, and outside of all modules.
    """

    op: type[Op]
    config: Mapping[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[Tensor, ...]
    modules: tuple[Module, ...] = ()
    path: str = ""

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.config.items())
        name = f"{self.op.__name__}({options})"
        taken = ", ".join(_shown(x) for x in self.inputs)
        given = ", ".join(str(y.shape) for y in self.outputs)
        where = f"{self.path} {type(self.modules[-1]).__name__}".strip() if self.modules else ""
        return f"{where or '-'}: {name}: {taken} -> {given}"


@dataclass(eq=False)
class Trace(Sequence[Call]):
    """The operations that ran while a trace was open, in the order in which they ran.

    It holds all their inputs and outputs, and with these the memory, until it is dropped.
    """

    calls: list[Call] = field(default_factory=list)
    # The paths of each outermost module's parts, found when its first operation ran.
    _paths: dict[Module, dict[int, str]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.calls)

    @overload
    def __getitem__(self, i: int) -> Call: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Call]: ...
    def __getitem__(self, i: int | slice) -> Call | Sequence[Call]:
        return self.calls[i]

    def __str__(self) -> str:
        return "\n".join(map(str, self.calls))

    def add(
        self,
        op: type[Op],
        config: Mapping[str, Any],
        inputs: tuple[Any, ...],
        result: Any,
        modules: tuple[Module, ...],
    ) -> None:
        """Note one operation that has run."""
        outputs = result if isinstance(result, tuple) else (result,)
        self.calls.append(Call(op, config, inputs, outputs, modules, self._path_of(modules)))

    def _path_of(self, modules: tuple[Module, ...]) -> str:
        """Return the name of the last module below the first."""
        if len(modules) < 2:
            return ""
        paths = self._paths.get(modules[0])
        if paths is None:
            paths = {id(module): path for path, module in reversed([*modules[0].named_modules()])}
            self._paths[modules[0]] = paths
        return paths.get(id(modules[-1]), "")


@context
def trace() -> Iterator[Trace]:
    """Observe every operation inside: its class, options, inputs, outputs and module.

    Operations are seen whether or not they are recorded for a gradient, but not what a backward
    pass does. Traces nest; each thread and each asyncio task has its own.

    Returns:
        A context manager that gives a `Trace`, a sequence of calls; it works as a decorator too.

    Examples:
        >>> import numpy as np
        >>> from neural_net_core import Dense, ReLU, Sequential
        >>> model = Sequential(Dense(2, 3), ReLU())
        >>> with trace() as calls:
        ...     y = model(np.ones((4, 2)))
        >>> [(call.path, call.op.idea.__name__, call.outputs[0].shape) for call in calls]
        [('0', 'LinearOp', (4, 3)), ('1', 'ReLUOp', (4, 3))]
    """
    calls = Trace()
    with observed_by(calls.add):
        yield calls


def _shown(x: Any) -> str:
    return str(x.shape) if hasattr(x, "shape") else repr(x)
