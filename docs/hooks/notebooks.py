"""Offer every tutorial as a notebook, made from the same text.

Blocks of Python become cells. Notes are unfolded under their titles, figures lie inside the file,
links lead to the notebooks beside it, and before each solution stands a cell for the reader's try.
"""

import base64
import posixpath
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

NOTE = re.compile(r'^ *(?:!!!|\?\?\?\+?) (?P<kind>\w+)(?: "(?P<title>[^"]*)")?$')
FENCE = re.compile(r"^ *(?P<ticks>```+)(?P<rest>.*)$")
DIVISION = re.compile(r"^</?div\b.*>$")
PICTURE = re.compile(r'!\[(?P<alt>[^]]*)\]\((?P<path>[^)\s]+\.svg)(?: "(?P<caption>[^"]*)")?\)')
LINK = re.compile(r"\[(?P<text>[^]]+)\]\((?P<path>[\w./-]+)\.md(?:#[\w.-]+)?\)")

NEEDS = (
    "*This notebook needs the five packages `neural-net-core`, `-optim`, `-layers`, `-viz` and "
    "`-utils` in its Python. It runs the textbook forms of all operations, which the text shows.*"
)
SETUP = 'import os\n\nos.environ["NEURAL_NET_TEXTBOOK"] = "1"'
TRY = "# Your own try, before you read the solution."

NOTEBOOKS: dict[str, str] = {}  # the path in the site and the text of each


def on_page_markdown(markdown: str, *, page: Any, files: Any, **_: Any) -> str:
    """Make the notebook of a tutorial out of its text."""
    if page.file.src_uri.startswith("tutorials/"):
        folder = posixpath.dirname(page.file.src_uri)

        def picture(path: str) -> bytes:
            file = files.get_file_from_path(posixpath.normpath(posixpath.join(folder, path)))
            return Path(file.abs_src_path).read_bytes() if file else b""  # figures.py warns

        NOTEBOOKS[posixpath.join(page.url, named(page))] = nbformat.writes(
            notebook(markdown, picture)
        )
    return markdown


def on_page_content(content: str, *, page: Any, **_: Any) -> str:
    """Put the link below the title."""
    if not page.file.src_uri.startswith("tutorials/"):
        return content
    link = f'<p class="notebook"><a href="{named(page)}" download>Download as a notebook</a></p>'
    return content.replace("</h1>", f"</h1>\n{link}", 1)


def on_post_build(config: Any, **_: Any) -> None:
    """Write the notebooks into the site."""
    for path, text in NOTEBOOKS.items():
        (Path(config.site_dir) / path).write_text(text, encoding="utf-8")


def named(page: Any) -> str:
    """Return the name of the notebook of a page."""
    return f"{page.file.name}.ipynb"


def notebook(markdown: str, picture: Any) -> Any:
    """Turn the text of a page into a notebook; `picture` reads the figure of a path."""
    title, rest = markdown.split("\n", 1)
    cells = [v4.new_markdown_cell(f"{title}\n\n{NEEDS}"), v4.new_code_cell(SETUP)]
    for kind, text in joined(pieces(rest)):
        if kind == "code":
            cells.append(v4.new_code_cell(text))
            continue
        figures: dict[str, Any] = {}
        cell = v4.new_markdown_cell(translated(text, figures, picture).strip())
        if figures:
            cell["attachments"] = figures
        cells.append(cell)
    for number, cell in enumerate(cells):  # else drawn at random
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def pieces(markdown: str) -> Iterator[tuple[str, str]]:
    """Cut a text into pieces of text and code, each moved to the left margin."""
    text: list[str] = []

    def done() -> Iterator[tuple[str, str]]:
        if any(text):
            yield "text", textwrap.dedent("\n".join(text)).strip("\n")
        text.clear()

    lines = iter(line for line in markdown.splitlines() if not DIVISION.match(line))
    for line in lines:
        first = next((other for other in text if other.strip()), "")
        if line.strip() and indent(line) < indent(first):
            yield from done()
        if fence := FENCE.match(line):
            block = []
            for inner in lines:
                if inner.strip() == fence["ticks"]:
                    break
                block.append(inner)
            if fence["rest"] == "python":
                yield from done()
                yield "code", textwrap.dedent("\n".join(block))
            else:  # shown, not run; only the language is told to a notebook
                language = fence["rest"].split(" ")[0]
                text += [line.replace(fence["rest"], language), *block, line[: fence.end("ticks")]]
        elif note := NOTE.match(line):
            yield from done()
            if note["title"] == "Solution":
                yield "code", TRY
            yield "text", f"**{note['title'] or note['kind'].capitalize()}**"
        else:
            text.append(line)
    yield from done()


def indent(line: str) -> int:
    """Count the spaces before a line."""
    return len(line) - len(line.lstrip(" "))


def joined(found: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Join pieces of text that follow one another; a heading begins a new one."""
    waiting = ""
    for kind, text in found:
        if kind == "code":
            if waiting:
                yield "text", waiting
            waiting = ""
            yield kind, text
            continue
        for section in re.split(r"^(?=## )", text, flags=re.MULTILINE):
            if section.startswith("## ") and waiting:
                yield "text", waiting
                waiting = ""
            waiting = f"{waiting}\n\n{section.strip()}".strip()
    if waiting:
        yield "text", waiting


def translated(text: str, figures: dict[str, Any], picture: Any) -> str:
    """Put figures into the cell and lead links to notebooks, or name the page of the site."""

    def figure(match: re.Match[str]) -> str:
        name = match["path"].strip("./").replace("/", "-")
        figures[name] = {"image/svg+xml": base64.b64encode(picture(match["path"])).decode()}
        caption = f"\n\n*{match['caption']}*\n" if match["caption"] else ""
        return f"![{match['alt']}](attachment:{name}){caption}"

    def link(match: re.Match[str]) -> str:
        if "/" not in match["path"]:
            return f"[{match['text']}]({match['path']}.ipynb)"
        return f"{match['text']} (on the site: {match['path'].removeprefix('../')})"

    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [LINK.sub(link, PICTURE.sub(figure, part)) for part in parts[::2]]
    return "".join(parts)
