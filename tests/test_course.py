"""What the pages of the course promise at their heads and keep all the way down."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
COURSE = [ROOT / "docs" / page for page in re.findall(r": (tutorials/.+\.md)", NAVIGATION)]
READMES = sorted(ROOT.glob("examples/*/README.md"))
HEAD = re.compile(
    r'# .+\n\n.+\?\n\n!!! info "Time and prerequisites"\n'
    r"    (\d+) minutes to read, (\d+) more for the exercises\. You need (.+)\n"
)
# A table that sets the formula beside its line of code.
BESIDE = re.compile(r"^\| .* \| line of code \|\n\|.*\n((?:\|.*\n)+)", re.MULTILINE)
FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The page without its code and printed output."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def shown(page: Path) -> str:
    """The page with the sources that it embeds."""
    text = page.read_text(encoding="utf-8")
    hook = runpy.run_path(str(ROOT / "docs/hooks/from_source.py"))
    page_data = type("Page", (), {"file": type("File", (), {"src_uri": page.name})})
    return str(hook["on_page_markdown"](text, page=page_data))


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_the_course_begins_with_what_it_needs() -> None:
    assert COURSE[0].stem == "before-you-begin"
    assert sorted(COURSE) == sorted(ROOT.glob("docs/tutorials/*.md"))


@pytest.mark.parametrize("page", COURSE, ids=name)
def test_a_page_begins_with_its_question_its_time_and_what_it_needs(page: Path) -> None:
    head = HEAD.match(page.read_text(encoding="utf-8"))
    assert head, "question, then the box with time and prerequisites"
    words = len(prose(page).split())
    # A page of formulas is read more slowly than a story.
    assert words / 140 < int(head[1]) < words / 50
    for needed in re.findall(r"\(([\w-]+\.md)\)", head[3]):
        assert COURSE.index(page.parent / needed) < COURSE.index(page), needed


@pytest.mark.parametrize("page", COURSE[1:], ids=name)
def test_a_page_computes_derives_asks_and_measures_in_this_order(page: Path) -> None:
    """A forward pass with numbers before what is derived; a question before its answer."""
    text = page.read_text(encoding="utf-8")
    marks = [
        r"^## The question",
        r"^## The idea",
        r"^## .*(?:[Ww]ith numbers|, forward and backward)",
        r"^## .*(?:[Dd]eri(?:ved|vations?)|The mathematics)",
        r"^## The (?:code|training loop)",
        r"^## The experiments?$",
        r'^!!! question "Before you look"',
        r"^```text\n<<< ",
        r'^!!! warning "Common mistakes"',
        r"^## Exercises",
        r"^## What to read next",
    ]
    places = [re.search(mark, text, re.MULTILINE) for mark in marks]
    missing = [mark for mark, place in zip(marks, places, strict=True) if place is None]
    assert missing == []
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)


@pytest.mark.parametrize("page", READMES, ids=name)
def test_an_example_tells_what_was_measured_and_leaves_the_derivation_to_its_tutorial(
    page: Path,
) -> None:
    text = page.read_text(encoding="utf-8")
    assert "$$" not in text and "<details>" not in text
    assert "```text\n" in text and "(images/" in text
    command, tutorial = text.index("uv run examples/"), text.index("../../docs/tutorials/")
    assert max(command, tutorial) < text.index("\n## ")


@pytest.mark.parametrize("page", COURSE, ids=name)
def test_lines_of_code_beside_formulas_stand_in_the_code_shown(page: Path) -> None:
    text = shown(page)
    for table in BESIDE.findall(text):
        for row in table.splitlines():
            code = re.findall(r"`([^`]+)`", row.split(" | ")[-1])
            assert code, row
            for line in code:
                assert any(line in block[0] for block in FENCE.finditer(text)), line
