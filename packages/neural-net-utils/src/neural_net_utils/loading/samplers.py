"""Which samples an epoch has, and in which order: by similar lengths, or by weights.

A sampler is a pure function of a generator, so that a loader needs no more than its seed, the epoch
and the position to go on, on one process or many.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from neural_net_core.checks import check_array, check_count, check_flag, shown
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike

__all__ = ["BucketSampler", "Sampler", "WeightedSampler"]


class Sampler(Protocol):
    """What a loader asks for the samples of an epoch; write your own with these two methods."""

    def __len__(self) -> int:
        """How many samples an epoch has."""
        ...

    def order(self, rng: np.random.Generator, /) -> Array:
        """The numbers of an epoch's samples, (len,), drawn from the generator and nothing else."""
        ...


class BucketSampler:
    r"""Batches of samples of similar length, in random order, so that little is padding.

    A batch is padded to its longest sequence, so that of the numbers in it this share is padding:

    $$ 1 - \frac{\sum_i T_i}{B \max_i T_i} $$

    All samples are shuffled and cut into windows; each window is sorted by length and cut into
    batches; then the batches are shuffled. Every sample comes once in an epoch. A last batch that
    is smaller than the rest is of samples as they come, whatever their lengths, and stays last: so
    `drop_last` leaves out long ones no more often than short ones.

    Args:
        lengths: the length of each sample, (n,).
        batch_size: samples per batch, as of the loader.
        window: batches per window: many for similar lengths, few for chance. With as many as the
            data have, it is always the same samples that meet.
        shuffle: False sorts windows of the data's own order, and keeps the order of the batches.

    Raises:
        ShapeError: if lengths has not one axis.
        ValueError: if a number is out of range.

    Source: Khomenko et al. (2016), Accelerating recurrent neural network training using sequence
    bucketing and multi-GPU data parallelization, arXiv:1708.05604; the windows are fairseq's and
    Hugging Face's `group_by_length`.

    Examples:
        >>> sampler = BucketSampler([5, 1, 9, 2, 8, 1], batch_size=2, shuffle=False)
        >>> sampler.order(np.random.default_rng(0)).tolist()  # 1 and 1, 2 and 5, 8 and 9
        [1, 5, 3, 0, 4, 2]
    """

    def __init__(
        self, lengths: TensorLike, batch_size: int, *, window: int = 50, shuffle: bool = True
    ) -> None:
        self.lengths = check_array("BucketSampler", "lengths", lengths, ndim=1)
        self.batch_size = check_count("BucketSampler", "batch_size", batch_size, 1)
        self.window = check_count("BucketSampler", "window", window, 1)
        self.shuffle = check_flag("BucketSampler", "shuffle", shuffle)

    def __len__(self) -> int:
        """How many samples an epoch has: all."""
        return len(self.lengths)

    def order(self, rng: np.random.Generator) -> Array:
        """The numbers of all samples, (n,), `batch_size` after `batch_size` a batch."""
        count, size = len(self), self.window * self.batch_size
        order = rng.permutation(count) if self.shuffle else np.arange(count)
        whole, rest = np.split(order, [count - count % self.batch_size])
        windows = [whole[start : start + size] for start in range(0, len(whole), size)]
        ordered = [w[np.argsort(self.lengths[w], kind="stable")] for w in windows]
        batches = np.concatenate([whole[:0], *ordered]).reshape(-1, self.batch_size)
        if self.shuffle:
            batches = rng.permutation(batches)
        return np.concatenate([batches.reshape(-1), rest])

    def __repr__(self) -> str:
        return f"BucketSampler({len(self)} lengths, {self.batch_size}, window={self.window})"


