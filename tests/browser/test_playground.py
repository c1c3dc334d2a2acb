"""The playground of the site: it trains, remembers, and computes what the Python packages do."""

import contextlib
import html
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page
from serving import SITE

import neural_net_core
import neural_net_optim
from neural_net_core import BCEWithLogitsLoss, FeedForward, default_dtype

STEPS = 60
LINK = r'href="[./]*/playground/(#[^"]+)"'
OPTIMIZERS = {
    "sgd": lambda p, lr, decay: neural_net_optim.SGD(p, lr=lr, weight_decay=decay),
    "momentum": lambda p, lr, decay: neural_net_optim.SGD(
        p, lr=lr, momentum=0.9, weight_decay=decay
    ),
    "rmsprop": lambda p, lr, decay: neural_net_optim.RMSprop(p, lr=lr, weight_decay=decay),
    "adam": lambda p, lr, decay: neural_net_optim.Adam(p, lr=lr, weight_decay=decay),
}


@pytest.fixture
def playground(tab: Page, address: str) -> Page:
    tab.goto(f"{address}/playground/#data=xor&seed=1")
    return tab


@pytest.fixture(scope="module")
def calculator(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page opened once, for tests that call its functions and leave it as it is."""
    page = context.new_page()
    page.goto(f"{address}/playground/")
    yield page
    page.close()


def shown(page: Page) -> dict[str, float]:
    data = page.evaluate("({...document.querySelector('.playground').dataset})")
    return {name: float(value) for name, value in data.items()}


def click(page: Page, name: str) -> None:
    page.locator(f"[name={name}]").click()


def choose(page: Page, **settings: Any) -> None:
    for name, value in settings.items():
        field = page.locator(f"form [name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))
            field.blur()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "gelu"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("noise", "batch", "decay"), [(0, 0, 0), (0.3, 16, 0.01)])
def test_training_agrees_with_the_packages(
    calculator: Page, activation: str, optimizer: str, noise: float, batch: int, decay: float
) -> None:
    lr = 0.3 if optimizer in ("sgd", "momentum") else 0.01
    run = calculator.evaluate(
        f"""(() => {{
            const run = new NeuralNet.Run({{data: "rings", hidden: [5, 3], lr: {lr}, seed: 7,
                noise: {noise}, batch: {batch}, decay: {decay},
                activation: "{activation}", optimizer: "{optimizer}"}});
            const start = run.parameters.map((p) => [...p]);
            const losses = [];
            for (let i = 0; i < {STEPS}; i++) {{ losses.push(run.evaluate().loss); run.step(); }}
            return {{start, losses, end: run.parameters.map((p) => [...p]),
                     points: run.data.points, labels: run.data.labels}};
        }})()"""
    )
    kind = getattr(
        neural_net_core, calculator.evaluate(f"NeuralNet.activations.{activation}.python")
    )
    with default_dtype(np.float64):
        model = FeedForward((2, 5, 3, 1), kind)
        names = dict(model.named_parameters())
        start = zip(names.items(), run["start"], strict=True)
        model.load_state_dict({n: np.reshape(values, p.shape) for (n, p), values in start})
        x, target = np.array(run["points"]), np.array(run["labels"], dtype=float)[:, None]
        step = OPTIMIZERS[optimizer](model.parameters(), lr, decay)
        losses = []
        for t in range(STEPS):
            losses.append(BCEWithLogitsLoss()(model(x), target).item())
            rows = np.arange(t * batch, (t + 1) * batch) % len(x) if batch else slice(None)
            loss = BCEWithLogitsLoss()(model(x[rows]), target[rows])
            step.zero_grad()
            loss.backward()
            step.step()
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(run["losses"], losses, rtol=1e-12)
    end = np.concatenate([p.data.ravel() for p in model.parameters()])
    np.testing.assert_allclose(np.concatenate(run["end"]), end, rtol=1e-9, atol=1e-12)


def test_it_learns_xor_and_can_be_scrubbed(playground: Page) -> None:
    assert shown(playground)["step"] == 0
    untrained = shown(playground)["loss"]
    click(playground, "play")
    playground.wait_for_function("document.querySelector('.playground').dataset.loss < 0.01")
    click(playground, "play")
    trained = shown(playground)
    assert trained["accuracy"] == 1
    back = "document.querySelector('[name=time]')"
    playground.evaluate(f"({back}.value = 0, {back}.dispatchEvent(new Event('input')))")
    assert shown(playground) == {
        "step": 0,
        "loss": untrained,
        "accuracy": shown(playground)["accuracy"],
    }
    playground.evaluate(f"({back}.value = {back}.max, {back}.dispatchEvent(new Event('input')))")
    assert shown(playground) == trained
    # And with the keyboard: one step of the slider back.
    playground.evaluate(f"{back}.focus()")
    playground.keyboard.press("ArrowLeft")
    assert shown(playground)["step"] < trained["step"]


def test_no_line_separates_xor(playground: Page) -> None:
    choose(playground, depth=0)
    click(playground, "play")
    playground.wait_for_function("document.querySelector('.playground').dataset.step > 300")
    click(playground, "play")
    assert shown(playground)["loss"] == pytest.approx(np.log(2), abs=1e-3)


def test_the_address_holds_the_settings(playground: Page, address: str) -> None:
    choose(playground, data="spirals", width=8, lr=0.1, seed=5)
    click(playground, "one")
    there = playground.evaluate("location.href")
    before = shown(playground)
    playground.goto("about:blank")
    playground.goto(there)
    assert shown(playground) == before
    assert playground.evaluate("document.querySelector('[name=data]').value") == "spirals"
    playground.goto("about:blank")
    playground.goto(f"{address}/playground/#data=nonsense&lr=-1&seed=x&step=-5")
    assert shown(playground)["step"] == 0
    assert playground.evaluate("document.querySelector('[name=data]').value") == "xor"


def test_the_python_code_runs_and_prints_the_loss_of_the_page(playground: Page) -> None:
    choose(playground, data="spirals", activation="gelu", noise=0.2, batch=16, decay=0.01)
    for _ in range(3):
        click(playground, "one")
    code = playground.evaluate("document.querySelector('.playground pre code').textContent")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102
    assert float(printed.getvalue()) == pytest.approx(shown(playground)["loss"], rel=1e-12)


def test_noise_parts_the_loss_on_the_test_points_from_the_one_it_trains_on(
    playground: Page,
) -> None:
    assert "testLoss" not in shown(playground)  # XOR without noise: four corners, all trained on
    choose(playground, data="spirals", noise=0.3, depth=2, width=8)
    click(playground, "play")
    playground.wait_for_function("document.querySelector('.playground').dataset.loss < 0.05")
    click(playground, "play")
    assert shown(playground)["testLoss"] > 5 * shown(playground)["loss"]


def said(page: Page) -> str:
    text: str = page.evaluate("document.querySelector('.playground [role=status]').textContent")
    return text


def test_what_cannot_be_had_is_said(playground: Page, address: str) -> None:
    choose(playground, seed=0)
    assert 'from 1 to 999, and not "0"' in said(playground)
    playground.goto("about:blank")
    playground.goto(f"{address}/playground/#data=xor&lr=7")
    assert "lr = 7, which there is not" in said(playground)
    playground.goto("about:blank")
    playground.goto(f"{address}/playground/#data=xor&step=20470")
    click(playground, "play")
    playground.wait_for_function("document.querySelector('.playground').dataset.step == 20480")
    playground.wait_for_function(
        "document.querySelector('.playground [name=play]').textContent == 'Train'"
    )
    assert "The run ends at step 20,480." in said(playground)


def test_less_motion_where_it_is_asked_for(playground: Page) -> None:
    playground.emulate_media(reduced_motion="reduce")
    playground.evaluate(
        """window.pictures = 0; new MutationObserver(() => window.pictures++).observe(
        document.querySelector('.playground'), {attributeFilter: ["data-step"]})"""
    )
    click(playground, "play")
    playground.wait_for_function("document.querySelector('.playground').dataset.loss < 0.01")
    click(playground, "play")
    # Many steps a picture, where a moving one has five.
    assert shown(playground)["step"] / playground.evaluate("window.pictures") > 20


def test_the_links_of_the_tutorials_ask_for_settings_that_there_are(
    tab: Page, address: str
) -> None:
    pages = [path.read_text("utf-8") for path in SITE.glob("tutorials/*/index.html")]
    links = {html.unescape(link) for page in pages for link in re.findall(LINK, page)}
    assert len(links) >= 4
    for link in links:
        tab.goto("about:blank")  # else a change of the address after # loads nothing
        tab.goto(f"{address}/playground/{link}")
        assert "which there is not" not in said(tab)
        asked = dict(pair.split("=") for pair in link.removeprefix("#").split("&"))
        for name, value in asked.items():
            assert tab.locator(f"form [name={name}]").input_value() == value
