"""Reading figures back: the tree, its texts and the boxes that they take."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from neural_net_viz.drawing.text import text_width

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Text:
    """A piece of text and the box that it takes, with the generous widths of the package."""

    content: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Text") -> bool:
        """Tell whether two texts cover each other by more than a rounding."""
        return (
            self.left + 0.5 < other.right
            and other.left + 0.5 < self.right
            and self.top + 0.5 < other.bottom
            and other.top + 0.5 < self.bottom
        )


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
        """Return every level piece of text with its box."""
        boxes = []
        for e in self.all("text"):
            if e.get("transform"):
                continue
            content = e.text or ""
            size = float(e.get("font-size"))
            width = text_width(content, size, e.get("font-weight") == "bold")
            x, y = float(e.get("x")), float(e.get("y"))
            left = x - width * {"start": 0, "middle": 0.5, "end": 1}[e.get("text-anchor", "start")]
            boxes.append(Text(content, left, y - 0.72 * size, left + width, y + 0.2 * size))
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
        assert text.left >= -0.5 and text.right <= shown.width + 0.5, text
        assert text.top >= -0.5 and text.bottom <= shown.height + 0.5, text
    for i, a in enumerate(texts):
        for b in texts[i + 1 :]:
            assert not a.overlaps(b), (a, b)


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
