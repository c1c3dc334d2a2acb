"""Integer ids that pick rows of a table: what is accepted, and what is said of a wrong one."""

import numpy as np

from neural_net_core.checks import check_array, check_count
from neural_net_core.dtypes import Array
from neural_net_core.tensor import Parameter, Tensor, TensorLike

__all__: list[str] = []


def as_ids(label: str, ids: TensorLike, rows: int) -> Array:
    """Return ids as an array of intp, or raise if one is no integer or no row.

    Args:
        label: How messages call the layer.
        ids: Integers in any shape, as an array, a list or a Tensor.
        rows: How many rows the table has.
    """
    array = check_array(label, "ids", ids, kinds="iu")
    if array.size == 0:
        return array.astype(np.intp)
    low, high = array.min(), array.max()
    if low < 0 or high >= rows:
        wrong = low if low < 0 else high
        place = tuple(int(i) for i in np.argwhere(array == wrong)[0])
        raise IndexError(
            f"{label}: expected ids from 0 to {rows - 1}, got {wrong}"
            + (f" at {place if len(place) > 1 else place[0]}" if place else "")
        )
    return array.astype(np.intp, copy=False)


def as_row(layer: str, name: str, value: int | None, rows: int) -> int | None:
    """Return a row number counted from the front, or raise if there is no such row."""
    if value is None:
        return None
    return check_count(layer, name, value, -rows, rows - 1) % rows


def shorten_rows(weight: Tensor, ids: Array, max_norm: float, norm_type: float) -> None:
    """Scale those rows that are looked up and longer than `max_norm` down to it, in place."""
    rows = np.unique(ids)
    norms = np.linalg.norm(weight.data[rows], norm_type, axis=1)
    long = norms > max_norm
    if not long.any():
        return
    # The small number is PyTorch's; the next lookup then finds nothing to do.
    weight.data[rows[long]] *= (max_norm / (norms[long] + 1e-7))[:, None]
    if isinstance(weight, Parameter):
        weight.version += 1  # a gradient recorded before this would be wrong
