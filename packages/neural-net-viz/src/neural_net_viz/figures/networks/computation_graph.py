"""What autograd recorded: every operation behind a tensor, down to parameters and inputs."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neural_net_core import Module, Op, Parameter, Tensor
from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, WIDEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.inputs import check_at_least, checked
from neural_net_viz.drawing.layered_layout import Layout, lay_out
from neural_net_viz.drawing.number_text import coordinate
from neural_net_viz.drawing.text import fit_text, text_width
from neural_net_viz.figure import Figure

__all__ = ["computation_graph"]

_NAME = 12.0
_SHAPE = 10.5
_TALL = 40.0
_ROW = 84.0
_MOST_NAME = 170.0
_MOST_NODES = 300


@dataclass
class _Node:
    name: str
    kind: str  # "operation", "leaf" or "more"
    shapes: list[str] = field(default_factory=list)
    tip: str = ""


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
    widths = [_width(node) for node in nodes]
    layout = lay_out(widths, edges)
    while (layout.width > WIDEST - 2 * MARGIN or _height(layout) > TALLEST) and len(nodes) > 2:
        room = min(WIDEST / layout.width, TALLEST / _height(layout))
        fewer = max(1, min(len(nodes) - 2, int(len(nodes) * room)))
        nodes, edges, left_out = _read(root, tensor, called, fewer)
        widths = [_width(node) for node in nodes]
        layout = lay_out(widths, edges)
    page = max(layout.width + 2 * MARGIN, 360.0)
    shift = (page - layout.width) / 2
    canvas = Canvas()
    top = draw_title(canvas, title, page)
    note = "round: operation; square: parameter or input"
    canvas.text(MARGIN, top + 6, note, size=11, classes="muted", max_width=page - 2 * MARGIN)
    top += 26
    last = max(layout.rows)
    ys = [top + (last - row) * _ROW for row in layout.rows]
    _draw_edges(canvas, edges, layout, widths, ys, shift)
    for node, centre, width, y in zip(nodes, layout.centres, widths, ys, strict=True):
        _draw_node(canvas, node, centre + shift - width / 2, y, width)
    operations = sum(node.kind == "operation" for node in nodes)
    leaves = sum(node.kind == "leaf" for node in nodes)
    words = f"Computation graph of {operations} operations and {leaves} leaves; "
    words += f"{left_out} more nodes not drawn; " if left_out else ""
    words += f"result: {nodes[0].name} of shape {nodes[0].shapes[0]}."
    return canvas.figure(page, top + last * _ROW + _TALL + MARGIN, title, description or words)


def _height(layout: Layout) -> float:
    """Return how high the page is at most."""
    return max(layout.rows) * _ROW + AROUND


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
) -> tuple[list[_Node], list[tuple[int, int]], int]:
    """Walk back from the result, nearest nodes first; return nodes, edges and what is left out."""
    nodes = [_describe(root, names)]
    nodes[0].shapes.append(str(tensor.shape))
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
                known = nodes[index[id(node)]].shapes
                if str(shape) not in known:
                    known.append(str(shape))
            else:
                cut[drawn] = None
    if beyond:
        edges += [(len(nodes), target) for target in cut]
        nodes.append(_Node(f"… {len(beyond)} more", "more"))
    return nodes, edges, len(beyond)


def _describe(node: Any, names: dict[int, str]) -> _Node:
    if isinstance(node, Op):
        kind = type(node).__name__
        return _Node(kind.removesuffix("Op") or kind, "operation", tip=repr(node))
    fallback = "parameter" if isinstance(node, Parameter) else "input"
    name = names.get(id(node)) or getattr(node, "name", None) or fallback
    return _Node(str(name), "leaf", tip=f"{name}, {node.dtype}")


def _width(node: _Node) -> float:
    name = min(text_width(node.name, _NAME), _MOST_NAME)
    shape = min(text_width(_shape_text(node), _SHAPE), _MOST_NAME)
    return max(name, shape, 24.0) + 20


def _shape_text(node: _Node) -> str:
    return "; ".join(node.shapes)


def _draw_node(canvas: Canvas, node: _Node, x: float, y: float, width: float) -> None:
    middle = x + width / 2
    if node.kind == "more":
        canvas.text(middle, y + _TALL / 2, node.name, size=_NAME, anchor="middle")
        return
    if node.kind == "operation":
        canvas.rect(x, y, width, _TALL, "node", radius=12, tip=node.tip)
    else:
        canvas.rect(x, y, width, _TALL, "fill-surface stroke-positive", radius=1, tip=node.tip)
    canvas.text(middle, y + 14, fit_text(node.name, width - 12, _NAME), size=_NAME, anchor="middle")
    canvas.text(
        middle, y + 29, _shape_text(node), size=_SHAPE, anchor="middle", classes="muted",
        max_width=width - 12,
    )  # fmt: skip


def _draw_edges(
    canvas: Canvas,
    edges: list[tuple[int, int]],
    layout: Layout,
    widths: list[float],
    ys: list[float],
    shift: float,
) -> None:
    """Draw each edge as a curve through its lanes; edges into one node end side by side."""
    arriving: dict[int, list[int]] = {}
    for number, (_, target) in enumerate(edges):
        arriving.setdefault(target, []).append(number)
    ends = {}
    for target, numbers in arriving.items():
        numbers.sort(key=lambda k: (layout.routes[k] or [layout.centres[edges[k][0]]])[-1])
        room = min(widths[target] - 16, 16.0 * (len(numbers) - 1))
        for i, number in enumerate(numbers):
            part = i / (len(numbers) - 1) - 0.5 if len(numbers) > 1 else 0.0
            ends[number] = layout.centres[target] + part * room
    for number, (source, target) in enumerate(edges):
        x, y = layout.centres[source] + shift, ys[source] + _TALL
        data = f"M{coordinate(x)} {coordinate(y)}"
        stops = []
        for i, lane in enumerate(layout.routes[number], 1):
            row = ys[source] + i * _ROW
            stops += [(lane + shift, row), (lane + shift, row + _TALL)]
        stops.append((ends[number] + shift, ys[target] - 5))
        for i, (to_x, to_y) in enumerate(stops):
            if i % 2:  # straight past a row
                data += f"V{coordinate(to_y)}"
            else:
                bend = coordinate((y + to_y) / 2)
                data += f"C{coordinate(x)} {bend} {coordinate(to_x)} {bend} "
                data += f"{coordinate(to_x)} {coordinate(to_y)}"
            x, y = to_x, to_y
        canvas.path(data, "thin stroke-muted", width=1.3)
        tip_x, tip_y = coordinate(x), coordinate(ys[target])
        canvas.path(f"M{tip_x} {tip_y}l-4 -8h8Z", "fill-muted")
