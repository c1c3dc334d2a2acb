"""Starts one headless Chromium and serves the built site for the tests beside it.

Needs Chromium (Debian and Ubuntu: `apt-get install chromium`). Without one the tests are skipped,
unless `REQUIRE_CHROMIUM` is set, as `.ci/run` does: then that is an error.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from driver import Browser, find_chromium, served

SITE = Path(__file__).resolve().parents[2] / os.environ.get("SITE", "site")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None and "REQUIRE_CHROMIUM" not in os.environ:
        pytest.skip("no Chromium found; Debian and Ubuntu: apt-get install chromium")
    assert program, "no Chromium found; Debian and Ubuntu: apt-get install chromium"
    with Browser(program) as started:
        yield started


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    assert (SITE / "index.html").is_file(), "build the site first: uv run nox -s docs"
    with served(SITE) as started:
        yield started


@pytest.fixture(autouse=True)
def no_trouble(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does: nothing in the console, no request that failed or left the machine."""
    if "browser" not in request.fixturenames:
        yield
        return
    browser = request.getfixturevalue("browser")
    browser.troubles.clear()
    yield
    assert browser.troubles == []
