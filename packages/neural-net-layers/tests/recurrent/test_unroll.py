"""The gates and states that a unroll shows are those of the forward pass."""

import contextlib

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, textbook
from neural_net_layers import GRU, LSTM, GRUCell, VanillaRNN, unroll
from neural_net_layers.recurrent.gru import GRUOp

LENGTHS = [4, 1, 3]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    "make",
    [
        VanillaRNN,
        LSTM,
        GRU,
        lambda *a, **k: LSTM(*a, proj_size=2, **k),
        lambda *a, **k: GRU(*a, reset_after=False, **k),
    ],
)
@pytest.mark.parametrize("batch_first", [True, False])
def test_the_hidden_states_are_the_outputs_of_every_layer_and_direction(make, batch_first):
    layer = make(3, 4, num_layers=2, bidirectional=True, batch_first=batch_first, dtype=np.float64)
    x = numbers(3, 4, 3) if batch_first else numbers(4, 3, 3)
    with textbook():  # as `unroll` computes, whatever form the layer takes outside
        y, state = layer(x, lengths=LENGTHS)
    seen = unroll(layer, x, lengths=LENGTHS)
    assert list(seen) == ["l0", "l0_reverse", "l1", "l1_reverse"]
    both = [seen[name]["hidden state"] for name in ("l1", "l1_reverse")]
    np.testing.assert_array_equal(np.concatenate(both, axis=-1), y.data)
    h = state[0] if isinstance(state, tuple) else state
    by_batch = [v["hidden state"] if batch_first else v["hidden state"].swapaxes(0, 1)
                for v in seen.values()]  # fmt: skip
    for b, length in enumerate(LENGTHS):
        last = [v[b, 0 if i % 2 else length - 1] for i, v in enumerate(by_batch)]
        np.testing.assert_array_equal(last, h.data[:, b])


def test_the_gates_of_an_lstm_make_its_states():
    layer = LSTM(3, 4, dtype=np.float64)
    x, c0 = numbers(2, 5, 3), numbers(1, 2, 4, seed=1)
    seen = unroll(layer, x, (np.zeros((1, 2, 4)), c0))["l0"]
    i, f, g, o, c, h = seen.values()
    assert list(seen) == [
        "input gate",
        "forget gate",
        "candidate",
        "output gate",
        "cell state",
        "hidden state",
    ]
    before = np.concatenate([c0[0][:, None], c[:, :-1]], axis=1)
    np.testing.assert_allclose(c, f * before + i * g, rtol=1e-12)
    np.testing.assert_allclose(h, o * np.tanh(c), rtol=1e-12)
    earlier = np.concatenate([np.zeros((2, 1, 4)), h[:, :-1]], axis=1)
    w, u, b, b2 = (p.data for p in layer.parameters())
    z = x @ w.T + b + earlier @ u.T + b2
    np.testing.assert_allclose(np.concatenate([i, f], -1), sigmoid(z[..., :8]), rtol=1e-12)
    np.testing.assert_allclose(o, sigmoid(z[..., 12:]), rtol=1e-12)
    np.testing.assert_allclose(g, np.tanh(z[..., 8:12]), rtol=1e-12)


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_gates_of_a_gru_make_its_state(reset_after):
    layer = GRU(3, 4, reset_after=reset_after, dtype=np.float64)
    x, h0 = numbers(2, 5, 3), numbers(1, 2, 4, seed=1)
    seen = unroll(layer, x, h0)["l0"]
    assert list(seen) == ["reset gate", "update gate", "candidate", "hidden state"]
    r, z, n, h = seen.values()
    before = np.concatenate([h0[0][:, None], h[:, :-1]], axis=1)
    np.testing.assert_allclose(h, (1 - z) * n + z * before, rtol=1e-12)
    w, u, b, b2 = (p.data for p in layer.parameters())
    a = (x @ w.T + b + before @ u.T + b2)[..., :8]
    np.testing.assert_allclose(np.concatenate([r, z], -1), sigmoid(a), rtol=1e-12)


def test_the_values_are_those_of_the_textbook_form_and_close_to_the_fast_one():
    layer = LSTM(3, 4, num_layers=2, bidirectional=True)
    x = numbers(3, 4, 3)
    seen = unroll(layer, x, lengths=LENGTHS)
    both = [seen[name]["hidden state"] for name in ("l1", "l1_reverse")]
    y, _ = layer(x, lengths=LENGTHS)
    np.testing.assert_allclose(np.concatenate(both, axis=-1), y.data, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch_first", [True, False])
def test_no_steps_have_no_values(batch_first):
    layer = LSTM(3, 4, proj_size=2, batch_first=batch_first)
    shape = (2, 0) if batch_first else (0, 2)
    seen = unroll(layer, numbers(*shape, 3))["l0"]
    assert seen["forget gate"].shape == (*shape, 4)
    assert seen["hidden state"].shape == (*shape, 2)


@pytest.mark.parametrize("form", [contextlib.nullcontext, textbook])
def test_steps_are_taken_from_the_first_to_the_last_unless_it_is_said(form):
    inputs = [numbers(2, 4, 3), numbers(2, 5), numbers(15, 3), numbers(15, 5), None, None, None]
    with form():
        forwards, backwards = (GRUOp.apply(*inputs, reverse=way)[0].data for way in (False, True))
        np.testing.assert_array_equal(GRUOp.apply(*inputs)[0].data, forwards)
    assert not np.allclose(forwards, backwards)


def test_nothing_is_recorded_and_padding_is_zero():
    layer = LSTM(3, 4)
    x = Tensor(numbers(3, 4, 3), requires_grad=True)
    seen = unroll(layer, x, lengths=LENGTHS)["l0"]
    for values in seen.values():
        assert values.dtype == np.float32
        assert not values[1, 1:].any()
        assert values[1, 0].all()


def test_it_checks_as_the_layer_does():
    with pytest.raises(ShapeError, match=r"GRU\(3 -> 4\): expected input"):
        unroll(GRU(3, 4), numbers(2, 5, 2))
    for wrong in (None, GRUCell(3, 4)):
        with pytest.raises(ValueError, match=r"layer must be a VanillaRNN, LSTM or GRU"):
            unroll(wrong, numbers(2, 5, 3))
