"""Starts the system's Chromium through Playwright and serves the built site to the tests beside it.

Needs Chromium (Debian and Ubuntu: `apt-get install chromium`). Without one the tests are skipped,
unless `REQUIRE_CHROMIUM` is set, as `.ci/run` does: then that is an error.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from serving import PATIENCE, SITE, find_chromium, launch, served

HERE = ("http://127.0.0.1:", "data:", "blob:", "about:")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    assert (SITE / "index.html").is_file(), "build the site first: uv run nox -s docs"
    with served(SITE) as started:
        yield started


@pytest.fixture(scope="session")
def ingredients() -> None:
    """Skip what needs Python in the page where the site was built without."""
    there, why = (SITE / "assets/code/python").is_dir(), "the site was built without Python inside"
    if not there and "REQUIRE_CODE_IN_PAGES" not in os.environ:
        pytest.skip(f"{why}: see docs/hooks/run_in_page.py")
    assert there, why


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None and "REQUIRE_CHROMIUM" not in os.environ:
        pytest.skip("no Chromium found; Debian and Ubuntu: apt-get install chromium")
    assert program, "no Chromium found; Debian and Ubuntu: apt-get install chromium"
    with sync_playwright() as playwright:
        yield launch(playwright, program)


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as started:
        started.set_default_timeout(PATIENCE)
        yield started


@pytest.fixture
def troubles() -> list[str]:
    """What a reader would find in the console: errors, failed requests, requests to elsewhere."""
    return []


@pytest.fixture
def tab(context: BrowserContext, troubles: list[str]) -> Iterator[Page]:
    """An empty page; whatever the test does with it, there must be no trouble at its end."""
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(f"exception: {error}"))
    page.on("console", lambda said: note_message(troubles, said.type, said.text))
    page.on("request", lambda request: note_address(troubles, request.url))
    page.on("requestfailed", lambda request: note_failure(troubles, request))
    page.on("response", lambda r: r.status >= 400 and troubles.append(f"{r.status} {r.url}"))
    yield page
    page.close()
    assert troubles == []


def note_failure(troubles: list[str], request: Request) -> None:
    if request.failure != "net::ERR_ABORTED":  # what a reader who leads on does not wait for
        troubles.append(f"{request.failure} {request.url}")


def note_message(troubles: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        troubles.append(f"console: {text}")


def note_address(troubles: list[str], address: str) -> None:
    if not address.startswith(HERE):
        troubles.append(f"asks for {address}")
