"""The page that steps through backward: with its formula, with the reader's, and with mistakes."""

import numpy as np
import pytest
from looking import PHONE, accessibility, layout
from playwright.sync_api import Page

from neural_net_core import Tensor

pytestmark = pytest.mark.usefixtures("ingredients")

STATUS = ".stepper-status"


def wait_for(tab: Page, text: str) -> str:
    """Wait until the status holds a text, and return all of it."""
    tab.wait_for_function(
        "([where, text]) => document.querySelector(where).textContent.includes(text)",
        arg=[STATUS, text],
    )
    return tab.locator(STATUS).text_content() or ""


def words(tab: Page) -> list[str]:
    return tab.locator(".stepper-figure svg.nnv text").all_text_contents()


def press(tab: Page, name: str) -> None:
    tab.locator(".stepper").get_by_role("button", name=name, exact=True).click()


def run(tab: Page, code: str | None = None) -> None:
    if code is not None:
        tab.get_by_label("Your formula").fill(code)
    press(tab, "Run")


@pytest.fixture
def stepper(tab: Page, address: str) -> Page:
    tab.goto(f"{address}/step-through-backward/")
    return tab


def test_the_neuron_is_stepped_through_and_back(stepper: Page) -> None:
    run(stepper)
    wait_for(stepper, "Before the reverse pass of 6 steps")
    assert words(stepper).count("grad —") == 7  # the loss alone has one
    for step in (1, 2, 3):
        press(stepper, "Next")
        wait_for(stepper, f"Step {step} of 6")
    assert "step 3 of 6: SigmoidOp.backward" in words(stepper)
    assert "grad −0.5" in words(stepper)
    press(stepper, "Back")
    wait_for(stepper, "Step 2 of 6")
    stepper.get_by_label("Steps of the reverse pass").fill("6")
    said = wait_for(stepper, "Step 6 of 6")
    assert "The gradient of w is −0.5, −0.5." in said
    assert stepper.locator("[name=next]").is_disabled()
    assert stepper.locator("[name=back]").is_enabled()


def test_a_formula_of_ones_own_gives_the_gradients_of_python(stepper: Page) -> None:
    run(stepper, "a = Tensor(2.0, requires_grad=True)\nprint('cubed')\n(a * a * a).backward()")
    wait_for(stepper, "Before the reverse pass of 2 steps")
    assert stepper.locator(".stepper-output").text_content() == "cubed"
    press(stepper, "Next")
    wait_for(stepper, "Step 1 of 2")
    press(stepper, "Next")
    a = Tensor(np.float32(2.0), requires_grad=True)
    (a * a * a).backward()
    assert a.grad is not None
    assert f"The gradient of a is {a.grad:g}." in wait_for(stepper, "Step 2 of 2")


def test_mistakes_are_told_by_their_line_and_the_next_run_works(stepper: Page) -> None:
    run(stepper, "a = Tensor(2.0, requires_grad=True)\nb = a / nothing")
    wait_for(stepper, "It stopped with an error: line 2.")
    assert "NameError: name 'nothing'" in (stepper.locator(".stepper-output").text_content() or "")
    run(stepper, "a = Tensor(2.0, requires_grad=True)\nb = a * a")
    wait_for(stepper, "It stopped.")
    assert "no reverse pass ran" in (stepper.locator(".stepper-output").text_content() or "")
    run(stepper, "a = Tensor(2.0, requires_grad=True)\n(a * a).backward()")
    wait_for(stepper, "of 1 step.")
    assert stepper.locator(".stepper-output").is_hidden()


def test_an_endless_formula_is_stopped(stepper: Page) -> None:
    run(stepper)
    wait_for(stepper, "Before the reverse pass")
    run(stepper, "while True:\n    pass")
    wait_for(stepper, "Running")
    press(stepper, "Stop")
    wait_for(stepper, "It stopped.")
    run(stepper, "a = Tensor(2.0, requires_grad=True)\n(a * a).backward()")
    wait_for(stepper, "of 1 step.")


def test_it_fits_a_phone_and_everybody_can_use_it(stepper: Page) -> None:
    stepper.set_viewport_size(PHONE)
    run(stepper)
    wait_for(stepper, "Before the reverse pass")
    assert layout(stepper) == []
    assert accessibility(stepper, colours=True) == []
