"""Einstein's summation convention: any sum of products, written with letters for axes.

`"bik,bjk->bij"` says: for all b, i and j, sum over k the products of the two factors. The gradient
of a factor is again such a sum, with dy in the factor's place and the letters exchanged.
"""

import functools
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.op import Op
from neural_net_core.ops._inputs import coerce_all
from neural_net_core.tape import unbroadcast
from neural_net_core.tensor import Tensor

__all__ = ["EinsumOp", "einsum"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class EinsumOp(Op):
    """y = Σ a b …;  da = Σ dy b …, summed to the letters of a.  Saves the factors."""

    def __init__(self, subscripts: str) -> None:
        self.subscripts = subscripts

    def forward(self, *arrays: Array) -> Array:
        self.arrays = arrays
        return contract(self.subscripts, *arrays)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        inputs, output = spell_out(self.subscripts, tuple(x.ndim for x in self.arrays))
        return tuple(
            self._gradient(i, inputs, output, dy) if self.needs(i) else None
            for i in range(len(inputs))
        )

    def _gradient(self, i: int, inputs: tuple[str, ...], output: str, dy: Array) -> Array:
        x, letters = self.arrays[i], inputs[i]
        names = [output, *(name for j, name in enumerate(inputs) if j != i)]
        arrays = [dy, *(array for j, array in enumerate(self.arrays) if j != i)]
        # A letter that stands nowhere else was summed over this factor alone: all its places get
        # the same gradient, which a factor of ones spreads out.
        wanted = "".join(dict.fromkeys(letters))
        alone = [letter for letter in wanted if letter not in "".join(names)]
        if alone:
            names.append("".join(alone))
            arrays.append(np.ones_like(dy, shape=[x.shape[letters.index(a)] for a in alone]))
        dx = contract(f"{','.join(names)}->{wanted}", *arrays)
        if len(wanted) == len(letters):
            return dx
        # A letter repeated within the factor takes its diagonal: the rest of it has no gradient.
        spread = np.zeros_like(dx, shape=x.shape)
        diagonal = np.einsum(f"{letters}->{wanted}", spread)  # a view that can be written to
        diagonal[...] = unbroadcast(dx, diagonal.shape)
        return spread


def einsum(subscripts: str, *operands: Any) -> Tensor:
    r"""Return a sum of products, as the letters say.

    $$ y_{ij} = \sum_k a_{ik}\,b_{kj} \qquad\text{is}\qquad \texttt{einsum("ik,kj->ij", a, b)} $$

    Args:
        subscripts: The letters of each operand's axes, separated by commas, then `->` and the
            letters of the result. Letters that are missing there are summed over; without `->` the
            result has the letters that occur once, in alphabetical order. `...` stands for axes
            that broadcast.
        *operands: One array per group of letters.

    Examples:
        >>> einsum("ij->j", [[1.0, 2.0], [3.0, 4.0]]).data
        array([4., 6.], dtype=float32)
        >>> einsum("i,j->ij", [1.0, 2.0], [3.0, 4.0]).data
        array([[3., 4.],
               [6., 8.]], dtype=float32)
    """
    return EinsumOp.apply(*coerce_all(operands), subscripts=subscripts)


def contract(subscripts: str, *arrays: Array) -> Array:
    """Run NumPy's einsum, through matrix products where planning them pays."""
    plan = len(arrays) > 2 or (len(arrays) == 2 and arrays[0].size + arrays[1].size > 4096)
    return np.einsum(subscripts, *arrays, optimize=plan)


@functools.lru_cache(maxsize=256)
def spell_out(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """Return the letters of every operand and of the result, with letters in place of `...`.

    Args:
        subscripts: What the user wrote, already accepted by NumPy.
        ndims: The number of axes of every operand.

    Examples:
        >>> spell_out("...ij,jk", (4, 2))
        (('ABij', 'jk'), 'ABik')
    """
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    free = [letter for letter in _LETTERS if letter not in left]
    hidden = [
        ndim - len(term.replace("...", "")) if "..." in term else 0
        for term, ndim in zip(terms, ndims, strict=True)
    ]
    # The axes behind `...` are aligned at the right, as in all broadcasting.
    shared = "".join(free[: max(hidden)])
    inputs = tuple(
        term.replace("...", shared[len(shared) - n :])
        for term, n in zip(terms, hidden, strict=True)
    )
    if not arrow:
        named = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted(a for a in set(named) if named.count(a) == 1))
    return inputs, output.replace("...", shared)
