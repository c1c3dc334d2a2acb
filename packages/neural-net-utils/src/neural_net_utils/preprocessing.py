"""Numbers that a network can learn from: one-hot rows, class numbers, unit variance."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError

__all__ = ["LabelEncoder", "Standardizer", "class_weights", "one_hot"]


def one_hot(
    labels: npt.ArrayLike, num_classes: int | None = None, dtype: npt.DTypeLike = np.float32
) -> Array:
    """Class numbers as rows with a single 1.

    Args:
        labels: integers (...), 0 to `num_classes` - 1.
        num_classes: K; None means the largest label plus 1, which a batch may lack.
        dtype: dtype of the result.

    Returns:
        (..., K).

    Raises:
        DTypeError: if the labels are not integers.
        ValueError: if a label is out of range.

    Examples:
        >>> one_hot([2, 0], 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    numbers = np.asarray(labels)
    if numbers.dtype.kind not in "iu" and numbers.size:
        raise DTypeError(f"one_hot: expected integer labels, got {numbers.dtype}")
    numbers = numbers.astype(np.intp)
    low, high = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, -1)
    classes = high + 1 if num_classes is None else num_classes
    if low < 0 or high >= classes:
        raise ValueError(
            f"one_hot: labels must be from 0 to {classes - 1}, got values from {low} to {high}"
        )
    rows = np.zeros((*numbers.shape, classes), dtype=dtype)
    np.put_along_axis(rows, numbers[..., np.newaxis], 1, axis=-1)
    return rows


class LabelEncoder:
    """Translate any labels (strings, dates, numbers) to class numbers 0, 1, … and back.

    Args:
        labels: the labels to know; each distinct one becomes a class, in sorted order.

    Attributes:
        classes: (K,) the distinct labels, sorted.

    Examples:
        >>> encoder = LabelEncoder(["dog", "cat", "dog"])
        >>> encoder.encode(["cat", "dog"]).tolist()
        [0, 1]
        >>> encoder.decode([1]).tolist()
        ['dog']
    """

    classes: Array

    def __init__(self, labels: npt.ArrayLike) -> None:
        self.classes = np.unique(np.asarray(labels))

    def encode(self, labels: npt.ArrayLike) -> Array:
        """Class numbers (...) int64; an unknown label raises ValueError."""
        values = np.asarray(labels)
        codes = np.searchsorted(self.classes, values).clip(max=max(len(self.classes) - 1, 0))
        unknown = (
            self.classes[codes] != values if len(self.classes) else np.ones(values.shape, bool)
        )
        if np.any(unknown):
            names = sorted(set(values[unknown].tolist()), key=str)[:5]
            raise ValueError(f"LabelEncoder: labels never seen: {names}")
        return codes.astype(np.int64)

    def decode(self, codes: npt.ArrayLike) -> Array:
        """The labels of class numbers (...)."""
        numbers = np.asarray(codes)
        if numbers.size and (numbers.min() < 0 or numbers.max() >= len(self.classes)):
            raise ValueError(
                f"LabelEncoder: class numbers must be from 0 to {len(self.classes) - 1}, "
                f"got values from {numbers.min()} to {numbers.max()}"
            )
        return np.asarray(self.classes[numbers])


