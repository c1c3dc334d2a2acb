"""Recurrences, as ONNX's own: with time first, and the gates in another order.

The file holds the weights as the state dict does; a node cuts them into gates and joins these in
ONNX's order, which a runtime does once, when it loads the file.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from neural_net_layers.onnx._graph import Graph, Rows
from neural_net_layers.onnx._sizes import Filled
from neural_net_layers.recurrent.gru import GRUOp
from neural_net_layers.recurrent.gru_paper import PaperGRUOp
from neural_net_layers.recurrent.lstm import LSTMOp
from neural_net_layers.recurrent.lstm_cell import LSTMCellOp
from neural_net_layers.recurrent.vanilla_rnn import RNNOp

__all__ = ["ROWS"]

# Which of our gates ONNX has in each place.
LSTM_GATES = (0, 3, 1, 2)  # of i, f, g, o: i, o, f, g
GRU_GATES = (1, 0, 2)  # of r, z, n: z, r, n


def lstm(
    g: Graph, x: Any, h: Any, c: Any, w: Any, u: Any, b_ih: Any, b_hh: Any, p: Any, lengths: Any,
    reverse: bool = False,
) -> Any:  # fmt: skip
    if p is not None:
        return projected(g, x, h, c, w, u, b_ih, b_hh, p, lengths, reverse)
    inputs = weights(g, LSTM_GATES, w, u, b_ih, b_hh)
    return over_time(g, g.LSTM, x, inputs, lengths, (h, c), reverse, u.shape[1])


def lstm_cell(g: Graph, x: Any, h: Any, c: Any, w: Any, u: Any, b_ih: Any, b_hh: Any) -> Any:
    z = g.Add(*(g.MatMul(a, g.Transpose(m, perm=[1, 0])) for a, m in ((x, w), (h, u))))
    if b_ih is not None:
        z = g.Add(z, g.Add(b_ih, b_hh))
    z_i, z_f, z_g, z_o = g.Split(z, num_outputs=4, axis=-1, outputs=4)
    c = g.Add(g.Mul(g.Sigmoid(z_f), c), g.Mul(g.Sigmoid(z_i), g.Tanh(z_g)))
    return g.Mul(g.Sigmoid(z_o), g.Tanh(c)), c


def projected(
    g: Graph, x: Any, h: Any, c: Any, w: Any, u: Any, b_ih: Any, b_hh: Any, p: Any, lengths: Any,
    reverse: bool,
) -> Any:  # fmt: skip
    """The loop itself: ONNX's LSTM has no projection. `here` marks who has a step."""
    w, u, p = (g.Transpose(a, perm=[1, 0]) for a in (w, u, p))
    b = None if b_ih is None else g.Add(b_ih, b_hh)

    def step(h: str, c: str, x: str, here: str | None = None) -> tuple[list[str], str]:
        z = g.Add(g.MatMul(x, w), g.MatMul(h, u))
        z_i, z_f, z_g, z_o = g.Split(
            z if b is None else g.Add(z, b), num_outputs=4, axis=1, outputs=4
        )
        c_new = g.Add(g.Mul(g.Sigmoid(z_f), c), g.Mul(g.Sigmoid(z_i), g.Tanh(z_g)))
        h_new = g.MatMul(g.Mul(g.Sigmoid(z_o), g.Tanh(c_new)), p)
        if here is None:
            return [h_new, c_new], h_new
        return [g.Where(here, h_new, h), g.Where(here, c_new, c)], g.Where(here, h_new, 0.0)

    inputs = [g.Transpose(x, perm=[1, 0, 2])]  # (T, B, I)
    if lengths is not None:
        places = g.Unsqueeze(g.positions(x.shape[1]), [1])
        inputs.append(g.Unsqueeze(g.Less(places, lengths), [2]))  # (T, B, 1)
    *last, y = g.loop(step, (h, c), inputs, reverse)
    return (g.Transpose(y, perm=[1, 0, 2]), *last)


def gru(
    g: Graph, x: Any, h: Any, w: Any, u: Any, b_ih: Any, b_hh: Any, lengths: Any,
    reverse: bool = False, reset_after: int = 1,
) -> Any:  # fmt: skip
    inputs = weights(g, GRU_GATES, w, u, b_ih, b_hh)
    options = {"linear_before_reset": reset_after}
    return over_time(g, g.GRU, x, inputs, lengths, (h,), reverse, u.shape[1], **options)


def rnn(
    g: Graph, x: Any, h: Any, w: Any, u: Any, b_ih: Any, b_hh: Any, lengths: Any,
    nonlinearity: str, reverse: bool = False,
) -> Any:  # fmt: skip
    inputs = weights(g, (0,), w, u, b_ih, b_hh)
    options = {"activations": [nonlinearity.capitalize()]}
    return over_time(g, g.RNN, x, inputs, lengths, (h,), reverse, u.shape[1], **options)


def weights(g: Graph, order: Sequence[int], w: Any, u: Any, b_ih: Any, b_hh: Any) -> list[Any]:
    """Return both weights and both biases in ONNX's order, with an axis for the direction."""
    w, u, b_ih, b_hh = (None if x is None else regated(g, x, order) for x in (w, u, b_ih, b_hh))
    b = None if b_ih is None else g.Unsqueeze(g.Concat(b_ih, b_hh, axis=0), [0])
    return [g.Unsqueeze(w, [0]), g.Unsqueeze(u, [0]), b]


def regated(g: Graph, x: Any, order: Sequence[int]) -> Any:
    """Return the blocks of rows, one for each gate, in another order."""
    if len(order) == 1:
        return x
    gates = g.Split(x, num_outputs=len(order), axis=0, outputs=len(order))
    return g.Concat(*(gates[i] for i in order), axis=0)


def over_time(
    g: Graph, operator: Any, x: Any, weights: list[Any], lengths: Any, states: tuple[Any, ...],
    reverse: bool, width: int, **options: Any,
) -> Any:  # fmt: skip
    """Return the outputs (B, T, D) and the last states (B, D)."""
    y, *last = operator(
        g.Transpose(x, perm=[1, 0, 2]),
        *weights,
        None if lengths is None else g.Cast(lengths, to=g.type_of(np.int32)),
        *(None if is_zero(state) else g.Unsqueeze(state, [0]) for state in states),
        hidden_size=width,
        direction="reverse" if reverse else "forward",
        outputs=1 + len(states),
        **options,
    )
    y = g.Transpose(g.Squeeze(y, [1]), perm=[1, 0, 2])  # (T, 1, B, D) before
    last = [g.Squeeze(state, [0]) for state in last]
    for i, state in enumerate(states):
        if lengths is not None and not is_zero(state):  # else runtimes forget those without steps
            has_steps = g.Greater(g.Unsqueeze(lengths, [1]), np.array(0, np.int64))
            last[i] = g.Where(has_steps, last[i], state)
    return (y, *last)


def is_zero(state: Any) -> bool:
    """Tell whether an initial state is known to be zero."""
    number = state.number if isinstance(state, Filled) else state
    return isinstance(number, np.ndarray) and not number.any()


ROWS: Rows = {
    RNNOp: rnn,
    LSTMOp: lstm,
    LSTMCellOp: lstm_cell,
    GRUOp: gru,
    PaperGRUOp: partial(gru, reset_after=0),
}
