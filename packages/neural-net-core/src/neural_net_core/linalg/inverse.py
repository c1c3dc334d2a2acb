"""The inverse of a matrix. For the product of an inverse with something, `solve` is better."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.linalg._matrices import all_invertible, check_square
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["InvOp", "inv"]


class InvOp(Op):
    r"""Y = A⁻¹;  dA = −Yᵀ dY Yᵀ.  Saves Y.

    From Y A = I follows dY A + Y dA = 0, so dY = −Y dA Y. With G for the gradient of Y,
    ⟨G, −Y dA Y⟩ = ⟨−Yᵀ G Yᵀ, dA⟩ (Giles 2008, section 2.2.3).
    """

    def forward(self, a: Array) -> Array:
        with all_invertible("inv", a):
            self.y: Array = np.linalg.inv(a)
        return self.y

    def backward(self, dy: Array) -> Array:
        return -self.y.mT @ dy @ self.y.mT


def inv(a: TensorLike) -> Tensor:
    r"""Return the inverse of a matrix, or of each of a stack.

    $$ Y = A^{-1} \qquad dA = -Y^\top dY\,Y^\top $$

    Args:
        a: (…, N, N), invertible.

    Returns:
        The shape of a.

    Raises:
        LinAlgError: If a matrix is singular; the message says which.
        ShapeError: If a is not square.

    Source:
        Giles (2008), Collected matrix derivative results for forward and reverse mode algorithmic
        differentiation, section 2.2.3.

    Examples:
        >>> inv([[2.0, 0.0], [0.0, 4.0]]).data
        array([[0.5 , 0.  ],
               [0.  , 0.25]], dtype=float32)
    """
    a = as_floating(a)
    check_square("inv", "a", a.shape)
    return InvOp.apply(a)
