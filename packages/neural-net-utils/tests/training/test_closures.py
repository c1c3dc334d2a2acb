"""Optimizers that compute the loss several times in a step, in the training loop."""

import numpy as np
import pytest

from neural_net_core import Module, Parameter, default_rng, mse_loss
from neural_net_utils import find_learning_rate, fit


class Line(Module):
    """y = w x, from a weight that is known."""

    def __init__(self):
        self.w = Parameter(np.array([1.0], dtype=np.float32))

    def forward(self, x):
        return x * self.w


def line_data():
    x = np.random.default_rng(0).standard_normal((7, 1)).astype(np.float32)
    return x, 3 * x


class Searching:
    """Goes half as far until the loss falls, as a line search does; keeps what it was told."""

    needs_closure = True

    def __init__(self, parameters):
        self.parameters = list(parameters)
        self.losses = []

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def state_dict(self):
        return {"count": np.array(len(self.losses))}

    def load_state_dict(self, state):
        self.losses = [[]] * int(state["count"])

    def step(self, closure):
        before, here = closure(), []
        self.losses.append(here)
        start = [p.data.copy() for p in self.parameters]
        direction = [p.grad.copy() for p in self.parameters]
        for k in range(8):
            for p, s, d in zip(self.parameters, start, direction, strict=True):
                p.data[...] = s - 2.0 ** (3 - k) * d
            here.append(closure())
            if here[-1] < before:
                return before
        return before


def searching_run(**options):
    model = Line()
    optimizer = Searching(model.parameters())
    options = {"epochs": 2, "progress": "off", **options}
    batches = options.pop("batches", [line_data(), line_data()])
    loss_fn = options.pop("loss_fn", mse_loss)
    history = fit(model, loss_fn, optimizer, batches, **options)
    return model, optimizer, history


def test_an_optimizer_may_compute_the_loss_again():
    """Each step falls; the record holds the loss before it, once, and each batch counts once."""
    _, optimizer, history = searching_run(metrics={"mae": lambda o, t: np.abs(o - t).mean()})
    assert len(optimizer.losses) == 4 == len(history.steps["loss"])
    for before, tried in zip(history.steps["loss"], optimizer.losses, strict=True):
        assert tried[-1] < before
    # The data are the same in every batch, so that a step begins where the last one ended.
    ends = [tried[-1] for tried in optimizer.losses]
    np.testing.assert_allclose(history.steps["loss"][1:], ends[:-1], rtol=1e-6)
    np.testing.assert_allclose(history["loss"], np.reshape(history.steps["loss"], (2, 2)).mean(1))


def test_batches_of_a_step_are_one_function():
    """Joined batches give the losses of one large batch, also in the search."""
    x, y = line_data()
    whole = searching_run(batches=[(x, y)])
    parts = searching_run(batches=[(x[:3], y[:3]), (x[3:], y[3:])], accumulate=2)
    np.testing.assert_allclose(parts[2].steps["loss"], whole[2].steps["loss"], rtol=1e-5)
    assert [len(tried) for tried in parts[1].losses] == [len(tried) for tried in whole[1].losses]


def test_a_step_sees_one_function_though_the_loss_draws():
    """Every computation within a step draws the same numbers; the next step draws others."""
    drawn = []

    def loss_fn(output, target):
        drawn.append(default_rng().random())
        return mse_loss(output, target)

    _, optimizer, _ = searching_run(loss_fn=loss_fn, seed=3)
    counts = [1 + len(tried) for tried in optimizer.losses]
    assert max(counts) > 2
    places = np.split(np.array(drawn), np.cumsum(counts)[:-1])
    assert all(len(set(place.tolist())) == 1 for place in places)
    assert len(set(drawn)) == len(counts)


def test_what_does_not_go_with_a_closure_is_refused():
    with pytest.raises(ValueError, match=r"fit: Searching compares .* leave out clip"):
        searching_run(clip=lambda parameters: None)
    model = Line()
    optimizer = Searching(model.parameters())
    optimizer.param_groups = [{"params": optimizer.parameters, "lr": 1.0}]
    with pytest.raises(ValueError, match="find_learning_rate: Searching finds the length"):
        find_learning_rate(model, mse_loss, optimizer, [line_data()])


def test_an_optimizer_that_does_not_say_that_it_needs_a_closure():
    class Silent(Searching):
        needs_closure = False

    model = Line()
    with pytest.raises(TypeError, match=r"fit: it calls the optimizer's step\(\) without argum"):
        fit(model, mse_loss, Silent(model.parameters()), [line_data()], epochs=1)
