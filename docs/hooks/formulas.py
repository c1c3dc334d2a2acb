"""Turn the formulas of every page into MathML when the site is built.

Browsers draw MathML themselves, so a page with formulas needs neither a script nor a font from
elsewhere.
"""

import html
import logging
import re
from typing import Any

from latex2mathml.converter import convert

log = logging.getLogger("mkdocs.hooks.formulas")

# What pymdownx.arithmatex (generic) leaves in the page: \( … \) inline, \[ … \] as a block.
FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\(?P<open>[(\[])(?P<latex>.*?)\\[)\]]</\1>', re.DOTALL
)
BEFORE_POINT = re.compile(r'(<math [^>]*display="inline">(?:(?!</math>).)*</math>)([.,;:)]+)', re.S)
# A command it does not know is left as it stands; so is the & of an environment, such as aligned.
UNKNOWN_COMMAND = re.compile(r"<m[ion][^>]*>(\\[A-Za-z]+|&)<")
BARS = "<mo>&#x02016;</mo>"


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Replace the formulas of one page; an unknown command is a warning (an error if strict)."""

    def to_mathml(match: re.Match[str]) -> str:
        latex = html.unescape(match["latex"]).strip()
        mathml = convert(latex, display="block" if match["open"] == "[" else "inline")
        for command in UNKNOWN_COMMAND.findall(mathml):
            log.warning("%s: cannot draw %s in formula %s", page.file.src_uri, command, latex)
        # The bars of a norm would grow beyond the line that they stand in.
        return mathml.replace(BARS, BARS.replace("<mo>", '<mo stretchy="false">'))

    # A full stop stays on the line of the formula before it.
    return BEFORE_POINT.sub(r'<span class="unbroken">\1\2</span>', FORMULA.sub(to_mathml, content))
