"""L-BFGS with the parts of other packages: the training loop, and a recorded step."""

from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Module, Sequential, Tanh, cross_entropy, mse_loss
from neural_net_layers import Dropout
from neural_net_optim import LBFGS, Adam
from neural_net_utils import DataLoader, RecordedStep, fit, load_digits


def network(rng: np.random.Generator, *middle: Module) -> Sequential:
    return Sequential(Dense(64, 16, rng=rng), Tanh(), *middle, Dense(16, 10, rng=rng))


def search(model: Module, **options: Any) -> LBFGS:
    return LBFGS(model.parameters(), line_search_fn="strong_wolfe", **options)


def test_fit_does_what_a_loop_by_hand_does() -> None:
    """To the bit: weights, and the losses on record."""
    x, y = load_digits("train")
    by_hand, fitted = network(np.random.default_rng(0)), network(np.random.default_rng(0))
    optimizer = search(by_hand, max_iter=5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = cross_entropy(by_hand(x), y)
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(4)]
    own = search(fitted, max_iter=5)
    loader = DataLoader((x, y), len(x))
    history = fit(fitted, cross_entropy, own, loader, epochs=4, progress="off")
    assert history.steps["loss"] == losses == history["loss"]
    for p, q in zip(by_hand.parameters(), fitted.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_fit_searches_along_one_function_though_dropout_draws() -> None:
    """The masks of a step are the same at each place, so a search finds less of the same loss."""
    x, y = load_digits("train")
    rng = np.random.default_rng(0)
    model = network(rng, Dropout(0.5, rng=np.random.default_rng(1)))
    optimizer = search(model, max_iter=5)
    seen: list[list[float]] = []
    plain = optimizer.step

    def step(closure: Any) -> Any:
        here: list[float] = []

        def listening() -> float:
            here.append(closure())
            return here[-1]

        seen.append(here)
        return plain(listening)

    optimizer.step = step  # type: ignore[method-assign, assignment]
    loader = DataLoader((x, y), len(x))
    history = fit(model, cross_entropy, optimizer, loader, epochs=3, progress="off")
    assert [here[0] for here in seen] == history.steps["loss"]
    assert all(min(here) < here[0] for here in seen)
    again = network(np.random.default_rng(0), Dropout(0.5, rng=np.random.default_rng(1)))
    other = fit(again, cross_entropy, search(again, max_iter=5), loader, epochs=3, progress="off")
    assert other.steps["loss"] == history.steps["loss"]


def test_fewer_computations_than_adam_for_a_lower_loss() -> None:
    """Logistic regression on all digits at once: thirty computations against a hundred."""
    x, y = load_digits("train")
    ends = []
    for make in (
        lambda m: search(m, max_iter=30, max_eval=30),
        lambda m: Adam(m.parameters(), 0.3),
    ):
        model = Sequential(Dense(64, 10, rng=np.random.default_rng(0)))
        optimizer = make(model)
        epochs = 1 if isinstance(optimizer, LBFGS) else 100
        loader = DataLoader((x, y), len(x))
        fit(model, cross_entropy, optimizer, loader, epochs=epochs, progress="off")
        ends.append(float(cross_entropy(model(x), y)))
    assert ends[0] < ends[1]


def test_its_closure_may_run_from_a_record() -> None:
    """The same bits, step after step; a recorded step cannot hold the optimizer itself."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 64)).astype("f"), rng.normal(size=(20, 10)).astype("f")
    plain, recorded = network(np.random.default_rng(0)), network(np.random.default_rng(0))
    a, b = search(plain, max_iter=3), search(recorded, max_iter=3)
    step = RecordedStep(lambda x, y: mse_loss(recorded(x), y), model=recorded)

    def written() -> Any:
        a.zero_grad()
        loss = mse_loss(plain(x), y)
        loss.backward()
        return loss

    def replayed() -> Any:
        b.zero_grad()
        return step.gradients(x, y)

    for _ in range(5):
        assert float(a.step(written)) == float(b.step(replayed))
    assert step.why_eager is None
    for p, q in zip(plain.parameters(), recorded.parameters(), strict=True):
        np.testing.assert_array_equal(p.data, q.data)
    with pytest.raises(ValueError, match="RecordedStep: LBFGS computes the loss several times"):
        RecordedStep(lambda x, y: mse_loss(recorded(x), y), model=recorded, optimizer=b)
