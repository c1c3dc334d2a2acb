"""Formulas for the floating-point operations and the memory traffic of a call.

Operations: one for every element that an elementwise function of floating numbers computes, be it
a sum, a comparison or an exponential; n − 1 for a sum, a product or an extremum of n numbers; a
product and a sum for every product in a matrix product or an einsum. Moving and choosing numbers
costs none, and neither does anything that is done with integers alone. What is done with square
matrices of n rows counts the terms in n³ of the usual algorithms (Golub & Van Loan, Matrix
Computations): 2n³/3 for the elimination behind a determinant or a system of equations, which takes
2n² more for each right side; 2n³ for an inverse, n³/3 for Cholesky's, 21n³ for singular values.

Traffic: a line reads each of its arrays once and writes its result once. A view costs nothing;
where elements are chosen from an array, only these are read.
"""

import math
from collections.abc import Callable
from typing import Any

from neural_net_core.numpy_calls.numpy_call import NumpyCall, Operand, operands, place_in_memory

__all__ = ["bytes_read", "bytes_written", "operations"]


def operations(call: NumpyCall) -> int | None:
    """Return how many floating-point operations a call does, or None if that is not known."""
    if call.kind in ("getitem", "setitem", "read", "literal"):
        return 0
    name = call.name.removeprefix("np.")
    values = call.taken
    out = call.target if call.target is not None else call.results[0]
    if name in _MOVING or not any(x.dtype.kind == "f" for x in (*values, out)):
        return 0
    if name in _FORMULAS:
        return _FORMULAS[name](values, out)
    if name == "einsum":
        return _einsum(call.args[0], [x.shape for x in values], out)
    if name.endswith(".accumulate") or name in ("cumsum", "cumprod"):
        axis = call.options.get("axis", None if name.startswith("cum") else 0)
        firsts = 1 if axis is None else out.size // max(out.shape[axis], 1)
        return out.size - firsts
    if name.endswith(".reduce") or name in _REDUCTIONS:
        return values[0].size - out.size
    if call.kind == "ufunc":
        return values[-1].size if name.endswith(".at") else out.size
    return None


def bytes_read(call: NumpyCall) -> int:
    """Return how many bytes a call reads."""
    if call.kind == "literal" or _is_view(call):
        return 0
    if call.kind == "getitem":
        return call.results[0].nbytes + sum(x.nbytes for x in operands(call.args[1]))
    if call.name.endswith("_like"):
        return 0
    return sum({place_in_memory(x.array): x.nbytes for x in call.taken}.values())


def bytes_written(call: NumpyCall) -> int:
    """Return how many bytes a call writes."""
    if call.kind == "setitem":
        return call.written
    if _is_view(call) or call.kind == "read" or call.name == "np.empty_like":
        return 0
    return sum(x.nbytes for x in call.results) if call.target is None else call.target.nbytes


def _is_view(call: NumpyCall) -> bool:
    return bool(call.results) and all(x.parent is not None for x in call.results)


def _product(values: list[Operand], out: Operand) -> int:
    return 2 * out.size * values[0].shape[-1]


def _mean(values: list[Operand], out: Operand) -> int:
    return values[0].size  # n − 1 sums and a quotient


def _variance(values: list[Operand], out: Operand) -> int:
    return 4 * values[0].size  # the mean, differences, squares, and their mean


def _einsum(subscripts: Any, shapes: list[tuple[int, ...]], out: Operand) -> int | None:
    """Return a product and a sum for each combination of indices."""
    if not isinstance(subscripts, str):
        return None
    inputs = subscripts.replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, shape in zip(inputs, shapes, strict=True):
        before, _, after = term.partition("...")
        # The axes that "..." stands for are those from the right in every input.
        rest = [f".{i}" for i in range(len(shape) - len(before) - len(after), 0, -1)]
        for letter, n in zip([*before, *rest, *after], shape, strict=True):
            sizes[letter] = max(n, sizes.get(letter, 1)) if n else 0
    every = math.prod(sizes.values())
    if len(inputs) == 1:
        return every - out.size
    summed = every > out.size
    return every * (len(inputs) - 1 + summed)


def _cubed(thirds: int) -> Callable[[list[Operand], Operand], int]:
    """Return the formula for square matrices of n rows: so many thirds of n³ for each."""
    return lambda values, out: thirds * values[0].size * values[0].shape[-1] // 3


def _equations(values: list[Operand], out: Operand) -> int:
    n = values[0].shape[-1]
    return 2 * values[0].size * n // 3 + 2 * out.size * n


def _singular_values(values: list[Operand], out: Operand) -> int:
    n, m = sorted(values[0].shape[-2:])
    vectors = len(out.shape) == len(values[0].shape)
    each = 4 * m * m * n + 8 * m * n * n + 9 * n**3 if vectors else 4 * m * n * n - 4 * n**3 // 3
    return values[0].size // max(m * n, 1) * each


_FORMULAS: dict[str, Callable[[list[Operand], Operand], int]] = {
    "matmul": _product,
    "dot": _product,
    "mean": _mean,
    "var": _variance,
    "std": lambda values, out: _variance(values, out) + out.size,
    "clip": lambda values, out: 2 * out.size,
    "round": lambda values, out: out.size,
    "linalg.cholesky": _cubed(1),
    "linalg.det": _cubed(2),
    "linalg.inv": _cubed(6),
    "linalg.norm": lambda values, out: 2 * values[0].size,
    "linalg.slogdet": _cubed(2),
    "linalg.solve": _equations,
    "linalg.svd": _singular_values,
}

_REDUCTIONS = {"sum", "prod", "max", "min", "amax", "amin", "argmax", "argmin"}

# fmt: off
_MOVING = {
    "all", "any", "argpartition", "argsort", "array_split", "astype", "bincount", "broadcast_to",
    "choose",
    "compress", "concatenate", "copy", "copyto", "diagonal", "empty_like", "expand_dims", "fill",
    "flatnonzero", "flatten", "flip", "full_like", "hstack", "isfinite", "isinf", "isnan",
    "lib.stride_tricks.as_strided", "lib.stride_tricks.sliding_window_view", "logical_and",
    "logical_not", "logical_or", "moveaxis", "nonzero", "ones_like", "pad", "partition", "put",
    "put_along_axis", "ravel", "repeat", "reshape", "roll", "searchsorted", "signbit", "sort",
    "split", "squeeze", "stack", "swapaxes", "take", "take_along_axis", "tile", "transpose", "tril",
    "triu", "unique", "view", "vstack", "where", "zeros_like",
}
# fmt: on
