"""Put code, printed output and figures of the repository into the pages when the site is built.

A line `<<< path` stands for that file, `<<< path Name other.method` for those definitions in it,
one after the other, and `<<< path #text` for the first block of printed output of a README
(`#text 2` for the second). What a page shows is therefore what the repository holds; a name that
is gone is a warning, which is an error in a strict build. The figures of the examples appear under
`figures/`, by example.
"""

import ast
import logging
import re
from pathlib import Path
from typing import Any

log = logging.getLogger("mkdocs.hooks.from_source")

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^(?P<indent> *)<<< (?P<path>\S+)(?P<names>.*)$", re.MULTILINE)
OUTPUT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def on_files(files: Any, *, config: Any, **_: Any) -> Any:
    """Add `figures/EXAMPLE/NAME.svg` for every figure of every example."""
    from mkdocs.structure.files import File  # here: the texts' tests read pages without mkdocs

    for figure in sorted(ROOT.glob("examples/*/images/*.svg")):
        address = f"figures/{figure.parts[-3]}/{figure.name}"
        files.append(File.generated(config, address, abs_src_path=str(figure)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Replace the lines that stand for something in the repository."""

    def replace(match: re.Match[str]) -> str:
        try:
            text = excerpt(ROOT / match["path"], match["names"].split())
        except (OSError, LookupError) as error:
            log.warning("%s: %s", page.file.src_uri, error)
            return match[0]
        return "\n".join(match["indent"] + line if line else "" for line in text.splitlines())

    return LINE.sub(replace, markdown)


def excerpt(path: Path, names: list[str]) -> str:
    """Return a file, a block of its printed output, or definitions in it by their names."""
    text = path.read_text(encoding="utf-8")
    if names[:1] == ["#text"]:
        blocks, number = OUTPUT.findall(text), int("".join(names[1:]) or 1)
        if number > len(blocks):
            raise LookupError(f"{path}: {len(blocks)} blocks of printed output, not {number}")
        return str(blocks[number - 1]).rstrip()
    if not names:
        return text.rstrip()
    places, lines = definitions(text), text.splitlines()
    missing = [name for name in names if name not in places]
    if missing:
        raise LookupError(f"{path}: no definition of {', '.join(missing)}")
    pieces = ["\n".join(lines[slice(*places[name])]) for name in names]
    # A method after another one of its class stands one line below it, as in the file.
    return "\n\n".join(pieces) if any("." in name for name in names) else "\n\n\n".join(pieces)


def definitions(text: str) -> dict[str, tuple[int, int]]:
    """Return the lines (from, to) of every function, class, method and constant of a file."""
    places: dict[str, tuple[int, int]] = {}

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                places[prefix + node.name] = first - 1, node.end_lineno or first
                if isinstance(node, ast.ClassDef):
                    collect(node.body, f"{node.name}.")
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                places[prefix + node.targets[0].id] = node.lineno - 1, node.end_lineno or 0

    collect(ast.parse(text).body, "")
    return places
