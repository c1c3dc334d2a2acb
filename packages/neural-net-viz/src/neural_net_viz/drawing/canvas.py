"""The canvas: a thin layer over svgwrite that knows this package's text, colours and formats."""

import hashlib
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from xml.etree import ElementTree

import svgwrite

from neural_net_viz.drawing.number_text import coordinate
from neural_net_viz.drawing.text import clean_text, fit_text, text_width
from neural_net_viz.drawing.theme import style_sheet
from neural_net_viz.figure import Figure

__all__ = ["Canvas", "polyline"]

Anchor = Literal["start", "middle", "end"]

_SVG = "http://www.w3.org/2000/svg"
# Half the height of a capital letter, in font sizes: what to go down from the middle of a line of
# text to its baseline.
_TO_BASELINE = 0.36


_PLACES = ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "d")
_BROKEN = re.compile("nan|inf")


class Canvas:
    """A page on which a figure is drawn, from back to front, in pixels from the upper left.

    Classes are given without their prefix, several separated by spaces: `"line stroke-series-0"`.
    """

    def __init__(self) -> None:
        self._drawing = svgwrite.Drawing(debug=False)
        self._classes: dict[str, None] = {}
        self._sizes: set[float] = set()
        self._clips = 0
        self._holder: Any = self._drawing  # what the next element goes into

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        classes: str,
        *,
        radius: float = 0,
        dash: str = "",
        tip: str | None = None,
    ) -> None:
        """Draw a rectangle, if it has an area.

        Args:
            x: Left.
            y: Top.
            width: Width.
            height: Height.
            classes: How it looks.
            radius: Of the corners.
            dash: Dash pattern of its outline, empty for a whole line.
            tip: Text shown when the pointer rests on it.
        """
        if width <= 0 or height <= 0:
            return
        corner = coordinate(radius) if radius else None
        element = self._drawing.rect(
            (coordinate(x), coordinate(y)),
            (coordinate(width), coordinate(height)),
            corner,
            corner,
        )
        self._stroke(element, None, dash)
        self._add(element, classes, tip)

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        classes: str,
        *,
        width: float | None = None,
        dash: str = "",
        tip: str | None = None,
    ) -> None:
        """Draw a straight line; `width` and `dash` go over the class's own."""
        element = self._drawing.line(
            (coordinate(x1), coordinate(y1)), (coordinate(x2), coordinate(y2))
        )
        self._stroke(element, width, dash)
        self._add(element, classes, tip)

    def path(
        self,
        data: str,
        classes: str,
        *,
        width: float | None = None,
        dash: str = "",
        clip: str | None = None,
        tip: str | None = None,
        name: str | None = None,
        **attributes: str,
    ) -> None:
        """Draw a path given as SVG path data; an empty one is left out.

        Args:
            data: Path data, from `polyline` for example.
            classes: How it looks.
            width: Stroke width, instead of the class's.
            dash: Dash pattern, empty for a whole line.
            clip: What `clip` returned.
            tip: Text shown when the pointer rests on it.
            name: An id for the style sheet.
            **attributes: Further attributes, such as `pathLength`.
        """
        if not data:
            return
        element = self._drawing.path(data)
        self._stroke(element, width, dash)
        element.attribs |= {key.replace("_", "-"): value for key, value in attributes.items()}
        if name:
            element.attribs["id"] = name
        if clip:
            element.attribs["clip-path"] = clip
        self._add(element, classes, tip)

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        classes: str,
        *,
        tip: str | None = None,
        name: str | None = None,
    ) -> None:
        """Draw a disc; `name` is an id for the style sheet."""
        element = self._drawing.circle((coordinate(x), coordinate(y)), coordinate(radius))
        if name:
            element.attribs["id"] = name
        self._add(element, classes, tip)

    def text(
        self,
        x: float,
        y: float,
        content: object,
        *,
        size: float = 12,
        anchor: Anchor = "start",
        classes: str = "text",
        bold: bool = False,
        max_width: float = math.inf,
        rotate: float = 0,
    ) -> float:
        """Write one line of text.

        Args:
            x: Where it starts, has its middle or ends, as `anchor` says.
            y: The middle of the line's height.
            content: The label; it is data, so markup in it stays text.
            size: Font size.
            anchor: `"start"`, `"middle"` or `"end"`.
            classes: How it looks.
            bold: Whether it is bold.
            max_width: A longer label is cut with "…", and shows whole under the pointer.
            rotate: Degrees clockwise about (x, y).

        Returns:
            The width that the text takes.
        """
        full = clean_text(content)
        shown = fit_text(full, max_width, size, bold)
        if not shown:
            return 0.0
        baseline = (coordinate(x), coordinate(y + _TO_BASELINE * size))
        element = self._drawing.text(shown, insert=baseline)
        element.attribs["font-size"] = coordinate(size)
        self._sizes.add(size)
        if anchor != "start":
            element.attribs["text-anchor"] = anchor
        if bold:
            element.attribs["font-weight"] = "bold"
        if rotate:
            about = f"{coordinate(rotate)} {coordinate(x)} {coordinate(y)}"
            element.attribs["transform"] = f"rotate({about})"
        self._add(element, classes, full if shown != full else None)
        return text_width(shown, size, bold)

    def marker(
        self,
        shape: str,
        x: float,
        y: float,
        radius: float,
        role: str,
        tip: str | None = None,
        name: str | None = None,
    ) -> None:
        """Draw a point of a series in one of the shapes of `MARKERS`.

        Args:
            shape: A name of `neural_net_viz.drawing.theme.MARKERS`.
            x: Its middle.
            y: Its middle.
            radius: Half its size.
            role: Its colour role.
            tip: Text shown when the pointer rests on it.
            name: An id for the style sheet.
        """
        if shape == "circle":
            self.circle(x, y, radius, f"outline fill-{role}", tip=tip, name=name)
        elif shape == "ring":
            self.circle(x, y, radius * 0.85, f"mark stroke-{role}", tip=tip, name=name)
        else:
            corners, closed = _MARKER_STROKES[shape]
            data = "".join(polyline([(x + u * radius, y + v * radius) for u, v in part])
                           + ("Z" if closed else "") for part in corners)  # fmt: skip
            style = f"outline fill-{role}" if closed else f"mark stroke-{role}"
            self.path(data, style, tip=tip, name=name)

    def image(
        self, x: float, y: float, width: float, height: float, href: str, classes: str = ""
    ) -> None:
        """Draw an image given as a data address, with sharp pixels."""
        element = self._drawing.image(
            href, (coordinate(x), coordinate(y)), (coordinate(width), coordinate(height))
        )
        element.attribs["href"] = element.attribs.pop("xlink:href")
        element.attribs["preserveAspectRatio"] = "none"
        element.attribs["style"] = "image-rendering:pixelated"
        self._add(element, classes, None)

    def clip(self, x: float, y: float, width: float, height: float) -> str:
        """Define a rectangle that paths can be cut to; return what `path` takes as `clip`."""
        name = f"clip-{self._clips}"
        self._clips += 1
        holder = self._drawing.defs.add(self._drawing.clipPath(id=name))
        holder.add(
            self._drawing.rect(
                (coordinate(x), coordinate(y)), (coordinate(width), coordinate(height))
            )
        )
        return f"url(#{name})"

    @contextmanager
    def group(self, name: str) -> Iterator[None]:
        """Put what is drawn inside the `with` block together under an id for the style sheet."""
        outer = self._holder
        self._holder = outer.add(self._drawing.g(id=name))
        try:
            yield
        finally:
            self._holder = outer

    def figure(
        self,
        width: float,
        height: float,
        title: str,
        description: str,
        css: str = "",
        motion: str = "",
    ) -> Figure:
        """Finish: put the background behind, the style sheet and the descriptions in front.

        Args:
            width: Width of the page.
            height: Height of the page.
            title: The figure's title.
            description: What it shows, in words.
            css: Further rules; `#name` in them is the element with that id.
            motion: Rules for readers who have nothing against motion. Keyframes have names of
                their own, without the prefix that all names get here.
        """
        title, description = clean_text(title), clean_text(description)
        drawing = self._drawing
        drawing.attribs = {
            "xmlns": _SVG,
            "viewBox": f"0 0 {coordinate(width)} {coordinate(height)}",
            "width": coordinate(width),
            "height": coordinate(height),
            "class": "nnv",
            "role": "img",
            "aria-labelledby": "title description",
        }
        root = drawing.get_xml()
        defs = root.find("defs")
        if defs is not None and not len(defs):
            root.remove(defs)
        page = drawing.rect((0, 0), (coordinate(width), coordinate(height)), 6, 6)
        self._classes["surface"] = None
        page.attribs["class"] = "nnv-surface"
        style = ElementTree.Element("style")
        sizes = [coordinate(size) for size in sorted(self._sizes)]
        style.text = style_sheet(sorted(self._classes), sizes, css)
        head = [_described("title", title), _described("desc", description), style, page.get_xml()]
        for position, element in enumerate(head):
            root.insert(position, element)
        if motion:
            # At the end: a browser that paints while it still reads the page then starts all
            # animations in one moment, and not those of its first piece earlier.
            moving = ElementTree.SubElement(root, "style")
            moving.text = f"@media (prefers-reduced-motion:no-preference){{\n{motion}\n}}"
        _make_ids_unique(root)
        svg = _to_text(root)
        return Figure(svg, title=title, description=description, width=width, height=height)

    def _stroke(self, element: Any, width: float | None, dash: str) -> None:
        style = f"stroke-width:{coordinate(width)}" if width is not None else ""
        if style:
            element.attribs["style"] = style
        if dash:
            element.attribs["stroke-dasharray"] = dash

    def _add(self, element: Any, classes: str, tip: str | None) -> None:
        if any(_BROKEN.search(element.attribs.get(name, "")) for name in _PLACES):
            return  # what has no place is not drawn; nan is no coordinate for any viewer
        names = classes.split()
        self._classes |= dict.fromkeys(names)
        if names:
            element.attribs["class"] = " ".join(f"nnv-{name}" for name in names)
        if tip:
            element.set_desc(title=clean_text(tip))
        self._holder.add(element)


