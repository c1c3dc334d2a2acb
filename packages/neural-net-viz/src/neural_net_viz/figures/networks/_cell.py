"""What the drawings of the recurrent cells share: frame, gates, paths, and the values of a step."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from neural_net_viz.drawing.arrows import draw_arrow, draw_box, draw_sign
from neural_net_viz.drawing.axes import MARGIN, draw_title
from neural_net_viz.drawing.canvas import Anchor, Canvas
from neural_net_viz.drawing.inputs import as_floats
from neural_net_viz.drawing.number_text import factor_text, two_decimals
from neural_net_viz.drawing.ramps import text_class
from neural_net_viz.drawing.text import listed
from neural_net_viz.figure import Figure

__all__ = ["MEMORY", "READ", "STATE", "Cell", "described", "step_values"]

# The colours of the paths: what is carried untouched, the hidden state, the input.
MEMORY, STATE, READ = "stroke-series-1", "stroke-series-0", "stroke-series-2"

_PAGE, _SIDE = 640.0, 104.0
_GATE = 72.0, 38.0
_LINE = 18.0
_BRACES = re.compile(r"\{(\w+)\}")


def step_values(where: str, values: Mapping[str, Any] | None, letters: Sequence[str]) -> Any:
    """Return the values of one step, each a vector, or raise what is wrong with them.

    Args:
        where: The function that asks.
        values: Some of the letters -> a number, or one for each unit.
        letters: The letters of the cell's formulas.

    Raises:
        ValueError: If a letter is none of the cell's, or what comes with it is no vector.
    """
    unknown = [key for key in values or {} if key not in letters]
    if unknown:
        raise ValueError(f"{where}(values): expected only {', '.join(letters)}, got {unknown[0]!r}")
    return {
        name: as_floats(
            f"{where}(values[{name!r}])", value, 0, 1, expected="a number or one for each unit"
        ).reshape(-1)
        for name, value in (values or {}).items()
    }


class Cell:
    """A page with the frame of a cell, into which a drawing puts gates, signs and paths.

    Args:
        title: The figure's title.
        tall: Height of the frame.
        values: What `step_values` returned.
    """

    def __init__(self, title: str, tall: float, values: Mapping[str, Any]) -> None:
        self.canvas = Canvas()
        self.title, self.tall, self.values = title, tall, values
        self.worked = False  # whether a formula has its numbers
        self.top = draw_title(self.canvas, title, _PAGE) + 14
        self.left, self.right = _SIDE, _PAGE - _SIDE
        self.canvas.rect(self.left, self.top, self.right - self.left, tall, "raised", radius=12)
        self.canvas.rect(self.left, self.top, self.right - self.left, tall, "frame", radius=12)

    def path(self, points: Sequence[tuple[float, float]], role: str = "stroke-muted") -> None:
        """Draw an arrow through points below the frame's top."""
        draw_arrow(self.canvas, [(x, self.top + y) for x, y in points], role)

    def fork(self, x: float, y: float, role: str) -> None:
        """Mark where a path leaves another one, so that it is no mere crossing."""
        self.canvas.circle(x, self.top + y, 3, f"fill-{role.removeprefix('stroke-')}")

    def sign(self, x: float, y: float, sign: str, tip: str) -> None:
        """Draw a product or a sum."""
        draw_sign(self.canvas, (x, self.top + y), sign, tip)

    def box(self, x: float, y: float, label: str, wide: float = 52.0, tip: str = "") -> None:
        """Draw a function without weights."""
        draw_box(self.canvas, (x, self.top + y), (wide, 26.0), label, tip=tip)

    def gate(self, x: float, y: float, letter: str, rule: str, name: str, role: str) -> None:
        """Draw a gate with its letter, its function, its name above and its value."""
        (wide, tall), y = _GATE, y + self.top
        self.canvas.rect(
            x - wide / 2, y - tall / 2, wide, tall, f"fill-{role} stroke-axis", radius=6, tip=name
        )
        text, number = text_class(role), self.number(letter, 1)
        shift = 8 if number else 0
        style: Any = {"anchor": "middle", "max_width": wide - 6}
        self.canvas.text(x, y - shift, f"{letter} = {rule}", classes=text, **style)
        self.canvas.text(x, y + 9, number, size=11, classes=text, bold=True, **style)

    def name(self, x: float, y: float, text: str, anchor: Anchor = "end") -> None:
        """Write what a part is called, small."""
        self.canvas.text(
            x, self.top + y, text, size=10, anchor=anchor, classes="muted", max_width=84
        )

    def state(
        self, x: float, y: float, label: str, letter: str, anchor: Anchor, room: float = 84.0
    ) -> None:
        """Write a state's or input's letter, and its value below."""
        self.canvas.text(x, self.top + y, label, size=14, anchor=anchor, max_width=room)
        self.canvas.text(
            x, self.top + y + 17, self.number(letter), size=11, anchor=anchor, bold=True,
            max_width=room,
        )  # fmt: skip

    def number(self, letter: str, most: int = 2) -> str:
        """Return a letter's value as text: of several units the first ones."""
        value = self.values.get(letter)
        if value is None:
            return ""
        shown = ", ".join(two_decimals(v) for v in value[:most])
        return f"{shown}, …" if len(value) > most else shown

    def sums(self, *formulas: tuple[str, str, str]) -> list[str]:
        """Return formulas, each with the first unit's numbers in it where all are known.

        Args:
            *formulas: A formula as it is read, its right side with letters in braces (empty for
                one that is not worked out), and the letter of its result.
        """
        first = {k: v[0] for k, v in self.values.items() if len(v)}
        factors = {k: factor_text(two_decimals(v)) for k, v in first.items()}
        lines = []
        for formula, work, result in formulas:
            parts = [formula]
            if result in first and all(letter in first for letter in _BRACES.findall(work)):
                parts += [work.format(**factors)] * bool(work) + [two_decimals(first[result])]
                self.worked = True
            lines.append(" = ".join(parts))
        several = self.worked and any(len(v) > 1 for v in self.values.values())
        return [*lines, "(the numbers of the first unit)"] if several else lines

    def figure(self, formulas: Sequence[str], description: str) -> Figure:
        """Write the formulas below the frame and finish."""
        y = self.top + self.tall + 58
        for formula in formulas:
            self.canvas.text(self.left, y, formula, classes="muted", max_width=_PAGE - self.left)
            y += _LINE
        return self.canvas.figure(_PAGE, y - _LINE / 2 + MARGIN, self.title, description)


def described(words: str, values: Mapping[str, Any]) -> str:
    """Add the values to what a description says."""
    known = [f"{k} = {two_decimals(v[0])}" for k, v in values.items() if len(v)]
    return f"{words} First unit: {listed(known, ', ')}." if known else words
