"""Figures of neural_net_viz in a browser: in pages with styles of their own, and in motion."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

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
GROWING = ("convolution_diagram_animated", "text_animation")
ANIMATED = (*FILMS, *GROWING, "optimizer_paths")

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
def show(tab: Page) -> Callable[..., bytes]:
    """Return the function that shows a figure in a page and takes its picture."""
    tab.set_viewport_size({"width": 1700, "height": 1200})

    def shown(svg: str, attributes: str = "", style: str = "") -> bytes:
        tab.set_content(
            f"<!DOCTYPE html><html {attributes}><style>{PLACE}{style}</style>"
            f'<body><div class="article" id="here">{svg}</div>'
        )
        return tab.screenshot()

    return shown


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_alike_in_a_page_of_any_style(
    tab: Page, show: Callable[..., bytes], name: str
) -> None:
    """Pixel by pixel: right-to-left, in capitals, bold, spaced out, upside down."""
    tab.emulate_media(reduced_motion="reduce")
    svg = FIGURES[name]().to_string()
    plain = show(svg)
    # The style sheet of a figure reaches all figures of the page.
    others = f'<div style="position: absolute; left: 4000px; top: 0">{OTHERS}</div>'
    assert show(svg, 'dir="rtl"') == plain
    assert show(others + svg + others) == plain
    assert show(svg, 'dir="rtl"', HOSTILE) == plain


def pause_at(tab: Page, share: float) -> None:
    """Stop all animations of the page at one part of their time."""
    tab.evaluate(
        f"document.getAnimations().forEach(a => {{ a.pause();"
        f"a.currentTime = {share} * a.effect.getComputedTiming().duration; }})"
    )


@pytest.mark.parametrize("name", [*FILMS, *GROWING])
def test_one_frame_shows_at_any_time(tab: Page, show: Callable[..., bytes], name: str) -> None:
    """All frames hang on one animation, so no two of them can disagree."""
    tab.emulate_media(reduced_motion="no-preference")
    svg = FIGURES[name]().to_string()
    count = len(re.findall(r'<g id="[^"]*-frame-\d+"', svg))
    show(svg)
    assert tab.evaluate("document.getAnimations().length") == 1
    seen = []
    for k in range(200):
        pause_at(tab, k / 200)
        visible = tab.evaluate(
            "[...document.querySelectorAll('[id*=\"-frame-\"]')].filter("
            "g => getComputedStyle(g).visibility == 'visible').map(g => g.id.split('-').pop())"
        )
        assert len(visible) == 1, (k, visible)
        seen.append(int(visible[0]))
    assert seen == sorted(seen) and set(seen) == set(range(count))


@pytest.mark.parametrize("name", ANIMATED)
def test_all_that_moves_begins_in_one_moment_though_the_page_comes_in_pieces(
    tab: Page, show: Callable[..., bytes], name: str
) -> None:
    tab.emulate_media(reduced_motion="no-preference")
    lines = FIGURES[name]().to_string().splitlines()
    show("")
    # Half of the figure, painted; then the rest: as a parser that yields in between.
    tab.evaluate(
        "document.open(); document.write("
        f"{'<!DOCTYPE html><div>' + chr(10).join(lines[: len(lines) // 2])!r})"
    )
    tab.evaluate("new Promise(r => setTimeout(r, 200))")
    tab.evaluate(f"document.write({chr(10).join(lines[len(lines) // 2 :])!r})")
    tab.evaluate("document.close()")
    # An animation has a time of start when its first picture was painted.
    starts = tab.evaluate(
        "Promise.all(document.getAnimations().map(a => a.ready)).then("
        "moving => [...new Set(moving.map(a => a.startTime))])"
    )
    assert len(starts) == 1


@pytest.mark.parametrize("name", GROWING)
def test_what_has_appeared_stays(tab: Page, show: Callable[..., bytes], name: str) -> None:
    tab.emulate_media(reduced_motion="no-preference")
    svg = FIGURES[name]().to_string()
    count = len(re.findall(r'<g id="[^"]*-kept-\d+"', svg))
    show(svg)
    seen = []
    for k in range(60):
        pause_at(tab, k / 60)
        seen.append(
            tab.evaluate(
                "[...document.querySelectorAll('[id*=\"-kept-\"]')].filter("
                "g => getComputedStyle(g).visibility == 'visible').map(g => g.id.split('-').pop())"
            )
        )
    assert all(shown == [str(k) for k in range(len(shown))] for shown in seen)
    assert [len(shown) for shown in seen] == sorted(len(shown) for shown in seen)
    assert len(seen[0]) == 1 and len(seen[-1]) == count


@pytest.mark.parametrize("name", [*FILMS, *GROWING])
def test_readers_who_want_no_motion_see_the_end(
    tab: Page, show: Callable[..., bytes], name: str
) -> None:
    svg = FIGURES[name]().to_string()
    tab.emulate_media(reduced_motion="reduce")
    still = show(svg)
    assert tab.evaluate("document.getAnimations().length") == 0
    tab.emulate_media(reduced_motion="no-preference")
    show(svg)
    pause_at(tab, 0.95)
    assert tab.screenshot() == still
