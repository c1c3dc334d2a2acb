"""Gradient-check cases of the activations: every branch, away from kinks."""

import numpy as np

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


def halves(fn):
    """Return cases for a function that splits its input."""
    return [
        (fn, [rng.normal(size=(3, 4))]),
        (lambda x: fn(x, 0), [rng.normal(size=(4, 3))]),
        (lambda x: fn(x, 1), [rng.normal(size=(2, 2, 3))]),
        (fn, [np.zeros((0, 4))]),
    ]


CASES = {
    a.SigmoidOp: elementwise(a.sigmoid),
    a.TanhOp: elementwise(a.tanh),
    a.ReLUOp: elementwise(a.relu),
    a.LeakyReLUOp: [
        case for s in (0.01, 1.5, -0.5) for case in elementwise(lambda x, s=s: a.leaky_relu(x, s))
    ],
    a.ELUOp: [
        *elementwise(a.elu),
        *elementwise(lambda x: a.elu(x, 0.3)),
        *elementwise(a.selu),
    ],
    a.GELUOp: elementwise(a.gelu),
    a.GELUTanhOp: elementwise(lambda x: a.gelu(x, "tanh")),
    a.SiLUOp: elementwise(a.silu),
    a.SwishOp: [
        (a.swish, [POINTS, np.array(0.7)]),
        (a.swish, [rng.normal(size=(2, 3)), rng.normal(size=3)]),
        (a.swish, [np.array(0.4), np.array(-1.2)]),
        (a.swish, [np.zeros((0, 3)), rng.normal(size=3)]),
        (lambda beta: a.swish([1.0, -2.0], beta), [np.array(0.7)]),
        (lambda x: a.swish(x, 0.7), [POINTS]),
    ],
    a.SoftplusOp: [
        *elementwise(a.softplus),
        *elementwise(lambda x: a.softplus(x, 2.5, 3.0)),
    ],
    a.LogSigmoidOp: elementwise(a.logsigmoid),
    a.MishOp: elementwise(a.mish),
    a.PReLUOp: [
        (a.prelu, [POINTS, np.array([0.3])]),
        (a.prelu, [rng.choice(POINTS, (2, 3)), rng.normal(size=3)]),
        (a.prelu, [rng.choice(POINTS, (2, 3, 2, 2)), rng.normal(size=3)]),
        (a.prelu, [rng.choice(POINTS, (2, 3, 2)), np.array([0.3])]),
        (a.prelu, [np.array(-0.4), np.array([0.3])]),
        (a.prelu, [np.zeros((0, 3)), rng.normal(size=3)]),
        (lambda x: a.prelu(x, 0.3), [POINTS]),
    ],
    a.SoftsignOp: elementwise(a.softsign),
    a.HardtanhOp: [*elementwise(a.hardtanh), *elementwise(a.relu6)],
    a.HardsigmoidOp: elementwise(a.hardsigmoid),
    a.HardswishOp: elementwise(a.hardswish),
    a.GLUOp: halves(a.glu),
    a.SwiGLUOp: halves(a.swiglu),
}
