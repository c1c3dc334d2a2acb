"""What all cells have in common beside their step: parameters, states, and errors."""

import numpy as np
import pytest

from neural_net_core import ShapeError
from neural_net_layers import GRU, LSTM, GRUCell, LSTMCell, RNNCell, VanillaRNN

KINDS = {RNNCell: VanillaRNN, LSTMCell: LSTM, GRUCell: GRU}
every_cell = pytest.mark.parametrize("cell", KINDS)


@every_cell
@pytest.mark.parametrize("options", [{}, {"bias": False}])
def test_a_cell_has_the_parameters_of_a_layer(cell, options):
    layer = KINDS[cell](3, 4, **options)
    expected = {name.removesuffix("_l0"): p.shape for name, p in layer.named_parameters()}
    assert {name: p.shape for name, p in cell(3, 4, **options).named_parameters()} == expected
    assert ("bias_ih" in expected) == (not options)


@every_cell
def test_a_cell_steps_as_the_layer_of_the_same_options_that_nobody_gave(cell):
    layer, one = KINDS[cell](3, 4), cell(3, 4)
    one.load_state_dict({name.removesuffix("_l0"): x for name, x in layer.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    state, again = one(x), one(x, one(x))
    h = again[0] if cell is LSTMCell else again
    y, _ = layer(np.stack([x, x], axis=1))
    np.testing.assert_allclose(h.data, y.data[:, 1], rtol=1e-5, atol=1e-6)
    if cell is LSTMCell:  # of which each state may be left out
        zeros = np.zeros((2, 4), np.float32)
        for part in ((state[0], None), (None, state[1])):
            expected = one(x, tuple(zeros if s is None else s for s in part))
            for a, b in zip(one(x, part), expected, strict=True):
                np.testing.assert_array_equal(a.data, b.data)


@every_cell
@pytest.mark.parametrize("shape", [(), (4,), (2, 4), (2, 2, 3)])
def test_an_input_that_does_not_fit_is_named(cell, shape):
    with pytest.raises(ShapeError, match=rf"{cell.__name__}\(3 -> 5\): expected input \(B, 3\)"):
        cell(3, 5)(np.zeros(shape))


@every_cell
@pytest.mark.parametrize("shape", [(5,), (1, 5), (2, 4), (5, 2), (2, 1, 5)])
def test_a_state_that_does_not_fit_is_named(cell, shape):
    state = np.zeros(shape)
    with pytest.raises(ShapeError, match=r"\(3 -> 5\): expected state h \(2, 5\)"):
        cell(3, 5)(np.zeros((2, 3)), (state, None) if cell is LSTMCell else state)


@every_cell
def test_it_shows_its_sizes(cell):
    assert repr(cell(3, 5)) == f"{cell.__name__}(3 -> 5)"
    assert repr(cell(3, 5, bias=False)) == f"{cell.__name__}(3 -> 5, bias=False)"
