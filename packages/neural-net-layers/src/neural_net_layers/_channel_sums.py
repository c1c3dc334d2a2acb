"""The sum of each channel, which norms and the biases of convolutions need."""

from neural_net_core.dtypes import Array
from neural_net_core.sums import sum_over

__all__: list[str] = []


def channel_sums(x: Array) -> Array:
    """Return the sum of each channel of (B, C, …) as (1, C, 1, …), which broadcasts with it."""
    return sum_over(x, (0, *range(2, x.ndim)))
