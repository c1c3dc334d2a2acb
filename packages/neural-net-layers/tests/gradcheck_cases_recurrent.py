"""Gradient checks of the recurrences, and their fast forms against the textbook's."""

import numpy as np
from hypothesis import strategies as st

from neural_net_layers.recurrent.gru import GRUOp
from neural_net_layers.recurrent.gru_paper import PaperGRUOp
from neural_net_layers.recurrent.lstm import LSTMOp
from neural_net_layers.recurrent.lstm_cell import LSTMCellOp
from neural_net_layers.recurrent.vanilla_rnn import RNNOp

generator = np.random.default_rng(0)
# (T, lengths)
FULL = (3, [3, 3])
VARIED = (3, [1, 3, 0, 2])
ONE = (1, [1])


def numbers(*shape):
    return generator.normal(size=shape)


def inputs(
    sequences, gates, states=1, bias=True, projection=0, width=2, features=3, normal=numbers
):
    """Return x, initial states and parameters.

    The parameters are small. Where h is near 1 all digits of 1 − h² are rounding, and two forms
    that round h in different ways have other gradients.
    """
    steps, batch = sequences[0], len(sequences[1])
    hidden = projection or width
    arrays = [normal(batch, steps, features), normal(batch, hidden)]
    arrays += [normal(batch, width)] * (states - 1)
    shapes = [(gates * width, features), (gates * width, hidden)]
    if bias:
        shapes += [(gates * width,), (gates * width,)]
    if projection:
        shapes += [(projection, width)]
    return arrays + [normal(*shape) / (2 * shape[-1] ** 0.5) for shape in shapes]


def lengths_of(sequences):
    """Return the lengths, None where all sequences are full."""
    steps, lengths = sequences
    return None if set(lengths) == {steps} else np.array(lengths)


def rnn(sequences, reverse=False, nonlinearity="tanh"):
    def run(x, h, w, u, *biases):
        return RNNOp.apply(
            x, h, w, u, *(biases or (None, None)), lengths_of(sequences),
            nonlinearity=nonlinearity, reverse=reverse,
        )  # fmt: skip

    return run


def relu(sequences, reverse=False):
    return rnn(sequences, reverse, "relu")


def lstm(sequences, reverse=False):
    def run(x, h, c, w, u, *others):
        biases, projection = (others[:2] or (None, None)), (others[2:] or (None,))
        return LSTMOp.apply(
            x, h, c, w, u, *biases, *projection, lengths_of(sequences), reverse=reverse
        )

    return run


def gru(op):
    def make(sequences, reverse=False):
        def run(x, h, w, u, *biases):
            biases = biases or (None, None)
            return op.apply(x, h, w, u, *biases, lengths_of(sequences), reverse=reverse)

        return run

    return make


def last_only(fn):
    """Only the final states, so that no gradient comes from the outputs."""
    return lambda *arguments: fn(*arguments)[1:]


def outputs_only(fn):
    return lambda *arguments: fn(*arguments)[0]


def frozen_weights(fn, sequences, gates):
    """Only the input and the initial state need a gradient."""
    constants = [x.astype(np.float64) for x in inputs(sequences, gates)[2:]]
    return lambda x, h: fn(x, h, *(a.astype(x.dtype) for a in constants))


def frozen_input(fn, sequences, gates):
    x = inputs(sequences, gates)[0]
    return lambda h, *parameters: fn(x.astype(h.dtype), h, *parameters)


def both_ways(make, gates, **options):
    cases = [
        (make(sequences, reverse), inputs(sequences, gates, **options))
        for sequences in (FULL, VARIED, ONE)
        for reverse in (False, True)
    ]
    cases.append((last_only(make(VARIED)), inputs(VARIED, gates, **options)))
    cases.append((outputs_only(make(VARIED, True)), inputs(VARIED, gates, **options)))
    cases.append((make(FULL), inputs(FULL, gates, bias=False, **options)))
    return cases


