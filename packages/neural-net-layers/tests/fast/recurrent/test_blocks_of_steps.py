"""A recurrence in many blocks of few steps computes what the textbook says."""

import numpy as np
import pytest

from neural_net_core.forms import is_textbook
from neural_net_core.testing import formcheck
from neural_net_layers.fast.recurrent import schedule
from neural_net_layers.recurrent.gru import GRUOp
from neural_net_layers.recurrent.lstm import LSTMOp
from neural_net_layers.recurrent.vanilla_rnn import RNNOp


@pytest.mark.skipif(is_textbook(), reason="compares fast forms with the textbook")
@pytest.mark.parametrize(
    ("op", "gates", "options"),
    [(RNNOp, 1, {"nonlinearity": "tanh"}), (LSTMOp, 4, {}), (GRUOp, 3, {})],
    ids=["RNN", "LSTM", "GRU"],
)
@pytest.mark.parametrize("lengths", [None, [5, 2, 4, 0]])
@pytest.mark.parametrize("reverse", [False, True])
def test_blocks_change_nothing(op, gates, options, lengths, reverse, monkeypatch):
    monkeypatch.setattr(schedule, "_BLOCK", 1)
    monkeypatch.setattr(schedule, "_FEWEST_ROWS", 3)
    x = np.zeros((4, 5, 3))
    direction = schedule.direction_of(x, None if lengths is None else np.array(lengths), reverse)
    assert len(direction.blocks(4)) > 2
    rng = np.random.default_rng(0)
    states = [(4, 2)] * (2 if op is LSTMOp else 1)
    parameters = [(2 * gates, 3), (2 * gates, 2), (2 * gates,), (2 * gates,)]
    arrays = [rng.normal(size=shape) for shape in (x.shape, *states)]
    arrays += [rng.normal(size=shape) / 3 for shape in parameters]

    def run(*inputs):
        others = [None] if op is LSTMOp else []  # no projection
        return op.apply(
            *inputs, *others, None if lengths is None else np.array(lengths),
            reverse=reverse, **options,
        )  # fmt: skip

    assert formcheck(run, arrays)
