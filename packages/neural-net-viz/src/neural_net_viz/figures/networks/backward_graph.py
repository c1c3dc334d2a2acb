"""The reverse pass, step by step: which operation is at work, and every gradient by then."""

import ast
import inspect
import textwrap
from collections import Counter
from typing import Any

from neural_net_core import Op
from neural_net_core.dtypes import Array
from neural_net_core.tape import unbroadcast
from neural_net_core.tracing import BackwardCall
from neural_net_viz.drawing.inputs import checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._graph import Graph, Node, node_width
from neural_net_viz.figures.networks._trace_reader import TraceReader, drawn, numbers_or_shape

__all__ = ["backward_graph"]

_MOST_LINES = 12  # of code


@checked
def backward_graph(
    calls: Any,
    step: int | None = None,
    *,
    names: Any = None,
    max_nodes: int = 40,
    title: str = "Backward, step by step",
    description: str | None = None,
) -> Figure:
    """Draw the computation graph after some steps of the reverse pass, with values and gradients.

    Each step runs the `backward` of one operation: it takes the gradient of the operation's result
    and delivers one to each input, where gradients that come from several sides are added up. The
    operation at work has a second outline, what it delivers goes along the thick lines, and its
    code stands below, in the textbook form whatever form has run.

    Draw the steps from 0 to `len(calls.backward)` one after the other to watch a whole pass.

    Args:
        calls: What `with trace() as calls:` gives, with a `backward` inside.
        step: After how many steps; None means after the last one.
        names: What to call parameters, inputs and results: a Module, or name -> Tensor or array,
            such as `globals()`.
        max_nodes: The most nodes to draw, those nearest to the result, and fewer if they would not
            fit a page side by side; a node "… n more" stands for the rest.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If it is no trace, no reverse pass ran in it, it has fewer steps, or max_nodes
            is less than 1.

    Examples:
        >>> from neural_net_core import Tensor, trace
        >>> x = Tensor(3.0, requires_grad=True)
        >>> with trace() as calls:
        ...     y = x * x + 1.0
        ...     y.backward()
        >>> backward_graph(calls, 2, names={"x": x}).description
        'Step 2 of 2 of the reverse pass: MultiplyOp.backward. The gradient of x is 6.'
    """
    reader = TraceReader("backward_graph", calls, names, True)
    steps: list[BackwardCall] = calls.backward
    if not steps:
        raise ValueError(
            "backward_graph(calls): no reverse pass ran in this trace; call `loss.backward()` "
            "inside `with trace() as calls:`"
        )
    if step is None:
        step = len(steps)
    if step > len(steps):
        raise ValueError(
            f"backward_graph(step): expected at most {len(steps)}, the steps of this reverse pass, "
            f"got {step}"
        )
    plan, left_out = drawn(reader, max_nodes, _MOST_LINES + 1)
    total = _Pass(reader, steps)
    for one in steps:
        total.advance(one)
    state, widths, lit = _Pass(reader, steps), list[float](), list[int]()
    drawn_nodes = set(reader.order)
    for k in range(len(steps) + 1):
        if k:
            state.advance(steps[k - 1])
        if k in (0, step) or not drawn_nodes.isdisjoint(state.touched):
            now = _nodes(plan, reader, state, total)
            # As wide as each will ever be, so that nothing moves from step to step.
            widths = list(map(max, map(node_width, now), widths or [0.0] * len(now)))
        if k == step:
            nodes, lit = now, _lit(plan, reader, state)
            arrived = set(state.arrived)
    graph = Graph(nodes, plan.edges, widths)
    heading, code = "before the first step", list[str]()
    words = f"Before the reverse pass of {len(steps)} step{'s' * (len(steps) != 1)}."
    if step:
        idea = steps[step - 1].op.idea
        heading = f"step {step} of {len(steps)}: {idea.__name__}.backward"
        code = _code_of(idea)
        words = f"Step {step} of {len(steps)} of the reverse pass: {idea.__name__}.backward."
        words += "".join(
            f" The gradient of {node.name} is {node.gradient.removeprefix('grad ')}."
            for node, key in zip(graph.nodes, reader.order, strict=False)
            if isinstance(key, tuple) and key in arrived
        )
    words += f" {left_out} more nodes not drawn." if left_out else ""
    note = "green: gradient complete; orange: at work; dashed: without gradient"
    return graph.figure(title, note, description or words, lit, [heading, *code])


