"""What README and documentation tell a reader to run does run."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = [
    "*.md",
    "packages/*/README.md",
    "packages/*/src/**/README.md",
    "docs/**/*.md",
    "examples/**/README.md",
    "benchmarks/*.md",
]
PAGES = sorted(page for pattern in PATTERNS for page in ROOT.glob(pattern))

# Indented ones too: those in a note or a solution. (A block with a title is shown, not run.)
CODE_BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python_code(page: str) -> str:
    """The Python blocks of a page as one program whose line numbers are those of the page."""
    lines = [""] * page.count("\n")
    for block in CODE_BLOCK.finditer(page):
        first = page.count("\n", 0, block.start(2))
        for number, line in enumerate(block[2].splitlines(), start=first):
            lines[number] = line.removeprefix(block[1])
    return "\n".join(lines)


# The course shows textbook forms, so these are what its code runs.
COURSE = [page for page in PAGES if "tutorials" in page.parts or "theory" in page.parts]


def run_page(
    text: str, folder: Path, *, textbook: bool = False
) -> subprocess.CompletedProcess[str]:
    program = folder / "page.py"
    program.write_text(python_code(text), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(program)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    environment["NEURAL_NET_TEXTBOOK"] = str(int(textbook))
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def blocks_alone(page: str, folder: Path) -> str:
    """A page whose one block runs each block of `page` with no names but its own."""
    files = []
    for number, block in enumerate(CODE_BLOCK.finditer(page)):
        files.append(str(folder / f"block{number}.py"))
        above = "\n" * page.count("\n", 0, block.start())
        Path(files[-1]).write_text(above + python_code(block[0]), encoding="utf-8")
    run = f"import runpy\nfor file in {files}:\n    runpy.run_path(file)\n"
    return f"```python\n{run}```\n"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")], ids=named
)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    """From top to bottom; in the tutorials every block alone, as a reader would copy it."""
    text = page.read_text(encoding="utf-8")
    if "tutorials" in page.parts:
        text = blocks_alone(text, tmp_path)
    done = run_page(text, tmp_path, textbook=page in COURSE)
    assert done.returncode == 0, done.stderr


def test_a_block_that_needs_another_one_is_found(tmp_path: Path) -> None:
    page = "```python\nx = 1\n```\n\n1. text\n\n    ```python\n    assert x == 1\n    ```\n"
    assert run_page(page, tmp_path).returncode == 0
    done = run_page(blocks_alone(page, tmp_path), tmp_path)
    assert "line 8" in done.stderr and "NameError" in done.stderr


def test_an_error_on_a_page_is_found_and_its_line_named(tmp_path: Path) -> None:
    page = "# Title\n\n```python\nx = 1\n```\n\ntext\n\n```python\nassert x == 2\n```\n"
    done = run_page(page, tmp_path)
    assert done.returncode != 0
    assert "line 10" in done.stderr


def test_an_indented_block_runs_too(tmp_path: Path) -> None:
    page = "x = 1\n\n    ```python\n    if True:\n        raise ValueError\n    ```\n"
    done = run_page(page, tmp_path)
    assert done.returncode != 0
    assert "line 5" in done.stderr


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=named)
def test_the_sessions_and_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    sessions = set(re.findall(r"nox -s \"?(\w+)", text)) - {"NAME"}
    defined = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    assert sessions
    assert sessions <= set(defined)
    for file in re.findall(r"uv run (?:pytest )?([\w/.-]+\.py)", text):
        assert (ROOT / file).is_file(), file


@pytest.mark.parametrize(
    "page", [page for page in PAGES if not named(page).startswith("docs")], ids=named
)
def test_the_relative_links_of_a_page_lead_somewhere(page: Path) -> None:
    # mkdocs checks the pages under docs/.
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def unchecked_solutions(page: str) -> list[str]:
    """The folded solutions of a page (their first lines) whose code asserts nothing."""
    boxes = re.findall(
        r'^    \?\?\? note "Solution"\n((?:        .*\n|\n)+)', page + "\n", re.MULTILINE
    )
    assert len(boxes) == page.count('??? note "Solution"')
    found = []
    for box in boxes:
        code = python_code(box)
        checks = [
            node
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Assert)
            or (isinstance(node, ast.Attribute) and node.attr.startswith("assert_"))
        ]
        if not checks:
            found.append(box.strip().split("\n")[0])
    return found


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/tutorials/*.md")), ids=named)
def test_every_folded_solution_is_checked_by_its_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert '??? note "Solution"' in text
    assert unchecked_solutions(text) == []


def test_a_solution_without_a_check_is_found() -> None:
    box = '1. Why?\n\n    ??? note "Solution"\n        Because.\n\n'
    run = "        ```python\n        {}\n        ```\n\n"
    assert unchecked_solutions(box) == ["Because."]
    assert unchecked_solutions(box + run.format("print(1)") + "2. And?\n") == ["Because."]
    assert unchecked_solutions(box + run.format("assert 1 < 2") + "2. And?\n") == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_page_asks_a_registry_for_names_that_are_not_registered(page: Path) -> None:
    install = re.compile(
        r"(?:uv add|pip install|uvx) [^\n`]*\bneural-net-(?:core|optim|layers|viz|utils)\b"
    )
    for match in install.finditer(page.read_text(encoding="utf-8")):
        line = match.group()
        assert "@ git+" in line or "/packages/neural-net-" in line, line
