"""What a trace saw, as nodes and edges: operations, and all that went into them."""

import inspect
import numbers
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_net_core import Module, Parameter, Tensor
from neural_net_core.tracing import Call, Trace
from neural_net_viz.drawing.inputs import check_at_least
from neural_net_viz.drawing.number_text import format_value
from neural_net_viz.figures.networks._graph import Graph, Node

__all__ = ["TraceReader", "drawn", "numbers_or_shape"]

_MOST_NODES = 300
_MOST_NUMBERS = 4  # that stand in a box


class TraceReader:
    """The nodes of a trace: its calls, numbered, and what no call has made, by its array.

    Args:
        figure: The function that asks, for messages.
        calls: The trace.
        names: A Module, or name -> Tensor or array.
        values: Whether to write the numbers of small arrays, and gradients.

    Attributes:
        sources: For each call and each input that is no number its source, as a node, with the
            number of the source's output and of the call's input. A node is the number of a call,
            or ("given", identity).
        order: The nodes that `nearest` has returned.

    Raises:
        ValueError: If it is no trace, or nothing ran in it.
    """

    def __init__(self, figure: str, calls: Any, names: Any, values: bool) -> None:
        if not isinstance(calls, Trace):
            raise ValueError(
                f"{figure}(calls): expected what `with trace() as calls:` gives, got a "
                f"{type(calls).__name__}"
            )
        if not len(calls):
            raise ValueError(
                f"{figure}(calls): no operation ran in this trace; compute the result inside "
                "`with trace() as calls:`"
            )
        if not calls.arrays:
            raise ValueError(f"{figure}(calls): trace(arrays=False) has kept nothing to draw")
        self.figure = figure
        self.calls = list(calls)
        self.values = values
        self.gradients = {id(step.call): step.gradients for step in calls.backward if values}
        self.names = _names(figure, names)
        self.of_modules: dict[int, str] = {}
        for module in dict.fromkeys(call.modules[0] for call in calls if call.modules):
            tensors = (*module.named_parameters(), *module.named_buffers())
            self.of_modules |= {id(tensor): name for name, tensor in tensors}
        self.sources: list[list[tuple[Any, int, int]]] = []
        self.order: list[Any] = []
        self.given: dict[Any, Node] = {}
        made: dict[int, int] = {}  # by tensor, or by array where the tensor was made anew
        for i, call in enumerate(self.calls):
            self.sources.append([])
            arguments = list(zip(_argument_names(call), call.inputs, strict=True))
            arguments += [(name, x) for name in call.config for x in _arrays(call.config[name])]
            for j, (name, x) in enumerate(arguments):
                if x is None or _is_number(x):
                    continue
                maker: Any = made.get(id(x), made.get(id(_array(x))))
                if maker is None:
                    maker = ("given", id(_array(x)))
                    if maker not in self.given:
                        self.given[maker] = self._leaf(x, name)
                self.sources[i].append((maker, getattr(x, "index", 0), j))
            for y in call.outputs:
                made[id(y)] = made[id(y.data)] = i

    def nearest(self, most: int) -> tuple[list[Node], list[tuple[int, int]], int]:
        """Walk back from the last call, nearest nodes first, then from the last one not yet met.

        Returns:
            Nodes, edges, and how many nodes are left out.
        """
        order: dict[Any, None] = {}
        unmet = len(self.calls) - 1
        waiting: deque[Any] = deque()
        while len(order) < most and (waiting or unmet >= 0):
            if not waiting:
                waiting.append(unmet)
                unmet -= 1
            node = waiting.popleft()
            if node in order:
                continue
            order[node] = None
            if not isinstance(node, tuple):
                waiting.extend(source for source, _, _ in self.sources[node])
        self.order = list(order)
        index = {node: i for i, node in enumerate(order)}
        nodes = [
            self.given[node] if isinstance(node, tuple) else self._operation(node) for node in order
        ]
        edges, cut = [], []
        for node, i in index.items():
            if isinstance(node, tuple):
                continue
            sources = [source for source, _, _ in self.sources[node]]
            edges += [(index[source], i) for source in sources if source in index]
            if any(source not in index for source in sources):
                cut.append(i)
        left_out = len(self.calls) + len(self.given) - len(order)
        if left_out:
            edges += [(len(nodes), target) for target in cut]
            nodes.append(Node(f"… {left_out} more", "more"))
        return nodes, edges, left_out

    def _operation(self, number: int) -> Node:
        call = self.calls[number]
        kind = call.op.__name__
        details = list(dict.fromkeys(self._shown(y.data) for y in call.outputs))
        details += [
            f"{name} = {x:g}" if isinstance(x, float) else f"{name} = {x}"
            for name, x in zip(_argument_names(call), call.inputs, strict=True)
            if _is_number(x)
        ]
        dashed = not any(y.requires_grad for y in call.outputs)
        name = kind.removesuffix("Op") or kind
        # By the Tensor alone: an operation may hand on the array that it was given.
        known = [self.names[id(y)] for y in call.outputs if id(y) in self.names]
        name = f"{', '.join(known)} = {name}" if known else name
        gradient = _gradient(*self.gradients.get(id(call), ())[:1])
        return Node(name, "operation", details, str(call), dashed=dashed, gradient=gradient)

    def _leaf(self, x: Any, argument: str) -> Node:
        fallback = "parameter" if isinstance(x, Parameter) else argument
        known = (self.names.get(id(x)), self.names.get(id(_array(x))), self.of_modules.get(id(x)))
        name = next((name for name in known if name), None) or getattr(x, "name", None) or fallback
        array = np.asarray(x) if isinstance(x, list | tuple) else x
        shape, dtype = getattr(array, "shape", ""), getattr(array, "dtype", "")
        dashed = not getattr(x, "requires_grad", False)
        detail = str(shape) if array is None or shape == "" else self._shown(_array(array))
        gradient = _gradient(getattr(x, "grad", None)) if self.gradients else ""
        return Node(
            str(name), "leaf", [detail], f"{name}, {dtype}", dashed=dashed, gradient=gradient
        )

    def _shown(self, array: Any) -> str:
        """Write an array's numbers, if they are asked for and few, or its shape."""
        return (_numbers(array) if self.values else "") or str(np.shape(array))


