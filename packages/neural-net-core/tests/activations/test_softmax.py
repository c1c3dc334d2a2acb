"""The modules; the operations are tested beside their source."""

import numpy as np

from neural_net_core import LogSoftmax, Softmax, Softmin, Tensor, log_softmax, softmax, softmin

X = np.random.default_rng(0).normal(size=(2, 3, 4))


def test_probabilities_add_up_to_one_along_the_axis():
    for axis in (0, 1, -1):
        np.testing.assert_allclose(Softmax(axis)(X).data.sum(axis), 1, rtol=1e-6)
        np.testing.assert_allclose(Softmin(axis)(X).data.sum(axis), 1, rtol=1e-6)
        np.testing.assert_allclose(np.exp(LogSoftmax(axis)(X).data).sum(axis), 1, rtol=1e-6)


def test_the_default_is_the_last_axis():
    np.testing.assert_array_equal(Softmax()(X).data, softmax(X, -1).data)
    np.testing.assert_array_equal(LogSoftmax()(X).data, log_softmax(X, -1).data)
    np.testing.assert_array_equal(Softmin()(X).data, softmin(X, -1).data)
    assert repr(Softmax()) == "Softmax(axis=-1)"
    assert repr(LogSoftmax(1)) == "LogSoftmax(axis=1)"
    assert repr(Softmin(1)) == "Softmin(axis=1)"


def test_softmin_gives_the_smallest_the_most():
    x = Tensor([3.0, 1.0, 2.0, np.inf], np.float64, requires_grad=True)
    y = softmin(x)
    e = np.exp([-3.0, -1.0, -2.0, -np.inf])
    np.testing.assert_allclose(y.data, e / e.sum(), rtol=1e-14)
    assert y.data.argmax() == 1
    assert y.data[3] == 0
    dy = np.array([0.5, -1.0, 2.0, 3.0])
    y.backward(dy)
    np.testing.assert_allclose(x.grad, -y.data * (dy - (dy * y.data).sum()), rtol=1e-14)