class _Pass:
    """A reverse pass as far as it has come.

    Attributes:
        gradients: The gradients so far, by node and number of its output.
        arrived: How many gradients have been delivered to each node.
        done: The calls whose step is over.
        now: The call that is at work; None before the first step.
        delivered: What it has returned for its inputs.
        touched: The nodes that look different since the last step.
    """

    def __init__(self, reader: TraceReader, steps: list[BackwardCall]) -> None:
        self.reader = reader
        self.numbers: dict[Any, int] = {call: i for i, call in enumerate(reader.calls)}
        self.gradients: dict[Any, dict[int, Array]] = {}
        self.arrived: Counter[Any] = Counter()
        self.done: set[int] = set()
        self.now: int | None = None
        self.delivered: tuple[Array | None, ...] = ()
        self.touched: set[Any] = set()
        self._take(self.numbers.get(steps[0].call), steps[0].gradients)

    def advance(self, step: BackwardCall) -> None:
        """Go a step on."""
        self.touched = {self.now}
        self.now, self.delivered = self.numbers.get(step.call), step.delivered
        if self.now is None:  # its forward pass is not in the trace
            return
        self.touched.add(self.now)
        self._take(self.now, step.gradients)
        self.done.add(self.now)
        inputs = self.reader.calls[self.now].inputs
        for source, output, i in self.reader.sources[self.now]:
            dx = self.dx_of(i)
            if dx is not None:
                self.touched.add(source)
                self.arrived[source] += 1
                found = self.gradients.setdefault(source, {})
                dx = unbroadcast(dx, inputs[i].shape)
                found[output] = found[output] + dx if output in found else dx

    def dx_of(self, i: int) -> Array | None:
        """Return what the last step has delivered to an input that wants a gradient."""
        if self.now is None or i >= len(self.delivered):
            return None
        wanted = getattr(self.reader.calls[self.now].inputs[i], "requires_grad", False)
        return self.delivered[i] if wanted else None

    def _take(self, number: int | None, dys: tuple[Array | None, ...]) -> None:
        if number is not None:
            self.gradients[number] = {i: dy for i, dy in enumerate(dys) if dy is not None}

    def node(self, key: Any, plan: Node, total: "_Pass") -> Node:
        """Return a node as it looks now; `total` is the pass at its end."""
        is_leaf = isinstance(key, tuple)
        outputs = 1 if is_leaf else len(self.reader.calls[key].outputs)
        found = self.gradients.get(key, {})
        gradient = "; ".join(
            numbers_or_shape(found[i]) if i in found else "—" for i in range(outputs)
        )
        gradient = "" if plan.dashed else f"grad {gradient}"
        style = plan.style
        if not is_leaf and key == self.now:
            style = "raised stroke-series-1"
        elif key in self.done or (is_leaf and found and self.arrived[key] == total.arrived[key]):
            style = "stroke-series-2" if is_leaf else "raised stroke-series-2"
        framed = not is_leaf and key == self.now
        return Node(
            plan.name, plan.kind, plan.details, plan.tip, style, gradient, plan.dashed, framed
        )


def _nodes(plan: Graph, reader: TraceReader, state: _Pass, total: _Pass) -> list[Node]:
    """Return the nodes of a graph as they look in a state."""
    pairs = zip(reader.order, plan.nodes, strict=False)
    nodes = [state.node(key, node, total) for key, node in pairs]
    return nodes + plan.nodes[len(nodes) :]


def _lit(plan: Graph, reader: TraceReader, state: _Pass) -> list[int]:
    """Return the edges along which gradients have gone in the last step."""
    if state.now is None or state.now not in reader.order:
        return []
    target, order = reader.order.index(state.now), reader.order
    given = [
        order.index(source)
        for source, _, i in reader.sources[state.now]
        if source in order and state.dx_of(i) is not None
    ]
    return [i for i, (a, b) in enumerate(plan.edges) if b == target and a in given]


def _code_of(op: type[Op]) -> list[str]:
    """Return the lines of an operation's backward, without head and docstring."""
    try:
        source = textwrap.dedent(inspect.getsource(op.backward))
    except (OSError, TypeError):  # typed where no file holds it
        return []
    function = ast.parse(source).body[0]
    if not isinstance(function, ast.FunctionDef):
        return []
    body = function.body[ast.get_docstring(function) is not None :]
    if not body:
        return []
    lines = textwrap.dedent("\n".join(source.splitlines()[body[0].lineno - 1 :])).splitlines()
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]
