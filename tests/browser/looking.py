"""What is wrong with the look of a page: layout by our own rules, accessibility by axe's."""

from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LAYOUT = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 720}
OF_COLOURS = ("color-contrast", "link-in-text-block")
CODE = ("pre", "svg", "math")
# Thousands of coloured words that axe would take up one by one, minutes in all.
WITHOUT_CODE = {"exclude": [[kind] for kind in CODE]}


def settled(tab: Page, script: str, wanted: Any) -> Any:
    """What a script returns as soon as it is what is wanted, or at last: a busy browser is late."""
    for _ in range(300):
        if (found := tab.evaluate(script)) == wanted:
            break
        tab.wait_for_timeout(200)
    return found


def dark(tab: Page) -> None:
    """Choose the dark palette, at once: colours that fade over would be measured half-way."""
    tab.add_style_tag(content="* {transition: none !important}")
    tab.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")


def layout(tab: Page) -> list[str]:
    complaints: list[str] = tab.evaluate(LAYOUT)
    return complaints


def accessibility(tab: Page, *, colours: bool, part: dict[str, Any] = WITHOUT_CODE) -> list[str]:
    """What axe finds against the rules of WCAG 2.1 A and AA in a part of the page."""
    rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    options = {"runOnly": rules, "rules": {name: {"enabled": colours} for name in OF_COLOURS}}
    found = Axe().run(tab, part, {"resultTypes": ["violations"], **options})
    return [
        f"{kind['id']}: {node['html'][:120]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for kind in found.response["violations"]
        for node in kind["nodes"]
    ]
