"""The UCI 8×8 handwritten digits: 1,797 images of 13 writers, shipped with the package.

Source, licence (CC BY 4.0), checksum and data sheet stand in `data/README.md` beside the file.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Literal, NamedTuple

import numpy as np

from neural_net_core.checks import check_flag, check_word
from neural_net_core.dtypes import Array

__all__ = ["Digits", "load_digits"]

SHA256 = "aa88c590b6a23c796271c3d9d496206b2a24fcde41c4378749a6732edd29b26b"


class Digits(NamedTuple):
    """Images and labels; unpacks as `x, y = load_digits("train")`.

    Attributes:
        images: (n, 64), (n, 1, 8, 8) or, raw, (n, 8, 8).
        labels: (n,) int64, 0 to 9.
    """

    images: Array
    labels: Array


def load_digits(
    split: Literal["train", "test"] | None = None,
    *,
    layout: Literal["flat", "image"] = "flat",
    raw: bool = False,
) -> Digits:
    """Load the handwritten digits, whole or one part of the fixed split.

    The split is 1,437 for training and 360 for testing, stratified by digit and stored in the
    file. The same 13 people wrote both parts (it all is UCI's *test* part; UCI trains on 30 other
    people), so test figures are optimistic for new writers; the data sheet says how much.

    Args:
        split: "train" (1,437 images), "test" (360), or None for all 1,797; always in file order.
        layout: "flat" gives (n, 64), for dense layers; "image" (n, 1, 8, 8), for convolutions.
        raw: the file's own numbers, uint8 from 0 to 16 in (n, 8, 8); otherwise float32
            from 0 to 1 (the numbers divided by 16, which is exact).

    Returns:
        Images and labels, fresh arrays.

    Raises:
        ValueError: for an unknown split or layout, or if the file does not match its checksum.

    Examples:
        >>> x, y = load_digits("train")
        >>> x.shape, x.dtype, y.shape
        ((1437, 64), dtype('float32'), (1437,))
        >>> load_digits(raw=True).images[0, 2].tolist()
        [0, 3, 15, 2, 0, 11, 8, 0]
    """
    check_word("load_digits", "split", split, ("train", "test", None))
    check_word("load_digits", "layout", layout, ("flat", "image"))
    check_flag("load_digits", "raw", raw)
    images, labels, test_rows = _read()
    if split is not None:
        in_test = np.zeros(len(labels), dtype=bool)
        in_test[test_rows] = True
        rows = in_test if split == "test" else ~in_test
        images, labels = images[rows], labels[rows]
    if not raw:
        shape = (len(images), 64) if layout == "flat" else (len(images), 1, 8, 8)
        images = (images / np.float32(16)).reshape(shape)
    return Digits(images, labels.astype(np.int64))


def _read() -> tuple[Array, Array, Array]:
    """The three arrays of the file, checked against the checksum."""
    path = resources.files("neural_net_utils") / "data" / "digits.npz"
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        images, labels, rows = (archive[name] for name in ("images", "labels", "test_rows"))
    content = images.tobytes() + labels.tobytes() + rows.astype("<i2").tobytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{path} does not match its checksum: reinstall neural-net-utils")
    return images, labels, rows
