"""Graphs of named nodes in rows, from what is given at the top to the result at the bottom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from neural_net_viz.drawing.axes import AROUND, MARGIN, TALLEST, WIDEST, draw_title
from neural_net_viz.drawing.canvas import Canvas
from neural_net_viz.drawing.layered_layout import lay_out
from neural_net_viz.drawing.number_text import coordinate
from neural_net_viz.drawing.text import fit_text, text_width
from neural_net_viz.figure import Figure

__all__ = ["Graph", "Node", "node_width"]

_NAME = 12.0
_DETAIL = 10.5
_TALL = 40.0
_ROW = 84.0
_CODE = 18.0  # a line of it
_GRADIENT = 16.0  # how much taller the boxes are where one has a gradient
_MOST_NAME = 170.0


@dataclass
class Node:
    """A node: a name, and below it smaller what else there is to say.

    Attributes:
        name: The name.
        kind: "operation", drawn round, "leaf", square, or "more", a text without a box.
        details: What stands below the name.
        tip: The text shown when the pointer rests on it.
        style: How the box looks; of a leaf, its outline.
        gradient: What stands in a third line, of the loss by this node.
        dashed: Whether the box is drawn with a dashed line.
        framed: Whether it has a second outline.
    """

    name: str
    kind: str
    details: list[str] = field(default_factory=list)
    tip: str = ""
    style: str = ""
    gradient: str = ""
    dashed: bool = False
    framed: bool = False

    def __post_init__(self) -> None:
        self.style = self.style or ("node" if self.kind == "operation" else "stroke-positive")


class Graph:
    """Nodes and edges with their places.

    Args:
        nodes: The nodes.
        edges: Pairs (source, target) of numbers of nodes.
        widths: The least widths of the nodes.
        lines: How many lines will stand below, at most.
    """

    def __init__(
        self,
        nodes: list[Node],
        edges: list[tuple[int, int]],
        widths: Sequence[float] | None = None,
        lines: int = 0,
    ) -> None:
        self.nodes, self.edges, self.lines = nodes, edges, lines
        self.widths = [node_width(node) for node in nodes]
        if widths is not None:
            self.widths = list(map(max, self.widths, widths))
        self.layout = lay_out(self.widths, edges)
        more = _GRADIENT if any(node.gradient for node in nodes) else 0.0
        self.tall, self.row = _TALL + more, _ROW + more

    @property
    def fits(self) -> bool:
        """Whether the graph fits a page."""
        return self.layout.width <= WIDEST - 2 * MARGIN and self._height <= TALLEST

    @property
    def room(self) -> float:
        """How much of the graph fits a page, about."""
        return min(WIDEST / self.layout.width, TALLEST / self._height)

    @property
    def _height(self) -> float:
        return max(self.layout.rows) * self.row + AROUND + _CODE * self.lines

    def figure(
        self,
        title: str,
        note: str,
        description: str,
        lit: Collection[int] = (),
        below: Sequence[str] = (),
    ) -> Figure:
        """Draw the graph.

        Args:
            title: The figure's title.
            note: What the shapes mean, in a line below the title.
            description: What the figure shows, in words.
            lit: The numbers of edges that stand out, with their arrows the other way.
            below: Lines of text below the graph, the first one as a heading of code.
        """
        layout = self.layout
        wide = max((text_width(line, _NAME) for line in below), default=0.0) * 1.15  # monospaced
        page = max(layout.width, text_width(note, 11), wide, 360.0 - 2 * MARGIN) + 2 * MARGIN
        shift = (page - layout.width) / 2
        canvas = Canvas()
        top = draw_title(canvas, title, page)
        canvas.text(MARGIN, top + 6, note, size=11, classes="muted", max_width=page - 2 * MARGIN)
        top += 26
        last = max(layout.rows)
        ys = [top + (last - row) * self.row for row in layout.rows]
        self._draw_edges(canvas, ys, shift, lit)
        for node, centre, width, y in zip(self.nodes, layout.centres, self.widths, ys, strict=True):
            self._draw_node(canvas, node, centre + shift - width / 2, y, width)
        bottom = top + last * self.row + self.tall + MARGIN
        for i, line in enumerate(below):
            look = "text mono" if i else "text"
            canvas.text(MARGIN, bottom + 9, line, size=_NAME, classes=look, bold=not i)
            bottom += _CODE
        return canvas.figure(page, bottom + MARGIN * bool(below), title, description)

    def _draw_node(self, canvas: Canvas, node: Node, x: float, y: float, width: float) -> None:
        middle = x + width / 2
        if node.kind == "more":
            canvas.text(middle, y + self.tall / 2, node.name, size=_NAME, anchor="middle")
            return
        look, radius = (
            (node.style, 12) if node.kind == "operation" else (f"fill-surface {node.style}", 1)
        )
        dash = "3 3" if node.dashed else ""
        if node.framed:
            around = (x - 3, y - 3, width + 6, self.tall + 6)
            # Its stroke alone: two fills on one shape depend on the order of the page's figures.
            stroke = next(role for role in node.style.split() if role.startswith("stroke-"))
            canvas.rect(*around, f"none {stroke}", radius=radius + 3)
        canvas.rect(x, y, width, self.tall, look, radius=radius, dash=dash, tip=node.tip)
        name = fit_text(node.name, width - 12, _NAME)
        canvas.text(middle, y + 14, name, size=_NAME, anchor="middle")
        canvas.text(
            middle, y + 29, _detail_text(node), size=_DETAIL, anchor="middle", classes="muted",
            max_width=width - 12,
        )  # fmt: skip
        if node.gradient:
            canvas.text(
                middle, y + 45, node.gradient, size=_DETAIL, anchor="middle", bold=True,
                max_width=width - 12,
            )  # fmt: skip

    def _draw_edges(
        self, canvas: Canvas, ys: list[float], shift: float, lit: Collection[int]
    ) -> None:
        """Draw each edge as a curve through its lanes; edges into one node end side by side."""
        edges, layout, widths = self.edges, self.layout, self.widths
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
            x, y = layout.centres[source] + shift, ys[source] + self.tall
            data = f"M{coordinate(x)} {coordinate(y)}"
            stops = []
            for i, lane in enumerate(layout.routes[number], 1):
                row = ys[source] + i * self.row
                stops += [(lane + shift, row), (lane + shift, row + self.tall)]
            stops.append((ends[number] + shift, ys[target] - 5))
            for i, (to_x, to_y) in enumerate(stops):
                if i % 2:  # straight past a row
                    data += f"V{coordinate(to_y)}"
                else:
                    bend = coordinate((y + to_y) / 2)
                    data += f"C{coordinate(x)} {bend} {coordinate(to_x)} {bend} "
                    data += f"{coordinate(to_x)} {coordinate(to_y)}"
                x, y = to_x, to_y
            if number in lit:
                canvas.path(data, "thin stroke-series-1", width=2.6)
                x, y = layout.centres[source] + shift, ys[source] + self.tall
                canvas.path(f"M{coordinate(x)} {coordinate(y)}l-5 9h10Z", "fill-series-1")
            else:
                canvas.path(data, "thin stroke-muted", width=1.3)
                tip = f"M{coordinate(x)} {coordinate(ys[target])}l-4 -8h8Z"
                canvas.path(tip, "fill-muted")


def node_width(node: Node) -> float:
    """Return how wide a node's box is."""
    name = min(text_width(node.name, _NAME), _MOST_NAME)
    detail = min(text_width(_detail_text(node), _DETAIL), _MOST_NAME)
    gradient = min(text_width(node.gradient, _DETAIL, bold=True), _MOST_NAME)
    return max(name, detail, gradient, 24.0) + 20


def _detail_text(node: Node) -> str:
    return "; ".join(node.details)
