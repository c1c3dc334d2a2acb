"""Text: how wide it will be, how it is shortened and wrapped, and what may stand in it.

SVG does not lay text out, so a figure must know the width of a label before it draws it. The
table below holds the advance widths of DejaVu Sans, among the widest fonts that a browser falls
back to: a label that fits with it fits with the narrower ones (Segoe UI, Roboto, Helvetica) too.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["clean_text", "fit_text", "listed", "text_width", "visible", "wrap_text"]

# Advance widths of the characters 32 to 126, in thousandths of the font size.
_WIDTHS = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
    636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
    500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
    635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
_BOLD = 1.17
_ELLIPSIS = "…"
# XML 1.0 allows no other characters below U+0020, no surrogates and no U+FFFE, U+FFFF.
_EMPTY = "∅"
_BLANKS = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥"}
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean_text(value: object) -> str:
    r"""Turn any label into one line of text that XML can hold.

    Markup in it stays text: the writer escapes it. Characters that XML forbids become "�".

    Examples:
        >>> clean_text("two\n lines\x00")
        'two lines�'
    """
    return " ".join(_FORBIDDEN.sub("\ufffd", str(value)).split())


def listed(parts: Sequence[str], separator: str = "; ", most: int = 40) -> str:
    """Join the parts of a description; of very many, the first ones and how many more there are.

    Examples:
        >>> listed(["a", "b", "c"], ", ", 2)
        'a, b, and 1 more'
    """
    more = len(parts) - most
    return separator.join([*parts[:most], *([f"and {more} more"] if more > 0 else [])])


def visible(text: str) -> str:
    r"""Write blanks at a token's ends, and a text that shows nothing, as signs.

    Tokens may be a space, a line's end or nothing at all, and " the" is another one than "the". A
    text of several words is no token; blanks at its ends mean nothing.

    Examples:
        >>> visible("\n"), visible(" the"), visible(""), visible("\u200b"), visible("a b")
        ('⏎', '␣the', '∅', 'U+200B', 'a b')
    """
    if not text:
        return _EMPTY
    middle = text.strip()
    if len(middle.split()) > 1:
        return middle
    start = text.index(middle) if middle else len(text)
    ends = text[:start], text[start + len(middle) :]
    left, right = ("".join(map(_sign, end)) for end in ends)
    if not any(_character_width(character) for character in middle):
        middle = "".join(map(_sign, middle))
    return left + middle + right


def _sign(character: str) -> str:
    return _BLANKS.get(character) or f"U+{ord(character):04X}"


@lru_cache(maxsize=4096)
def _width_units(text: str) -> float:
    return sum(map(_character_width, text))


def _character_width(character: str) -> float:
    code = ord(character)
    if 32 <= code < 127:
        return _WIDTHS[code - 32]
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return 0  # accents and joiners stand on the character before them
    if code >= 0x1F000:
        return 1300  # emoji
    if unicodedata.east_asian_width(character) in "WF":
        return 1000
    if category in ("No", "Lm"):
        return 450  # superscripts and subscripts
    if category == "Ll":
        return 720
    return 1000 if character in "…—" else 850


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Estimate the width of a line of text, on the generous side.

    Args:
        text: One line.
        size: Font size, in the figure's units.
        bold: Whether it is set bold.

    Examples:
        >>> text_width("WWW", 10)
        29.67
    """
    return _width_units(text) * size / 1000 * (_BOLD if bold else 1.0)


def fit_text(value: object, width: float, size: float, bold: bool = False) -> str:
    """Shorten a label with "…" so that it is at most `width` wide.

    Args:
        value: The label.
        width: The room there is.
        size: Font size.
        bold: Whether it is set bold.

    Examples:
        >>> fit_text("a long label", 50, 10)
        'a long l…'
    """
    text = clean_text(value)
    if text_width(text, size, bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # the longest beginning that still fits with the ellipsis
        middle = (low + high + 1) // 2
        if text_width(text[:middle] + _ELLIPSIS, size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low] + _ELLIPSIS


def wrap_text(
    value: object, width: float, size: float, bold: bool = False, max_lines: int = 3
) -> list[str]:
    """Break a label into lines of at most `width`; what does not fit ends in "…".

    Args:
        value: The label.
        width: The room there is.
        size: Font size.
        bold: Whether it is set bold.
        max_lines: The most lines to make.

    Examples:
        >>> wrap_text("one two three", 50, 10)
        ['one two', 'three']
    """
    words = clean_text(value).split()
    lines: list[str] = []
    while words:
        if len(lines) == max_lines - 1:
            lines.append(fit_text(" ".join(words), width, size, bold))
            break
        count = 1
        while count < len(words) and (
            text_width(" ".join(words[: count + 1]), size, bold) <= width
        ):
            count += 1
        lines.append(fit_text(" ".join(words[:count]), width, size, bold))
        words = words[count:]
    return lines
