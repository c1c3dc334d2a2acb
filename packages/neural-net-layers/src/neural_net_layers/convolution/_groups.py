"""Sums of products in which channels meet only those of their own group."""

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []


def einsum_in_groups(formula: str, first: Array, second: Array, groups: int) -> Array:
    """Return `np.einsum` of two arrays, taken for every group of channels by itself.

    Args:
        formula: As `np.einsum` has it. Channels are the axis after the batch, which is called b; a
            kernel has no batch, and its first axis is divided.
        first: An array whose channels can be divided into the groups.
        second: Another one.
        groups: How many groups there are.
    """
    # The channels' axis in both arrays and in the result: 1 after a batch, 0 in a kernel.
    axes = [int(term.startswith("b")) for term in formula.replace("->", ",").split(",")]
    parts = zip(np.split(first, groups, axes[0]), np.split(second, groups, axes[1]), strict=True)
    # Without `optimize`, NumPy would add product by product, and not by matrices.
    sums = [np.einsum(formula, *pair, optimize=True) for pair in parts]
    return np.concatenate(sums, axes[2])
