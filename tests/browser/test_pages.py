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
from driver import Browser, served

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site"
SHOTS = ROOT / "screenshots"
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.glob("**/*.html"))
# The pages of the source files are made alike: one stands for all.
PAGES = [page for page in PAGES if not page.startswith("source/")]
PAGES += ["source/neural_net_core/activations/relu.html"]
FIGURES = sorted(
    str(path.relative_to(ROOT))
    for place in ("examples", "docs", "packages", "benchmarks")
    for path in (ROOT / place).glob("**/*.svg")
)
DESKTOP, PHONE = (1280, 900), (375, 720)


def dark(browser: Browser) -> None:
    """Choose the dark palette, at once: colours that fade over would be measured half-way."""
    browser.evaluate(
        """document.head.insertAdjacentHTML("beforeend", "<style>* {transition: none !important}")
        document.body.setAttribute("data-md-color-scheme", "slate")"""
    )


def audit(browser: Browser, layout: bool = False, colors: bool = False) -> list[str]:
    wanted = f"{{ layout: {str(layout).lower()}, colors: {str(colors).lower()} }}"
    complaints: list[str] = browser.evaluate(f"({AUDIT})({wanted})")
    return complaints


def photograph(browser: Browser, page: str, kind: str) -> None:
    if "SCREENSHOTS" in os.environ:
        name = page.removesuffix("index.html").strip("/").replace("/", "-") or "home"
        browser.screenshot(SHOTS / f"{name}-{kind}.png", whole=True)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_light_and_dark_on_desktop_and_phone(
    browser: Browser, address: str, page: str
) -> None:
    browser.resize(*DESKTOP)
    browser.open(f"{address}/{page}")
    complaints = audit(browser, layout=True, colors=True)
    photograph(browser, page, "desktop-light")
    dark(browser)
    complaints += [f"dark: {what}" for what in audit(browser, colors=True)]
    photograph(browser, page, "desktop-dark")
    browser.resize(*PHONE)
    complaints += [f"phone: {what}" for what in audit(browser, layout=True)]
    photograph(browser, page, "phone-dark")
    assert complaints == []


def test_the_figures_of_the_repository(browser: Browser, address: str) -> None:
    # Also those that stand in no page of the site: the READMEs show them.
    with served(ROOT) as root:
        browser.resize(*DESKTOP)
        browser.open(f"{address}/404.html")
        complaints = []
        for figure in FIGURES:
            text = (ROOT / figure).read_text(encoding="utf-8")
            browser.evaluate("document.body.innerHTML = '<article></article>'")
            browser.call(
                "Runtime.callFunctionOn",
                functionDeclaration="function (svg) { this.innerHTML = svg }",
                objectId=browser.call(
                    "Runtime.evaluate", expression="document.querySelector('article')"
                )["result"]["objectId"],
                arguments=[{"value": text}],
            )
            complaints += [f"{figure}: {what}" for what in audit(browser, layout=True)]
        # And as files, as a README shows them: each is well-formed.
        shown = browser.evaluate(
            f"""Promise.all({FIGURES!r}.map(async (name) => {{
                const image = new Image();
                image.src = `{root}/${{name}}`;
                try {{ await image.decode(); return null; }} catch {{ return name; }}
            }})).then((names) => names.filter(Boolean))"""
        )
    assert complaints == []
    assert shown == []


def test_the_audit_finds_what_is_wrong(browser: Browser, address: str) -> None:
    browser.resize(*PHONE)
    browser.open(f"{address}/404.html")
    browser.evaluate(
        """document.body.innerHTML = `<article><div style="width:900px">wide</div>
        <p style="color:#eee;background:#fff">faint</p>
        <svg class="nnv" width="100" height="40"><title>bad</title>
        <text x="5" y="20">one</text><text x="12" y="22">two</text><text x="95" y="30">out</text>
        </svg></article>`"""
    )
    said = " ".join(audit(browser, layout=True, colors=True))
    for expected in ("900", "contrast 1.2", '"one" lies on "two"', '"out" leaves the figure'):
        assert expected in said


def test_troubles_are_noticed(browser: Browser, address: str) -> None:
    browser.open(f"{address}/404.html")
    browser.evaluate(
        "console.error('hear me'); fetch('http://127.0.0.1:9/').catch(() => 0)"
        ".then(() => fetch('https://elsewhere.example/').catch(() => 0))"
    )
    said = " ".join(browser.troubles)
    assert "hear me" in said
    assert "asks for https://elsewhere.example/" in said
    assert "ERR_NAME_NOT_RESOLVED https://elsewhere.example/" in said
    browser.troubles.clear()


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


@pytest.mark.parametrize("page", PAGES)
def test_links_and_anchors_are_alive(page: str) -> None:
    dead = []
    for link in anchors(page).links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = urllib.parse.urljoin(f"/{page}", urllib.parse.unquote(parts.path)).strip("/")
        path = path or ("index.html" if parts.path else page)
        target = SITE / path
        if target.is_dir():
            target /= "index.html"
        if not target.is_file():
            dead.append(link)
        elif parts.fragment and target.suffix == ".html":
            name = urllib.parse.unquote(parts.fragment)
            if name not in anchors(str(target.relative_to(SITE))).ids:
                dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES)
def test_an_id_is_given_once(page: str) -> None:
    ids = anchors(page).ids
    assert sorted({name for name in ids if ids.count(name) > 1}) == []


def test_the_switch_turns_figures_dark_too(browser: Browser, address: str) -> None:
    browser.resize(*DESKTOP)
    browser.prefer(prefers_color_scheme="light")
    browser.open(f"{address}/tutorials/2-backward-propagation/")
    text = "getComputedStyle(document.querySelector('svg.nnv .nnv-text')).fill"
    light = browser.evaluate(text)
    browser.evaluate("document.querySelector('label[for=__palette_1]').click()")
    browser.wait_for("document.body.getAttribute('data-md-color-scheme') === 'slate'")
    assert browser.evaluate(text) != light
    browser.evaluate("document.querySelector('label[for=__palette_0]').click()")


@pytest.mark.parametrize("word", ["Dense", "LSTM"])
def test_search_finds(browser: Browser, address: str, word: str) -> None:
    browser.resize(*DESKTOP)
    browser.open(f"{address}/index.html")
    browser.evaluate("document.querySelector('#__search').checked = true")
    browser.evaluate(
        f"""(() => {{ const field = document.querySelector('.md-search__input');
        field.focus(); field.value = '{word}';
        field.dispatchEvent(new Event('input', {{bubbles: true}}));
        field.dispatchEvent(new KeyboardEvent('keyup', {{bubbles: true}})); }})()"""
    )
    browser.wait_for("document.querySelectorAll('.md-search-result__item').length")
    titles = browser.evaluate("document.querySelector('.md-search-result__list').textContent")
    assert word in titles
