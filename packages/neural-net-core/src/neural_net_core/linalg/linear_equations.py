"""Systems of linear equations, A X = B.

`solve(a, b)` takes a third of the operations of `inv(a) @ b` for one column, and keeps more digits.
"""

import numpy as np

from neural_net_core.checks import check_flag
from neural_net_core.dtypes import Array
from neural_net_core.errors import ShapeError
from neural_net_core.linalg._matrices import all_invertible, check_square
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating, coerce_all
from neural_net_core.ops.shape import expand_dims, squeeze, swapaxes
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["SolveOp", "solve"]


class SolveOp(Op):
    r"""X = A⁻¹ B;  dB = A⁻ᵀ dX,  dA = −dB Xᵀ.  Saves A and X.

    The product A X = B stays true when A and B change: dA X + A dX = dB, so dX = A⁻¹ (dB − dA X).
    With G for the gradient of X, ⟨G, dX⟩ = ⟨A⁻ᵀ G, dB⟩ − ⟨A⁻ᵀ G Xᵀ, dA⟩, whose factors are the
    gradients of B and A (Giles 2008, section 2.3.1).
    """

    def forward(self, a: Array, b: Array) -> Array:
        self.a = a
        with all_invertible("solve", a):
            self.x: Array = np.linalg.solve(a, b)
        return self.x

    def backward(self, dx: Array) -> tuple[Array, Array]:
        db = np.linalg.solve(self.a.mT, dx)
        return -db @ self.x.mT, db


def solve(a: TensorLike, b: TensorLike, *, left: bool = True) -> Tensor:
    r"""Return the solution x of a x = b, or x a = b, for one system of equations or a stack.

    $$ X = A^{-1} B \qquad dB = A^{-\top} dX \qquad dA = -dB\,X^\top $$

    Vectors are told from matrices as in PyTorch: b is one right side for each matrix if it has one
    axis, or one axis less than a and the shape `a.shape[:-1]`; in all other cases its last two axes
    are a matrix, with a right side in each column. (NumPy takes b for vectors if it has one axis
    only.)

    X A = B is the system Aᵀ Xᵀ = Bᵀ, and solved as such.

    Args:
        a: (…, N, N), invertible. The leading axes of a and b broadcast.
        b: (…, N, K), or vectors (…, N); (…, K, N) for x a = b.
        left: Whether a stands to the left of x; False solves x a = b, with a right side in each row
            of b, which cannot be vectors then.

    Returns:
        The shape of b, with the broadcast leading axes.

    Raises:
        LinAlgError: If a matrix is singular; the message says which.
        ShapeError: If a is not square, or b does not fit.

    Source:
        Giles (2008), Collected matrix derivative results for forward and reverse mode algorithmic
        differentiation, section 2.3.1.

    Examples:
        >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]).data
        array([1. , 0.5], dtype=float32)
        >>> solve([[2.0, 1.0], [0.0, 4.0]], [[2.0, 5.0]], left=False).data
        array([[1., 1.]], dtype=float32)
    """
    a, b = map(as_floating, coerce_all([a, b]))
    check_square("solve", "a", a.shape)
    vectors = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    if not check_flag("solve", "left", left):
        if vectors or not _fit(a.shape, (*b.shape[:-2], *b.shape[:-3:-1])):
            *_, n = a.shape
            raise ShapeError(
                f"solve: for x a = b, b must be (..., K, {n}) for a of shape {a.shape}, got shape "
                f"{b.shape}"
            )
        return swapaxes(SolveOp.apply(swapaxes(a, -1, -2), swapaxes(b, -1, -2)), -1, -2)
    columns = (*b.shape, 1) if vectors else b.shape
    if not _fit(a.shape, columns):
        *_, n = a.shape
        raise ShapeError(
            f"solve: b must be (..., {n}, K), or vectors (..., {n}), one for each matrix, for a of "
            f"shape {a.shape}, got shape {b.shape}"
        )
    if vectors:
        return squeeze(SolveOp.apply(a, expand_dims(b, -1)), -1)
    return SolveOp.apply(a, b)


def _fit(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Tell whether the right sides in the columns of b have as many rows as the matrices of a."""
    try:
        np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        return False
    return b != () and a[-1] == b[-2]  # of one axis it would be a vector
