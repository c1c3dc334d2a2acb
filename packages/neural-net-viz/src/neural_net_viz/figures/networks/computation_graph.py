"""What a trace saw: every operation that ran, with all that went in and came out."""

from collections.abc import Mapping
from typing import Any

from neural_net_core import Module
from neural_net_viz.drawing.inputs import checked
from neural_net_viz.drawing.text import listed
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._trace_reader import TraceReader, drawn

__all__ = ["computation_graph"]


@checked
def computation_graph(
    calls: Any,
    *,
    names: Module | Mapping[str, Any] | None = None,
    values: bool = False,
    max_nodes: int = 60,
    title: str = "Computation graph",
    description: str | None = None,
) -> Figure:
    """Draw the operations of a trace: data flow downwards, gradients flow back up.

    All that went in is there, ids, masks and lengths too. A dashed line means that no gradient
    flows there, as everywhere under `no_grad`. The drawing needs the trace alone: it may be made
    after `backward`.

    Args:
        calls: What `with trace() as calls:` gives.
        names: What to call parameters, inputs and results: a Module, or name -> Tensor or array,
            such as `globals()`. Other inputs are called as the modules that ran call them, or as
            the operation calls its input.
        values: Whether to write the numbers of small arrays in place of their shapes, and, where a
            backward pass ran in the trace, the gradient of its result by each of them.
        max_nodes: The most nodes to draw, those nearest to the last result, and fewer if they would
            not fit a page side by side; a node "… n more" stands for the rest.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If it is no trace, nothing ran in it, or max_nodes is less than 1.

    Examples:
        >>> from neural_net_core import Tensor, trace
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> with trace() as calls:
        ...     y = (x * x).sum()
        >>> computation_graph(calls, names={"x": x}).description
        'Computation graph of 2 operations and 1 inputs; last: Sum of shape ().'
        >>> w = Tensor(3.0, requires_grad=True)
        >>> with trace() as calls:
        ...     (w * w).backward()
        >>> computation_graph(calls, names={"w": w}, values=True).description.rpartition("; ")[2]
        'w 3, grad 6.'
    """
    reader = TraceReader("computation_graph", calls, names, values)
    graph, left_out = drawn(reader, max_nodes)
    nodes = graph.nodes
    operations = sum(node.kind == "operation" for node in nodes)
    leaves = sum(node.kind == "leaf" for node in nodes)
    words = f"Computation graph of {operations} operations and {leaves} inputs; "
    words += f"{left_out} more nodes not drawn; " if left_out else ""
    if values:
        said = [" ".join([node.name, *node.details[:1]]) + f", {node.gradient}" for node in nodes]
        words += listed([text.rstrip(", ") for text in said]) + "."
    else:
        words += f"last: {nodes[0].name} of shape {nodes[0].details[0]}."
    note = "round: operation; square: parameter or input; dashed: without gradient"
    return graph.figure(title, note, description or words)
