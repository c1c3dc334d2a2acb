"""What a loss counted: kept in arithmetic, and used to join batches as if they were one.

The mean over batches i with nᵢ samples is Σ nᵢ lᵢ / Σ nᵢ; a sum over them is Σ lᵢ. Which one a loss
is, and what n is, stands in its `counts`. A loss times a number, and losses added up, keep it.
"""

import math
import warnings
from typing import Any

from neural_net_core.tensor import Tensor

__all__ = ["BatchWeights", "keep_in_product", "keep_in_quotient", "keep_in_sum"]


def keep_in_sum(y: Tensor, a: Any, b: Any) -> Tensor:
    """Return y = a ± b with the counts of both; equal ones stand once."""
    counts = _of(a) + _of(b)
    if counts:
        y.counts = tuple(dict.fromkeys(counts))
    return y


def keep_in_product(y: Tensor, a: Any, b: Any) -> Tensor:
    """Return y = a · b with the one factor's counts; a product of two losses is no mean."""
    counts, factor = (_of(a), b) if _of(a) else (_of(b), a)
    # What is multiplied by 0 (a penalty that is not yet wanted) weighs nothing.
    if counts and not _of(factor) and (isinstance(factor, Tensor) or factor != 0):
        y.counts = counts
    return y


def keep_in_quotient(y: Tensor, a: Any, b: Any) -> Tensor:
    """Return y = a / b with a's counts; a sum divided by n is a mean over n."""
    counts = _of(a)
    if counts and not _of(b):
        number = abs(float(b.item() if isinstance(b, Tensor) else b))
        y.counts = tuple(dict.fromkeys(number if count is None else count for count in counts))
    return y


def _of(x: Any) -> tuple[float | None, ...]:
    return x.counts if isinstance(x, Tensor) else ()


class BatchWeights:
    """How much the loss of each batch weighs when several are joined.

    One number weighs a batch, so that losses which were added and count differently (words that
    are no padding, and samples) can be joined only if their counts keep the same proportion. If
    they do not, there is a warning, once, and the first loss's count decides.

    Args:
        where: Who joins, for the warning.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._first: tuple[float | None, ...] = ()
        self._warned = False

    def weight(self, loss: Tensor, samples: float = 1.0, *, joined: bool = True) -> float | None:
        """Return the weight of a batch, or None for a sum, which adds up as it is.

        Args:
            loss: The batch's loss.
            samples: What it weighs if it does not say.
            joined: Whether the batch is one of several.
        """
        counts = loss.counts
        if not counts:
            return samples
        if joined and not self._warned:
            if not self._first:
                self._first = counts
            elif len(counts) > 1 or len(self._first) > 1:
                self._compare(counts)
        return None if None in counts else counts[0]

    def _compare(self, counts: tuple[float | None, ...]) -> None:
        first, now = _proportions(self._first), _proportions(counts)
        if len(first) == len(now) and all(map(math.isclose, first, now)):
            return
        self._warned = True
        warnings.warn(
            f"{self.where}: the loss adds up losses that count differently from batch to batch "
            f"({self._first}, then {counts}; None is a sum), so that no weight of a batch is right "
            "for all of them; the first decides. Join them as one: let all be means over the same, "
            "or set loss.counted to what shall weigh the batch",
            stacklevel=4,
        )


def _proportions(counts: tuple[float | None, ...]) -> list[float]:
    """Return the counts as parts of the first; NaN, which equals nothing, where there is none."""
    if None in counts:
        return [math.nan]
    return [n / counts[0] if counts[0] else math.nan for n in counts]  # type: ignore[operator]
