"""The determinant. Of large matrices it overflows or vanishes, where `slogdet` does not."""

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.linalg._matrices import check_square, naming_the_matrix
from neural_net_core.op import Op
from neural_net_core.ops._inputs import as_floating
from neural_net_core.tensor import Tensor, TensorLike

__all__ = ["DetOp", "det"]


class DetOp(Op):
    r"""y = det A;  dA = dy C with the cofactors C, also where A is singular.  Saves A.

    Expanding along row i, det A = Σⱼ Aᵢⱼ Cᵢⱼ, where no cofactor of that row depends on it: C is the
    derivative. For an invertible A it is det A · A⁻ᵀ. For every A the singular value decomposition
    A = U S Vᵀ gives it without a division: cofactors of a product are the product of the cofactors,
    those of an orthogonal Q are det Q · Q, and those of S have on their diagonal, for each singular
    value, the product of all the others.
    """

    def forward(self, a: Array) -> Array:
        self.a = a
        y: Array = np.linalg.det(a)
        return y

    def backward(self, dy: Array) -> Array:
        fault = "holds NaN or infinity"
        with naming_the_matrix("the gradient of det", "a", self.a, np.linalg.svd, fault):
            u, s, vt = np.linalg.svd(self.a)
        itself = np.eye(s.shape[-1], dtype=bool, like=s)
        others = np.where(itself, 1, s[..., None, :]).prod(-1)
        sign = np.sign(np.linalg.det(u @ vt))  # 1 or −1, without what rounding has added
        c = sign[..., None, None] * (u * others[..., None, :]) @ vt
        return dy[..., None, None] * c


def det(a: TensorLike) -> Tensor:
    r"""Return the determinant of a matrix, or of each of a stack.

    $$ y = \det A \qquad dA = dy\,\det(A)\,A^{-\top} $$

    The gradient is that of the cofactors, which a singular matrix has too.

    Args:
        a: (…, N, N).

    Returns:
        (…).

    Raises:
        ShapeError: If a is not square.
        LinAlgError: In the backward pass, if a matrix holds NaN or infinity; it is named.

    Source:
        Giles (2008), Collected matrix derivative results for forward and reverse mode algorithmic
        differentiation, section 2.2.4; for cofactors from singular values Stewart (1998), On the
        adjugate matrix.

    Examples:
        >>> det([[2.0, 0.0], [0.0, -4.0]]).data
        array(-8., dtype=float32)
    """
    a = as_floating(a)
    check_square("det", "a", a.shape)
    return DetOp.apply(a)
