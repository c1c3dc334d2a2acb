"""Parameter counts: of a module by layer, or given."""

import pytest

import neural_net_viz as viz
from neural_net_core import Dense, FeedForward, Module, ModuleList, Sequential, Tanh


class Tied(Module):
    def __init__(self):
        self.first = Dense(4, 4)
        self.again = self.first


class Deep(Module):
    def __init__(self):
        self.blocks = ModuleList(Sequential(Dense(2, 2), Dense(2, 2)) for _ in range(20))
        self.head = Dense(2, 1)


def test_every_layer_has_its_weights_and_biases():
    figure = viz.parameter_counts(FeedForward((2, 4, 1), Tanh))
    assert figure.description == "Parameters of 2 bars. layers.0: 12; layers.1: 5. In all: 17."


def test_tied_parameters_count_once():
    assert viz.parameter_counts(Tied()).description.endswith("In all: 20.")


def test_a_deep_module_is_summed_up_by_its_outer_parts():
    words = viz.parameter_counts(Deep()).description
    assert "blocks.0: 12" in words and "head: 3" in words
    assert words.startswith("Parameters of 21 bars.")


def test_models_can_be_compared(picture):
    assert {"MLP", "CNN", "9610", "1210"} <= set(
        picture(viz.parameter_counts({"MLP": 9610, "CNN": 1210})).words()
    )


def test_bad_counts():
    with pytest.raises(ValueError, match="expected 0 or more, got -1"):
        viz.parameter_counts({"a": -1})
    with pytest.raises(ValueError, match="expected a Module or a dict, got list"):
        viz.parameter_counts([1, 2])
