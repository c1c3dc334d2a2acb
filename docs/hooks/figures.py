"""Put the figures into the pages themselves, with captions, following the light/dark switch.

A figure is a paragraph of its own, and its caption is the title of the picture, in one or two
sentences that say what to see: `![what it is](path.svg "What to see in it.")`. Figures of one
paragraph are compared: they stand side by side where the page is wide enough. A figure without a
caption is a warning, which is an error in a strict build.

A figure shown with `<img>` knows only what the reader's system prefers. Inside the page its style
sheet sees which palette is chosen, its text can be searched and selected, and screen readers meet
its title and description. This runs after the search index has been written, which needs no
numbers from the axes of plots.
"""

import html
import logging
import posixpath
import re
from typing import Any

log = logging.getLogger("mkdocs.hooks.figures")

PARAGRAPH = re.compile(r"<p>\s*((?:<img [^>]*>\s*)+)</p>")
PICTURE = re.compile(r"<img [^>]*>")
TITLE = re.compile(r' title="([^"]*)"')
CODE = re.compile(r"`([^`]+)`")
IMAGE = re.compile(r'<img alt="(?P<alt>[^"]*)" src="(?P<src>[^":]+\.svg)"[^>]*>')
DARK = re.compile(r"@media \(prefers-color-scheme:dark\)\{(\.nnv)(\{[^}]*\})\}")

WIDTH = re.compile(r'<svg[^>]* width="([\d.]+)"')

FILES: dict[str, Any] = {}


def on_env(env: Any, *, files: Any, **_: Any) -> Any:
    """Note where every figure of the site lies."""
    FILES.update({file.dest_uri: file for file in files if file.src_uri.endswith(".svg")})
    return env


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Make a figure with its caption of every picture that is a paragraph of its own."""

    def figure(picture: str) -> str:
        title = TITLE.search(picture)
        if title is None or not title[1].strip():
            log.warning("%s: no caption under %s", page.file.src_uri, picture)
            return picture
        caption = CODE.sub(r"<code>\1</code>", title[1])
        picture = TITLE.sub("", picture)
        return f'<figure class="drawn">\n{picture}\n<figcaption>{caption}</figcaption>\n</figure>'

    def paragraph(match: re.Match[str]) -> str:
        pictures = PICTURE.findall(match[1])
        if not all(".svg" in picture for picture in pictures):
            return match[0]
        figures = "\n".join(map(figure, pictures))
        return f'<div class="compared">\n{figures}\n</div>' if len(pictures) > 1 else figures

    return PARAGRAPH.sub(paragraph, content)


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Replace the pictures of one page that are figures of neural_net_viz by their SVG."""

    def inline(match: re.Match[str]) -> str:
        address = posixpath.normpath(posixpath.join(page.url, html.unescape(match["src"])))
        file = FILES.get(address)
        if file is None:
            log.warning("%s: no figure %s", page.file.src_uri, address)
            return match[0]
        svg = file.content_string.strip()
        if 'class="nnv"' not in svg:
            return match[0]
        svg = DARK.sub(r'[data-md-color-scheme="slate"] \1\2', svg)
        # The box scrolls where the figure would become too small to be read; see extra.css.
        width = WIDTH.search(svg)
        style = f' style="--natural: {width[1]}px"' if width else ""
        return f'<span class="figure"{style}>{svg}</span>'

    return IMAGE.sub(inline, output)
