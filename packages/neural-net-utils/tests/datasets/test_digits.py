"""The shipped digits: contents, split, layouts."""

import hashlib
from importlib import resources

import numpy as np
import pytest

from neural_net_utils.datasets import digits
from neural_net_utils.datasets.digits import load_digits


def test_contents_are_the_published_ones():
    """Counts per digit, range and the first image, as the UCI test part has them."""
    images, labels = load_digits(raw=True)
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert labels[:10].tolist() == list(range(10))


def test_split_is_fixed_stratified_and_disjoint():
    """Train and test together are the whole file, each row once, each digit in proportion."""
    whole, train, test = (load_digits(s) for s in (None, "train", "test"))
    assert len(train.labels) == 1437
    assert len(test.labels) == 360
    assert np.bincount(test.labels).tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]
    rows = np.concatenate([train.images, test.images])
    assert sorted(r.tobytes() for r in rows) == sorted(r.tobytes() for r in whole.images)


def test_layouts_hold_the_same_numbers():
    """Flat, image and raw differ in shape and scale only; the scaling is exact."""
    flat = load_digits("test").images
    image = load_digits("test", layout="image").images
    raw = load_digits("test", raw=True).images
    assert flat.shape == (360, 64)
    assert image.shape == (360, 1, 8, 8)
    assert flat.dtype == image.dtype == np.float32
    assert np.array_equal(flat.reshape(image.shape), image)
    assert np.array_equal(image[:, 0] * 16, raw)


def test_data_sheet_matches_the_file():
    """The README beside the file names its checksum and licence."""
    folder = resources.files("neural_net_utils") / "data"
    sheet = (folder / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256((folder / "digits.npz").read_bytes()).hexdigest() in sheet
    assert digits.SHA256 in sheet
    assert "CC BY 4.0" in sheet


def test_a_changed_file_is_refused(monkeypatch):
    """A checksum that does not match stops the load."""
    monkeypatch.setattr(digits, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="checksum"):
        load_digits()


def test_bad_arguments_are_named():
    """Typos in split and layout say what is allowed."""
    with pytest.raises(ValueError, match="split must be 'train', 'test' or None, got 'valid'"):
        load_digits("valid")
    with pytest.raises(ValueError, match="layout must be 'flat' or 'image', got 'nhwc'"):
        load_digits(layout="nhwc")
