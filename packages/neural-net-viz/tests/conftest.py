"""Reading figures back: the tree, its texts and the boxes that they take."""

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from neural_net_viz.drawing.text import text_width

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Text:
    """A piece of text and the corners of its box, with the generous widths of the package."""

    content: str
    corners: tuple[tuple[float, float], ...]
    frame: str | None = None  # of an animation, in which it shows alone

    def meets(self, other: "Text") -> bool:
        """Tell whether two texts are ever seen together."""
        return None in (self.frame, other.frame) or self.frame == other.frame

    def overlaps(self, other: "Text") -> bool:
        """Tell whether two texts cover each other by more than a rounding.

        Two boxes, turned or not, are apart if they are apart along a side of one of them.
        """
        for box in (self.corners, other.corners):
            for (ax, ay), (bx, by) in pairwise(box[:3]):
                length = math.hypot(bx - ax, by - ay) or 1.0
                u, v = (bx - ax) / length, (by - ay) / length
                mine = [x * u + y * v for x, y in self.corners]
                theirs = [x * u + y * v for x, y in other.corners]
                if max(mine) <= min(theirs) + 0.5 or max(theirs) <= min(mine) + 0.5:
                    return False
        return True


class Picture:
    """A parsed figure."""

    def __init__(self, figure):
        self.figure = figure
        self.root = ElementTree.fromstring(figure.to_string())
        self.width, self.height = (float(v) for v in self.root.get("viewBox").split()[2:])

    def all(self, tag, **attributes):
        """Return the elements of a kind that have these attributes."""
        return [
            e
            for e in self.root.iter(SVG + tag)
            if all(e.get(k.replace("_", "-")) == v for k, v in attributes.items())
        ]

    def with_class(self, name):
        """Return the elements of a class, named without its prefix."""
        return [e for e in self.root.iter() if f"nnv-{name}" in (e.get("class") or "").split()]

    def texts(self):
        """Return every piece of text with its box, turned as it is turned."""
        boxes = []
        frames = [g for g in self.all("g") if "-frame-" in (g.get("id") or "")]
        frame_of = {e: g.get("id") for g in frames for e in g.iter()}
        for e in self.all("text"):
            content = e.text or ""
            size = float(e.get("font-size"))
            width = text_width(content, size, e.get("font-weight") == "bold")
            x, y = float(e.get("x")), float(e.get("y"))
            left = x - width * {"start": 0, "middle": 0.5, "end": 1}[e.get("text-anchor", "start")]
            top, bottom = y - 0.72 * size, y + 0.2 * size
            corners = [(left, top), (left + width, top), (left + width, bottom), (left, bottom)]
            if e.get("transform"):
                pattern = r"rotate\((\S+) (\S+) (\S+)\)"
                degrees, cx, cy = map(float, re.fullmatch(pattern, e.get("transform")).groups())
                c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
                corners = [
                    (cx + c * (u - cx) - s * (v - cy), cy + s * (u - cx) + c * (v - cy))
                    for u, v in corners
                ]
            boxes.append(Text(content, tuple(corners), frame_of.get(e)))
        return boxes

    def words(self):
        """Return what is written, in order."""
        return [text.content for text in self.texts()]

    def tips(self):
        """Return what shows under the pointer."""
        return [e.text for e in self.all("title") if e.get("id") is None]


@pytest.fixture
def picture():
    """Return the function that reads a figure back."""
    return Picture


def assert_well_laid_out(figure):
    """Fail if a text leaves the page or covers another one."""
    shown = Picture(figure)
    texts = shown.texts()
    for text in texts:
        for x, y in text.corners:
            assert -0.5 <= x <= shown.width + 0.5, text
            assert -0.5 <= y <= shown.height + 0.5, text
    for i, a in enumerate(texts):
        for b in texts[i + 1 :]:
            assert not (a.meets(b) and a.overlaps(b)), (a, b)


@pytest.fixture
def well_laid_out():
    """Return the check that no text is clipped or covered."""
    return assert_well_laid_out


@pytest.fixture
def coordinates():
    """Return the function that reads the points of a path."""
    return lambda data: [
        (float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", data)
    ]
