"""Put the figures into the pages themselves, so that they follow the site's light/dark switch.

A figure shown with `<img>` knows only what the reader's system prefers. Inside the page its style
sheet sees which palette is chosen, its text can be searched and selected, and screen readers meet
its title and description. This runs after the search index has been written, which needs no
numbers from the axes of plots.
"""

import html
import logging
import posixpath
import re
from pathlib import Path
from typing import Any

log = logging.getLogger("mkdocs.hooks.figures")

IMAGE = re.compile(r'<img alt="(?P<alt>[^"]*)" src="(?P<src>[^":]+\.svg)"[^>]*>')
DARK = re.compile(r"@media \(prefers-color-scheme:dark\)\{(\.nnv)(\{[^}]*\})\}")

WIDTH = re.compile(r'<svg[^>]* width="([\d.]+)"')

FILES: dict[str, str] = {}


def on_env(env: Any, *, files: Any, **_: Any) -> Any:
    """Note where every figure of the site lies."""
    FILES.update(
        {file.dest_uri: file.abs_src_path for file in files if file.src_uri.endswith(".svg")}
    )
    return env


def on_post_page(output: str, *, page: Any, **_: Any) -> str:
    """Replace the pictures of one page that are figures of neural_net_viz by their SVG."""

    def inline(match: re.Match[str]) -> str:
        address = posixpath.normpath(posixpath.join(page.url, html.unescape(match["src"])))
        path = FILES.get(address)
        if path is None:
            log.warning("%s: no figure %s", page.file.src_uri, address)
            return match[0]
        svg = Path(path).read_text(encoding="utf-8").strip()
        if 'class="nnv"' not in svg:
            return match[0]
        svg = DARK.sub(r'[data-md-color-scheme="slate"] \1\2', svg)
        # The box scrolls where the figure would become too small to be read; see extra.css.
        width = WIDTH.search(svg)
        style = f' style="--natural: {width[1]}px"' if width else ""
        return f'<span class="figure"{style}>{svg}</span>'

    return IMAGE.sub(inline, output)