class Standardizer:
    r"""Bring every feature to mean 0 and variance 1, by the training data's mean and deviation.

    $$ z = \frac{x - \mu}{\sigma} $$

    Fit it on the training part alone: the test part's mean is information about the answers.
    A feature that never changes has deviation 0; it is only shifted, to 0.

    Args:
        axis: the axes to average over. 0 treats every feature apart; `(0, 2, 3)` treats the
            channels of images (B, C, H, W) apart.

    Attributes:
        mean: the training data's mean, with the averaged axes kept as length 1; None before `fit`.
        scale: its standard deviation (dividing by n), zeros replaced by 1; None before `fit`.

    Examples:
        >>> train = np.array([[0.0], [2.0]])
        >>> scaler = Standardizer().fit(train)
        >>> scaler.transform(train).tolist()
        [[-1.0], [1.0]]
        >>> scaler.inverse([[3.0]]).tolist()
        [[4.0]]
    """

    mean: Array | None
    scale: Array | None

    def __init__(self, axis: int | tuple[int, ...] = 0) -> None:
        self.axis = axis
        self.mean = None
        self.scale = None

    def fit(self, x: npt.ArrayLike) -> Standardizer:
        """Measure mean and deviation of the training data (n, ...); returns itself."""
        data = np.asarray(x)
        if data.ndim == 0 or data.shape[0] == 0:
            raise ShapeError(f"Standardizer: expected data (n, ...) with n >= 1, got {data.shape}")
        # Sums in float64: the mean of a million float32 values near 1e4 needs the digits.
        wide = data.astype(np.float64)
        mean, scale = (
            wide.mean(axis=self.axis, keepdims=True),
            wide.std(axis=self.axis, keepdims=True),
        )
        # A constant feature's deviation is rounding noise, not a scale to divide by.
        constant = scale <= 1e-12 * np.abs(mean)
        dtype = data.dtype if data.dtype.kind == "f" else np.dtype(np.float32)
        self.mean = mean.astype(dtype)
        self.scale = np.where(constant, 1.0, scale).astype(dtype)
        return self

    def transform(self, x: npt.ArrayLike) -> Array:
        """Standardise data of the fitted shape (any number of rows)."""
        mean, scale = self._fitted(x)
        return np.asarray((np.asarray(x) - mean) / scale)

    def inverse(self, z: npt.ArrayLike) -> Array:
        """The original data from standardised data."""
        mean, scale = self._fitted(z)
        return np.asarray(np.asarray(z) * scale + mean)

    def state_dict(self) -> dict[str, Array]:
        """Mean and scale, to store beside a model."""
        mean, scale = self._fitted(None)
        return {"mean": mean.copy(), "scale": scale.copy()}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Take over the mean and scale of another standardiser."""
        if set(state) != {"mean", "scale"}:
            raise ValueError(f"Standardizer: expected mean and scale, got {sorted(state)}")
        self.mean, self.scale = np.array(state["mean"]), np.array(state["scale"])

    def _fitted(self, x: Any) -> tuple[Array, Array]:
        if self.mean is None or self.scale is None:
            raise ValueError("Standardizer: call fit(training_data) first")
        shape = self.mean.shape if x is None else np.shape(x)
        if len(shape) != self.mean.ndim or any(
            one not in (1, size) for one, size in zip(self.mean.shape, shape, strict=True)
        ):
            raise ShapeError(
                f"Standardizer: the fitted mean has shape {self.mean.shape}, got data {shape}"
            )
        return self.mean, self.scale


def class_weights(
    labels: npt.ArrayLike, num_classes: int | None = None, *, smoothing: float = 0.0
) -> Array:
    r"""Weights that let rare classes count as much as common ones, for a loss's `weight`.

    $$ w_c = \frac{n + K s}{K \, (n_c + s)} $$

    with n samples, K classes, n_c samples of class c and smoothing s. Without smoothing the
    weights average 1 over the samples.

    Args:
        labels: class numbers (n,) of the training data.
        num_classes: K; None means the largest label plus 1.
        smoothing: s >= 0; larger values pull the weights towards 1, and allow absent classes.

    Returns:
        (K,) float32.

    Raises:
        ValueError: if a class has no sample and smoothing is 0.

    Examples:
        >>> class_weights([0, 0, 0, 0, 0, 0, 1, 1]).tolist()  # 8 / (2 · 6) and 8 / (2 · 2)
        [0.66..., 2.0]
    """
    numbers = np.asarray(labels)
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        raise DTypeError(
            f"class_weights: expected integer labels (n,), got {numbers.dtype}{list(numbers.shape)}"
        )
    if smoothing < 0:
        raise ValueError(f"class_weights: smoothing must be >= 0, got {smoothing}")
    counts = np.bincount(numbers, minlength=num_classes or 0)
    if num_classes is not None and len(counts) > num_classes:
        raise ValueError(
            f"class_weights: labels must be from 0 to {num_classes - 1}, got {numbers.max()}"
        )
    if smoothing == 0 and (len(counts) == 0 or counts.min() == 0):
        raise ValueError(
            f"class_weights: classes {np.flatnonzero(counts == 0).tolist()} have no sample; "
            "give smoothing > 0"
        )
    total, classes = len(numbers), len(counts)
    weights = (total + classes * smoothing) / (classes * (counts + smoothing))
    return np.asarray(weights.astype(np.float32))
