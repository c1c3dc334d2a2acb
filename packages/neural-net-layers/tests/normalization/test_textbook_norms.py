"""The textbook forms of the norms against their formulas, with and without parameters."""

import numpy as np
import pytest

from neural_net_core import default_dtype
from neural_net_core.forms import textbook
from neural_net_core.testing import gradcheck
from neural_net_layers import batch_norm, group_norm, instance_norm, layer_norm, rms_norm

X, W, B = (np.random.default_rng(i).normal(1, 2, size=s) for i, s in enumerate([(5, 4, 3), 4, 4]))


def standard(x, axes, eps=1e-5):
    centred = x - x.mean(axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axes, keepdims=True) + eps)


def in_groups(x):
    return standard(x.reshape(5, 2, 2, 3), (2, 3)).reshape(x.shape)


def by_root_mean_square(x):
    return x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-5)


# The norm of x, w and b, what gives x̂, and whether there is a shift. Channels are axis 1.
NORMS = {
    "batch": (
        lambda x, *p: batch_norm(x, None, None, *p),
        lambda x: standard(x, (0, 2)),
    ),
    "instance": (
        lambda x, *p: instance_norm(x, None, None, *p),
        lambda x: standard(x, 2),
    ),
    "group": (lambda x, *p: group_norm(x, 2, *p), in_groups),
    "layer": (
        lambda x, *p: layer_norm(x.swapaxes(1, 2), 4, *p).swapaxes(1, 2),
        lambda x: standard(x, 1),
    ),
    "rms": (
        lambda x, w=None, _=None: rms_norm(x.swapaxes(1, 2), 4, w, 1e-5).swapaxes(1, 2),
        by_root_mean_square,
    ),
}


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("parameters", [(), (W,), (W, B)])
def test_values_are_those_of_the_formula_and_gradients_its_differences(name, parameters):
    norm, x_hat = NORMS[name]
    w, b = (*parameters, *(1.0, 0.0)[len(parameters) :])
    expected = x_hat(X) * np.reshape(w, (-1, 1))
    if name != "rms":
        expected = expected + np.reshape(b, (-1, 1))
    with textbook(), default_dtype(np.float64):
        np.testing.assert_allclose(norm(X, *parameters).data, expected, atol=1e-12)
        inputs = [X, *parameters][: 2 if name == "rms" else 3]
        assert gradcheck(norm, inputs)


@pytest.mark.parametrize(("norm", "axes"), [(batch_norm, (0, 2)), (instance_norm, 2)])
def test_averages_move_by_the_momentum(norm, axes):
    mean, var = np.zeros(4), np.ones(4)
    with textbook(), default_dtype(np.float64):
        if norm is batch_norm:
            norm(X, mean, var, training=True, momentum=0.25)
        else:
            norm(X, mean, var, momentum=0.25)
    batch = X.mean(axes), X.var(axes, ddof=1)
    if norm is instance_norm:
        batch = [numbers.mean(0) for numbers in batch]
    np.testing.assert_allclose(mean, 0.25 * batch[0])
    np.testing.assert_allclose(var, 0.75 + 0.25 * batch[1])


@pytest.mark.parametrize("norm", [batch_norm, lambda x: group_norm(x, 2), instance_norm])
def test_of_nothing_it_is_nothing(norm):
    with textbook():
        for shape in [(0, 4, 3), (5, 4, 0)]:
            assert norm(np.ones(shape)).shape == shape
