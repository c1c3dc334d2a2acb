"""The norms in blocks of rows."""

import itertools

import numpy as np
import pytest

from neural_net_core import Tensor, grad
from neural_net_layers import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from neural_net_layers.fast import blocks, channels


def leaves(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes]


def test_a_layer_norm_in_many_blocks_of_rows_is_that_in_one(monkeypatch):
    x, w, b = leaves((50, 7), (7,), (7,))

    def run():
        y = layer_norm(x, 7, w, b)
        return [y.data, *grad((y**3).sum(), [x, w, b])]

    whole = run()
    monkeypatch.setattr(blocks, "BLOCK", 30)  # 4 rows at a time, and 2 at the end
    for one, other in zip(whole, run(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_an_rms_norm_in_many_blocks_of_rows_is_that_in_one(monkeypatch):
    x, w = leaves((50, 7), (7,))

    def run():
        y = rms_norm(x, 7, w)
        return [y.data, *grad((y**3).sum(), [x, w])]

    whole = run()
    monkeypatch.setattr(blocks, "BLOCK", 30)
    for one, other in zip(whole, run(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


NORMS = {
    "batch": lambda x, w, b: batch_norm(x, None, None, w, b),
    "group": lambda x, w, b: group_norm(x, 2, w, b),
    "instance": lambda x, w, b: instance_norm(x, None, None, w, b),
    "layer": lambda x, w, b: layer_norm(x.reshape(5, 3, 4), 4, w, b),
    "rms": lambda x, w, _: rms_norm(x.reshape(5, 3, 4), 4, w),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("wanted", list(itertools.product([True, False], repeat=3)))
def test_any_of_the_gradients_can_be_wanted(name, wanted):
    arrays = [x.data for x in leaves((5, 4, 3), (4,), (4,))]
    gradients = []
    for some in ((True, True, True), wanted):
        inputs = [
            Tensor(a, np.float64, requires_grad=one) for a, one in zip(arrays, some, strict=True)
        ]
        y = (NORMS[name](*inputs) ** 3).sum()
        if y.requires_grad:
            y.backward()
        gradients.append([x.grad for x in inputs])
    for one, every, found in zip(wanted, *gradients, strict=True):
        if one and every is not None:  # there is no b in an RMS norm
            np.testing.assert_allclose(found, every, rtol=1e-12)
        else:
            assert found is None


@pytest.mark.parametrize("order", ["first", "last"])
def test_a_batch_norm_in_many_blocks_of_rows_is_that_in_one(monkeypatch, order):
    data = np.random.default_rng(0).normal(size=(6, 4, 2, 3)).transpose(0, 3, 1, 2)
    x = Tensor(data if order == "last" else np.ascontiguousarray(data), np.float64)
    x.requires_grad_()
    w, b = leaves((3,), (3,))

    def run():
        y = batch_norm(x, None, None, w, b)
        return [y.data, *grad((y**3).sum(), [x, w, b])]

    whole = run()
    monkeypatch.setattr(blocks, "BLOCK", 40)
    monkeypatch.setattr(channels, "JOINED", 7)
    monkeypatch.setattr(channels, "MANY", 1)
    for one, other in zip(whole, run(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)
