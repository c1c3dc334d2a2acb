r"""Linear algebra on square matrices, with gradients: equations, inverses, determinants, Cholesky.

A function takes one matrix or a stack of them, (…, N, N): the leading axes count matrices. The
gradients all come from one line. Where $A^{-1} A = I$, a small change $dA$ changes the product by
nothing, so

$$ d(A^{-1})\,A + A^{-1}\,dA = 0, \qquad d(A^{-1}) = -A^{-1}\,dA\,A^{-1} $$

and each file derives its own from it. They are collected in Giles (2008), Collected matrix
derivative results for forward and reverse mode algorithmic differentiation.

The names are NumPy's and PyTorch's, `numpy.linalg` and `torch.linalg`. A matrix that has no inverse
raises a `LinAlgError` that says which of the stack it is; `slogdet` and `det` have values there.
"""

from typing import TYPE_CHECKING, NoReturn

from neural_net_core.called_differently import unknown_name
from neural_net_core.linalg.cholesky_factor import CholeskyOp, cholesky
from neural_net_core.linalg.determinant import DetOp, det
from neural_net_core.linalg.inverse import InvOp, inv
from neural_net_core.linalg.linear_equations import SolveOp, solve
from neural_net_core.linalg.log_determinant import SlogdetOp, SlogdetResult, slogdet

__all__ = [
    "CholeskyOp",
    "DetOp",
    "InvOp",
    "SlogdetOp",
    "SlogdetResult",
    "SolveOp",
    "cholesky",
    "det",
    "inv",
    "slogdet",
    "solve",
]

if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> NoReturn:
        unknown_name(__name__, name)