def polyline(points: list[tuple[float, float]]) -> str:
    """Write points as path data.

    Examples:
        >>> polyline([(0, 0), (1.5, 2)])
        'M0 0L1.5 2'
    """
    pairs = [f"{coordinate(x)} {coordinate(y)}" for x, y in points]
    return "M" + "L".join(pairs) if pairs else ""


# Marker -> strokes in units of the radius, and whether they close to a filled shape.
_MARKER_STROKES: dict[str, tuple[list[list[tuple[float, float]]], bool]] = {
    "square": ([[(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]], True),
    "triangle": ([[(0, -1.1), (1.05, 0.8), (-1.05, 0.8)]], True),
    "diamond": ([[(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)]], True),
    "plus": ([[(-1, 0), (1, 0)], [(0, -1), (0, 1)]], False),
    "cross": ([[(-0.8, -0.8), (0.8, 0.8)], [(-0.8, 0.8), (0.8, -0.8)]], False),
    "bar": ([[(0, -1), (0, 1)]], False),
}


def _described(tag: str, text: str) -> ElementTree.Element:
    element = ElementTree.Element(tag, {"id": "title" if tag == "title" else "description"})
    element.text = text
    return element


def _make_ids_unique(root: ElementTree.Element) -> None:
    """Put a prefix made of the content before every id, so that figures can share a page."""
    digest = hashlib.sha256(ElementTree.tostring(root, encoding="utf-8")).hexdigest()
    prefix = f"nnv-{digest[:10]}-"
    names = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    for element in root.iter():
        attributes = element.attrib
        if "id" in attributes:
            attributes["id"] = prefix + attributes["id"]
        if attributes.get("clip-path", "").startswith("url(#"):
            attributes["clip-path"] = attributes["clip-path"].replace("url(#", f"url(#{prefix}")
        if "aria-labelledby" in attributes:
            ids = attributes["aria-labelledby"].split()
            attributes["aria-labelledby"] = " ".join(prefix + name for name in ids)
    for style in root.iter("style"):
        text = style.text or ""
        # In the style sheets too; the longest names first, as p-1 begins p-10.
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(f"#{name}{{", f"#{prefix}{name}{{")
        for name in re.findall(r"@keyframes ([\w-]+)\{", text):
            text = text.replace(f"@keyframes {name}{{", f"@keyframes {prefix}{name}{{")
            text = text.replace(f"animation:{name} ", f"animation:{prefix}{name} ")
        style.text = text


def _to_text(root: ElementTree.Element) -> str:
    """Write the tree with one element per line, so that a change shows as a few lines."""
    for parent in root.iter():
        if parent.tag in ("svg", "defs", "g"):
            parent.text = "\n"
            for child in parent:
                child.tail = "\n"
    root.tail = None
    return ElementTree.tostring(root, encoding="unicode")
