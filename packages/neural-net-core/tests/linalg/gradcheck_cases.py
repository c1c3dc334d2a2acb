"""Gradient-check cases of linear algebra: single matrices, stacks, and leading axes that broadcast.

The matrices keep a distance from singular ones that is large against the step of the check.
"""

import numpy as np

from neural_net_core import linalg, ops

rng = np.random.default_rng(0)


def invertible(*shape):
    """Return matrices whose singular values lie between 0.5 and 2, of either orientation."""
    u, _, vt = np.linalg.svd(rng.normal(size=shape))
    return u * rng.uniform(0.5, 2, size=shape[:-1])[..., None, :] @ vt


def real(*shape):
    """Return numbers of either sign."""
    return rng.normal(size=shape)


def symmetric(x):
    """Return a positive definite matrix: the check changes x, and the matrix symmetrically."""
    return ops.matmul(x, ops.swapaxes(x, -1, -2))


# Of rank 1 and 2: all cofactors, and none, vanish.
SINGULAR = np.stack([np.outer([1.0, 2, 3], [1, 0, -1]), [[1, 2, 3], [4, 5, 6], [7, 8, 9]]])

CASES = {
    linalg.SolveOp: [
        (linalg.solve, [invertible(3, 3), real(3, 2)]),
        (linalg.solve, [invertible(3, 3), real(3)]),
        (linalg.solve, [invertible(2, 3, 3), real(2, 3)]),
        (linalg.solve, [invertible(2, 3, 3), real(3)]),
        (linalg.solve, [invertible(2, 1, 3, 3), real(4, 3, 2)]),
        (linalg.solve, [invertible(3, 3), real(2, 4, 3, 1)]),
        (linalg.solve, [invertible(1, 1), real(1, 1)]),
    ],
    linalg.InvOp: [(linalg.inv, [invertible(*shape)]) for shape in ((3, 3), (2, 2, 3, 3), (1, 1))],
    linalg.SlogdetOp: [
        (linalg.slogdet, [invertible(*shape)]) for shape in ((3, 3), (2, 2, 3, 3), (1, 1))
    ],
    linalg.DetOp: [
        *((linalg.det, [invertible(*shape)]) for shape in ((3, 3), (2, 2, 3, 3), (1, 1))),
        (linalg.det, [SINGULAR]),
    ],
    linalg.CholeskyOp: [
        *(
            (lambda x: linalg.cholesky(symmetric(x)), [invertible(*shape)])
            for shape in ((3, 3), (2, 2, 3, 3), (1, 1))
        ),
        (lambda x: linalg.cholesky(symmetric(x), upper=True), [invertible(2, 3, 3)]),
    ],
}
