"""Numbers that a network can learn from: one-hot rows, class numbers, unit variance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_net_core.checks import check_array, check_count, check_dtype, check_number, shown
from neural_net_core.dtypes import Array
from neural_net_core.errors import DTypeError, ShapeError, StateDictError
from neural_net_core.tensor import TensorLike
from neural_net_utils._labels import distinct_labels

__all__ = ["LabelEncoder", "Standardizer", "class_weights", "one_hot"]


def one_hot(
    labels: TensorLike, num_classes: int | None = None, dtype: npt.DTypeLike = np.float32
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
    numbers = check_array("one_hot", "labels", labels, kinds="iu")
    dtype = check_dtype("one_hot", dtype, kinds="biuf")
    most = None if num_classes is None else check_count("one_hot", "num_classes", num_classes, 0)
    classes = _number_of_classes("one_hot", numbers, most)
    rows = np.zeros((*numbers.shape, classes), dtype=dtype)
    np.put_along_axis(rows, numbers.astype(np.intp)[..., np.newaxis], 1, axis=-1)
    return rows


class LabelEncoder:
    """Translate any labels (strings, dates, numbers) to class numbers 0, 1, … and back.

    Args:
        labels: the labels to know; each distinct one becomes a class, in sorted order. All are of
            one type; None and NaN are no labels.

    Attributes:
        classes: (K,) the distinct labels, sorted.

    Raises:
        ValueError: for labels that are missing (None, NaN, not a time), or of types that have no
            order among them.

    Examples:
        >>> encoder = LabelEncoder(["dog", "cat", "dog"])
        >>> encoder.encode(["cat", "dog"]).tolist()
        [0, 1]
        >>> encoder.decode([1]).tolist()
        ['dog']
    """

    classes: Array

    def __init__(self, labels: TensorLike) -> None:
        classes, places = distinct_labels("LabelEncoder", "labels", labels)
        if places.ndim == 0:  # one text is a label, not a list of them
            raise ShapeError(f"LabelEncoder: labels must be an array, got {shown(labels)}")
        self.classes = classes

    def encode(self, labels: TensorLike) -> Array:
        """Class numbers (...) int64; an unknown label raises ValueError."""
        where = "LabelEncoder.encode"
        names, codes = distinct_labels(where, "labels", labels)
        places = {name: i for i, name in enumerate(self.classes.tolist())}
        if unknown := [name for name in names.tolist() if name not in places]:
            raise ValueError(f"{where}: labels never seen: {shown(unknown)}")
        numbers = np.array([places[name] for name in names.tolist()], dtype=np.int64)
        return np.asarray(numbers[codes])

    def decode(self, codes: TensorLike) -> Array:
        """The labels of class numbers (...)."""
        numbers = check_array("LabelEncoder.decode", "codes", codes, kinds="iu")
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
        axes = axis if isinstance(axis, tuple) else (axis,)
        self.axis = tuple(check_count("Standardizer", "axis", a, -64, 63) for a in axes)
        self.mean = None
        self.scale = None

    def fit(self, x: TensorLike) -> Standardizer:
        """Measure mean and deviation of the training data (n, ...); returns itself.

        Raises:
            ValueError: for data that are not finite, or lack an axis.
        """
        data = check_array("Standardizer.fit", "x", x)
        if data.ndim == 0 or data.shape[0] == 0:
            raise ShapeError(f"Standardizer: expected data (n, ...) with n >= 1, got {data.shape}")
        if not all(-data.ndim <= a < data.ndim for a in self.axis):
            raise ShapeError(f"Standardizer: axis {self.axis} is not in data {data.shape}")
        if not np.isfinite(data).all():
            raise ValueError(
                "Standardizer.fit: x holds NaN or infinity, which would make a whole feature NaN"
            )
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

    def transform(self, x: TensorLike) -> Array:
        """Standardise data of the fitted shape (any number of rows)."""
        data = check_array("Standardizer.transform", "x", x)
        mean, scale = self._fitted(data.shape)
        return np.asarray((data - mean) / scale)

    def inverse(self, z: TensorLike) -> Array:
        """The original data from standardised data."""
        data = check_array("Standardizer.inverse", "z", z)
        mean, scale = self._fitted(data.shape)
        return np.asarray(data * scale + mean)

    def state_dict(self) -> dict[str, Array]:
        """Mean and scale, to store beside a model."""
        mean, scale = self._fitted(None)
        return {"mean": mean.copy(), "scale": scale.copy()}

    def load_state_dict(self, state: Any) -> None:
        """Take over the mean and scale of another standardiser.

        Raises:
            StateDictError: if the state holds no mean and scale of one shape, all numbers finite
                and no scale 0; nothing is changed then.
        """
        where = "Standardizer.load_state_dict"
        if not isinstance(state, Mapping) or set(state) != {"mean", "scale"}:
            raise StateDictError(f"{where}: state must hold mean and scale, got {shown(state)}")
        try:
            mean, scale = (
                np.array(check_array(where, key, state[key])) for key in ("mean", "scale")
            )
        except (ShapeError, DTypeError) as error:
            raise StateDictError(str(error)) from None
        if mean.shape != scale.shape or not (np.isfinite(mean) & np.isfinite(scale)).all():
            raise StateDictError(f"{where}: mean and scale must be finite and of one shape")
        if (scale == 0).any():
            raise StateDictError(f"{where}: scale must not be 0")
        self.mean, self.scale = mean, scale

    def _fitted(self, shape: tuple[int, ...] | None) -> tuple[Array, Array]:
        if self.mean is None or self.scale is None:
            raise ValueError("Standardizer: call fit(training_data) first")
        if shape is None:
            return self.mean, self.scale
        if len(shape) != self.mean.ndim or any(
            one not in (1, size) for one, size in zip(self.mean.shape, shape, strict=True)
        ):
            raise ShapeError(
                f"Standardizer: the fitted mean has shape {self.mean.shape}, got data {shape}"
            )
        return self.mean, self.scale


def class_weights(
    labels: TensorLike, num_classes: int | None = None, *, smoothing: float = 0.0
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
        DTypeError: if the labels are not integers.
        ValueError: for a label out of range, or if a class has no sample and smoothing is 0.

    Examples:
        >>> class_weights([0, 0, 0, 0, 0, 0, 1, 1]).tolist()  # 8 / (2 · 6) and 8 / (2 · 2)
        [0.66..., 2.0]
    """
    where = "class_weights"
    numbers = check_array(where, "labels", labels, ndim=1, kinds="iu")
    smoothing = check_number(where, "smoothing", smoothing, 0)
    most = None if num_classes is None else check_count(where, "num_classes", num_classes)
    classes = _number_of_classes(where, numbers, most)
    counts = np.bincount(numbers.astype(np.intp), minlength=classes)
    if smoothing == 0 and (classes == 0 or counts.min() == 0):
        raise ValueError(
            f"class_weights: classes {np.flatnonzero(counts == 0).tolist()} have no sample; "
            "give smoothing > 0"
        )
    weights = (len(numbers) + classes * smoothing) / (classes * (counts + smoothing))
    return np.asarray(weights.astype(np.float32))


def _number_of_classes(where: str, numbers: Array, given: int | None) -> int:
    """How many classes there are: so many as are given, or else the largest number plus 1."""
    low, high = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, -1)
    if low < 0 or (given is not None and high >= given):
        end = "" if given is None else f" to {given - 1}"
        raise ValueError(f"{where}: labels must be from 0{end}, got values from {low} to {high}")
    return check_count(where, "the largest of labels", high, -1) + 1 if given is None else given
