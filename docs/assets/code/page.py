"""Runs the code of a page, inside the browser: the blocks above first, figures shown, errors told.

`worker.js` imports this file into CPython compiled to WebAssembly. Nothing here but `run` needs
that: the tests import it as it is.
"""

import ast
import builtins
import dis
import sys
import traceback
from collections.abc import Callable
from types import CodeType
from typing import Any

Show = Callable[[str, str], None]

names: dict[str, Any] = {"__name__": "__main__"}  # what the blocks of the page have defined
ran: dict[int, str] = {}  # the blocks that have run, as they were then


def run_blocks(blocks: Any, show: Show) -> dict[str, Any]:
    """Run the last of some blocks, after those above it that it needs and that have not run."""
    sources = list(blocks)
    last = len(sources) - 1
    above = [number for number in needed(sources) if ran.get(number) != sources[number]]
    for number in above:
        show("state", f"Running block {number + 1} first, which this one needs")
        result = run(sources[number], f"block_{number + 1}.py", names, silent)
        if result["error"]:
            return {**result, "block": number + 1, "above": []}
        ran[number] = sources[number]
    show("state", "Running")
    result = run(sources[last], f"block_{last + 1}.py", names, show)
    if not result["error"]:
        ran[last] = sources[last]
        if result["value"] is not None:
            show("text", result.pop("repr"))
    return {**result, "block": last + 1, "above": [number + 1 for number in above]}


def run_code(code: str, show: Show) -> dict[str, Any]:
    """Run a program by itself, with no names but its own."""
    return run(code, "program.py", {"__name__": "__main__"}, show)


def silent(kind: str, what: str) -> None:
    """Show nothing: for blocks that another one needs."""


def run(source: str, file: str, namespace: dict[str, Any], show: Show) -> dict[str, Any]:
    """Run a piece of code, show a figure if it ends with one; return value, checks and error."""
    from pyodide.code import eval_code

    try:
        value = eval_code(source, namespace, filename=file)
        checks = checks_in(source)
    except BaseException as error:
        return {"value": None, "checks": 0, **told(error, file)}
    finally:
        sys.stdout.flush()
    if hasattr(value, "_repr_svg_"):
        show("figure", value._repr_svg_())
        value = None
    plain = isinstance(value, str | int | float | bool | None)
    shown = {"value": value if plain else repr(value), "repr": repr(value)}
    return {**shown, "checks": checks, "error": ""}


def told(error: BaseException, file: str) -> dict[str, Any]:
    """Describe an error by the lines of the page's own code and of the packages, not of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if frame.filename == file), len(frames))
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    line = frames[first].lineno if first < len(frames) else getattr(error, "lineno", None)
    wrong = isinstance(error, AssertionError)
    return {"error": "".join(lines).rstrip(), "line": line or 0, "wrong": wrong}


def checks_in(source: str) -> int:
    """Count the assertions of a piece of code: `assert` and NumPy's `assert_…`."""
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    called = [getattr(f, "attr", getattr(f, "id", "")) for f in calls]
    asserts = sum(isinstance(node, ast.Assert) for node in nodes)
    return asserts + sum(name.startswith("assert_") for name in called)


# ---- which blocks above does a block need?


def needed(sources: list[str]) -> list[int]:
    """Return the numbers of the blocks above the last one that it needs, in their order.

    Those are the blocks that bind a name it reads, the blocks in between that use such a name (they
    may have changed what it stands for), and what these need in turn.
    """
    blocks = [names_of(source) for source in sources]
    imported = set().union(*(imports for _, _, imports in blocks))
    wanted, found = blocks[-1][0], []
    for number, (reads, binds, _) in reversed(list(enumerate(blocks[:-1]))):
        if wanted & (binds | (reads - imported)):
            found.append(number)
            wanted = (wanted - binds) | reads
    return found[::-1]


def names_of(source: str) -> tuple[set[str], set[str], set[str]]:
    """Return the names that a block reads from others, that it binds, and that it imports."""
    try:
        code, tree = compile(source, "block", "exec"), ast.parse(source)
    except SyntaxError:
        return set(), set(), set()  # running it will say what is wrong
    reads: set[str] = set()
    binds: set[str] = set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            binds.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in binds:
            reads.add(step.argval)
    reads |= {name for inner in functions(code) for name in global_names(inner)} - binds
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    bound = {(a.asname or a.name).split(".")[0] for n in imports for a in n.names}
    return reads - set(dir(builtins)), binds, bound


def functions(code: CodeType) -> list[CodeType]:
    """Return the code of all functions and classes inside a piece of code."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return inner + [deeper for one in inner for deeper in functions(one)]


def global_names(code: CodeType) -> set[str]:
    """Return the names that a function looks up outside of itself."""
    return {
        s.argval for s in dis.get_instructions(code) if s.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
