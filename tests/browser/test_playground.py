"""The playground of the site: it trains, remembers, and computes what the Python packages do."""

import contextlib
import io
import json
from typing import Any

import numpy as np
import pytest
from driver import Browser

import neural_net_core
import neural_net_optim
from neural_net_core import BCEWithLogitsLoss, FeedForward, default_dtype

STEPS = 60
OPTIMIZERS = {
    "sgd": lambda p, lr: neural_net_optim.SGD(p, lr=lr),
    "momentum": lambda p, lr: neural_net_optim.SGD(p, lr=lr, momentum=0.9),
    "rmsprop": lambda p, lr: neural_net_optim.RMSprop(p, lr=lr),
    "adam": lambda p, lr: neural_net_optim.Adam(p, lr=lr),
}


@pytest.fixture
def playground(browser: Browser, address: str) -> Browser:
    browser.resize(1280, 900)
    browser.open("about:blank")  # else a change of the address after # loads nothing
    browser.open(f"{address}/playground/#data=xor&seed=1")
    return browser


@pytest.fixture(scope="module")
def calculator(browser: Browser, address: str) -> Browser:
    """The page opened once, for tests that call its functions and leave it as it is."""
    browser.open(f"{address}/playground/")
    return browser


def shown(browser: Browser) -> dict[str, float]:
    data = browser.evaluate("({...document.querySelector('.playground').dataset})")
    return {name: float(value) for name, value in data.items()}


def click(browser: Browser, name: str) -> None:
    browser.evaluate(f"document.querySelector('[name={name}]').click()")


def choose(browser: Browser, **settings: Any) -> None:
    for name, value in settings.items():
        browser.evaluate(
            f"""(() => {{ const field = document.querySelector('form [name={name}]');
            field.value = {json.dumps(str(value))};
            field.dispatchEvent(new Event("change", {{bubbles: true}})); }})()"""
        )


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "gelu"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_agrees_with_the_packages(
    calculator: Browser, activation: str, optimizer: str
) -> None:
    lr = 0.3 if optimizer in ("sgd", "momentum") else 0.01
    run = calculator.evaluate(
        f"""(() => {{
            const run = new NeuralNet.Run({{data: "rings", hidden: [5, 3], lr: {lr}, seed: 7,
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
        step = OPTIMIZERS[optimizer](model.parameters(), lr)
        losses = []
        for _ in range(STEPS):
            loss = BCEWithLogitsLoss()(model(x), target)
            step.zero_grad()
            loss.backward()
            step.step()
            losses.append(loss.item())
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(run["losses"], losses, rtol=1e-12)
    end = np.concatenate([p.data.ravel() for p in model.parameters()])
    np.testing.assert_allclose(np.concatenate(run["end"]), end, rtol=1e-9, atol=1e-12)


def test_it_learns_xor_and_can_be_scrubbed(playground: Browser) -> None:
    assert shown(playground)["step"] == 0
    untrained = shown(playground)["loss"]
    click(playground, "play")
    playground.wait_for("document.querySelector('.playground').dataset.loss < 0.01")
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
    playground.press("ArrowLeft")
    assert shown(playground)["step"] < trained["step"]


def test_no_line_separates_xor(playground: Browser) -> None:
    choose(playground, depth=0)
    click(playground, "play")
    playground.wait_for("document.querySelector('.playground').dataset.step > 300")
    click(playground, "play")
    assert shown(playground)["loss"] == pytest.approx(np.log(2), abs=1e-3)


def test_the_address_holds_the_settings(playground: Browser, address: str) -> None:
    choose(playground, data="spirals", width=8, lr=0.1, seed=5)
    click(playground, "one")
    there = playground.evaluate("location.href")
    before = shown(playground)
    playground.open("about:blank")
    playground.open(there)
    assert shown(playground) == before
    assert playground.evaluate("document.querySelector('[name=data]').value") == "spirals"
    playground.open("about:blank")
    playground.open(f"{address}/playground/#data=nonsense&lr=-1&seed=x&step=-5")
    assert shown(playground)["step"] == 0
    assert playground.evaluate("document.querySelector('[name=data]').value") == "xor"


def test_the_python_code_runs_and_prints_the_loss_of_the_page(playground: Browser) -> None:
    choose(playground, data="spirals", activation="gelu")
    for _ in range(3):
        click(playground, "one")
    code = playground.evaluate("document.querySelector('.playground pre code').textContent")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102
    assert float(printed.getvalue()) == pytest.approx(shown(playground)["loss"], rel=1e-12)


def test_less_motion_where_it_is_asked_for(playground: Browser) -> None:
    playground.prefer(prefers_reduced_motion="reduce")
    try:
        playground.evaluate(
            """window.pictures = 0; new MutationObserver(() => window.pictures++).observe(
            document.querySelector('.playground'), {attributeFilter: ["data-step"]})"""
        )
        click(playground, "play")
        playground.wait_for("document.querySelector('.playground').dataset.loss < 0.01")
        click(playground, "play")
        # Many steps a picture, where a moving one has five.
        assert shown(playground)["step"] / playground.evaluate("window.pictures") > 20
    finally:
        playground.prefer()
