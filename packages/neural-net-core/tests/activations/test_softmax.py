"""The modules; the operations are tested beside their source."""

import numpy as np

from neural_net_core import LogSoftmax, Softmax, log_softmax, softmax

X = np.random.default_rng(0).normal(size=(2, 3, 4))


def test_probabilities_add_up_to_one_along_the_axis():
    for axis in (0, 1, -1):
        np.testing.assert_allclose(Softmax(axis)(X).data.sum(axis), 1, rtol=1e-6)
        np.testing.assert_allclose(np.exp(LogSoftmax(axis)(X).data).sum(axis), 1, rtol=1e-6)


def test_the_default_is_the_last_axis():
    np.testing.assert_array_equal(Softmax()(X).data, softmax(X, -1).data)
    np.testing.assert_array_equal(LogSoftmax()(X).data, log_softmax(X, -1).data)
    assert repr(Softmax()) == "Softmax(axis=-1)"
    assert repr(LogSoftmax(1)) == "LogSoftmax(axis=1)"
