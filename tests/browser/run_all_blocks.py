"""Run every Python block of the built site in its page, once, and say how many run.

    uv run --group docs tests/browser/run_all_blocks.py [PAGE …]

Blocks that do not run are listed with what they said. With these a figure each: the bytes of a page
before and after the first Run and the seconds to the first answer. Takes half an hour; not in CI.
"""

import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from serving import SITE, find_chromium, launch, served

PATIENCE = 600_000  # milliseconds


def run_page(browser: Browser, address: str, name: str) -> tuple[int, int]:
    """Run all blocks of one page; return how many ran and how many there are."""
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        sizes: list[int] = []
        page.on("response", lambda r: sizes.append(int(r.headers.get("content-length", 0))))
        page.goto(f"{address}/{name}")
        # A solution is folded, its buttons with it.
        page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")
        before, ran = sum(sizes), 0
        blocks = page.locator("[data-block]").count()
        for number in range(1, blocks + 1):
            began = time.monotonic()
            page.get_by_role("button", name=f"Run block {number}", exact=True).click()
            output = page.locator(f"[aria-label='Output of block {number}']")
            page.wait_for_function("output => output.dataset.outcome", arg=output.element_handle())
            took = time.monotonic() - began
            if number == 1:
                print(f"  {before:,} bytes, then {sum(sizes):,}; first answer {took:.1f} s")
            if output.get_attribute("data-outcome") == "ok":
                ran += 1
            else:
                print(f"  block {number}: {output.text_content()}")
            if took > 60:
                print(f"  block {number} took {took:.0f} s")
            for note in output.locator(".code-note").all_text_contents():
                print(f"  block {number}: {note}")
        return ran, blocks


def main(names: list[str]) -> None:
    """Run the pages named, or all that have blocks."""
    pages = [path for path in SITE.glob("**/*.html") if "data-block=" in path.read_text("utf-8")]
    names = names or sorted(str(path.relative_to(SITE)) for path in pages)
    program = find_chromium()
    if program is None:
        sys.exit("no Chromium found; Debian and Ubuntu: apt-get install chromium")
    found = []
    with sync_playwright() as playwright, served(SITE) as address:
        browser = launch(playwright, program)
        for name in names:
            print(name, flush=True)
            found.append(run_page(browser, address, name))
            print(f"  {found[-1][0]} of {found[-1][1]} blocks run", flush=True)
        browser.close()
    print(f"{sum(ran for ran, _ in found)} of {sum(blocks for _, blocks in found)} blocks run")


if __name__ == "__main__":
    main(sys.argv[1:])
