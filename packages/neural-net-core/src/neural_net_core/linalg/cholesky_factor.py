r"""The Cholesky factor of a symmetric positive definite matrix, its "square root", A = L Lᵀ.

It is how a covariance is used: z normal, then L z has the covariance A; log det A is twice the sum
of the logarithms on the diagonal of L; and a network that gives L instead of A gives a covariance
whatever its weights are.
"""

import numpy as np

from neural_net_core.checks import check_flag
from neural_net_core.dtypes import Array
from neural_net_core.linalg._matrices import check_square, naming_the_matrix
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["CholeskyOp", "cholesky"]


class CholeskyOp(Op):
    r"""A = L Lᵀ;  dA = (S + Sᵀ) / 2 with S = L⁻ᵀ Φ(Lᵀ dL) L⁻¹.  Saves L.

    Φ takes the lower triangle and half the diagonal. From A = L Lᵀ follows dA = dL Lᵀ + L dLᵀ, and
    with L⁻¹ from the left and L⁻ᵀ from the right, L⁻¹ dA L⁻ᵀ = L⁻¹ dL + (L⁻¹ dL)ᵀ: a lower
    triangle and its transpose. So L⁻¹ dL = Φ(L⁻¹ dA L⁻ᵀ). With G for the gradient of L, and because
    Φ is its own adjoint, ⟨G, dL⟩ = ⟨Lᵀ G, Φ(L⁻¹ dA L⁻ᵀ)⟩ = ⟨L⁻ᵀ Φ(Lᵀ G) L⁻¹, dA⟩. A changes only
    symmetrically, so the symmetric part of that counts (Murray 2016, equations 8 to 10).
    """

    def __init__(self, upper: bool = False) -> None:
        self.upper = upper

    def forward(self, a: Array) -> Array:
        with naming_the_matrix("cholesky", "a", a, self.factor, "is not positive definite"):
            self.l = self.factor(a)
        return self.l.mT if self.upper else self.l

    def backward(self, dy: Array) -> Array:
        l, dl = self.l, dy.mT if self.upper else dy
        product = l.mT @ dl
        phi = (np.tril(product) + np.tril(product, -1)) / 2
        s = np.linalg.solve(l.mT, np.linalg.solve(l.mT, phi).mT)  # Sᵀ
        return (s + s.mT) / 2

    def factor(self, a: Array) -> Array:
        """Return L; NumPy reads the lower triangle alone."""
        l: Array = np.linalg.cholesky(a.mT if self.upper else a)
        return l


def cholesky(a: TensorLike, *, upper: bool = False) -> Tensor:
    r"""Return the lower triangular L with L Lᵀ = a, for one matrix or a stack of them.

    $$ A = L L^\top \qquad dA = \tfrac12 (S + S^\top), \quad
       S = L^{-\top}\,\Phi(L^\top dL)\,L^{-1} $$

    where Φ takes the lower triangle and half of the diagonal.

    Args:
        a: (…, N, N), symmetric and positive definite. As in NumPy and PyTorch, only one triangle is
            read, and whether the other is its mirror image is not looked at; the gradient is that
            for symmetric changes, a symmetric matrix.
        upper: Return Lᵀ, and read the upper triangle.

    Returns:
        The shape of a, with zeros above the diagonal (with `upper`, below it).

    Raises:
        LinAlgError: If a matrix is not positive definite; the message says which.
        ShapeError: If a is not square.

    Source:
        Murray (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527, section 3.

    Examples:
        >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).data
        array([[2., 0.],
               [1., 2.]], dtype=float32)
    """
    upper = check_flag("cholesky", "upper", upper)
    a = as_floating(a)
    check_square("cholesky", "a", a.shape)
    return CholeskyOp.apply(a, upper=upper)
