"""Gradient checks of normalization, dropout and modulation."""

import numpy as np
from hypothesis import strategies as st

from neural_net_layers.normalization.batch_norm import BatchNormOp, FixedNormOp, batch_norm
from neural_net_layers.normalization.group_norm import GroupNormOp, group_norm
from neural_net_layers.normalization.instance_norm import instance_norm
from neural_net_layers.normalization.layer_norm import LayerNormOp, layer_norm
from neural_net_layers.normalization.modulation import ModulateOp, modulate
from neural_net_layers.normalization.rms_norm import RMSNormOp, rms_norm
from neural_net_layers.regularization.alpha_dropout import AlphaDropoutOp, alpha_dropout
from neural_net_layers.regularization.drop_path import drop_path
from neural_net_layers.regularization.dropout import DropoutOp, dropout
from neural_net_layers.regularization.dropout2d import dropout2d

generator = np.random.default_rng(0)


def numbers(*shape):
    return generator.normal(size=shape)


def rng():
    return np.random.default_rng(5)


def channels_last(x):
    """View (B, H, W, C) memory as (B, C, H, W), as a convolution may leave it."""
    return x.transpose(0, 3, 1, 2)


def fixed(x, *parameters):
    """Batch norm with given statistics."""
    mean, variance = np.array([0.5, -1.0]), np.array([2.0, 0.3])
    return batch_norm(x, mean, variance, *parameters)


CASES = {
    LayerNormOp: [
        (lambda x: layer_norm(x, 5), [numbers(3, 5)]),
        (lambda x: layer_norm(x, 5), [numbers(5)]),
        (lambda x, w: layer_norm(x, 5, w), [numbers(3, 5), numbers(5)]),
        (lambda x, w, b: layer_norm(x, 5, w, b), [numbers(2, 3, 5), numbers(5), numbers(5)]),
        (
            lambda x, w, b: layer_norm(x, (3, 5), w, b, eps=0.1),
            [numbers(2, 3, 5), numbers(3, 5), numbers(3, 5)],
        ),
        # Nothing but the input, or nothing but the parameters, needs a gradient.
        (lambda w, b: layer_norm(np.eye(4), 4, w, b), [numbers(4), numbers(4)]),
        # Constant examples: the variance is 0, and ε alone stands below the fraction.
        (lambda x, w: layer_norm(x, 3, w, eps=1.0), [np.ones((2, 3)), numbers(3)]),
        (lambda x, w: layer_norm(x.T, 3, w), [numbers(3, 4), numbers(3)]),
    ],
    RMSNormOp: [
        (lambda x: rms_norm(x, 5), [numbers(3, 5)]),
        (lambda x, w: rms_norm(x, 5, w), [numbers(2, 3, 5), numbers(5)]),
        (lambda x, w: rms_norm(x, (3, 5), w, eps=0.1), [numbers(2, 3, 5), numbers(3, 5)]),
        (lambda w: rms_norm(np.eye(4), 4, w), [numbers(4)]),
        (lambda x: rms_norm(x, 3, eps=1.0), [np.zeros((2, 3))]),
    ],
    BatchNormOp: [
        (lambda x: batch_norm(x), [numbers(4, 3)]),
        (lambda x, w, b: batch_norm(x, None, None, w, b), [numbers(4, 3), numbers(3), numbers(3)]),
        (
            lambda x, w, b: batch_norm(x, None, None, w, b),
            [numbers(3, 2, 4), numbers(2), numbers(2)],
        ),
        (
            lambda x, w, b: batch_norm(x, None, None, w, b, eps=0.1),
            [numbers(2, 3, 2, 2), numbers(3), numbers(3)],
        ),
        (
            lambda x, w, b: batch_norm(channels_last(x), None, None, w, b),
            [numbers(2, 2, 3, 2), numbers(2), numbers(2)],
        ),
        (lambda w, b: batch_norm(np.eye(4), None, None, w, b), [numbers(4), numbers(4)]),
        (lambda x: batch_norm(x, eps=1.0), [np.ones((3, 2))]),
    ],
    FixedNormOp: [
        (lambda x: fixed(x), [numbers(4, 2)]),
        (lambda x, w, b: fixed(x, w, b), [numbers(1, 2, 3), numbers(2), numbers(2)]),
        (
            lambda x, w, b: fixed(channels_last(x), w, b),
            [numbers(2, 2, 3, 2), numbers(2), numbers(2)],
        ),
        (lambda w, b: fixed(np.ones((3, 2)), w, b), [numbers(2), numbers(2)]),
    ],
    GroupNormOp: [
        (lambda x: group_norm(x, 2), [numbers(3, 4)]),
        (lambda x, w, b: group_norm(x, 2, w, b), [numbers(2, 4, 3), numbers(4), numbers(4)]),
        (lambda x, w, b: group_norm(x, 1, w, b), [numbers(2, 3, 2, 2), numbers(3), numbers(3)]),
        (lambda x, w: group_norm(x, 3, w, eps=0.1), [numbers(2, 3, 4), numbers(3)]),
        (lambda w, b: group_norm(np.eye(4), 2, w, b), [numbers(4), numbers(4)]),
        (
            lambda x, w, b: instance_norm(x, None, None, w, b),
            [numbers(2, 2, 2, 2), numbers(2), numbers(2)],
        ),
    ],
    DropoutOp: [
        (lambda x: dropout(x, 0.5, rng=rng()), [numbers(4, 3)]),
        (lambda x: dropout(x, 1.0, rng=rng()), [numbers(4)]),
        (lambda x: dropout2d(x, 0.5, rng=rng()), [numbers(2, 3, 2, 2)]),
        (lambda x: drop_path(x, 0.5, rng=rng()), [numbers(3, 2, 2)]),
    ],
    AlphaDropoutOp: [
        (lambda x: alpha_dropout(x, 0.3, rng=rng()), [numbers(4, 3)]),
        (lambda x: alpha_dropout(x, 1.0, rng=rng()), [numbers(4)]),
    ],
    ModulateOp: [
        (modulate, [numbers(2, 3), numbers(2, 3), numbers(2, 3)]),
        (modulate, [numbers(2, 4, 3), numbers(2, 3), numbers(2, 3)]),
        (modulate, [numbers(2, 4, 3), numbers(1, 4, 3), numbers(2, 1, 1)]),
    ],
}


