"""Figures in the pages of the built site: stopped and moved by hand, compared, scrolled."""

import pytest
from looking import settled
from playwright.sync_api import Page

FILM = "tutorials/9-attention/index.html"
PAGES = (
    "index.html",
    "tutorials/2-backward-propagation/index.html",
    "tutorials/7-rnns/index.html",
    "tutorials/8-cnns/index.html",
    "tutorials/9-attention/index.html",
    "gallery/networks/index.html",
    "gallery/attention/index.html",
)
VISIBLE = """[...document.querySelector(".figure-player").parentElement
    .querySelectorAll('[id*="-frame-"]')].filter(
    g => getComputedStyle(g).visibility == "visible").map(g => +g.id.split("-").pop())"""
SLIDE = """(() => { const slider = document.querySelector(".figure-player input");
    slider.value = %d; slider.dispatchEvent(new Event("input")); })()"""
LATER = 900  # milliseconds
# Whether another frame is seen than the one that is given.
MOVED = f"(before) => String({VISIBLE}) !== String(before)"
# What was started or stopped has been: that takes until the next picture of the page.
STARTED = "Promise.all(document.getAnimations().map((each) => each.ready)).then(() => null)"


def last_frame(tab: Page) -> int:
    return int(
        tab.evaluate(
            """document.querySelector(".figure-player").parentElement
            .querySelectorAll('[id*="-frame-"]').length"""
        )
        - 1
    )


def test_an_animation_is_stopped_and_moved_by_hand(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.emulate_media(reduced_motion="no-preference")
    tab.goto(f"{address}/{FILM}")
    button = 'document.querySelector(".figure-player button")'
    assert tab.evaluate(f"{button}.textContent") == "Pause"
    tab.wait_for_function(MOVED, arg=tab.evaluate(VISIBLE))
    tab.evaluate(f"{button}.click()")
    tab.evaluate(STARTED)
    stopped = tab.evaluate(VISIBLE)
    tab.wait_for_timeout(LATER)
    assert tab.evaluate(VISIBLE) == stopped
    assert tab.evaluate(f"{button}.textContent") == "Play"
    for value, frame in ((0, 0), (999, last_frame(tab))):
        tab.evaluate(SLIDE % value)
        assert tab.evaluate(VISIBLE) == [frame]
    tab.evaluate(SLIDE % 0)
    tab.evaluate(f"{button}.click()")
    tab.wait_for_function(MOVED, arg=[0])


def test_without_motion_the_end_stands_still_and_can_be_moved(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.emulate_media(reduced_motion="reduce")
    tab.goto(f"{address}/{FILM}")
    last = last_frame(tab)
    assert tab.evaluate(VISIBLE) == [last]
    tab.wait_for_timeout(LATER)
    assert tab.evaluate(VISIBLE) == [last]
    tab.evaluate(SLIDE % 0)
    assert tab.evaluate(VISIBLE) == [0]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_what_scrolls_sideways_says_so_and_is_reached_by_key(
    tab: Page, address: str, page: str, width: int
) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(f"{address}/{page}")
    tab.wait_for_timeout(LATER)
    wrong = settled(
        tab,
        """[...document.querySelectorAll('.md-typeset .figure, .md-typeset math[display="block"]')]
        .filter((box) => {
          const wider = box.scrollWidth > box.clientWidth + 1;
          let hint = box.nextElementSibling;
          while (hint && !hint.classList.contains("sideways-hint")) hint = hint.nextElementSibling;
          return wider !== (box.tabIndex === 0) || !hint || wider === hint.hidden;
        }).map((box) => box.textContent.slice(0, 60))""",
        [],
    )
    assert wrong == []


@pytest.mark.parametrize(("width", "beside"), [(899, False), (900, True), (1400, True)])
def test_figures_that_are_compared_stand_side_by_side(
    tab: Page, address: str, width: int, beside: bool
) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(f"{address}/tutorials/2-backward-propagation/index.html")
    tops = tab.evaluate(
        """[...document.querySelector(".compared").children].map(
        (figure) => Math.round(figure.getBoundingClientRect().top))"""
    )
    assert len(tops) == 2
    assert (tops[0] == tops[1]) is beside


def test_a_figure_that_comes_later_has_its_player_too(tab: Page, address: str) -> None:
    """As those of code that the reader runs, and those that are taken out and put back."""
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.goto(f"{address}/{FILM}")
    found = tab.evaluate(
        """async () => {
        const box = document.querySelector(".figure").cloneNode(true);
        box.style.setProperty("--natural", "1200px");
        const place = document.createElement("div");
        const soon = () => new Promise((done) => setTimeout(done, 300));
        const kinds = () => [...place.children].map((part) => part.className);
        document.querySelector("article").append(place);
        place.append(box);
        await soon();
        const first = kinds();
        place.replaceChildren();
        place.replaceChildren(box);
        await soon();
        return [first, kinds(), box.tabIndex];
        }"""
    )
    parts = ["figure", "sideways-hint", "figure-player"]
    assert found == [parts, parts, 0]
