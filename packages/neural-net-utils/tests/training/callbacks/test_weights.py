"""What a model computes with is kept apart, and comes back into the arrays that others hold."""

import numpy as np
import pytest

from neural_net_core import Buffer, Dense, Module, StateDictError
from neural_net_utils.training.callbacks._weights import (
    check_weights,
    copy_weights,
    restore_weights,
)


class Net(Module):
    def __init__(self):
        self.layer = Dense(2, 3, rng=np.random.default_rng(0))
        self.mean = Buffer(np.ones(3))
        self.cache = Buffer(np.zeros(2), persistent=False)


def tensors(model):
    return [*model.named_parameters(), *model.named_buffers()]


def test_all_comes_back_in_place():
    model = Net()
    arrays = {name: tensor.data for name, tensor in tensors(model)}
    kept = copy_weights(model)
    assert list(kept) == list(arrays) == ["layer.weight", "layer.bias", "mean", "cache"]
    before = {name: array.tolist() for name, array in arrays.items()}
    versions = {}
    for name, tensor in tensors(model):
        tensor.data += 5
        versions[name] = tensor.version
    restore_weights(model, kept)
    for name, tensor in tensors(model):
        assert tensor.data is arrays[name]
        assert tensor.data.tolist() == before[name] == kept[name].tolist()
        assert tensor.version > versions[name], "a graph from before must not be walked back"
    model.layer.weight.data += 1
    assert kept["layer.weight"].tolist() == before["layer.weight"]


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: weights.pop("cache"),
        lambda weights: weights.update(more=np.ones(1)),
        lambda weights: weights.update(mean=np.ones(4)),
        lambda weights: weights.update(mean=np.ones(3, np.int32)),
    ],
)
def test_weights_of_another_model_are_named(change):
    model = Net()
    weights = copy_weights(model)
    check_weights("Here", model, weights)
    change(weights)
    with pytest.raises(StateDictError, match="Here: the saved weights do not fit the model: '"):
        check_weights("Here", model, weights)
