"""Fill the gallery: every ordinary figure of the tests, with the code that draws it.

The tests of neural_net_viz check the figures of `packages/neural-net-viz/tests/gallery.py`; these
pages show the same ones. A line `<!-- gallery FOLDER -->` stands for all functions of
`neural_net_viz.figures.FOLDER`. Each piece of code brings the imports and helpers that it needs,
so that it runs alone.
"""

import ast
import builtins
import inspect
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.structure.files import File

import neural_net_viz as viz

SOURCE = Path(__file__).resolve().parents[2] / "packages/neural-net-viz/tests/gallery.py"
MOST = 50_000  # characters; larger ones make the pages slow and show nothing else
PLACE = re.compile(r"^<!-- gallery (\w+) -->$", re.MULTILINE)
FUNCTIONS = sorted(set(viz.__all__) - {"Figure"}, key=len, reverse=True)


class Entry(NamedTuple):
    """One figure of the gallery: the function that draws it, the code, and the figure."""

    function: str
    code: str
    figure: viz.Figure


@cache
def entries() -> dict[str, Entry]:
    """Return all ordinary figures of the tests' gallery by their names."""
    text = SOURCE.read_text(encoding="utf-8")
    tree = ast.parse(text)
    draw = runpy.run_path(str(SOURCE))["ORDINARY"]
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ORDINARY"
    )
    assert isinstance(table, ast.Dict)
    found = {}
    for key, value in zip(table.keys, table.values, strict=True):
        name = ast.literal_eval(key)  # type: ignore[arg-type]
        function = next(f for f in FUNCTIONS if name == f or name.startswith(f"{f}_"))
        figure = draw[name]()
        if len(figure.to_string()) <= MOST:
            found[name] = Entry(function, code(text, tree, value), figure)
    return found


def code(text: str, tree: ast.Module, value: ast.expr) -> str:
    """Write what one entry of the table calls, with the imports and helpers that it needs."""
    call: ast.AST = value.body if isinstance(value, ast.Lambda) else value
    last = ast.get_source_segment(text, call) or ""
    # Its further lines stand as deep as the table's; a name alone is a function to be called.
    last = last.replace("\n    ", "\n") if isinstance(value, ast.Lambda) else f"{last}()"
    needed, waiting = set(), [call]
    helpers = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.Assign)]
    while waiting:
        names = {node.id for node in ast.walk(waiting.pop()) if isinstance(node, ast.Name)}
        new = names - needed - set(dir(builtins))
        needed |= new
        waiting += [node for node in helpers if _made(node) & new]
    pieces = [line for node in tree.body if (line := _import(node, needed))]
    pieces = ["\n".join(pieces)]
    for node in helpers:
        if _made(node) & needed:
            pieces.append(ast.get_source_segment(text, node) or "")
    return ("\n\n\n" if len(pieces) > 1 else "\n\n").join([*pieces, last])


def _made(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    names = [n for target in getattr(node, "targets", []) for n in ast.walk(target)]
    return {n.id for n in names if isinstance(n, ast.Name)}


def _import(node: ast.stmt, needed: set[str]) -> str:
    """Write an import with the names that are needed; nothing if none is."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return ""
    names = [alias for alias in node.names if (alias.asname or alias.name) in needed]
    if not names:
        return ""
    kept = ast.Import(names)
    if isinstance(node, ast.ImportFrom):
        kept = ast.ImportFrom(node.module, names, 0)  # type: ignore[assignment]
    return ast.unparse(kept)


def on_files(files: Any, *, config: Any, **_: Any) -> Any:
    """Add `gallery/NAME.svg` for every figure."""
    for name, entry in entries().items():
        svg = entry.figure.to_string()
        files.append(File.generated(config, f"gallery/{name}.svg", content=svg))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks by the figures of a folder."""
    return PLACE.sub(lambda match: folder(match[1]), markdown)


def folder(name: str) -> str:
    """Write the part of the page for every function of one folder."""
    home = f"neural_net_viz.figures.{name}."
    functions = [f for f in sorted(FUNCTIONS) if getattr(viz, f).__module__.startswith(home)]
    return "\n\n".join(map(section, functions))


def section(function: str) -> str:
    """Write what a function draws, with all its figures and their code."""
    drawn = getattr(viz, function)
    home = drawn.__module__.split(".")[2]
    sentence = " ".join((inspect.getdoc(drawn) or "").partition("\n\n")[0].split())
    address = f"../api/viz-{home}.md#{drawn.__module__}.{function}"
    lines = [f"## `{function}`", f"{sentence} [Reference]({address})"]
    for name, entry in entries().items():
        if entry.function == function:
            title, caption = (_quoted(text) for text in (entry.figure.title, caption_of(entry)))
            lines += [f'![{title}]({name}.svg "{caption}")', f"```python\n{entry.code}\n```"]
    return "\n\n".join(lines)


def caption_of(entry: Entry) -> str:
    """Return what the figure says of itself, in at most two sentences."""
    words = entry.figure.description
    sentences = re.split(r"(?<=\.) ", words)
    short = " ".join(sentences[:2])
    return short if len(short) <= 300 else f"{short[:300].rsplit(' ', 1)[0]} …"


def _quoted(text: str) -> str:
    """Leave out what Markdown would read as the end of a title, or as code or a link."""
    return re.sub(r'["`\[\]<>]', "", text)
