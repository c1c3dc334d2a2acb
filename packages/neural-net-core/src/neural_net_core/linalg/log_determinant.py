"""The determinant as its sign and the logarithm of its size, which neither overflows nor vanishes.

The determinant of 100 times the unit matrix of 20 rows is 1e40, more than float32 can hold; its
logarithm is 92.
"""

from typing import NamedTuple

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.linalg._matrices import all_invertible, check_square
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["SlogdetOp", "SlogdetResult", "slogdet"]


class SlogdetResult(NamedTuple):
    """What `slogdet` returns.

    Attributes:
        sign: −1, 0 or 1, (…).
        logabsdet: The natural logarithm of the determinant's absolute value, (…).
    """

    sign: Tensor
    logabsdet: Tensor


class SlogdetOp(Op):
    r"""s, l = sign det A, log |det A|;  dA = dl A⁻ᵀ.  Saves A.

    By Jacobi's formula d(det A) = det A tr(A⁻¹ dA), so dl = d(det A) / det A = tr(A⁻¹ dA)
    = ⟨A⁻ᵀ, dA⟩ (Giles 2008, section 2.2.4). The sign is constant wherever there is a gradient.
    """

    def forward(self, a: Array) -> tuple[Array, Array]:
        self.a = a
        sign, logabsdet = np.linalg.slogdet(a)
        return sign, logabsdet

    def backward(self, dsign: Array, dlogabsdet: Array) -> Array:
        with all_invertible("the gradient of slogdet", self.a):
            return dlogabsdet[..., None, None] * np.linalg.inv(self.a).mT


def slogdet(a: TensorLike) -> SlogdetResult:
    r"""Return the sign and the logarithm of the absolute value of the determinant.

    $$ \det A = s\,e^{l} \qquad dA = dl\,A^{-\top} $$

    Args:
        a: (…, N, N). A singular matrix has the sign 0 and the logarithm −∞, and no gradient.

    Returns:
        A pair `(sign, logabsdet)` of Tensors (…); no gradient flows through the sign.

    Raises:
        ShapeError: If a is not square.
        LinAlgError: In the backward pass, if a matrix is singular; the message says which.

    Source:
        Giles (2008), Collected matrix derivative results for forward and reverse mode algorithmic
        differentiation, section 2.2.4.

    Examples:
        >>> sign, logabsdet = slogdet([[2.0, 0.0], [0.0, -4.0]])
        >>> sign.item(), round(logabsdet, 4)  # of −8
        (-1.0, 2.0794)
    """
    a = as_floating(a)
    check_square("slogdet", "a", a.shape)
    return SlogdetResult(*SlogdetOp.apply(a))