def drawn(reader: TraceReader, max_nodes: int, lines: int = 0) -> tuple[Graph, int]:
    """Return a graph of the nodes nearest to the last call that fit a page, and how many do not.

    Args:
        reader: The trace.
        max_nodes: The most nodes.
        lines: How many lines will stand below the graph.
    """
    check_at_least(f"{reader.figure}(max_nodes)", max_nodes, 1)
    nodes, edges, left_out = reader.nearest(min(max_nodes, _MOST_NODES))
    graph = Graph(nodes, edges, lines=lines)
    while not graph.fits and len(nodes) > 2:
        fewer = max(1, min(len(nodes) - 2, int(len(nodes) * graph.room)))
        nodes, edges, left_out = reader.nearest(fewer)
        graph = Graph(nodes, edges, lines=lines)
    return graph, left_out


def numbers_or_shape(array: Any) -> str:
    """Write the numbers of a small array, or the shape of a larger one."""
    return _numbers(array) or str(np.shape(array))


def _numbers(array: Any) -> str:
    """Write the numbers of a small array."""
    array = np.asarray(array)
    if not 0 < array.size <= _MOST_NUMBERS or array.dtype.kind not in "fiub":
        return ""
    return ", ".join(format_value(float(v)) for v in array.ravel())


def _gradient(array: Any = None) -> str:
    return "" if array is None else f"grad {_numbers(_array(array)) or np.shape(array)}"


def _names(figure: str, names: Any) -> dict[int, str]:
    """Return the names that the caller gives, by the identity of Tensors and their arrays."""
    if names is None:
        return {}
    if not isinstance(names, Module | Mapping):
        kind = type(names).__name__
        raise ValueError(f"{figure}(names): expected a Module or a dict, got {kind}")
    known = names.named_parameters() if isinstance(names, Module) else names.items()
    pairs = [(name, x) for name, x in known if isinstance(x, Tensor | np.ndarray)]
    return {id(_array(x)): str(name) for name, x in pairs} | {id(x): str(n) for n, x in pairs}


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def _arrays(option: Any) -> list[Any]:
    """Return the arrays of an option, such as an index."""
    if isinstance(option, tuple | list):
        return [array for part in option for array in _arrays(part)]
    return [option] if isinstance(option, np.ndarray) else []


def _is_number(x: Any) -> bool:
    return isinstance(x, numbers.Number) and not isinstance(x, np.ndarray)


def _argument_names(call: Call) -> list[str]:
    """Return what the operation calls its inputs; x is called input."""
    names: list[str] = []
    rest = "input"
    for name, parameter in inspect.signature(call.op.idea.forward).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = name
        elif name != "self":
            names.append("input" if name == "x" else name)
    return (names + [rest] * len(call.inputs))[: len(call.inputs)]
