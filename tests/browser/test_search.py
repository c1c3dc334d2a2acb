"""Search: the page that explains a thing stands before the reference that lists it."""

import re

import pytest
from looking import DESKTOP
from playwright.sync_api import BrowserContext, Page, expect
from serving import PATIENCE

FIRST = {
    "backprop": "tutorials/2-backward-propagation/",
    "chain rule": "tutorials/2-backward-propagation/",
    "learning rate": "tutorials/4-optimizers/",
    "vanishing gradient": "tutorials/5-activations/",
    "LSTM": "tutorials/7-rnns/",
    "conv2d": "tutorials/8-cnns/",
    "transformer": "tutorials/9-attention/",
    "overfitting": "tutorials/11-regularization/",
    "checkpoint": "how-to/save-and-resume/",
    "GPU": "roadmap/",
}


@pytest.fixture(scope="module")
def searching(context: BrowserContext, address: str) -> Page:
    page: Page = context.new_page()
    page.set_viewport_size(DESKTOP)
    page.goto(address)
    page.locator("input.md-search__input").click()
    # The index is read at the first search.
    page.locator("input.md-search__input").press_sequentially("qqqq")
    expect(page.locator(".md-search-result__meta")).to_have_text(
        "No matching documents", timeout=PATIENCE
    )
    return page


@pytest.mark.parametrize("words", FIRST)
def test_what_readers_type_finds_the_page_that_explains_it(searching: Page, words: str) -> None:
    field = searching.locator("input.md-search__input")
    field.fill("")
    field.press_sequentially(words)
    first = searching.locator(".md-search-result__item > a").first
    expect(first).to_have_attribute("href", re.compile(f"/{FIRST[words]}$"), timeout=PATIENCE)
