"""one_hot, LabelEncoder, Standardizer, class_weights."""

import math

import numpy as np
import pytest

from neural_net_core.errors import DTypeError, ShapeError, StateDictError
from neural_net_utils.loading.preprocessing import (
    LabelEncoder,
    Standardizer,
    class_weights,
    one_hot,
)
from neural_net_utils.loading.split import k_fold, train_test_split


def test_one_hot_any_shape():
    """Rows of the identity, for labels of any shape; empty batches keep their classes."""
    labels = np.array([[0, 2], [1, 1]])
    assert np.array_equal(one_hot(labels, 4), np.eye(4, dtype=np.float32)[labels])
    assert one_hot(labels).shape == (2, 2, 3)
    assert one_hot(np.array([], dtype=int), 3).shape == (0, 3)
    assert one_hot(np.array([], dtype=int)).shape == (0, 0)
    assert one_hot([1], 2, dtype=np.float64).dtype == np.float64
    assert one_hot(np.uint8([255]), 256)[0, 255] == 1


def test_one_hot_refuses_other_labels():
    """Negative, too large and floating labels."""
    with pytest.raises(ValueError, match="from 0 to 2, got values from -1 to 1"):
        one_hot([-1, 1], 3)
    with pytest.raises(ValueError, match="from 0 to 2, got values from 0 to 3"):
        one_hot([0, 3], 3)
    with pytest.raises(DTypeError, match="labels must be integers"):
        one_hot([0.0, 1.0])


@pytest.mark.parametrize("function", [one_hot, class_weights])
def test_the_error_about_labels_names_those_that_came(function):
    """And not how many classes they would make."""
    where = f"{function.__name__}: "
    with pytest.raises(ValueError, match=where + "labels must be from 0, got values from -5 to -5"):
        function([-5])
    with pytest.raises(ValueError, match=where + "labels must be from 0, got values from -1 to 3"):
        function([-1, 3])
    with pytest.raises(ValueError, match=rf"{where}the largest of labels .*, got {2**63 + 1}$"):
        function(np.array([2**63 + 1], dtype=np.uint64))


def test_label_encoder_round_trip():
    """encode and decode are inverse; unknown labels and numbers are named."""
    encoder = LabelEncoder(["b", "a", "c", "a"])
    codes = encoder.encode(["c", "a"])
    assert codes.tolist() == [2, 0]
    assert codes.dtype == np.int64
    assert encoder.decode(codes).tolist() == ["c", "a"]
    with pytest.raises(ValueError, match=r"never seen: \['zebra'\]"):
        encoder.encode(["a", "zebra"])
    with pytest.raises(ValueError, match="from 0 to 2"):
        encoder.decode([3])
    with pytest.raises(ValueError, match="from 0 to 2, got values from 0 to 3"):
        encoder.decode([0, 3])
    with pytest.raises(ValueError, match="from 0 to 2, got values from -1 to 2"):
        encoder.decode([2, -1])
    assert encoder.decode(np.array([], dtype=int)).tolist() == []


