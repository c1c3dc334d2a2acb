"""The figures of examples and docs are those that the programs of today draw.

What is quick is drawn again and compared byte for byte: the figures of the site and of example 1.
For the others, whose training takes minutes, a record of the programs and figures is compared; it
is written by `nox -s figures`, which draws them all.
"""

import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = runpy.run_path(str(ROOT / "examples" / "record_figures.py"))
RECORDS = sorted(ROOT.glob("examples/*/images/made_from.json"))


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.svg"))}


def test_the_figures_of_the_site_are_drawn_again_alike(tmp_path: Path) -> None:
    runpy.run_path(str(ROOT / "docs" / "figures.py"))["main"](tmp_path)
    assert pictures(tmp_path) == pictures(ROOT / "docs" / "assets" / "figures")


def test_the_figures_of_example_1_are_drawn_again_alike(tmp_path: Path) -> None:
    example = ROOT / "examples" / "example-1-forward-propagation"
    runpy.run_path(str(example / "main.py"))["main"](folder=tmp_path)
    assert pictures(tmp_path / "images") == pictures(example / "images")


PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+\.svg)(?: \"([^\"]*)\")?\)")
PAGES = sorted((ROOT / "docs").glob("**/*.md"))


def test_every_figure_of_the_site_has_a_caption() -> None:
    """Below each stands what to see in it, in at least a few words and not twice the same."""
    found = [(page, m) for page in PAGES for m in PICTURE.finditer(page.read_text("utf-8"))]
    assert len(found) > 90
    without = [f"{page.name}: {m[2]}" for page, m in found if len((m[3] or "").split()) < 6]
    assert without == []
    for page in PAGES:
        captions = [m[3] for m in PICTURE.finditer(page.read_text("utf-8"))]
        assert len(set(captions)) == len(captions), page.name


def test_a_figure_stands_in_a_paragraph_of_its_own() -> None:
    """Within a sentence it would get no caption; compared ones follow each other line by line."""
    for page in PAGES:
        for line in page.read_text("utf-8").splitlines():
            if PICTURE.search(line):
                assert PICTURE.fullmatch(line.strip()), f"{page.name}: {line}"


def test_every_example_has_a_record() -> None:
    examples = {path.parent.name for path in ROOT.glob("examples/*/main.py")}
    assert {record.parts[-3] for record in RECORDS} == examples


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.parts[-3])
def test_no_figure_is_stale(record: Path) -> None:
    example = record.parents[1]
    written = json.loads(record.read_text(encoding="utf-8"))
    advice = f"draw its figures again: uv run nox -s figures -- {example.name}"
    assert TOOL["made_from"](example) == written, advice


def test_a_changed_program_or_figure_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    program, figure = tmp_path / "main.py", tmp_path / "images" / "a.svg"
    program.write_text("x = 1\n")
    figure.write_text("<svg/>\n")
    before = TOOL["made_from"](tmp_path)
    assert TOOL["made_from"](tmp_path) == before
    figure.write_text("<svg></svg>\n")
    assert TOOL["made_from"](tmp_path)["figures"] != before["figures"]
    program.write_text("x = 2\n")
    assert TOOL["made_from"](tmp_path)["programs"] != before["programs"]