@st.composite
def normalized(draw, norm):
    """Draw examples, more than a block of rows too, and which parameters there are.

    Long rows, not many: the tape adds up a parameter's gradient row after row, and of 70,000 rows
    the textbook form in float64 would be no reference to 64 units.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape, axes = draw(
        st.sampled_from(
            [((0, 4), 1), ((3, 8), 1), ((4, 5, 16), 2), ((2, 3, 64), 1), ((1100, 256), 1)]
        )
    )
    x = rng.normal(size=shape) + draw(st.sampled_from([0.0, 3.0]))
    count = 2 if norm is layer_norm else 1
    parameters = [rng.normal(size=shape[-axes:]) for _ in range(draw(st.integers(0, count)))]
    return lambda x, *p: norm(x, shape[-axes:], *p), [x, *parameters]


@st.composite
def grouped(draw):
    """Draw batches in both orders of memory, and how many groups their channels are in."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(0, 4), (5, 6), (3, 2, 7), (4, 8, 5, 6), (9, 4, 100, 100)]))
    last = len(shape) == 4 and draw(st.booleans())
    x = rng.normal(size=(shape[0], *shape[2:], shape[1]) if last else shape)
    parameters = [rng.normal(size=shape[1]) for _ in range(draw(st.integers(0, 2)))]
    groups, mean = draw(st.sampled_from([1, 2])), draw(st.sampled_from([0.0, 3.0]))

    def fn(x, *p):
        return group_norm((channels_last(x) if last else x) + mean, groups, *p)

    return fn, [x, *parameters]


@st.composite
def batches(draw):
    """Draw batches in both orders of memory, of more numbers than a block too."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(
        st.sampled_from([(0, 4), (5, 3), (600, 16), (3, 2, 7), (4, 8, 5, 6), (9, 3, 100, 100)])
    )
    last = len(shape) == 4 and draw(st.booleans())
    x = rng.normal(size=(shape[0], *shape[2:], shape[1]) if last else shape)
    parameters = [rng.normal(size=shape[1]) for _ in range(draw(st.integers(0, 2)))]
    mean = draw(st.sampled_from([0.0, 3.0]))

    def fn(x, *p):
        return batch_norm((channels_last(x) if last else x) + mean, None, None, *p, training=True)

    return fn, [x, *parameters]


DRAWN = {
    LayerNormOp: normalized(layer_norm),
    RMSNormOp: normalized(rms_norm),
    BatchNormOp: batches(),
    GroupNormOp: grouped(),
}
