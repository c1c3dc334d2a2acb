"""Seeds repeat, spawned generators are independent, every generator of a model is found."""

import random

import numpy as np
import pytest

from neural_net_core import Module, default_rng
from neural_net_utils import named_generators, seed_everything, spawn_generators


def test_seed_everything_repeats():
    """The library's generator and Python's, not NumPy's global one."""
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = (seed_everything(3).random(), random.random())
    assert (seed_everything(3).random(), random.random()) == first
    assert (seed_everything(4).random(), random.random()) != first
    assert seed_everything(3) is default_rng()
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    with pytest.raises(ValueError, match="must be an int >= 0, got -1"):
        seed_everything(-1)


def test_spawned_generators():
    """Repeatable, different from each other, and not disturbed by each other's use."""
    first, second = spawn_generators(0, 2)
    first.random(100)
    again = spawn_generators(0, 3)
    assert again[1].random() == second.random()
    assert again[0].random() != again[2].random()
    with pytest.raises(ValueError, match="count must be an int >= 1"):
        spawn_generators(0, 0)


def test_generators_are_found_in_nested_modules():
    """Paths as in state dicts; shared ones once; what is no module is passed over."""

    class Noise(Module):
        def __init__(self, rng):
            self.rng = rng

    class Net(Module):
        def __init__(self):
            own = np.random.default_rng(0)
            self.layers = [Noise(own), Noise(np.random.default_rng(1)), Noise(own)]
            self.head = Noise(default_rng())

    found = named_generators(model=Net(), loss_fn=max)
    assert list(found) == ["library", "model.layers.0.rng", "model.layers.1.rng"]
    assert found["library"] is default_rng()
