"""What only the plain recurrence has: its two nonlinearities."""

import numpy as np
import pytest

from neural_net_core import init
from neural_net_layers import RNNCell, VanillaRNN


@pytest.mark.parametrize("make", [VanillaRNN, RNNCell])
def test_an_unknown_nonlinearity_is_an_error(make):
    with pytest.raises(ValueError, match=rf"{make.__name__}: expected nonlinearity tanh or relu"):
        make(3, 4, nonlinearity="sigmoid")


def test_it_shows_its_nonlinearity():
    assert repr(VanillaRNN(3, 4, nonlinearity="relu")) == "VanillaRNN(3 -> 4, relu)"
    assert repr(RNNCell(3, 4, nonlinearity="relu", bias=False)) == (
        "RNNCell(3 -> 4, bias=False, relu)"
    )


def test_with_the_identity_and_relu_it_adds_up():
    """The network of Le et al. (2015) begins as a sum of what it reads."""
    rnn = VanillaRNN(1, 1, nonlinearity="relu", recurrent_init=init.identity)
    rnn.weight_ih_l0.data[...] = 1
    y, state = rnn([[[1.0], [2.0], [4.0]]])
    np.testing.assert_array_equal(y.data, [[[1], [3], [7]]])
    np.testing.assert_array_equal(state.data, [[[7]]])


def test_the_gradient_at_zero_of_relu_is_zero():
    rnn = VanillaRNN(1, 1, nonlinearity="relu", bias=False)
    y, _ = rnn(np.zeros((1, 2, 1)))
    y.sum().backward()
    assert not rnn.weight_hh_l0.grad.any()


def test_nan_lets_the_gradient_of_relu_pass():
    rnn = VanillaRNN(1, 1, nonlinearity="relu")
    y, _ = rnn([[[np.nan]]])
    y.sum().backward()
    np.testing.assert_array_equal(rnn.bias_ih_l0.grad, [1])
