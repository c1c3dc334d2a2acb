"""What only the LSTM has: the forget gate's bias and the projection."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, grad, sigmoid, tanh
from neural_net_core.ops import linear, split
from neural_net_layers import LSTM, LSTMCell


def test_only_one_of_the_two_biases_has_the_forget_gates_bias_and_in_every_layer():
    layer = LSTM(3, 4, num_layers=2, bidirectional=True, forget_bias=1.5)
    plain = LSTM(3, 4)
    for suffix in ("_l0", "_l1", "_l0_reverse", "_l1_reverse"):
        b_ih, b_hh = (getattr(layer, f"bias_{x}{suffix}").data for x in ("ih", "hh"))
        np.testing.assert_array_equal(b_ih[4:8], 1.5)
        np.testing.assert_array_equal(b_hh[4:8], 0)
        assert (b_ih[:4] != 1.5).all()
        assert (b_ih[8:] != 1.5).all()
        assert b_hh[:4].all() and b_hh[8:].all()
    assert (plain.bias_ih_l0.data[4:8] != 0).all()
    cell = LSTMCell(3, 4, forget_bias=2.0)
    np.testing.assert_array_equal(cell.bias_ih.data[4:8], 2)
    np.testing.assert_array_equal(cell.bias_hh.data[4:8], 0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(5,), ()])
def test_the_cell_is_its_composition_of_primitives(batch, bias):
    rng = np.random.default_rng(0)
    cell = LSTMCell(3, 4, bias, rng=rng, dtype=np.float64)
    shapes = [(*batch, 3), (*batch, 4), (*batch, 4)]
    inputs = [Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes]

    def composed(x, state):
        h, c = state
        z = linear(x, cell.weight_ih, cell.bias_ih) + linear(h, cell.weight_hh, cell.bias_hh)
        i, f, g, o = split(z, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    results = []
    for step in (cell, composed):
        x, *state = inputs
        for _ in range(2):  # so that h and c have gradients of their own, too
            state = step(x, tuple(state))
        loss = (state[0] * np.arange(4)).sum() + (state[1] ** 2).sum()
        results.append(
            [part.data for part in state] + list(grad(loss, [*inputs, *cell.parameters()]))
        )
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("make", [LSTM, LSTMCell])
def test_a_forget_bias_needs_biases(make):
    with pytest.raises(ValueError, match=r"forget_bias=1.0 needs bias=True"):
        make(3, 4, bias=False, forget_bias=1.0)


def test_a_large_forget_bias_keeps_the_cell():
    layer = LSTM(3, 4, forget_bias=50.0)
    layer.weight_ih_l0.data[:4] = 0  # nothing comes in
    layer.bias_ih_l0.data[:4] = -100
    c = np.arange(4.0).reshape(1, 1, 4)
    _, (_, end) = layer(np.ones((1, 9, 3)), (np.zeros((1, 1, 4)), c))
    # σ(−100) is no zero, so that the empty cell fills by 10⁻⁴³.
    np.testing.assert_allclose(end.data, c, rtol=1e-6, atol=1e-42)


def test_projected_states_are_smaller_than_the_cell():
    layer = LSTM(3, 6, num_layers=2, bidirectional=True, proj_size=2)
    assert layer.weight_hr_l0.shape == (2, 6)
    assert layer.weight_hh_l0.shape == (24, 2)
    assert layer.weight_ih_l1.shape == (24, 4)
    y, (h, c) = layer(np.zeros((5, 7, 3)))
    assert (y.shape, h.shape, c.shape) == ((5, 7, 4), (4, 5, 2), (4, 5, 6))
    with pytest.raises(ShapeError, match=r"state h_0 \(4, 5, 2\), got \(4, 5, 6\)"):
        layer(np.zeros((5, 7, 3)), (c, c))
    with pytest.raises(ShapeError, match=r"state c_0 \(4, 5, 6\), got \(4, 5, 2\)"):
        layer(np.zeros((5, 7, 3)), (h, h))


def test_a_projection_by_the_formula():
    layer = LSTM(3, 4, proj_size=2, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    w, u, b, b2, p = (a.data for a in layer.parameters())
    h, c = np.zeros((2, 2)), np.zeros((2, 4))
    for t in range(5):
        i, f, g, o = np.split(x[:, t] @ w.T + b + h @ u.T + b2, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = (o * np.tanh(c)) @ p.T
    y, (end, cell) = layer(x)
    np.testing.assert_allclose(y.data[:, -1], h, rtol=1e-12)
    np.testing.assert_allclose(end.data[0], h, rtol=1e-12)
    np.testing.assert_allclose(cell.data[0], c, rtol=1e-12)


@pytest.mark.parametrize("size", [4, 5, -1, 1.5])
def test_a_projection_is_smaller_than_the_cell(size):
    with pytest.raises(ValueError, match="LSTM: proj_size must be"):
        LSTM(3, 4, proj_size=size)