def test_standardizer_uses_the_training_data_only():
    """Train becomes mean 0, variance 1; test uses train's numbers; inverse undoes it."""
    rng = np.random.default_rng(0)
    train = rng.normal(5, 3, size=(500, 4)).astype(np.float32)
    test = rng.normal(9, 1, size=(50, 4)).astype(np.float32)
    scaler = Standardizer().fit(train)
    z = scaler.transform(train)
    assert z.dtype == np.float32
    assert np.allclose(z.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(z.std(axis=0), 1, atol=1e-5)
    assert np.allclose(scaler.transform(test), (test - train.mean(0)) / train.std(0), atol=1e-5)
    assert np.allclose(scaler.inverse(scaler.transform(test)), test, atol=1e-5)


def test_standardizer_constant_features_and_channels():
    """A constant feature becomes 0, not NaN; channels of images share one scale."""
    x = np.array([[1.0, 0.1], [3.0, 0.1], [5.0, 0.1]])
    assert np.abs(Standardizer().fit(x).transform(x)[:, 1]).max() < 1e-15
    zeros = Standardizer().fit(np.zeros((3, 2)))
    assert zeros.scale.tolist() == [[1, 1]]
    assert zeros.transform([[0.0, 2.0]]).tolist() == [[0, 2]]
    images = np.random.default_rng(0).random((10, 3, 4, 4))
    scaler = Standardizer(axis=(0, 2, 3)).fit(images)
    assert scaler.mean.shape == (1, 3, 1, 1)
    assert np.allclose(scaler.transform(images).std(axis=(0, 2, 3)), 1)
    integers = Standardizer().fit(np.array([[0], [4]]))
    assert integers.transform(np.array([[4]])).tolist() == [[1.0]]


def test_standardizer_state_and_errors():
    """State travels; use before fit and wrong widths say so."""
    x = np.random.default_rng(0).random((10, 3))
    scaler, other = Standardizer().fit(x), Standardizer()
    assert other.mean is None and other.scale is None
    with pytest.raises(ValueError, match="call fit"):
        other.transform(x)
    other.load_state_dict(scaler.state_dict())
    assert np.array_equal(other.transform(x), scaler.transform(x))
    with pytest.raises(ShapeError, match=r"mean has shape \(1, 3\), got data \(10, 2\)"):
        scaler.transform(x[:, :2])
    with pytest.raises(ShapeError, match="n >= 1"):
        scaler.fit(np.ones((0, 3)))
    with pytest.raises(ValueError, match="must hold mean and scale"):
        other.load_state_dict({"mean": x})


@pytest.mark.parametrize(("axis", "there"), [(-3, False), (-2, True), (1, True), (2, False)])
def test_an_axis_may_be_counted_from_the_end(axis, there):
    x = np.arange(6.0).reshape(2, 3)
    scaler = Standardizer(axis=axis)
    if there:
        assert np.array_equal(scaler.fit(x).mean, x.mean(axis=axis, keepdims=True))
    else:
        with pytest.raises(ShapeError, match=rf"axis \({axis},\) is not in data \(2, 3\)"):
            scaler.fit(x)


def test_class_weights_balance():
    """Weighted counts are equal for all classes and sum to n; smoothing tends to 1."""
    labels = np.array([0] * 70 + [1] * 20 + [2] * 10)
    weights = class_weights(labels)
    assert weights.dtype == np.float32
    assert np.allclose(weights * np.bincount(labels), 100 / 3)
    assert np.allclose(class_weights(labels, smoothing=1e9), 1)
    assert class_weights(labels, 4, smoothing=1).argmax() == 3
    assert class_weights(np.array([], dtype=int), 1, smoothing=1).tolist() == [1]
    assert class_weights(np.array([], dtype=int), smoothing=1).shape == (0,)


def test_class_weights_errors():
    """An absent class has no finite weight."""
    with pytest.raises(ValueError, match=r"classes \[1, 3\] have no sample"):
        class_weights([0, 2], 4)
    with pytest.raises(ValueError, match=r"classes \[\] have no sample"):
        class_weights(np.array([], dtype=int))
    assert class_weights([0, 0]).tolist() == [1]
    with pytest.raises(ValueError, match="from 0 to 1, got values from 0 to 2"):
        class_weights([0, 2], 2)
    with pytest.raises(DTypeError, match="labels must be integers"):
        class_weights([0.5])
    with pytest.raises(ValueError, match="smoothing must be a finite number >= 0"):
        class_weights([0, 1], smoothing=-1)


MISSING = {
    "None in texts": ["a", None],
    "None in numbers": [1, None],
    "NaN in numbers": [1.0, math.nan],
    "NaN among texts": ["a", math.nan],
    "NaN in objects": np.array(["a", math.nan], dtype=object),
    "a NaN of NumPy": ["a", np.float32("nan")],
    "no time": np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"),
    "only None": [None, None],
    "types without an order": ["a", 1, ("b",)],
    "unhashable": np.array([{}, {}], dtype=object),
}


@pytest.mark.parametrize("labels", MISSING.values(), ids=MISSING)
def test_labels_that_are_none_are_refused_wherever_labels_are_taken(labels):
    """None and NaN are equal to nothing: each would be a class of its own, or of all."""
    rows = np.arange(len(labels))
    if len(labels) == 3:
        labels = np.array([*labels, None], dtype=object)[:3]
    for name, call in {
        "labels": lambda: LabelEncoder(labels),
        "stratify": lambda: train_test_split(rows, test_size=1, stratify=labels),
        "groups": lambda: train_test_split(rows, test_size=1, groups=labels),
    }.items():
        with pytest.raises(ValueError, match=rf": {name} (hold|must be)"):
            call()
    with pytest.raises(ValueError, match=r"encode: (labels (hold|must be)|labels never seen)"):
        LabelEncoder(["a", "b"]).encode(labels)
    for name in ("stratify", "groups"):
        with pytest.raises(ValueError, match=rf"k_fold: {name} (hold|must be)"):
            k_fold(len(labels), 2, **{name: labels})


@pytest.mark.parametrize("labels", [[-1, 0], [0, 3], [0.0, 1.0], [None], [[0], [1]], ["a"], [True]])
def test_what_are_no_class_numbers_is_refused_by_name(labels):
    for function in (class_weights, one_hot):
        if function is one_hot and np.ndim(labels) == 2:
            continue  # any shape
        with pytest.raises((ValueError, TypeError), match=rf"{function.__name__}: labels must"):
            function(labels, 2)


@pytest.mark.parametrize(
    "state",
    [
        *(None, [], {}, {"mean": [0.0]}, {"mean": [0.0], "scale": [1.0], "more": [1.0]}),
        {"mean": [[0.0]], "scale": [[0.0]]},
        {"mean": [[0.0]], "scale": [[math.nan]]},
        {"mean": [[0.0, math.nan]], "scale": [[1.0, 1.0]]},
        {"mean": [[0.0, 1.0]], "scale": [[1.0, math.inf]]},
        {"mean": [[None]], "scale": [[1.0]]},
        {"mean": [[0.0]], "scale": [1.0]},
        {"mean": "a", "scale": [1.0]},
    ],
)
def test_a_state_that_is_none_leaves_the_standardizer_as_it_was(state):
    scaler = Standardizer().fit([[0.0], [2.0]])
    before = scaler.state_dict()
    with pytest.raises(StateDictError, match="Standardizer"):
        scaler.load_state_dict(state)
    assert all(np.array_equal(before[key], value) for key, value in scaler.state_dict().items())


@pytest.mark.parametrize("bad", [[[math.nan], [1.0]], [[math.inf], [1.0]]])
def test_a_standardizer_is_not_fitted_to_what_is_not_finite(bad):
    scaler = Standardizer()
    with pytest.raises(ValueError, match=r"Standardizer.fit: x holds NaN or infinity"):
        scaler.fit(bad)
    assert scaler.mean is None


@pytest.mark.parametrize("labels", ["cat", 3, object(), len, np.array("cat"), {"cat"}])
def test_one_label_is_no_list_of_labels(labels):
    with pytest.raises(ValueError, match=r"LabelEncoder: labels must be"):
        LabelEncoder(labels)
    assert LabelEncoder(["cat", "dog"]).encode("dog").tolist() == 1
