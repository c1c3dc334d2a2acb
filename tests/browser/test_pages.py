"""Every page of the built site (`nox -s docs`) in a browser whose network is cut.

Pictures of the pages, to be looked at, are written with `SCREENSHOTS=1` into the ignored folder
`screenshots/`.
"""

import os
import urllib.parse
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from looking import DESKTOP, PHONE, accessibility, dark, layout
from playwright.sync_api import Page, expect
from serving import PATIENCE, SITE, served

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "screenshots"
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.glob("**/*.html"))
# The pages of the source files are made alike: one stands for all.
PAGES = [page for page in PAGES if not page.startswith("source/")]
PAGES += ["source/neural_net_core/activations/relu.html"]
FIGURES = sorted(
    str(path.relative_to(ROOT))
    for place in ("examples", "docs", "packages", "benchmarks")
    for path in (ROOT / place).glob("**/*.svg")
)
# Colours take axe seconds a page and come from two style sheets: one page of each kind is enough.
COLOURED = {
    "index.html",
    "api/core-init/index.html",
    "benchmarks/index.html",
    "getting-started/index.html",
    "how-to/save-and-resume/index.html",
    "playground/index.html",
    "step-through-backward/index.html",
    "theory/floating-point/index.html",
    "tutorials/2-backward-propagation/index.html",
}


def photograph(tab: Page, name: str, kind: str) -> None:
    if "SCREENSHOTS" in os.environ:
        short = name.removesuffix("index.html").strip("/").replace("/", "-") or "home"
        tab.screenshot(path=SHOTS / f"{short}-{kind}.png", full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_light_and_dark_on_desktop_and_phone(tab: Page, address: str, name: str) -> None:
    tab.set_viewport_size(DESKTOP)
    tab.goto(f"{address}/{name}")
    colours = name in COLOURED
    complaints = layout(tab)
    if colours or not name.startswith("api/"):  # all made by the same templates, and long
        complaints += accessibility(tab, colours=colours)
    photograph(tab, name, "desktop-light")
    dark(tab)
    if colours:
        complaints += [f"dark: {what}" for what in accessibility(tab, colours=True)]
    photograph(tab, name, "desktop-dark")
    tab.set_viewport_size(PHONE)
    complaints += [f"phone: {what}" for what in layout(tab)]
    photograph(tab, name, "phone-dark")
    assert complaints == []


@pytest.mark.parametrize("name", ["getting-started/index.html", "api/core-init/index.html"])
def test_the_colours_of_code(tab: Page, address: str, name: str) -> None:
    tab.goto(f"{address}/{name}")
    code = {"include": [["pre"]]}
    complaints = accessibility(tab, colours=True, part=code)
    dark(tab)
    complaints += [f"dark: {what}" for what in accessibility(tab, colours=True, part=code)]
    assert complaints == []


def test_the_figures_of_the_repository(tab: Page, address: str) -> None:
    # Also those that stand in no page of the site: the READMEs show them.
    tab.goto(f"{address}/404.html")
    complaints = []
    for figure in FIGURES:
        text = (ROOT / figure).read_text(encoding="utf-8")
        tab.evaluate("document.body.innerHTML = '<article></article>'")
        tab.locator("article").evaluate("(article, svg) => { article.innerHTML = svg }", text)
        complaints += [f"{figure}: {what}" for what in layout(tab)]
    # And as files, as a README shows them: each is well-formed.
    with served(ROOT) as root:
        shown = tab.evaluate(
            """([root, names]) => Promise.all(names.map(async (name) => {
                const image = new Image();
                image.src = `${root}/${name}`;
                try { await image.decode(); return null; } catch { return name; }
            })).then((names) => names.filter(Boolean))""",
            [root, FIGURES],
        )
    assert complaints == []
    assert shown == []


def test_what_is_wrong_with_a_page_is_found(tab: Page, address: str) -> None:
    tab.set_viewport_size(PHONE)
    tab.goto(f"{address}/404.html")
    tab.evaluate(
        """document.body.innerHTML = `<article><div style="width:900px">wide</div>
        <p style="color:#ccc;background:#fff">faint</p><button></button>
        <svg class="nnv" width="100" height="40"><title>bad</title>
        <text x="5" y="20">one</text><text x="12" y="22">two</text><text x="95" y="30">out</text>
        </svg></article>`"""
    )
    said = " ".join(layout(tab) + accessibility(tab, colours=True))
    for expected in ("900", '"one" lies on "two"', '"out" leaves the figure'):
        assert expected in said
    assert "color-contrast: <p" in said
    assert "button-name: <button>" in said


def test_troubles_are_noticed(tab: Page, address: str, troubles: list[str]) -> None:
    tab.goto(f"{address}/404.html")
    tab.evaluate(
        "console.error('hear me'); fetch('http://127.0.0.1:9/').catch(() => 0)"
        ".then(() => fetch('https://elsewhere.example/').catch(() => 0))"
    )
    # They come one by one, the last ones after the page has answered.
    expected = [
        "hear me",
        "asks for https://elsewhere.example/",
        "ERR_NAME_NOT_RESOLVED https://elsewhere.example/",
        "Failed to load resource: net::ERR_NAME_NOT_RESOLVED",
    ]
    for _ in range(600):
        missing = [words for words in expected if words not in " ".join(troubles)]
        if not missing:
            break
        tab.wait_for_timeout(100)
    assert missing == []
    troubles.clear()


class Anchors(HTMLParser):
    """Collects the ids of a page and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"] or ""] if "id" in values else []
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")


@cache
def anchors(page: str) -> Anchors:
    found = Anchors()
    found.feed((SITE / page).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", PAGES)
def test_links_and_anchors_are_alive(name: str) -> None:
    dead = []
    for link in anchors(name).links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = urllib.parse.urljoin(f"/{name}", urllib.parse.unquote(parts.path)).strip("/")
        path = path or ("index.html" if parts.path else name)
        target = SITE / path
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            dead.append(link)
        elif parts.fragment and target.suffix == ".html":
            if target.parent.name == "playground":
                continue  # its settings stand there, which test_playground.py looks at
            anchor = urllib.parse.unquote(parts.fragment)
            if anchor not in anchors(str(target.relative_to(SITE))).ids:
                dead.append(link)
    assert dead == []


@pytest.mark.parametrize("name", PAGES)
def test_an_id_is_given_once(name: str) -> None:
    ids = anchors(name).ids
    assert sorted({found for found in ids if ids.count(found) > 1}) == []


def test_the_switch_turns_figures_dark_too(tab: Page, address: str) -> None:
    tab.emulate_media(color_scheme="light")
    tab.goto(f"{address}/tutorials/2-backward-propagation/")
    text = "getComputedStyle(document.querySelector('svg.nnv .nnv-text')).fill"
    light = tab.evaluate(text)
    tab.locator("label[for=__palette_1]").click()
    tab.wait_for_function("document.body.getAttribute('data-md-color-scheme') === 'slate'")
    assert tab.evaluate(text) != light


@pytest.mark.parametrize("word", ["Dense", "LSTM"])
def test_search_finds(tab: Page, address: str, word: str) -> None:
    tab.set_viewport_size(DESKTOP)
    tab.goto(f"{address}/index.html")
    tab.locator(".md-search__input").click()
    tab.locator(".md-search__input").press_sequentially(word)
    # Before the whole word is typed there are results of its beginning.
    found = tab.locator(".md-search-result__list")
    expect(found).to_contain_text(word, timeout=PATIENCE)
