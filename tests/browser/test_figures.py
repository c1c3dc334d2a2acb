"""Figures of neural_net_viz in a browser: in pages with styles of their own, and in motion."""

import base64
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driver import Browser, served

import neural_net_viz as viz

ROOT = Path(__file__).resolve().parents[2]
GALLERY = runpy.run_path(str(ROOT / "packages/neural-net-viz/tests/gallery.py"))
FIGURES: dict[str, Callable[[], viz.Figure]] = GALLERY["FIGURES"]
OTHERS = "".join(
    FIGURES[name]().to_string()
    for name in (
        "line_plot",
        "decision_boundary_classes",
        "network_diagram",
        "truth_table",
        "heat_map",
        "computation_graph",
        "training_animation",
    )
)
FILMS = ("training_animation", "alignment_animation")
ANIMATED = (*FILMS, "optimizer_paths")

# What a page may say about its own text: inherited, for all elements, and for SVG's own names.
LOUD = """
direction: rtl; unicode-bidi: bidi-override; letter-spacing: 4px; word-spacing: 9px;
text-transform: uppercase; font: italic small-caps 900 31px/3 serif; font-stretch: expanded;
font-feature-settings: "zero"; text-indent: 40px; text-decoration: underline;
text-shadow: 2px 2px red; text-anchor: end; text-align: center; dominant-baseline: hanging;
stroke: lime; writing-mode: vertical-rl; color: red;
"""
HOSTILE = f"""
html, body {{ {LOUD} }}
* {{ {LOUD} }}
svg, svg *, svg text, .article svg text, .article svg path {{ {LOUD} fill: lime; }}
"""
PLACE = "#here { all: initial; position: absolute; left: 0; top: 0; }"


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return the function that shows a figure in a page and takes its picture."""
    browser.resize(1700, 1200)
    with served(tmp_path) as address:

        def shown(svg: str, attributes: str = "", style: str = "") -> str:
            (tmp_path / "page.html").write_text(
                f'<!DOCTYPE html><html {attributes}><meta charset="utf-8">'
                f'<link rel="icon" href="data:,"><style>{PLACE}{style}</style>'
                f'<body><div class="article" id="here">{svg}</div>',
                encoding="utf-8",
            )
            browser.open(f"{address}/page.html")
            return picture(browser)

        yield shown


def picture(browser: Browser) -> str:
    clip = {"x": 0, "y": 0, "width": 1700, "height": 1200, "scale": 1}
    return str(browser.call("Page.captureScreenshot", clip=clip)["data"])


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_alike_in_a_page_of_any_style(
    browser: Browser, show: Callable[..., str], name: str
) -> None:
    """Pixel by pixel: right-to-left, in capitals, bold, spaced out, upside down."""
    browser.prefer(prefers_reduced_motion="reduce")
    svg = FIGURES[name]().to_string()
    plain = show(svg)
    # The style sheet of a figure reaches all figures of the page.
    others = f'<div style="position: absolute; left: 4000px; top: 0">{OTHERS}</div>'
    assert base64.b64decode(show(svg, 'dir="rtl"')) == base64.b64decode(plain)
    assert base64.b64decode(show(others + svg + others)) == base64.b64decode(plain)
    assert base64.b64decode(show(svg, 'dir="rtl"', HOSTILE)) == base64.b64decode(plain)


def pause_at(browser: Browser, share: float) -> None:
    """Stop all animations of the page at one part of their time."""
    browser.evaluate(
        f"document.getAnimations().forEach(a => {{ a.pause();"
        f"a.currentTime = {share} * a.effect.getComputedTiming().duration; }})"
    )


@pytest.mark.parametrize("name", FILMS)
def test_one_frame_shows_at_any_time(browser: Browser, show: Callable[..., str], name: str) -> None:
    """All frames hang on one animation, so no two of them can disagree."""
    browser.prefer(prefers_reduced_motion="no-preference")
    svg = FIGURES[name]().to_string()
    count = len(re.findall(r'<g id="[^"]*-frame-\d+"', svg))
    show(svg)
    assert browser.evaluate("document.getAnimations().length") == 1
    seen = []
    for k in range(200):
        pause_at(browser, k / 200)
        visible = browser.evaluate(
            "[...document.querySelectorAll('[id*=\"-frame-\"]')].filter("
            "g => getComputedStyle(g).visibility == 'visible').map(g => g.id.split('-').pop())"
        )
        assert len(visible) == 1, (k, visible)
        seen.append(int(visible[0]))
    assert seen == sorted(seen) and set(seen) == set(range(count))


@pytest.mark.parametrize("name", ANIMATED)
def test_all_that_moves_begins_in_one_moment_though_the_page_comes_in_pieces(
    browser: Browser, show: Callable[..., str], name: str
) -> None:
    browser.prefer(prefers_reduced_motion="no-preference")
    lines = FIGURES[name]().to_string().splitlines()
    show("")
    # Half of the figure, painted; then the rest: as a parser that yields in between.
    browser.evaluate(
        "document.open(); document.write("
        f"{'<!DOCTYPE html><div>' + chr(10).join(lines[: len(lines) // 2])!r})"
    )
    browser.evaluate("new Promise(r => setTimeout(r, 200))")
    browser.evaluate(f"document.write({chr(10).join(lines[len(lines) // 2 :])!r})")
    browser.evaluate("document.close()")
    starts = browser.evaluate(
        "new Promise(r => setTimeout(r, 200)).then("
        "() => [...new Set(document.getAnimations().map(a => a.startTime))])"
    )
    assert len(starts) == 1


@pytest.mark.parametrize("name", FILMS)
def test_readers_who_want_no_motion_see_the_end(
    browser: Browser, show: Callable[..., str], name: str
) -> None:
    svg = FIGURES[name]().to_string()
    browser.prefer(prefers_reduced_motion="reduce")
    still = show(svg)
    assert browser.evaluate("document.getAnimations().length") == 0
    browser.prefer(prefers_reduced_motion="no-preference")
    show(svg)
    pause_at(browser, 0.95)
    assert base64.b64decode(picture(browser)) == base64.b64decode(still)
