"""What a computation consists of: every operation that runs, in order, with all that went in.

The graph behind a Tensor holds what a gradient needs: no masks and no ids, nothing that has no
gradient, and nothing at all under `no_grad`. A trace sees them all, and the reverse pass too:

    with trace() as calls:
        loss = cross_entropy(model(images), labels)
        loss.backward()
    print(calls)
    for step in calls.backward:
        print(step.call, step.gradients)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload
from weakref import WeakKeyDictionary

from neural_net_core.checks import check_flag
from neural_net_core.context import context
from neural_net_core.dtypes import Array
from neural_net_core.numpy_calls.counter import OpCost, forward_cost
from neural_net_core.observing import backward_observed_by, observed_by
from neural_net_core.op import Op
from neural_net_core.tensor import Tensor

__all__ = ["BackwardCall", "Call", "Trace", "trace"]


@dataclass(frozen=True, eq=False)
class Call:
    """One operation that ran.

    Attributes:
        op: The class that ran; `op.idea` tells which operation it is, whatever its form.
        config: Its options, by name.
        inputs: What `apply` was given, in order: Tensors, and arrays and numbers that have no
            gradient, such as ids and masks; None for an input that was left out.
        outputs: The results.
        modules: The `Module`s in whose `forward` it happened, from the outermost to the innermost.
        path: The innermost module's name in the outermost one, such as "encoder.layers.0"; empty
            in the outermost module itself, and outside of all modules.
        seconds: How long its forward pass took.
    """

    op: type[Op]
    config: Mapping[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[Tensor, ...]
    modules: tuple[Any, ...] = ()
    path: str = ""
    seconds: float = 0.0

    def cost(self) -> OpCost:
        """Return what the forward pass costs: floating-point operations, bytes read and written.

        The textbook form is run once more to count its NumPy calls, whatever form has run. Each
        counts one operation for every number that it computes, and two for every product that a
        matrix product sums; it reads each of its arrays once and writes its result once, and views
        cost nothing.

        Raises:
            ValueError: If the trace has kept no arrays.

        Examples:
            >>> import numpy as np
            >>> from neural_net_core import Dense
            >>> with trace() as calls:
            ...     y = Dense(8, 3)(np.ones((4, 8)))
            >>> calls[0].cost().operations == 2 * 4 * 8 * 3 + 4 * 3
            True
        """
        if not self.outputs:
            raise ValueError("Call.cost: trace(arrays=False) has kept no arrays to count with")
        arrays = tuple(x.data if isinstance(x, Tensor) else x for x in self.inputs)
        return forward_cost(self.op, self.config, arrays)

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.config.items())
        name = f"{self.op.__name__}({options})"
        taken = ", ".join(_shown(x) for x in self.inputs)
        given = ", ".join(str(y.shape) for y in self.outputs)
        where = f"{self.path} {type(self.modules[-1]).__name__}".strip() if self.modules else ""
        return f"{where or '-'}: {name}: {taken} -> {given}"


@dataclass(frozen=True, eq=False)
class BackwardCall:
    """One step of a reverse pass: the backward pass of one operation.

    Attributes:
        op: The class whose `backward` ran.
        call: The call in whose backward pass it ran; None if the trace was not open yet.
        gradients: Those of the results, in order; None where there is none.
        delivered: What it returned for the inputs, in order, as copies; None where there is none.
            Gradients may still have the shape to which an input was broadcast.
        seconds: How long it took.
    """

    op: type[Op]
    call: Call | None
    gradients: tuple[Array | None, ...]
    delivered: tuple[Array | None, ...]
    seconds: float


@dataclass(eq=False)
class Trace(Sequence[Call]):
    """The operations that ran while a trace was open, in the order in which they ran.

    It holds all their inputs and outputs, and with these the memory, until it is dropped.

    Attributes:
        calls: The operations.
        backward: The steps of the reverse passes that ran meanwhile, in order.
        arrays: Whether it keeps inputs, outputs and gradients.
    """

    calls: list[Call] = field(default_factory=list)
    backward: list[BackwardCall] = field(default_factory=list)
    arrays: bool = True
    # By the node of the graph that it left behind.
    _calls_of: WeakKeyDictionary[Op, Call] = field(default_factory=WeakKeyDictionary, repr=False)
    # The paths of each outermost module's parts, found when its first operation ran.
    _paths: dict[Any, dict[int, str]] = field(default_factory=dict, repr=False)

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
        modules: tuple[Any, ...],
        seconds: float,
    ) -> None:
        """Note one operation that has run."""
        outputs = result if isinstance(result, tuple) else (result,)
        path = self._path_of(modules)
        if self.arrays:
            call = Call(op, config, inputs, outputs, modules, path, seconds)
        else:
            call = Call(op, {}, (), (), modules, path, seconds)
        self.calls.append(call)
        if outputs and (node := outputs[0].node) is not None:
            self._calls_of[node] = call

    def add_backward(
        self, op: Op, dys: Sequence[Array | None], dxs: Sequence[Any], seconds: float
    ) -> None:
        """Note one step of a reverse pass."""
        dys, dxs = (dys, dxs) if self.arrays else ((), ())
        # What is no array is an error of the operation's, of which the tape will tell.
        delivered = tuple(dx.copy() if hasattr(dx, "copy") else dx for dx in dxs)
        call = self._calls_of.get(op)
        self.backward.append(BackwardCall(type(op), call, tuple(dys), delivered, seconds))

    def _path_of(self, modules: tuple[Any, ...]) -> str:
        """Return the name of the last module below the first."""
        if len(modules) < 2:
            return ""
        paths = self._paths.get(modules[0])
        if paths is None:
            paths = {id(module): path for path, module in reversed([*modules[0].named_modules()])}
            self._paths[modules[0]] = paths
        return paths.get(id(modules[-1]), "")


@context
def trace(*, arrays: bool = True) -> Iterator[Trace]:
    """Observe every operation inside: its class, options, inputs, outputs and module.

    Operations are seen whether or not they are recorded for a gradient; `backward` of the trace has
    the steps of the reverse pass. Traces nest; each thread and each asyncio task has its own.

    Args:
        arrays: Whether calls keep their options, inputs and outputs, and steps their gradients.
            Without them memory is freed as it is without a trace, and what ran, where, and for how
            long is still seen.

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
    calls = Trace(arrays=check_flag("trace", "arrays", arrays))
    with observed_by(calls.add), backward_observed_by(calls.add_backward):
        yield calls


def _shown(x: Any) -> str:
    return str(x.shape) if hasattr(x, "shape") else repr(x)
