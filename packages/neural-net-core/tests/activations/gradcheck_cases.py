"""Gradient-check cases of the activations: every branch, away from kinks."""

import numpy as np
from hypothesis import strategies as st

import neural_net_core
from neural_net_core import activations as a

rng = np.random.default_rng(1)

# Either side of every kink (0, ±1, ±3, 6) and far out, none within 0.05 of one.
POINTS = np.array(
    [-30.0, -7.5, -4.0, -2.9, -1.7, -1.05, -0.6, -0.1, 0.1, 0.4, 0.9, 1.3, 2.8, 3.2, 5.9, 6.1, 30.0]
)


def elementwise(fn):
    """Return cases for a function of one array."""
    some = rng.choice(POINTS[1:-1], (2, 1, 3))
    return [(fn, [POINTS]), (fn, [some]), (fn, [np.array(0.4)]), (fn, [np.zeros((0, 2))])]


def of_any_size(fn):
    """Return cases on either side of the sizes at which fast forms change their way."""
    shapes = [
        (),
        (2, 0),
        (7,),
        (511,),
        (513,),
        (5, 819),
        (4097,),
        (256, 256),
        (257, 256),
        (2, 2**18),
    ]
    return st.builds(
        lambda shape, seed: (fn, [np.random.default_rng(seed).normal(scale=3, size=shape)]),
        st.sampled_from(shapes),
        st.integers(0, 99),
    )


def drawn_once(shape, **options):
    """Return the Gumbel-softmax as a function of the scores, with noise that stays the same.

    Of hard draws it adds what lies between the draw and its softmax, which has no history: the sum
    is the softmax, whose gradient is what a hard draw has.
    """
    noise = np.random.default_rng(2).gumbel(size=shape)

    def fn(x):
        y = a.GumbelSoftmaxOp.apply(x, noise.astype(x.dtype), **options)
        soft = a.GumbelSoftmaxOp.apply(x, noise.astype(x.dtype), **{**options, "hard": False})
        return y + (soft.data - y.data)

    return fn


def halves(fn):
    """Return cases for a function that splits its input."""
    return [
        (fn, [rng.normal(size=(3, 4))]),
        (lambda x: fn(x, 0), [rng.normal(size=(4, 3))]),
        (lambda x: fn(x, 1), [rng.normal(size=(2, 2, 3))]),
        (fn, [np.zeros((0, 4))]),
    ]


CASES = {
    a.SigmoidOp: elementwise(neural_net_core.sigmoid),
    a.TanhOp: elementwise(neural_net_core.tanh),
    a.ReLUOp: elementwise(neural_net_core.relu),
    a.LeakyReLUOp: [
        case
        for s in (0.01, 1.5, -0.5)
        for case in elementwise(lambda x, s=s: neural_net_core.leaky_relu(x, s))
    ],
    a.ELUOp: [
        *elementwise(neural_net_core.elu),
        *elementwise(lambda x: neural_net_core.elu(x, 0.3)),
        *elementwise(neural_net_core.selu),
    ],
    a.GELUOp: elementwise(neural_net_core.gelu),
    a.GELUTanhOp: elementwise(lambda x: neural_net_core.gelu(x, "tanh")),
    a.SiLUOp: elementwise(neural_net_core.silu),
    a.SwishOp: [
        (neural_net_core.swish, [POINTS, np.array(0.7)]),
        (neural_net_core.swish, [rng.normal(size=(2, 3)), rng.normal(size=3)]),
        (neural_net_core.swish, [np.array(0.4), np.array(-1.2)]),
        (neural_net_core.swish, [np.zeros((0, 3)), rng.normal(size=3)]),
        (lambda beta: neural_net_core.swish([1.0, -2.0], beta), [np.array(0.7)]),
        (lambda x: neural_net_core.swish(x, 0.7), [POINTS]),
    ],
    a.SoftplusOp: [
        *elementwise(neural_net_core.softplus),
        *elementwise(lambda x: neural_net_core.softplus(x, 2.5, 3.0)),
    ],
    a.LogSigmoidOp: elementwise(neural_net_core.logsigmoid),
    a.MishOp: elementwise(neural_net_core.mish),
    a.PReLUOp: [
        (neural_net_core.prelu, [POINTS, np.array([0.3])]),
        (neural_net_core.prelu, [rng.choice(POINTS, (2, 3)), rng.normal(size=3)]),
        (neural_net_core.prelu, [rng.choice(POINTS, (2, 3, 2, 2)), rng.normal(size=3)]),
        (neural_net_core.prelu, [rng.choice(POINTS, (2, 3, 2)), np.array([0.3])]),
        (neural_net_core.prelu, [np.array(-0.4), np.array([0.3])]),
        (neural_net_core.prelu, [np.zeros((0, 3)), rng.normal(size=3)]),
        (lambda x: neural_net_core.prelu(x, 0.3), [POINTS]),
    ],
    a.SoftsignOp: elementwise(neural_net_core.softsign),
    a.HardtanhOp: [*elementwise(neural_net_core.hardtanh), *elementwise(neural_net_core.relu6)],
    a.HardsigmoidOp: elementwise(neural_net_core.hardsigmoid),
    a.HardswishOp: elementwise(neural_net_core.hardswish),
    a.GLUOp: halves(neural_net_core.glu),
    a.SwiGLUOp: halves(neural_net_core.swiglu),
    a.CELUOp: [
        *elementwise(neural_net_core.celu),
        *elementwise(lambda x: neural_net_core.celu(x, 0.3)),
        *elementwise(lambda x: neural_net_core.celu(x, 4.0)),
    ],
    a.ThresholdOp: [
        *elementwise(lambda x: neural_net_core.threshold(x, 0.0, -2.0)),
        *elementwise(lambda x: neural_net_core.threshold(x, -1.2, 20.0)),
    ],
    a.HardshrinkOp: [
        *elementwise(neural_net_core.hardshrink),
        *elementwise(lambda x: neural_net_core.hardshrink(x, 2.0)),
    ],
    a.SoftshrinkOp: [
        *elementwise(neural_net_core.softshrink),
        *elementwise(lambda x: neural_net_core.softshrink(x, 2.0)),
    ],
    a.GumbelSoftmaxOp: [
        (drawn_once(shape, temperature=t, hard=hard, axis=axis), [rng.normal(size=shape)])
        for shape, t, axis in (((4,), 1.0, 0), ((2, 3), 0.5, 1), ((3, 2), 2.0, 0), ((0, 3), 1.0, 1))
        for hard in (False, True)
    ],
}

DRAWN = {
    a.GELUOp: of_any_size(neural_net_core.gelu),
    a.ReLUOp: of_any_size(neural_net_core.relu),
}
