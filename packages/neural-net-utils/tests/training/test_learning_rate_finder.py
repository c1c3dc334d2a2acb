"""The range test: a sensible suggestion, and nothing changed afterwards."""

import numpy as np
import pytest

from neural_net_core import Module, Parameter, cross_entropy, default_rng, mse_loss
from neural_net_utils import DataLoader, find_learning_rate


class Bowl(Module):
    """loss = mean (w - 0)² / 2 · curvature: diverges beyond lr = 2 / curvature."""

    def __init__(self):
        self.w = Parameter(np.full(3, 10.0, dtype=np.float32))

    def forward(self, x):
        return x * self.w


def bowl_search(tiny, **options):
    model = Bowl()
    optimizer = tiny.TinyMomentum(model.parameters(), lr=0.5, momentum=0.0)
    data = [(np.ones((4, 3), dtype=np.float32), np.zeros((4, 3), dtype=np.float32))]
    return find_learning_rate(model, mse_loss, optimizer, data, **options)


def test_suggestion_lies_below_divergence(tiny):
    """mean (w²) over 3 weights has curvature 2/3, so rates beyond 3 diverge: found from below."""
    search = bowl_search(tiny, lowest=1e-4, highest=100, steps=60)
    assert search.diverged
    assert 0.01 < search.suggestion < 3
    assert search.suggestion in search.rates
    assert len(search.rates) == len(search.losses) == len(search.smoothed) < 60
    assert np.allclose(np.diff(np.log(search.rates)), np.log(1e6) / 59)


def test_smoothing_is_bias_corrected(tiny):
    """The average begins at the first loss; without smoothing it is the loss."""
    search = bowl_search(tiny, lowest=1e-9, highest=1e-8, steps=10)
    assert search.smoothed == pytest.approx(search.losses, rel=1e-4)
    assert not search.diverged
    search = bowl_search(tiny, smoothing=0, steps=20)
    assert search.smoothed == pytest.approx(search.losses)


def test_no_fall_no_suggestion(tiny):
    """A loss that only rises suggests nothing."""
    search = bowl_search(tiny, lowest=10, highest=100, steps=10)
    assert search.suggestion is None


def test_everything_is_put_back(tiny):
    """Weights, velocity, rate, gradients, modes, loader, generators are as if nothing happened."""

    def run(search):
        default_rng().bit_generator.state = np.random.default_rng(1).bit_generator.state
        x, y = tiny.small_digits(60)
        model = tiny.NoisyNet(rng=np.random.default_rng(3))
        for p in model.parameters():
            p.data[...] = np.random.default_rng(1).standard_normal(p.shape) * 0.1
        optimizer = tiny.TinyMomentum(model.parameters())
        loader = DataLoader((x, y), 8, shuffle=True)
        for position, (inputs, target) in enumerate(loader):
            optimizer.zero_grad()
            cross_entropy(model(inputs), target).backward()
            if search == "in mid-epoch" and position == 2:
                gradient = model.first.weight.grad.copy()
                find_learning_rate(model, cross_entropy, optimizer, [(x, y)], steps=30)
                assert np.array_equal(model.first.weight.grad, gradient)
            optimizer.step()
        model.eval()
        if search == "between epochs":
            find_learning_rate(model, cross_entropy, optimizer, loader, steps=30)
        assert not model.training
        model.train()
        order = [target.tolist() for _, target in loader]
        return model.state_dict(), optimizer.state_dict(), order, model.rng.random()

    wanted = run("never")
    for when in ("in mid-epoch", "between epochs"):
        got = run(when)
        for name, value in wanted[0].items():
            assert np.array_equal(got[0][name], value)
        assert got[1]["lr"] == wanted[1]["lr"]
        assert all(map(np.array_equal, got[1]["velocity"], wanted[1]["velocity"]))
        assert got[2:] == wanted[2:]


def test_put_back_after_an_error(tiny):
    """A loss function that fails leaves the model as it was."""
    model = Bowl()
    optimizer = tiny.TinyMomentum(model.parameters(), lr=0.5)
    calls = []

    def loss(output, target):
        calls.append(1)
        if len(calls) == 4:
            raise ZeroDivisionError
        return mse_loss(output, target)

    data = [(np.ones((4, 3), dtype=np.float32), np.zeros((4, 3), dtype=np.float32))]
    with pytest.raises(ZeroDivisionError):
        find_learning_rate(model, loss, optimizer, data, lowest=0.1)
    assert model.w.data.tolist() == [10, 10, 10]
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_bad_arguments(tiny):
    """Ranges, loaders and optimizers."""
    for options in ({"lowest": 0}, {"lowest": 2, "highest": 1}, {"highest": float("inf")}):
        with pytest.raises(ValueError, match=r"(lowest|highest) must be a finite number > "):
            bowl_search(tiny, **options)
    with pytest.raises(ValueError, match="smoothing must be a finite number >= 0 and < 1, got 1"):
        bowl_search(tiny, smoothing=1)
    with pytest.raises(ValueError, match="explosion must be a finite number > 1"):
        bowl_search(tiny, explosion=1)
    with pytest.raises(ValueError, match="steps must be an int >= 5"):
        bowl_search(tiny, steps=2)
    model = Bowl()
    with pytest.raises(TypeError, match=r"needs an optimizer with .* got object"):
        find_learning_rate(model, mse_loss, object(), [])
    with pytest.raises(ValueError, match="gave no batch"):
        find_learning_rate(model, mse_loss, tiny.TinyMomentum(model.parameters()), [])
