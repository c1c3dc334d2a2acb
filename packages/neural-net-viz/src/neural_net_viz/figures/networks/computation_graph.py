"""What autograd recorded: every operation behind a tensor, down to parameters and inputs."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from neural_net_core import Module, Op, Parameter, Tensor
from neural_net_viz.drawing.inputs import check_at_least, checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._graph import Graph, Node

__all__ = ["computation_graph"]

_MOST_NODES = 300


@checked
def computation_graph(
    tensor: Any,
    *,
    names: Module | Mapping[str, Tensor] | None = None,
    max_nodes: int = 60,
    title: str = "Computation graph",
    description: str | None = None,
) -> Figure:
    """Draw the operations that made a tensor: data flow downwards, gradients flow back up.

    Only what takes part in the gradient is recorded. To see an input, give it
    `requires_grad=True`; draw before `backward`, which frees the graph.

    Args:
        tensor: The result, such as a loss.
        names: What to call parameters and inputs: a Module, or name -> Tensor.
        max_nodes: The most nodes to draw, those nearest to the result, and fewer if they would not
            fit a page side by side; a node "… n more" stands for the rest.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If the tensor is none, was not recorded, or max_nodes is less than 1.
        GraphFreedError: If a backward pass has freed the graph.

    Examples:
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> computation_graph((x * x).sum(), names={"x": x}).description
        'Computation graph of 2 operations and 1 leaves; result: Sum of shape ().'
    """
    if not isinstance(tensor, Tensor):
        kind = type(tensor).__name__
        raise ValueError(f"computation_graph(tensor): expected a Tensor, got {kind}")
    check_at_least("computation_graph(max_nodes)", max_nodes, 1)
    root = tensor.grad_fn
    if root is None:
        raise ValueError(
            "computation_graph(tensor): nothing was recorded behind this tensor; compute it from "
            "something with requires_grad=True, outside no_grad()"
        )
    called = _leaf_names(names)
    nodes, edges, left_out = _read(root, tensor, called, min(max_nodes, _MOST_NODES))
    graph = Graph(nodes, edges)
    while not graph.fits and len(nodes) > 2:
        fewer = max(1, min(len(nodes) - 2, int(len(nodes) * graph.room)))
        nodes, edges, left_out = _read(root, tensor, called, fewer)
        graph = Graph(nodes, edges)
    operations = sum(node.kind == "operation" for node in nodes)
    leaves = sum(node.kind == "leaf" for node in nodes)
    words = f"Computation graph of {operations} operations and {leaves} leaves; "
    words += f"{left_out} more nodes not drawn; " if left_out else ""
    words += f"result: {nodes[0].name} of shape {nodes[0].details[0]}."
    note = "round: operation; square: parameter or input"
    return graph.figure(title, note, description or words)


def _leaf_names(names: Any) -> dict[int, str]:
    if names is None:
        return {}
    if not isinstance(names, Module | Mapping):
        kind = type(names).__name__
        raise ValueError(f"computation_graph(names): expected a Module or a dict, got {kind}")
    pairs = names.named_parameters() if isinstance(names, Module) else names.items()
    return {id(tensor): str(name) for name, tensor in pairs}


def _read(
    root: Op, tensor: Tensor, names: dict[int, str], most: int
) -> tuple[list[Node], list[tuple[int, int]], int]:
    """Walk back from the result, nearest nodes first; return nodes, edges and what is left out."""
    nodes = [_describe(root, names)]
    nodes[0].details.append(str(tensor.shape))
    index = {id(root): 0}  # by identity: tensors compare by element
    edges: list[tuple[int, int]] = []
    cut: dict[int, None] = {}
    waiting: deque[Any] = deque([root])
    beyond: dict[int, Any] = {}
    while waiting:
        op = waiting.popleft()
        op.check_usable()
        for parent in op.parents:
            if parent is None:
                continue
            node, _, shape = parent
            drawn = index.get(id(op))
            if id(node) not in index and id(node) not in beyond:
                if drawn is not None and len(nodes) < most:
                    index[id(node)] = len(nodes)
                    nodes.append(_describe(node, names))
                else:
                    beyond[id(node)] = node
                if isinstance(node, Op):
                    waiting.append(node)
            if drawn is None:
                continue
            if id(node) in index:
                edges.append((index[id(node)], drawn))
                known = nodes[index[id(node)]].details
                if str(shape) not in known:
                    known.append(str(shape))
            else:
                cut[drawn] = None
    if beyond:
        edges += [(len(nodes), target) for target in cut]
        nodes.append(Node(f"… {len(beyond)} more", "more"))
    return nodes, edges, len(beyond)


def _describe(node: Any, names: dict[int, str]) -> Node:
    if isinstance(node, Op):
        kind = type(node).__name__
        return Node(kind.removesuffix("Op") or kind, "operation", tip=repr(node))
    fallback = "parameter" if isinstance(node, Parameter) else "input"
    name = names.get(id(node)) or getattr(node, "name", None) or fallback
    return Node(str(name), "leaf", tip=f"{name}, {node.dtype}")
