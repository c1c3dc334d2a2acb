"""The sum of each channel, which norms and the biases of convolutions need."""

import math

import numpy as np

from neural_net_core.dtypes import Array

__all__: list[str] = []


def channel_sums(x: Array) -> Array:
    """Return the sum of each channel of (B, C, …) as (C, 1, …), which broadcasts with it.

    NumPy adds up a row of memory in pairs, which rounds less than one long running sum. The
    positions of an image are such a row; the sums over them become one for each channel.
    """
    batch, channels, *positions = x.shape
    sums = x.reshape(batch, channels, math.prod(positions)).sum(axis=2)  # (B, C)
    rows = np.copy(sums.T, order="C")
    total: Array = rows.sum(axis=1).reshape(-1, *[1] * len(positions))
    return total
