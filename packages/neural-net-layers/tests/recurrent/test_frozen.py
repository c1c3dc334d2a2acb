"""What needs no gradient changes nothing in the gradients of the rest."""

import numpy as np
import pytest

from neural_net_core import Tensor, grad
from neural_net_layers import GRU, LSTM, VanillaRNN

KINDS = {
    "tanh": (VanillaRNN, {}),
    "relu": (VanillaRNN, {"nonlinearity": "relu"}),
    "LSTM": (LSTM, {}),
    "projected LSTM": (LSTM, {"proj_size": 2}),
    "GRU": (GRU, {}),
    "paper's GRU": (GRU, {"reset_after": False}),
}


@pytest.mark.parametrize("lengths", [None, [1, 4]])
@pytest.mark.parametrize("kind", KINDS)
def test_each_gradient_is_the_same_alone_among_all_and_without_another(kind, lengths):
    cls, options = KINDS[kind]
    rng = np.random.default_rng(0)
    layer = cls(3, 4, bidirectional=True, rng=rng, dtype=np.float64, **options)
    x = Tensor(rng.normal(size=(2, 5, 3)), np.float64)
    widths = {"projected LSTM": [2, 4], "LSTM": [4, 4]}.get(kind, [4])
    states = [Tensor(rng.normal(size=(2, 2, width)), np.float64) for width in widths]
    leaves = [x, *states, *layer.parameters()]
    dy = rng.normal(size=(2, 5, 2 * widths[0]))

    def gradients(needed):
        for leaf in leaves:
            leaf.requires_grad = any(leaf is other for other in needed)
        y, _ = layer(x, tuple(states) if len(states) > 1 else states[0], lengths=lengths)
        return grad(y, needed, dy)

    everything = gradients(leaves)
    for i, leaf in enumerate(leaves):
        np.testing.assert_allclose(gradients([leaf])[0], everything[i], rtol=1e-12, atol=1e-14)
        others = everything[:i] + everything[i + 1 :]
        for dx, expected in zip(gradients(leaves[:i] + leaves[i + 1 :]), others, strict=True):
            np.testing.assert_allclose(dx, expected, rtol=1e-12, atol=1e-14)
