"""The built site (`nox -s docs`): complete, with drawn formulas, loading nothing from elsewhere."""

import importlib
import inspect
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[1] / "site"
PAGES = sorted(SITE.glob("**/*.html"))
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
