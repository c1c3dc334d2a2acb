"""The nodes of a run, step by step, and the file around them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_net_core.op import Op
from neural_net_layers.onnx._error import ExportError
from neural_net_layers.onnx._examples import Axes
from neural_net_layers.onnx._graph import Graph, Row, Value
from neural_net_layers.onnx._run import Made, Part, Run, State, Step
from neural_net_layers.onnx._table import WITHOUT_ROW
from neural_net_layers.onnx._traced_array import Computed, Given
from neural_net_layers.onnx.rows.numpy_functions import FUNCTIONS
from neural_net_layers.onnx.rows.shapes import sliced

__all__ = ["IR_VERSION", "OPSET", "Writer", "row_of"]

# The version of ONNX's operators that files ask for, and of the format. Runtimes since the end of
# 2023 know both.
OPSET, IR_VERSION = 20, 9


def row_of(step: Step, rows: Mapping[type[Op], Row]) -> Row:
    """Return what writes a step, or raise an error that says why nothing does."""
    row = rows.get(step.op)
    if row is None:
        reason = WITHOUT_ROW.get(step.op, "ONNX nodes for it are not known")
        raise ExportError(
            f"to_onnx: {step.name} cannot be exported: {reason}; rows={{...}} can say what to write"
        )
    return row


class Writer:
    """Writes the nodes of a run, and around them the file."""

    def __init__(
        self,
        onnx: Any,
        rows: Mapping[type[Op], Row],
        inputs: Sequence[Any],
        names: Sequence[str],
        axes: Axes,
        agreed: Run,
    ) -> None:
        self.onnx, self.rows, self.run = onnx, rows, agreed
        self.graph = graph = Graph(onnx, [*names, *agreed.state])
        self.given = [
            Value(name, shape, x.dtype)
            for name, shape, x in zip(names, agreed.given, inputs, strict=True)
        ]
        self.axes = axes
        for name, ((i, axis), *_) in axes.items():
            graph.axes[name] = self.given[i], axis
        self.made: list[tuple[Value, ...]] = []
        self.computed: dict[int, Value] = {}
        for step in agreed.steps:
            self.made.append(self.written(step))

    def written(self, step: Step) -> tuple[Value, ...]:
        """Write the nodes of a step and return its results."""
        graph = self.graph
        row = row_of(step, self.rows)
        floats = [dtype for dtype in step.dtypes if dtype.kind == "f"]
        graph.dtype = (floats or step.dtypes)[0]
        graph.path = step.path.partition(" ")[0] if " " in step.path else ""
        graph.results = tuple(
            Value("", shape, dtype) for shape, dtype in zip(step.shapes, step.dtypes, strict=True)
        )
        try:
            inputs = self.promoted([self.value(x) for x in step.inputs])
            config = {name: self.index(x) for name, x in step.config.items()}
            names = row(graph, *inputs, **config)
        except ExportError as error:
            raise ExportError(f"to_onnx: {step.name}: {error}") from None
        names = names if isinstance(names, tuple | list) else (names,)
        return tuple(
            Value(graph.name(name), y.shape, y.dtype)
            for name, y in zip(names, graph.results, strict=True)
        )

    def value(self, source: Any) -> Any:
        """Return the value of the graph that comes from somewhere; what is none as it is."""
        if isinstance(source, Given):
            return self.given[source.place]
        if isinstance(source, Made):
            return self.made[source.step][source.output]
        if isinstance(source, State):
            self.graph.initializers[source.name] = source.array
            return Value(source.name, source.array.shape, source.array.dtype)
        if isinstance(source, Part):
            whole = self.value(source.of)
            slices = [
                slice(None) if (start, stop) == (0, n) else slice(start, stop)
                for start, stop, n in zip(source.starts, source.stops, whole.shape, strict=True)
            ]
            name = sliced(self.graph, whole, slices)
            return Value(name, source.shape, source.block.dtype)
        return self.function(source) if isinstance(source, Computed) else source

    def promoted(self, inputs: list[Any]) -> list[Any]:
        """Return inputs with their floats in one dtype, as NumPy promotes them."""
        floats = [x for x in inputs if isinstance(x, Value) and x.dtype.kind == "f"]
        if len({x.dtype for x in floats}) > 1:
            widest = np.result_type(*(x.dtype for x in floats))
            to = self.graph.type_of(widest)
            for i, x in enumerate(inputs):
                if isinstance(x, Value) and x.dtype.kind == "f" and x.dtype != widest:
                    inputs[i] = Value(self.graph.Cast(x, to=to), x.shape, widest)
        return inputs

    def index(self, part: Any) -> Any:
        """Return an option in which arrays, in tuples too, are values of the graph."""
        if isinstance(part, tuple | list):
            return type(part)(map(self.index, part))
        return self.value(part)

    def function(self, source: Computed) -> Value:
        """Write what NumPy computed and return the result."""
        if id(source) not in self.computed:
            write = FUNCTIONS.get(source.function)
            if write is None:
                raise ExportError(
                    f"it reads what NumPy's {source.function} computed of an input, which cannot "
                    "be exported"
                )
            inputs = [self.index(x) for x in source.inputs]
            options = {name: self.index(x) for name, x in source.options.items()}
            outer, self.graph.dtype = self.graph.dtype, np.dtype(np.int64)
            try:
                name = write(self.graph, *inputs, **options)
            except TypeError:
                raise ExportError(
                    f"it reads what NumPy's {source.function} computed with other options than "
                    f"can be exported: {', '.join(options)}"
                ) from None
            self.graph.dtype = outer
            self.computed[id(source)] = Value(name, source.result.shape, source.result.dtype)
        return self.computed[id(source)]

    def file(self, name: str, output_names: Sequence[str] | None) -> Any:
        """Return the whole as a model of ONNX."""
        helper, graph = self.onnx.helper, self.graph
        graph.path = ""
        results = [self.value(source) for source in self.run.results]
        names = output_names
        if names is None:
            names = (
                ["output"] if len(results) == 1 else [f"output_{i}" for i in range(len(results))]
            )
        if len(names) != len(results):
            raise ValueError(
                f"to_onnx: expected {len(results)} output_names, one for each result, got "
                f"{list(names)}"
            )
        outputs = []
        for wanted, result, shape in zip(names, results, self.run.shapes, strict=True):
            if not isinstance(result, Value):
                raise ExportError(
                    f"to_onnx: the result {wanted!r} comes from no operation that was seen, but "
                    "is a constant or was computed in NumPy"
                )
            if graph.new(wanted) != wanted:
                raise ValueError(
                    f"to_onnx: {wanted!r}, the name of a result, is another value's; give "
                    "output_names="
                )
            graph.nodes.append(helper.make_node("Identity", [result.name], [wanted]))
            outputs.append(self.info(Value(wanted, shape, result.dtype)))
        made = helper.make_graph(
            graph.nodes,
            name,
            [self.info(value, i) for i, value in enumerate(self.given)],
            outputs,
            [self.onnx.numpy_helper.from_array(a, n) for n, a in graph.initializers.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(
            made, opset_imports=[opset], ir_version=IR_VERSION, producer_name="neural-net"
        )

    def info(self, value: Value, place: int | None = None) -> Any:
        """Return an input or output with its type; free axes bear their names."""
        shape: list[Any] = [
            n if isinstance(n, int) else None if n.terms is None else str(n) for n in value.shape
        ]
        for name, places in self.axes.items():
            for i, axis in places:
                if i == place:
                    shape[axis] = name
        type_of = self.graph.type_of(value.dtype)
        return self.onnx.helper.make_tensor_value_info(value.name, type_of, shape)