class WeightedSampler:
    r"""Samples drawn with probabilities in proportion to weights: rare classes as often as others.

    With replacement every draw is of sample i with probability $p_i = w_i / \sum_j w_j$. Without,
    no sample comes twice, and each draw is among those that are left, in proportion to their
    weights. That is the order in which clocks ring that wait for times $E_i / w_i$, with E
    exponential: the clock that rings first is i with probability $p_i$, and clocks that have not
    rung yet forget how long they waited.

    Args:
        weights: one for each sample, (n,), finite, >= 0, not all 0. They need not sum to 1.
        num_samples: how many are drawn for an epoch; None means n.
        replacement: whether a sample may come more than once. Without, at most as many can be drawn
            as have a weight above 0.

    Raises:
        ShapeError: if weights has not one axis.
        ValueError: if a weight is negative or not finite, if there is none above 0, or fewer than
            can be drawn.

    Source: Efraimidis & Spirakis (2006), Weighted random sampling with a reservoir, for drawing
    without replacement. Called `WeightedRandomSampler` in PyTorch.

    Examples:
        >>> labels = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        >>> sampler = WeightedSampler.balanced(labels, num_samples=1000)
        >>> drawn = sampler.order(np.random.default_rng(0))
        >>> int(np.take(labels, drawn).sum())  # about half, though only a tenth has the label 1
        527
    """

    def __init__(
        self,
        weights: TensorLike,
        num_samples: int | None = None,
        *,
        replacement: bool = True,
    ) -> None:
        where = "WeightedSampler"
        weights = check_array(where, "weights", weights, ndim=1).astype(np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise ValueError(
                f"{where}: weights must be finite numbers >= 0, one of them above 0, got "
                f"{shown(weights)}"
            )
        self.weights = weights
        self.replacement = check_flag(where, "replacement", replacement)
        if num_samples is None:
            num_samples = len(weights)
        self.num_samples = check_count(where, "num_samples", num_samples, 1)
        possible = int(np.count_nonzero(weights))
        if not replacement and num_samples > possible:
            raise ValueError(
                f"{where}: {num_samples} samples cannot be drawn without replacement from "
                f"{possible} with a weight above 0"
            )

    @classmethod
    def balanced(cls, labels: TensorLike, num_samples: int | None = None) -> WeightedSampler:
        """A sampler that draws every class equally often, with replacement.

        Args:
            labels: the class of each sample, (n,): integers, or texts.
            num_samples: how many are drawn for an epoch; None means n.

        Raises:
            ValueError: if labels are not one for each sample.
        """
        classes = np.asarray(labels)
        if classes.ndim != 1 or not len(classes) or classes.dtype.kind not in "biuU":
            raise ValueError(
                f"WeightedSampler.balanced: labels must be integers or texts, one for each sample, "
                f"got {shown(labels)}"
            )
        _, which, counts = np.unique(classes, return_inverse=True, return_counts=True)
        return cls(1.0 / counts[which], num_samples)

    def __len__(self) -> int:
        """How many samples an epoch has."""
        return self.num_samples

    def order(self, rng: np.random.Generator) -> Array:
        """The numbers of the samples drawn, (num_samples,)."""
        if self.replacement:
            steps = np.cumsum(self.weights / self.weights.max())
            # Steps that are not higher than the one before belong to weights of 0: never found.
            return np.searchsorted(steps / steps[-1], rng.random(self.num_samples), side="right")
        # Logarithms, which hold the quotient of any two numbers; a weight of 0 waits for ever.
        with np.errstate(divide="ignore"):
            times = np.log(rng.exponential(size=len(self.weights))) - np.log(self.weights)
        return np.argsort(times, kind="stable")[: self.num_samples]

    def __repr__(self) -> str:
        return (
            f"WeightedSampler({len(self.weights)} weights, {self.num_samples}, "
            f"replacement={self.replacement})"
        )


def check_order(sampler: Any, order: Any, count: int) -> Array:
    """Return what a sampler gave, if it is what it promised.

    Args:
        sampler: the sampler.
        order: what its `order` returned.
        count: how many samples the data set has.

    Raises:
        ValueError: if these are not as many numbers of samples as its length says.
    """
    numbers = check_array(f"DataLoader: {type(sampler).__name__}.order", "numbers", order, ndim=1)
    fits = numbers.dtype.kind in "iu" and len(numbers) == len(sampler)
    if not fits or not ((numbers >= 0) & (numbers < count)).all():
        raise ValueError(
            f"DataLoader: {type(sampler).__name__}.order must give {len(sampler)} numbers of "
            f"samples, each from 0 to {count - 1}, got {shown(order)}"
        )
    return numbers
