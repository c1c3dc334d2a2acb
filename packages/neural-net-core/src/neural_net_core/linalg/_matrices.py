"""What the functions of this folder accept, and how they say which matrix is at fault."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_core.errors import LinAlgError, ShapeError

__all__: list[str] = []


def check_square(where: str, name: str, shape: tuple[int, ...]) -> None:
    """Raise if a shape is not that of square matrices.

    Raises:
        ShapeError: If it has fewer than two axes, or the last two differ in length.
    """
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(f"{where}: {name} must be square matrices (..., N, N), got shape {shape}")


@contextmanager
def naming_the_matrix(
    where: str, name: str, a: Array, attempt: Callable[[Array], Any], fault: str
) -> Iterator[None]:
    """Turn NumPy's error inside, which does not say where, into one that names the matrix.

    Args:
        where: Who computes.
        name: The argument's name.
        a: The matrices, (…, N, N).
        attempt: What is tried with one matrix after the other to find the first that fails.
        fault: What is wrong with it.

    Raises:
        LinAlgError: In place of NumPy's.
    """
    try:
        yield
    except np.linalg.LinAlgError as error:
        for i in np.ndindex(a.shape[:-2]):
            try:
                attempt(a[i])
            except np.linalg.LinAlgError:
                which = f"{name}[{', '.join(map(str, i))}]" if i else name
                raise LinAlgError(
                    f"{where}: {which} {fault} (matrices of shape {a.shape} {a.dtype})"
                ) from error
        raise LinAlgError(f"{where}: {error}") from error


def all_invertible(where: str, a: Array) -> Any:
    """Return a context in which a matrix without inverse is named."""
    return naming_the_matrix(where, "a", a, np.linalg.inv, "is singular: it has no inverse")
