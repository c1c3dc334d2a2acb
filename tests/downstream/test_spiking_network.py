"""Stands for a spiking network: leaky integrate-and-fire neurons with a surrogate gradient.

A spike is a step of the membrane's voltage, whose derivative is zero nearly everywhere. The
operation below is what a repository of spiking networks would bring along: it steps forward and
takes a smooth slope backward. The state of the neurons is the caller's, and starts anew.

Baselines: a linear classifier, which cannot bend around the two moons, and the same network
with the true derivative, whose hidden layer cannot learn.
"""

import numpy as np
import pytest

from neural_net_core import CrossEntropyLoss, Dense, Module, Op, Tensor, no_grad
from neural_net_core.testing import gradcheck
from neural_net_optim import Adam
from neural_net_utils import accuracy, moons

STEPS, HIDDEN = 12, 24


class Spike(Op):
    """y = 1 if v > 0 else 0;  dv = dy / (1 + (π/2 · sharpness · v)²), an arctangent's slope."""

    def __init__(self, sharpness: float) -> None:
        self.sharpness = sharpness

    def forward(self, v):
        self.v = v
        return (v > 0).astype(v.dtype)

    def backward(self, dy):
        if self.sharpness == float("inf"):
            return np.zeros_like(dy)
        return dy / (1 + (np.pi / 2 * self.sharpness * self.v) ** 2)


class LeakyNeurons(Module):
    """v ← β v + I − spike: leak, integrate, fire above 1, and lose 1 by firing."""

    def __init__(self, features, leak=0.9, sharpness=2.0):
        self.features, self.leak, self.sharpness = features, leak, sharpness

    def start(self, batch):
        return Tensor(np.zeros((batch, self.features), np.float32))

    def forward(self, current, voltage):
        voltage = voltage * self.leak + current
        spikes = Spike.apply(voltage - 1.0, sharpness=self.sharpness)
        return spikes, voltage - spikes


class SpikingNetwork(Module):
    """Constant input current, two layers of neurons, classes by counted spikes."""

    def __init__(self, rng, sharpness=2.0):
        self.first, self.second = Dense(2, HIDDEN, rng=rng), Dense(HIDDEN, 2, rng=rng)
        self.hidden = LeakyNeurons(HIDDEN, sharpness=sharpness)
        self.output = LeakyNeurons(2)

    def forward(self, x):
        v, u = self.hidden.start(len(x)), self.output.start(len(x))
        current, counts = self.first(x), 0.0
        for _ in range(STEPS):
            spikes, v = self.hidden(current, v)
            fired, u = self.output(self.second(spikes), u)
            counts = counts + fired
        return counts


def train(model, epochs=40, seed=0):
    """Return the accuracy on points that training has not seen."""
    x, y = moons(400, noise=0.1, rng=np.random.default_rng(seed))
    x = x.astype(np.float32)
    optimizer, loss_fn = Adam(model.parameters(), lr=0.02), CrossEntropyLoss()
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        for rows in np.split(rng.permutation(400), 8):
            loss = loss_fn(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    x, y = moons(400, noise=0.1, rng=np.random.default_rng(seed + 1))
    with no_grad():
        return float(accuracy(model(x.astype(np.float32)), y))


def test_spikes_learn_what_a_line_cannot():
    linear = train(Dense(2, 2, rng=np.random.default_rng(0)))
    spiking = train(SpikingNetwork(np.random.default_rng(0)))
    assert linear < 0.92
    assert spiking > 0.95


def test_without_a_surrogate_the_hidden_layer_gets_no_gradient():
    model = SpikingNetwork(np.random.default_rng(0), sharpness=float("inf"))
    counts = model(np.random.default_rng(1).normal(size=(8, 2)).astype(np.float32) * 3)
    (counts * np.arange(16, dtype=np.float32).reshape(8, 2)).sum().backward()
    assert not model.first.weight.grad.any()
    assert model.second.weight.grad.any()


def test_spikes_are_zeros_and_ones_and_the_slope_is_that_of_an_arctangent():
    v = Tensor([-1.0, -0.01, 0.01, 2.0], requires_grad=True)
    y = Spike.apply(v, sharpness=1.0)
    assert y.tolist() == [0, 0, 1, 1]
    y.backward(np.ones(4, np.float32))
    expected = 1 / (1 + (np.pi / 2 * v.data) ** 2)
    np.testing.assert_allclose(v.grad, expected, rtol=1e-6)
    with pytest.raises(AssertionError):  # and so not that of a step
        gradcheck(lambda x: Spike.apply(x, sharpness=1.0), [np.array([0.5, -0.5])])
