"""The norms in blocks of rows."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad
from neural_net_layers import batch_norm, layer_norm
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
