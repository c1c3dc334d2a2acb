"""A batch of channels as a matrix in which every column belongs to one channel.

Statistics per channel run over the batch axis and all positions of an image, (B, C, H, W), at
once. Whatever the memory order, the batch is also a plain matrix, without a copy:

- channels first, the usual order: rows are examples, the columns of channel c are its H·W
  positions, C·H·W columns in all;
- channels last in memory (as a convolution may leave it): rows are positions, and several rows are
  taken as one where the channels are few, because NumPy pays for the start of every row.

A number per channel is spread over its columns before it meets the matrix, and column sums are
added up per channel afterwards.
"""

import math

import numpy as np

from neural_net_core.dtypes import Array
from neural_net_layers.fast.blocks import column_sums

__all__: list[str] = []

# Rows of few channels are joined up to this length, if there are many: the start of a row costs
# some 25 ns, spreading a number per channel over joined rows some µs.
JOINED = 1024
MANY = 256


class ChannelMatrix:
    """How a batch (B, C, …) lies as a matrix.

    Args:
        x: The batch; others of the same shape are then seen in the same way.
    """

    def __init__(self, x: Array) -> None:
        batch, self.channels, *positions = x.shape
        self.shape = x.shape
        size = math.prod(positions)
        self.count = batch * size  # numbers per channel
        self.last = size == 1 or _channels_last(x)
        self.repeats = size
        if self.last:
            many = self.count > MANY
            self.repeats = _divisor(self.count, JOINED // max(self.channels, 1)) if many else 1

    def matrix(self, x: Array) -> Array:
        """Return an array of the batch's shape as the matrix."""
        if self.last:
            rows = self.count // self.repeats
            return np.moveaxis(x, 1, -1).reshape(rows, self.repeats * self.channels)
        return x.reshape(self.shape[0], self.channels * self.repeats)

    def batch(self, matrix: Array) -> Array:
        """Return the matrix as an array of the batch's shape."""
        if self.last:
            batch, channels, *positions = self.shape
            return np.moveaxis(matrix.reshape(batch, *positions, channels), -1, 1)
        return matrix.reshape(self.shape)

    def spread(self, values: Array) -> Array:
        """Return one number per channel as one per column."""
        if self.repeats == 1:
            return values
        if self.last:
            return np.concatenate([values] * self.repeats)
        return values.repeat(self.repeats)

    def gather(self, values: Array) -> Array:
        """Return the sums, per channel, of one number per column."""
        if self.repeats == 1:
            return values
        if self.last:
            sums: Array = np.add.reduce(values.reshape(self.repeats, self.channels), axis=0)
        else:
            sums = np.add.reduce(values.reshape(self.channels, self.repeats), axis=1)
        return sums

    def sums(self, matrix: Array) -> Array:
        """Return the sum of every channel."""
        return self.gather(column_sums(matrix))


def _channels_last(x: Array) -> bool:
    return not x.flags.c_contiguous and np.moveaxis(x, 1, -1).flags.c_contiguous


def _divisor(number: int, most: int) -> int:
    """Return the largest divisor of a number that is at most `most`, at least 1."""
    return next((k for k in range(min(number, most), 1, -1) if number % k == 0), 1)
