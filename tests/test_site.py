"""The built site (`nox -s docs`): complete, with drawn formulas, loading nothing from elsewhere."""

import ast
import html
import importlib
import inspect
import json
import re
import runpy
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from fontTools import ttLib

import neural_net_viz as viz

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
SOURCES = sorted(SITE.glob("source/**/*.html"))
PAGES = sorted(set(SITE.glob("**/*.html")) - set(SOURCES))
PACKAGES = ["core", "optim", "layers", "viz", "utils"]


class Loaded(HTMLParser):
    """Collects what a browser fetches to show a page (not where its links lead)."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        leads_on = tag == "a" or (
            tag == "link" and values.get("rel") in {"canonical", "next", "prev"}
        )
        if not leads_on:
            self.addresses += [values[name] or "" for name in ("src", "href") if name in values]


def loaded_by(page: str) -> list[str]:
    parser = Loaded()
    parser.feed(page)
    return parser.addresses


def is_elsewhere(address: str) -> bool:
    return "//" in address and not address.startswith("data:")


def inventory() -> set[str]:
    """The names of all objects that the reference documents (Sphinx inventory, version 2)."""
    content = (SITE / "objects.inv").read_bytes()
    body = content.split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(body).decode().splitlines()}


def test_the_site_was_built() -> None:
    assert SITE / "index.html" in PAGES


def test_pages_load_nothing_from_elsewhere() -> None:
    found = {
        address
        for page in PAGES
        for address in loaded_by(page.read_text("utf-8"))
        if is_elsewhere(address)
    }
    assert found == set()


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    for sheet in SITE.glob("**/*.css"):
        for address in re.findall(
            r"(?:url\(|@import)\s*[\"']?([^\"')]+)", sheet.read_text("utf-8")
        ):
            assert not is_elsewhere(address), f"{sheet}: {address}"


def test_a_script_from_elsewhere_would_be_found() -> None:
    page = '<a href="https://a.example"></a><script src="https://b.example/x.js"></script>'
    assert list(filter(is_elsewhere, loaded_by(page))) == ["https://b.example/x.js"]


def test_formulas_are_drawn() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        assert 'class="arithmatex"' not in text, page
        prose = re.sub(r"<(code|pre)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert "$$" not in prose, page
        # Two formulas without an empty line between them become one, with signs in its middle.
        assert not re.search(r"<m\w+[^>]*>\s*(\$|&#x0*24;)", text), page


def test_no_sign_of_a_formula_or_a_link_is_left_in_the_text() -> None:
    # A space before the closing sign is enough for a formula to stay as it was typed.
    for page in PAGES:
        article = re.search(r"<article.*</article", page.read_text("utf-8"), re.DOTALL)
        drawn = r"<(code|pre|math|svg|script|style)\b.*?</\1>"
        text = re.sub(drawn, "", article[0], flags=re.DOTALL) if article else ""
        assert not re.search(r"[$\\]|\]\(", re.sub(r"<[^>]+>", "", text)), page


def slanted(letter: str) -> str:
    """Return what a browser draws for a variable of one letter: the mathematical italic."""
    if letter == "h":
        return "\N{PLANCK CONSTANT}"
    for first, slant in (("A", 0x1D434), ("a", 0x1D44E), ("\N{GREEK SMALL LETTER ALPHA}", 0x1D6FC)):
        if first <= letter < chr(ord(first) + 26):
            return chr(slant + ord(letter) - ord(first))
    return letter


def test_the_font_that_comes_with_the_site_has_every_letter_of_every_formula() -> None:
    font = ttLib.TTFont(ROOT / "docs/assets/fonts/stix-two-math.woff2")
    assert font["MATH"].table.MathVariants.VertGlyphCount > 0  # brackets grow
    has = set(font.getBestCmap())
    for page in PAGES:
        for tag, text in re.findall(r"<(m[ion]|mtext)\b[^>]*>([^<]*)<", page.read_text("utf-8")):
            letters = html.unescape(text)
            if tag == "mi" and len(letters) == 1:
                letters = slanted(letters)
            assert {letter for letter in letters if ord(letter) not in has} == set(), (page, text)


def test_figures_stand_in_the_page_itself() -> None:
    # As pictures they would follow the system's palette, not the one chosen on the site.
    for page in PAGES:
        text = page.read_text("utf-8")
        assert not re.findall(r"<img[^>]*figures/[^>]*>", text), page
        for style in re.findall(r"<style>(\.nnv\{.*?)</style>", text, re.DOTALL):
            assert "prefers-color-scheme" not in style, page


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(package: str) -> None:
    module = importlib.import_module(f"neural_net_{package}")
    public = [getattr(module, name) for name in module.__all__]
    homes = {
        f"{thing.__module__}.{thing.__qualname__}"
        for thing in public
        if inspect.isclass(thing) or inspect.isfunction(thing)
    }
    assert homes
    assert homes - inventory() == set()


def test_no_page_of_the_reference_is_too_long_to_be_read() -> None:
    sizes = {page: page.stat().st_size for page in PAGES if "api" in page.relative_to(SITE).parts}
    assert sizes
    assert {page: size for page, size in sizes.items() if size > 300_000} == {}


def test_every_file_of_the_packages_can_be_read_whole() -> None:
    paths = sorted(ROOT.glob("packages/*/src/**/*.py"))
    assert len(SOURCES) == len(paths) > 300
    no_icon = '<link rel="icon" href="data:,">'  # which else a browser asks for
    for path in paths:
        inside = path.relative_to(ROOT).as_posix().split("/src/")[1]
        page = (SITE / "source" / inside).with_suffix(".html").read_text("utf-8")
        assert re.findall(r"<(?:script|img|iframe|link)[^>]*>", page) == [no_icon]
        shown = html.unescape(re.sub(r"<[^>]+>", "", page.split("<main>")[1])).splitlines()[2:]
        lines = [line.lstrip().removeprefix(str(i)) for i, line in enumerate(shown, 1)]
        assert "\n".join(lines).split() == path.read_text("utf-8").split(), path


def test_the_reference_leads_to_the_line_where_a_name_is_defined() -> None:
    links = []
    for page in SITE.glob("api/*/index.html"):
        text = page.read_text("utf-8")
        assert "mkdocstrings-source" not in text, page
        for there, line in re.findall(r'href="(\S+/source/\S+)#line-(\d+)"', text):
            path = ROOT / f"packages/{package_of(there)}/src" / there.split("/source/")[1]
            links.append(path.with_suffix(".py").read_text("utf-8").splitlines()[int(line) - 1])
            assert (page.parent / there).resolve().is_file(), there
    assert len(links) > 500
    # A definition, or a decorator above it; constants and fields have their own names.
    assert all(re.match(r"\s*(@|class |def |async def |\w+\b.*=|\w+: )", line) for line in links)


def package_of(address: str) -> str:
    """Return the folder of the package that holds a page of source."""
    return address.split("/source/")[1].split("/")[0].replace("_", "-")


def test_search_reads_what_is_written_and_not_the_code_that_computes_it() -> None:
    index = json.loads((SITE / "search/search_index.json").read_text("utf-8"))["docs"]
    reference = [entry for entry in index if entry["location"].startswith("api/")]
    assert not [entry["location"] for entry in reference if "ReLUOp.apply(" in entry["text"]]
    weights = {entry["location"].split("/")[0]: entry["boost"] for entry in index}
    assert weights["api"] < weights["how-to"] < weights["tutorials"]


def hook(name: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "hooks" / f"{name}.py"))


def test_a_figure_takes_the_colours_of_the_chosen_palette() -> None:
    figures = hook("figures")
    svg = '<svg class="nnv" width="640"><style>.nnv{--a:1}\n'
    svg += "@media (prefers-color-scheme:dark){.nnv{--a:2}}</style></svg>"
    figures["FILES"]["figures/a.svg"] = SimpleNamespace(content_string=svg)
    page = SimpleNamespace(url="tutorials/1/", file=SimpleNamespace(src_uri="tutorials/1.md"))
    shown = figures["on_post_page"]('<img alt="x" src="../../figures/a.svg" />', page=page)
    assert shown == (
        '<span class="figure" style="--natural: 640px"><svg class="nnv" width="640"><style>'
        '.nnv{--a:1}\n[data-md-color-scheme="slate"] .nnv{--a:2}</style></svg></span>'
    )


def test_a_picture_becomes_a_figure_with_its_caption(caplog: pytest.LogCaptureFixture) -> None:
    draw = hook("figures")["on_page_content"]
    page = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))
    one, two = (f'<img alt="{x}" src="{x}.svg" title="See `{x}` &amp; why." />' for x in "ab")
    shown = draw(f"<p>{one}</p>", page=page)
    assert shown.startswith('<figure class="drawn">\n<img alt="a" src="a.svg" />')
    assert "<figcaption>See <code>a</code> &amp; why.</figcaption>" in shown
    both = draw(f"<p>{one}\n{two}</p>", page=page)
    assert both.startswith('<div class="compared">') and both.count("<figcaption>") == 2
    words = f"<p>A word and {one}</p><p><img alt='x' src='x.png' /></p>"
    assert draw(words, page=page) == words
    assert caplog.text == ""
    draw('<p><img alt="c" src="c.svg" /></p>', page=page)
    assert "a.md: no caption under" in caplog.text


GALLERY = hook("gallery")
DRAWN = GALLERY["entries"]()


def test_every_figure_function_is_in_the_gallery() -> None:
    assert {entry.function for entry in DRAWN.values()} == set(viz.__all__) - {"Figure"}
    pages = [path.read_text("utf-8") for path in (ROOT / "docs" / "gallery").glob("*.md")]
    folders = [name for page in pages for name in GALLERY["PLACE"].findall(page)]
    shown = "".join(map(GALLERY["folder"], folders))
    assert [name for name in DRAWN if f"]({name}.svg " not in shown] == []


@pytest.mark.parametrize("name", DRAWN)
def test_the_code_beside_a_figure_draws_it(name: str, tmp_path: Path) -> None:
    *before, last = ast.parse(DRAWN[name].code).body
    program = "\n".join([*map(ast.unparse, before), f"figure = {ast.unparse(last)}"])
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    figure = runpy.run_path(str(tmp_path / "program.py"))["figure"]
    assert figure.to_string() == DRAWN[name].figure.to_string()


def test_the_table_of_benchmarks_is_made_from_the_measurements(tmp_path: Path) -> None:
    table = hook("benchmarks")["table"]
    assert "No measurement" in table(tmp_path)

    def write(name: str, threads: int, ratios: dict[str, float], **more: float) -> None:
        rows = [
            {"row": row, "ours_us": 1e4 * r, "torch_us": 1e4, "ratio": r, "ratio_low": r / 2}
            | {"ratio_high": r, **more}
            for row, r in ratios.items()
        ]
        found = {"machine": {"cpu": "abacus", "threads": threads}, "rows": rows}
        (tmp_path / name).write_text(json.dumps(found))

    write("steps.json", 1, {"slow": 1.5, "fast": 0.24})
    lines = table(tmp_path).splitlines()
    assert lines[0].endswith("| ratio | lowest to highest |")
    assert lines[2] == "| fast | 2,400 | 10,000 | **0.24** | 0.12 to 0.24 |"
    words = "Faster than PyTorch on 1 of 2 rows, geometric mean 0.60: cpu abacus, threads 1."
    assert lines[-1] == words

    write("steps.json", 1, {"slow": 1.5, "fast": 0.24}, jax_ratio=3.0)
    write("steps-2-threads.json", 2, {"slow": 1.25})
    lines = table(tmp_path).splitlines()
    assert lines[0].endswith("| 2 threads | beside JAX |")
    assert lines[2].endswith("| 0.12 to 0.24 |  | 3.00 |")
    assert lines[3].endswith("| 0.75 to 1.50 | 1.25 | 3.00 |")
    assert "cpu abacus, threads 2." in lines[-1]


def test_the_table_of_recorded_steps_is_made_from_the_measurements(tmp_path: Path) -> None:
    tables = hook("benchmarks")
    assert "No measurement" in tables["recorded"](tmp_path)
    ratios = {"ratio": 0.5, "ratio_low": 0.4, "ratio_high": 0.6, "recorded_torch_ratio": 0.25}
    row = {"row": "MLP", "ours_us": 100.0, "torch_us": 200.0, "recorded_us": 50.0, **ratios}
    row |= {"recorded_ours_ratio": 0.5}
    found = {"machine": {"cpu": "abacus"}, "rows": [row]}
    (tmp_path / "steps.json").write_text(json.dumps(found))
    cost = {"row": "MLP", "calls": 1200, "bytes": 2_500_000, "recording_s": 0.126}
    (tmp_path / "recorded.json").write_text(json.dumps({"rows": [cost]}))
    lines = tables["recorded"](tmp_path).splitlines()
    assert lines[2:] == ["| MLP | 100 | 50 | **0.50** | 1,200 | 2.50 | 0.13 |"]
    lines = tables["table"](tmp_path).splitlines()
    assert lines[0].endswith("| lowest to highest | recorded |")
    assert lines[2].endswith("| 0.40 to 0.60 | 0.25 |")
    assert "of recorded steps 0.25 beside PyTorch, 0.50 beside the step as it" in lines[-1]


def test_the_tables_of_ranks_are_made_from_the_measurements(tmp_path: Path) -> None:
    tables = hook("benchmarks")
    assert "No measurement" in tables["two_ranks"](tmp_path)
    assert "No measurement" in tables["many_ranks"](tmp_path)
    spreads = {"one_s": {"median": 0.064}, "two_s": {"median": 0.04}}
    steps = {"1": 0.064, "8": 0.01, "64": 0.0031, "512": 0.003}
    found = {
        "pair": [{"row": "MLP", "ratio": 1.625, **spreads}],
        "alone": [{"parameters": 500_000}],
        "model": [{"row": "MLP", "network": "string", "pays_up_to": 32, "step_s": steps}],
    }
    (tmp_path / "distributed.json").write_text(json.dumps(found))
    row = "| MLP | 64 | 40 | **1.62 times** | 2.00 |"
    assert tables["two_ranks"](tmp_path).splitlines()[2] == row
    row = "| MLP | string | 64.0 | 10.0 | 3.1 | 3.0 | 32 ranks |"
    assert tables["many_ranks"](tmp_path).splitlines()[2] == row


def test_a_formula_that_cannot_be_drawn_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    draw = hook("formulas")["on_page_content"]
    page = SimpleNamespace(file=SimpleNamespace(src_uri="a.md"))

    def formula(latex: str) -> str:
        return f'<span class="arithmatex">\\({latex}\\)</span>'

    assert draw(formula("x^2") + ".", page=page).endswith("</math>.</span>")
    assert caplog.text == ""
    draw(formula(r"\begin{aligned} a &amp;= b \end{aligned} \nonsense"), page=page)
    assert "cannot draw &" in caplog.text
    assert r"cannot draw \nonsense" in caplog.text


NOTEBOOKS = sorted(SITE.glob("tutorials/*/*.ipynb"))


def test_every_tutorial_has_a_notebook() -> None:
    pages = {path.parent for path in SITE.glob("tutorials/*/index.html")}
    assert {path.parent for path in NOTEBOOKS} == pages
    for folder in pages:
        assert f'href="{folder.name}.ipynb" download' in (folder / "index.html").read_text("utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    prose = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    assert not re.search(r"^ *(!!!|\?\?\?|<<<)|\.md[)#]|\]\([^)]*/", prose, re.MULTILINE)
    code = [cell.source for cell in made.cells if cell.cell_type == "code"]
    program = tmp_path / "notebook.py"
    program.write_text("\n".join(code), encoding="utf-8")
    command = [sys.executable, "-W", "error", str(program)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_notebook_has_the_cells_of_its_page() -> None:
    page = (
        "# 1. Title\n\nSee [there](2-b.md#x), [theory](../theory/a.md).\n\n"
        '![A dot](../figures/dot.svg "What to see.")\n\n## Exercises\n\n1. Why?\n\n'
        '    ??? note "Solution"\n        Because:\n\n        ```python\n        if 1:\n'
        "            x = 1\n        ```\n\n2. And?\n\n"
        '```python title="file.py"\nshown = [1](a.md)\n```\n'
    )
    made = hook("notebooks")["notebook"](page, lambda path: path.encode())
    nbformat.validate(made)
    cells = [(cell.cell_type, cell.source) for cell in made.cells[2:]]
    picture = "![A dot](attachment:figures-dot.svg)\n\n*What to see.*"
    assert cells == [
        ("markdown", f"See [there](2-b.ipynb), theory (on the site: theory/a).\n\n{picture}"),
        ("markdown", "## Exercises\n\n1. Why?"),
        ("code", "# Your own try, before you read the solution."),
        ("markdown", "**Solution**\n\nBecause:"),
        ("code", "if 1:\n    x = 1"),
        ("markdown", "2. And?\n\n```python\nshown = [1](a.md)\n```"),
    ]
    assert set(made.cells[2].attachments) == {"figures-dot.svg"}


def test_code_runs_in_pages_only_with_the_files_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    made = hook("run_in_page")
    config = SimpleNamespace(extra_css=[])
    block = '<div class="language-python highlight"><pre><code>x</code></pre></div>'
    page = SimpleNamespace(url="tutorials/1/", file=SimpleNamespace(src_uri="tutorials/1.md"))
    for name in made["INTERPRETER"]:
        (tmp_path / name).write_text("something else")
    monkeypatch.setenv("PYODIDE_PACKAGE", str(tmp_path))
    made["on_config"](config)
    assert "Code does not run in the pages of this build: pyodide.js is not the file" in caplog.text
    monkeypatch.setenv("PYODIDE_PACKAGE", str(tmp_path / "nowhere"))
    made["on_config"](config)
    assert "the interpreter cannot be read" in caplog.text
    assert made["on_page_content"](block, page=page) == block
    assert config.extra_css == []


def test_a_block_that_cannot_run_in_a_page_says_why() -> None:
    made = hook("run_in_page")
    made["CONTENT"]["packages.zip"] = b""
    page = SimpleNamespace(url="how-to/a/", file=SimpleNamespace(src_uri="how-to/a.md"))

    def block(code: str, title: str = "") -> str:
        return f'<div class="language-python highlight">{title}<pre><code>{code}</code></pre></div>'

    torch = '<span class="kn">import</span><span class="w"> </span><span class="nn">torch</span>'
    excerpt = '<span class="filename">a.py</span>'
    blocks = [block("x = 1"), block(torch), block("torch.ones(x)"), block("y", excerpt)]
    shown = made["on_page_content"]("".join(blocks), page=page)
    assert shown.count("data-block=") == 1
    assert shown.count("Needs PyTorch: not in the page.") == 2  # and what needs that block
    assert "an excerpt: shown, not run" in shown
    assert '<script type="module" src="../../assets/code/blocks.js" data-textbook="false">' in shown
