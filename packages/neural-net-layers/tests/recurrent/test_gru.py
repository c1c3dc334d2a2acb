"""What only the GRU has: two places for the reset."""

import numpy as np
import pytest

from neural_net_layers import GRU, GRUCell


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_reset_stands_where_it_should(reset_after):
    layer = GRU(3, 4, reset_after=reset_after, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    w, u, b, b2 = (a.data for a in layer.parameters())
    h = np.zeros((2, 4))
    for t in range(5):
        a, q = x[:, t] @ w.T + b, h @ u.T + b2
        r, z = sigmoid(a[:, :4] + q[:, :4]), sigmoid(a[:, 4:8] + q[:, 4:8])
        if reset_after:
            n = np.tanh(a[:, 8:] + r * (h @ u[8:].T + b2[8:]))
        else:
            n = np.tanh(a[:, 8:] + (r * h) @ u[8:].T + b2[8:])
        h = (1 - z) * n + z * h
    y, state = layer(x)
    np.testing.assert_allclose(y.data[:, -1], h, rtol=1e-12)
    np.testing.assert_allclose(state.data[0], h, rtol=1e-12)


def test_the_two_forms_differ_and_say_so():
    after, before = GRU(3, 4), GRU(3, 4, reset_after=False)
    before.load_state_dict(after.state_dict())
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    # The state is zero before the first step, so there only the bias is reset or not.
    assert np.abs(after(x)[0].data - before(x)[0].data)[:, 1:].max() > 1e-3
    assert repr(after) == "GRU(3 -> 4)"
    assert repr(before) == "GRU(3 -> 4, reset_after=False)"
    assert repr(GRUCell(3, 4, reset_after=False)) == "GRUCell(3 -> 4, reset_after=False)"


def test_an_open_update_gate_keeps_the_state():
    layer = GRU(3, 4)
    layer.bias_ih_l0.data[4:8] = 100
    h = np.arange(4.0).reshape(1, 1, 4)
    y, state = layer(np.ones((1, 6, 3)), h)
    # n + z (h − n) with z = 1 gives h up to rounding.
    np.testing.assert_allclose(state.data, h, rtol=1e-6)
    np.testing.assert_allclose(y.data, np.broadcast_to(h, (1, 6, 4)), rtol=1e-6)