def one_state(make, gates):
    return [
        *both_ways(make, gates),
        (frozen_weights(make(FULL), FULL, gates), inputs(FULL, gates)[:2]),
        (frozen_input(make(FULL, True), FULL, gates), inputs(FULL, gates)[1:]),
    ]


def relu_apart():
    """Weights with which no unit comes near its kink: some are always on, others always off."""
    x, h, w, u, _, b = inputs(FULL, 1)
    return [x, h, w / 5, u / 5, np.array([3.0, -3.0]), b / 5]


def lstm_cell(x, h, c, w, u, *biases):
    return LSTMCellOp.apply(x, h, c, w, u, *(biases or (None, None)))


def step(*batch, width=2, features=3, bias=True, normal=numbers):
    """Return x and states of one step, for a batch or without one, and parameters."""
    states = [normal(*batch, features), normal(*batch, width), normal(*batch, width)]
    parameters = inputs(FULL, 4, 2, bias, width=width, features=features, normal=normal)[3:]
    return states + parameters


@st.composite
def steps(draw):
    """Of a single feature, the gradient may be a sum that cancels, whose digits are rounding."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    batch = draw(st.sampled_from([(), (1,), (5,), (300,)]))
    width, features = draw(st.integers(8, 40)), draw(st.integers(8, 40))
    return lstm_cell, step(
        *batch, width=width, features=features, bias=draw(st.booleans()),
        normal=lambda *shape: rng.normal(size=shape),
    )  # fmt: skip


CASES = {
    RNNOp: [*one_state(rnn, 1), (relu(FULL), relu_apart())],
    LSTMOp: [
        *both_ways(lstm, 4, states=2),
        (lstm(VARIED, True), inputs(VARIED, 4, states=2, width=3, projection=2)),
        (lstm(FULL), inputs(FULL, 4, states=2, width=3, projection=2)),
    ],
    GRUOp: one_state(gru(GRUOp), 3),
    PaperGRUOp: one_state(gru(PaperGRUOp), 3),
    LSTMCellOp: [(lstm_cell, step(4)), (lstm_cell, step()), (lstm_cell, step(3, bias=False))],
}


SMALL = [(5, 1, 3, 3), (4, 5, 6, 1), (7, 3, 17, 4), (3, 9, 8, 5)]  # B, T, D, I
SEVERAL_BLOCKS = (
    20,
    13,
    64,
    9,
)  # for more than one gate; see also fast/recurrent/test_blocks_of_steps.py


@st.composite
def batches(draw, make, gates, sizes, **options):
    """Draw a batch, some of whose sequences may be padded.

    Of a large one only the final states are used, whose gradient has faded out after a few steps. A
    product adds up all rows one after another, and the textbook step by step; over hundreds of
    random numbers of one size their last digits drift apart.
    """
    size = draw(st.sampled_from(sizes))
    batch, steps, width, features = size
    padded = st.lists(st.integers(0, steps), min_size=batch, max_size=batch)
    sequences = steps, draw(st.just([steps] * batch) | padded)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    arrays = inputs(
        sequences, gates, width=width, features=features, **options,
        normal=lambda *shape: rng.normal(size=shape),
    )  # fmt: skip
    run = make(sequences, draw(st.booleans()))
    return last_only(run) if size == SEVERAL_BLOCKS else run, arrays


ALL = [*SMALL, SEVERAL_BLOCKS]
DRAWN = {
    LSTMCellOp: steps(),
    RNNOp: batches(rnn, 1, SMALL) | batches(relu, 1, SMALL),
    LSTMOp: batches(lstm, 4, ALL, states=2) | batches(lstm, 4, ALL, states=2, projection=2),
    GRUOp: batches(gru(GRUOp), 3, ALL),
    PaperGRUOp: batches(gru(PaperGRUOp), 3, SMALL),
}
