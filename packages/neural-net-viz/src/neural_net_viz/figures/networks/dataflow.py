"""How the arrays of a recorded program flow from line to line."""

from collections.abc import Mapping
from typing import Any, Literal

from neural_net_core.checks import check_word
from neural_net_viz.drawing.inputs import check_at_least, checked
from neural_net_viz.figure import Figure
from neural_net_viz.figures.networks._graph import Graph, Node

__all__ = ["dataflow"]

_MOST_LINES = 300

# The outline of a line's box, by its section.
_STYLES = {
    "forward": "raised stroke-series-0",
    "backward": "raised stroke-series-1",
    "update": "raised stroke-series-2",
}


@checked
def dataflow(
    program: Any,
    *,
    section: Literal["forward", "backward", "update"] | None = None,
    max_lines: int = 60,
    title: str = "Dataflow",
    description: str | None = None,
) -> Figure:
    """Draw the lines of a program as nodes, and an edge from what makes an array to who reads it.

    It takes what `neural_net_utils.record` returns, or anything with a list `lines` whose elements
    have `text` and `section`, both texts, and `reads` and `writes`, the names of the arrays that
    the line reads and writes. If it has `inputs`, arrays by name, their shapes are shown.

    Args:
        program: The program.
        section: Draw only the lines of this section; None draws all.
        max_lines: The most lines to draw, the first ones, and fewer if they would not fit a page;
            a node "… n more" stands for the rest.
        title: The figure's title.
        description: What it shows, in words; None makes one.

    Returns:
        The figure.

    Raises:
        ValueError: If there are no lines, the section is unknown, or max_lines is less than 1.

    Examples:
        >>> from types import SimpleNamespace
        >>> first = SimpleNamespace(
        ...     text="y = x * w", section="forward", reads=("x", "w"), writes=("y",)
        ... )
        >>> dataflow(SimpleNamespace(lines=[first])).description
        'Dataflow of 1 line and 2 arrays that are given.'
    """
    check_at_least("dataflow(max_lines)", max_lines, 1)
    if section is not None:
        check_word("dataflow", "section", section, tuple(_STYLES))
    lines = [_read(i, line) for i, line in enumerate(_lines_of(program))]
    lines = [line for line in lines if section is None or line[1] == section]
    if not lines:
        raise ValueError(
            "dataflow(program): there is no line to draw"
            + ("" if section is None else f" in the section {section!r}")
        )
    count = min(max_lines, _MOST_LINES, len(lines))
    shapes = _shapes_of(program)
    graph = _graph(lines, count, shapes)
    while not graph.fits and count > 1:
        count = max(1, min(count - 1, int(count * graph.room)))
        graph = _graph(lines, count, shapes)
    given = sum(node.kind == "leaf" for node in graph.nodes)
    words = f"Dataflow of {count} line{'s' * (count != 1)} and {given} arrays that are given"
    words += f"; {len(lines) - count} more lines not drawn." if count < len(lines) else "."
    note = "square: given; round: computed; blue forward, orange backward (d_ …), green update"
    return graph.figure(title, note, description or words)


_Line = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def _lines_of(program: Any) -> list[Any]:
    lines = getattr(program, "lines", None)
    if not isinstance(lines, list | tuple):
        raise ValueError(
            "dataflow(program): expected a program, with a list of lines, got a "
            f"{type(program).__name__}"
        )
    return list(lines)


def _read(number: int, line: Any) -> _Line:
    """Return a line's text, section, and the names that it reads and writes."""
    try:
        return str(line.text), str(line.section), tuple(line.reads), tuple(line.writes)
    except (AttributeError, TypeError):
        raise ValueError(
            f"dataflow(program): line {number} has no text, section, reads and writes, but is a "
            f"{type(line).__name__}"
        ) from None


def _shapes_of(program: Any) -> dict[str, str]:
    """Return the shapes of the arrays that a program is given, as texts."""
    inputs = getattr(program, "inputs", {})
    known = inputs if isinstance(inputs, Mapping) else {}
    return {str(name): str(x.shape) for name, x in known.items() if hasattr(x, "shape")}


def _graph(lines: list[_Line], count: int, shapes: dict[str, str]) -> Graph:
    """Return the graph of the first lines, with what they are given."""
    nodes: list[Node] = []
    edges: list[tuple[int, int]] = []
    makers: dict[str, int] = {}  # of each array the node that wrote it last
    for text, section, reads, writes in lines[:count]:
        sources = []
        for name in reads:
            if name not in makers:
                makers[name] = len(nodes)
                details = [shapes[name]] if name in shapes else []
                nodes.append(Node(name, "leaf", details, f"{name}, given"))
            sources.append(makers[name])
        number = len(nodes)
        made = ", ".join(writes)
        _, equals, right = text.partition(" = ")
        style = _STYLES.get(section, "node")
        nodes.append(Node(made or text, "operation", [right if equals else text], text, style))
        edges += [(source, number) for source in dict.fromkeys(sources)]
        makers.update(dict.fromkeys(writes, number))
    if count < len(lines):
        edges.append((len(nodes) - 1, len(nodes)))
        nodes.append(Node(f"… {len(lines) - count} more", "more"))
    return Graph(nodes, edges)
