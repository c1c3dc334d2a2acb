"""Recurrent layers, for the tests that every layer passes."""

import numpy as np

from neural_net_core import Module
from neural_net_core.ops import concatenate, reshape, swapaxes
from neural_net_layers import GRU, LSTM, GRUCell, LSTMCell, RNNCell, VanillaRNN


class Joined(Module):
    """A layer whose outputs and final states come back side by side, one row per example."""

    def __init__(self, layer, lengths=None):
        self.layer, self.lengths = layer, lengths

    def forward(self, x):
        if self.lengths is None:
            y, state = self.layer(x)
        else:
            y, state = self.layer(x, lengths=self.lengths)
        states = state if isinstance(state, tuple) else (state,)
        parts = [y, *(swapaxes(state, 0, 1) for state in states)]
        return concatenate([reshape(p, (len(x), p.shape[1] * p.shape[2])) for p in parts], 1)


def rng():
    return np.random.default_rng(5)


def joined(kind, lengths=None, **options):
    return lambda: Joined(kind(3, 4, rng=rng(), **options), lengths)


SHAPE = (5, 6, 3)
# One layer for the lengths: with the weights that these tests set, a second one would saturate.
BOTH = {"bidirectional": True, "lengths": [2, 6, 1, 3, 6]}
DEEP = {"num_layers": 2, "bidirectional": True}
TOGETHER = {"batched": False}  # the lengths belong to five sequences

CASES = {
    "VanillaRNN": (joined(VanillaRNN), SHAPE, {"shows": "VanillaRNN(3 -> 4)"}),
    "VanillaRNN-relu": (
        joined(VanillaRNN, nonlinearity="relu"),
        SHAPE,
        {"kinks": True, "shows": "3 -> 4, relu"},
    ),
    "VanillaRNN-deep": (joined(VanillaRNN, **DEEP), SHAPE, {"shows": "2 layers, bidirectional"}),
    "VanillaRNN-lengths": (joined(VanillaRNN, **BOTH), SHAPE, TOGETHER),
    "LSTM": (joined(LSTM, forget_bias=1.0), SHAPE, {"shows": "LSTM(3 -> 4)"}),
    "LSTM-no-bias": (joined(LSTM, bias=False), SHAPE, {"shows": "bias=False"}),
    "LSTM-projected": (joined(LSTM, proj_size=2, **DEEP), SHAPE, {"shows": "proj_size=2"}),
    "LSTM-lengths": (joined(LSTM, proj_size=2, **BOTH), SHAPE, TOGETHER),
    "LSTM-dropout": (
        joined(LSTM, num_layers=2, dropout=0.5),
        SHAPE,
        {"random": True, "shows": "dropout=0.5"},
    ),
    "GRU": (joined(GRU), SHAPE, {"shows": "GRU(3 -> 4)"}),
    "GRU-paper": (joined(GRU, reset_after=False, **DEEP), SHAPE, {"shows": "reset_after=False"}),
    "GRU-lengths": (joined(GRU, **BOTH), SHAPE, TOGETHER),
}

# What `Joined` hides: the layers themselves, and the cells, with a state to begin from.
SEQUENCE, STEP = rng().normal(size=SHAPE), rng().normal(size=(5, 3))
STATE = rng().normal(size=(5, 4))
SEVERAL_INPUTS = {
    **{
        f"{kind.__name__}-alone": (lambda kind=kind: kind(3, 4, rng=rng()), (SEQUENCE,))
        for kind in (VanillaRNN, LSTM, GRU)
    },
    **{
        kind.__name__: (lambda kind=kind: kind(3, 4, rng=rng()), (STEP, STATE))
        for kind in (RNNCell, GRUCell)
    },
    "LSTMCell": (lambda: LSTMCell(3, 4, rng=rng()), (STEP, (STATE, STATE))),
}
