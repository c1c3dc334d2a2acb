"""The graph of an ONNX file as it is being written: its nodes, constants, and sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._sizes import Filled, Ramp, Size, Triangle

__all__ = ["Graph", "Row", "Rows", "Shape", "Value", "length"]

Shape = tuple[int | Size, ...]
# Called with the graph, an operation's inputs, and its options by name; writes nodes and returns
# the name of the result, or several.
Row = Callable[..., Any]
Rows = dict[type[Op], Row]


@dataclass(frozen=True, eq=False)
class Value:
    """An array of the graph.

    Attributes:
        name: Its name there.
        shape: Its shape; lengths that follow the free axes are `Size`s.
        dtype: Its dtype.
    """

    name: str
    shape: Shape
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class Graph:
    """Writes nodes: every operator of ONNX is a method of the graph, called by its name.

        y = graph.Mul(x, graph.Sigmoid(x))
        a, b = graph.Split(x, num_outputs=2, axis=-1, outputs=2)

    What is called by position becomes inputs: values of the graph; numbers, which take the dtype of
    the operation that is being written; arrays; lists of whole numbers, such as axes and shapes;
    None for an input that is left out. What is called by name becomes attributes, but for
    `outputs`, the number of results.

    Args:
        onnx: The package onnx.
        names: Of the values that are there already.

    Attributes:
        results: The results of the operation that is being written, without names.
        dtype: Of numbers.
        nodes: What is written so far.
        initializers: The arrays that the file holds, by name.
    """

    def __init__(self, onnx: Any, names: Sequence[str] = ()) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.initializers: dict[str, Array] = {}
        self.axes: dict[str, tuple[Value, int]] = {}
        self.path = ""
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self.results: tuple[Value, ...] = ()
        self._constants: dict[Any, str] = {}
        self._sizes: dict[Any, str] = {}
        self._written: dict[Any, Any] = {}  # the same node is not written twice
        self._names = set(names)

    def __getattr__(self, operator: str) -> Callable[..., Any]:
        if not operator[0].isupper():
            raise AttributeError(operator)

        def write(*inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
            taken = [self.name(x) for x in inputs]
            while taken and not taken[-1]:
                taken.pop()  # inputs that are left out at the end
            key = operator, *taken, outputs, repr(attributes)
            if key in self._written:
                return self._written[key]
            name = self.new(f"{self.path}/{operator}" if self.path else operator)
            made = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
            attributes = {key: value for key, value in attributes.items() if value is not None}
            node = self._onnx.helper.make_node(operator, taken, made, name=name, **attributes)
            self.nodes.append(node)
            self._written[key] = name if outputs == 1 else tuple(made)
            return self._written[key]

        return write

    def name(self, x: Any) -> str:
        """Return the name of an input; numbers, arrays and lists become constants."""
        if x is None:
            return ""
        if isinstance(x, str):
            return x
        if isinstance(x, Value):
            return x.name
        if isinstance(x, list):
            return self.shape(x)
        if isinstance(x, Size):
            return self.number(x)
        if isinstance(x, Filled):
            return self.Expand(x.number, list(x.shape))
        if isinstance(x, Ramp):
            return self.ramp(x)
        if isinstance(x, Triangle):
            seen = self.triangle(x.rows, x.columns, x.offset)
            return self.Unsqueeze(seen, list(range(x.ndim - 2))) if x.ndim > 2 else seen
        return self.constant(x if isinstance(x, np.ndarray) else np.array(x, self.dtype))

    def loop(
        self,
        step: Callable[..., tuple[list[str], str]],
        states: Sequence[Any],
        inputs: Sequence[Any],
        reverse: bool,
    ) -> tuple[str, ...]:
        """Write a loop over the first axis of the inputs; return the last states and the outputs.

        Args:
            step: Writes the nodes of one step: called with the names of the states and of what
                stands in the inputs; returns those of the next states and of the output.
            states: The first ones; all have the dtype of the operation.
            inputs: One array for each input of a step.
            reverse: Whether the loop runs from the end to the beginning.
        """
        outer = self.nodes, self._written, self._sizes
        self.nodes, self._written, self._sizes = [], {**self._written}, {**self._sizes}
        helper = self._onnx.helper
        given = [self.new("step") for _ in (*states, *inputs)]
        next_states, output = step(*given)
        made = [self.new("step") for _ in (*states, output)]
        for name, result in zip((*next_states, output), made, strict=True):
            self.nodes.append(helper.make_node("Identity", [name], [result]))
        infos = [[self._onnx.ValueInfoProto(name=n) for n in names] for names in (given, made)]
        body = helper.make_graph(self.nodes, "step", *infos)
        self.nodes, self._written, self._sizes = outer
        direction = int(reverse)
        results: tuple[str, ...] = self.Scan(
            *states,
            *inputs,
            outputs=len(made),
            body=body,
            num_scan_inputs=len(inputs),
            scan_input_directions=[direction] * len(inputs),
            scan_output_directions=[direction],
        )
        return results

    def constant(self, array: Array) -> str:
        """Return the name of an array that the file holds, once if it is there twice."""
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            text = "_".join(map(str, array.reshape(-1).tolist())) if array.size <= 4 else "array"
            self._constants[key] = self.new(f"constant_{text}")
            self.initializers[self._constants[key]] = array
        return self._constants[key]

    def shape(self, lengths: Sequence[int | Size]) -> str:
        """Return the name of lengths as one array of whole numbers."""
        if not any(isinstance(n, Size) for n in lengths):
            return self.constant(np.array(lengths, np.int64))
        parts = [self.size(n) for n in lengths]
        return parts[0] if len(parts) == 1 else self.Concat(*parts, axis=0)

    def size(self, n: int | Size) -> str:
        """Return the name of one length, as an array (1,)."""
        if isinstance(n, int):
            return self.constant(np.array([n], np.int64))
        if n.terms is None:
            raise ExportError(
                f"a length of {n} follows the free axes in a way that cannot be told from a few "
                "sizes"
            )
        if n not in self._sizes:
            total = ""
            for names, factor in n.terms:
                term = self.size(factor) if factor != 1 or not names else ""
                for name in names:
                    axis = self._axis(name)
                    term = self.Mul(term, axis) if term else axis
                total = self.Add(total, term) if total else term
            self._sizes[n] = total
        return self._sizes[n]

    def number(self, n: int | Size) -> str:
        """Return the name of one length, as a number to compute with."""
        if isinstance(n, int):
            return self.name(n)
        number = self.Squeeze(self.size(n), [0])
        return self.Cast(number, to=self.type_of(self.dtype))

    def positions(self, n: int | Size) -> str:
        """Return the name of 0, 1, …, n − 1."""
        first, step = np.array(0, np.int64), np.array(1, np.int64)
        return self.Range(first, self.Squeeze(self.size(n), [0]), step)

    def triangle(self, rows: int | Size, columns: int | Size, offset: int | Size) -> str:
        """Return the name of booleans (rows, columns), true at j ≤ offset + i."""
        ends = self.Unsqueeze(self.Add(self.positions(rows), self.size(offset)), [1])
        return self.LessOrEqual(self.positions(columns), ends)

    def ramp(self, x: Ramp) -> str:
        """Return the name of numbers that rise."""
        numbers = self.positions(x.length)
        if x.each != 1:
            repeated = self.Expand(self.Unsqueeze(numbers, [1]), [1, x.each])
            numbers = self.Reshape(repeated, [-1])
        if x.dtype != np.int64:
            numbers = self.Cast(numbers, to=self.type_of(x.dtype))
        others = [i for i in range(x.ndim) if i != x.axis]
        return self.Unsqueeze(numbers, others) if others else numbers

    def like(self, old: Sequence[int | Size], shape: Sequence[int | Size]) -> str:
        """Return the name of a shape to bring another to: 0 is "as it was", -1 "what is left"."""
        if 0 in shape:  # which is itself a length
            return self.shape(shape)
        short = [
            0 if isinstance(n, Size) and i < len(old) and old[i] == n else n
            for i, n in enumerate(shape)
        ]
        open_ends = [i for i, n in enumerate(short) if isinstance(n, Size)]
        if len(open_ends) == 1 and -1 not in short:
            short[open_ends[0]] = -1
        return self.shape(shape if any(isinstance(n, Size) for n in short) else short)

    def ones(self, shape: Sequence[int | Size], number: float = 1.0) -> Array:
        """Return an array of one number for parameters that a layer does without."""
        return np.full([length(n) for n in shape], number, self.dtype)

    def type_of(self, dtype: Any) -> int:
        """Return ONNX's number of a dtype."""
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def new(self, wanted: str) -> str:
        """Return a name that no other value has."""
        name, i = wanted, 1
        while name in self._names:
            name, i = f"{wanted}_{i}", i + 1
        self._names.add(name)
        return name

    def _axis(self, name: str) -> str:
        """Return the length of a free axis, an array (1,)."""
        if name not in self._sizes:
            x, axis = self.axes[name]
            self._sizes[name] = self.Shape(x, start=axis, end=axis + 1)
        return self._sizes[name]


def length(n: int | Size) -> int:
    """Return a length, of the examples if it follows a free axis."""
    return n if isinstance(n, int) else n.values[0]
