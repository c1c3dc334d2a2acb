"""Linear algebra against PyTorch, on at least 20 shapes each: values and gradients."""

import functools

import numpy as np
import pytest
import torch
from harness import check, unary_shapes

from neural_net_core import LinAlgError, Tensor, linalg
from neural_net_core.testing import op_classes


def well_conditioned(rng, shape):
    """Return matrices whose singular values lie between 0.5 and 2."""
    u, _, vt = np.linalg.svd(rng.normal(size=shape))
    return u * rng.uniform(0.5, 2, size=shape[:-1])[..., None, :] @ vt


# Stacks of none, one and more matrices, of up to 6 rows.
SQUARES = [
    ((*batch, n, n),) for (batch,), n in zip(unary_shapes(24), [3, 1, 2, 4, 6] * 5, strict=False)
]


def matrices(rng, shapes):
    return [well_conditioned(rng, shapes[0])]


def with_right_sides(rng, shapes):
    """Return matrices and right sides: a matrix or a vector for each, or one vector for all."""
    a = well_conditioned(rng, shapes[0])
    several = (*a.shape[:-1], int(rng.integers(0, 4)))
    b = [several, a.shape[:-1], a.shape[-1:], several[-2:]][int(rng.integers(4))]
    return [a, rng.normal(size=b)]


def with_rows(rng, shapes):
    """Return matrices, and right sides in rows."""
    a = well_conditioned(rng, shapes[0])
    several = (*a.shape[:-2], int(rng.integers(0, 4)), a.shape[-1])
    return [a, rng.normal(size=several if rng.integers(2) else several[-2:])]


def positive(x):
    return x @ x.swapaxes(-1, -2)


ROWS = {
    "solve": (linalg.SolveOp, linalg.solve, torch.linalg.solve, with_right_sides),
    "solve from the right": (
        linalg.SolveOp,
        functools.partial(linalg.solve, left=False),
        functools.partial(torch.linalg.solve, left=False),
        with_rows,
    ),
    "inv": (linalg.InvOp, linalg.inv, torch.linalg.inv, matrices),
    "slogdet": (linalg.SlogdetOp, linalg.slogdet, torch.linalg.slogdet, matrices),
    "det": (linalg.DetOp, linalg.det, torch.linalg.det, matrices),
    "cholesky": (
        linalg.CholeskyOp,
        lambda x: linalg.cholesky(positive(x)),
        lambda x: torch.linalg.cholesky(positive(x)),
        matrices,
    ),
    "cholesky upper": (
        linalg.CholeskyOp,
        lambda x: linalg.cholesky(positive(x), upper=True),
        lambda x: torch.linalg.cholesky(positive(x), upper=True),
        matrices,
    ),
}


def test_every_operation_of_linear_algebra_is_compared():
    assert {op for op, *_ in ROWS.values()} == set(op_classes("neural_net_core.linalg"))


@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_pytorch(name):
    op, ours, theirs, make = ROWS[name]
    assert op in check(f"linalg {name}", ours, theirs, SQUARES, make=make)


def test_the_gradient_of_a_cholesky_factor_is_symmetric_as_in_pytorch():
    a, dy = np.array([[4.0, 2.0], [2.0, 5.0]]), np.array([[1.0, 3.0], [-2.0, 0.5]])
    x, z = Tensor(a, np.float64, requires_grad=True), torch.tensor(a, requires_grad=True)
    linalg.cholesky(x).backward(dy)
    torch.linalg.cholesky(z).backward(torch.tensor(dy))
    np.testing.assert_allclose(x.grad, z.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["inv", "cholesky"])
def test_the_same_matrix_is_named(name):
    a = np.stack([np.eye(2), np.zeros((2, 2)), np.zeros((2, 2))])
    with pytest.raises(torch.linalg.LinAlgError, match=r"\(Batch element 1\)"):
        getattr(torch.linalg, name)(torch.tensor(a))
    with pytest.raises(LinAlgError, match=r"a\[1\]"):
        getattr(linalg, name)(a)
