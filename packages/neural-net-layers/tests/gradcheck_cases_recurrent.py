"""Gradient checks of the recurrences, and of packing sequences into rows."""

import numpy as np

from neural_net_layers.fast.schedule import FromRowsOp, ToRowsOp, full, varied
from neural_net_layers.recurrent.gru import GRUOp
from neural_net_layers.recurrent.gru_paper import PaperGRUOp
from neural_net_layers.recurrent.lstm import LSTMOp
from neural_net_layers.recurrent.vanilla_rnn import RNNOp

generator = np.random.default_rng(0)
FULL = full(3, 2)
VARIED = varied(np.array([1, 3, 0, 2]), 3)
ONE = full(1, 1)


def numbers(*shape):
    return generator.normal(size=shape)


def inputs(schedule, gates, states=1, bias=True, projection=0, width=2, features=3):
    """Return rows, initial states and parameters; far from the kinks of a relu."""
    steps, batch = schedule.size
    rows = steps * batch if schedule.at is None else len(schedule.at[0])
    hidden = projection or width
    arrays = [numbers(rows, features), numbers(batch, hidden)]
    arrays += [numbers(batch, width)] * (states - 1)
    arrays += [numbers(gates * width, features), numbers(gates * width, hidden)]
    if bias:
        arrays += [numbers(gates * width), numbers(gates * width)]
    if projection:
        arrays += [numbers(projection, width)]
    return arrays


def rnn(direction, nonlinearity="tanh"):
    def run(x, h, w, u, *biases):
        biases = biases or (None, None)
        return RNNOp.apply(x, h, w, u, *biases, direction=direction, nonlinearity=nonlinearity)

    return run


def lstm(direction):
    def run(x, h, c, w, u, *others):
        biases, projection = (others[:2] or (None, None)), (others[2:] or (None,))
        return LSTMOp.apply(x, h, c, w, u, *biases, *projection, direction=direction)

    return run


def gru(op, direction):
    def run(x, h, w, u, *biases):
        return op.apply(x, h, w, u, *(biases or (None, None)), direction=direction)

    return run


def last_only(fn):
    """Only the final states, so that no gradient comes from the outputs."""
    return lambda *arguments: fn(*arguments)[1:]


def outputs_only(fn):
    return lambda *arguments: fn(*arguments)[0]


def frozen_weights(fn, schedule, gates):
    """Only the input and the initial state need a gradient."""
    constants = [x.astype(np.float64) for x in inputs(schedule, gates)[2:]]
    return lambda x, h: fn(x, h, *(a.astype(x.dtype) for a in constants))


def frozen_input(fn, schedule, gates):
    x = inputs(schedule, gates)[0]
    return lambda h, *parameters: fn(x.astype(h.dtype), h, *parameters)


def both_ways(make, gates, **options):
    cases = [
        (make(direction), inputs(schedule, gates, **options))
        for schedule in (FULL, VARIED, ONE)
        for direction in (schedule.forwards, schedule.backwards)
    ]
    cases.append((last_only(make(VARIED.forwards)), inputs(VARIED, gates, **options)))
    cases.append((outputs_only(make(VARIED.backwards)), inputs(VARIED, gates, **options)))
    cases.append((make(FULL.forwards), inputs(FULL, gates, bias=False, **options)))
    return cases


def one_state(make, gates):
    return [
        *both_ways(make, gates),
        (frozen_weights(make(FULL.forwards), FULL, gates), inputs(FULL, gates)[:2]),
        (frozen_input(make(FULL.backwards), FULL, gates), inputs(FULL, gates)[1:]),
    ]


def relu_apart():
    """Weights with which no unit comes near its kink: some are always on, others always off."""
    x, h, w, u, _, b = inputs(FULL, 1)
    return [x, h, w / 10, u / 10, np.array([3.0, -3.0]), b / 10]


CASES = {
    RNNOp: [*one_state(rnn, 1), (rnn(FULL.forwards, "relu"), relu_apart())],
    LSTMOp: [
        *both_ways(lstm, 4, states=2),
        (lstm(VARIED.backwards), inputs(VARIED, 4, states=2, width=3, projection=2)),
        (lstm(FULL.forwards), inputs(FULL, 4, states=2, width=3, projection=2)),
    ],
    GRUOp: one_state(lambda direction: gru(GRUOp, direction), 3),
    PaperGRUOp: one_state(lambda direction: gru(PaperGRUOp, direction), 3),
    ToRowsOp: [
        (lambda x: ToRowsOp.apply(x, schedule=FULL, batch_first=True), [numbers(2, 3, 2)]),
        (lambda x: ToRowsOp.apply(x, schedule=VARIED, batch_first=True), [numbers(4, 3, 2)]),
        (lambda x: ToRowsOp.apply(x, schedule=VARIED, batch_first=False), [numbers(3, 4, 2)]),
    ],
    FromRowsOp: [
        (lambda x: FromRowsOp.apply(x, schedule=FULL, batch_first=False), [numbers(6, 2)]),
        (lambda x: FromRowsOp.apply(x, schedule=VARIED, batch_first=True), [numbers(6, 2)]),
    ],
}
