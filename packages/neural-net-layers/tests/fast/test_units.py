"""Cutting a batch into pieces that fit into the cache."""

import numpy as np
import pytest

from neural_net_layers.fast import units as _units
from neural_net_layers.fast.units import copy_rows, plan_units, scratch


@pytest.mark.parametrize("batch", [0, 1, 5, 64])
@pytest.mark.parametrize("strips", [1, 7])
@pytest.mark.parametrize("strip_bytes", [10, 300_000, 10**7])
@pytest.mark.parametrize("parts", [1, 2])
def test_units_cover_every_strip_of_every_image_once(batch, strips, strip_bytes, parts):
    images, each, units = plan_units(batch, strips, strip_bytes, parts)
    seen = np.zeros((batch, strips), int)
    for image, strip in units:
        seen[image : image + images, strip : strip + each] += 1
    assert (seen == 1).all()
    assert images * each == 1 or images * each * strip_bytes <= _units._UNIT
    if strip_bytes == 10:
        assert len(units) == min(parts, batch)


def test_scratch_arrays_do_not_overlap_and_their_memory_is_kept():
    a, b = scratch(np.dtype("f4"), (3, 5), (7,))
    a[...], b[...] = 1, 2
    assert (a == 1).all()
    again, _ = scratch(np.dtype("f4"), (3, 5), (7,))
    assert np.shares_memory(a, again)
    assert a.ctypes.data % 64 == b.ctypes.data % 64 == 0


def test_very_large_scratch_memory_is_not_kept():
    size = _units._KEPT + 1
    (a,) = scratch(np.dtype("u1"), (size,))
    (b,) = scratch(np.dtype("u1"), (size,))
    assert not np.shares_memory(a, b)


def test_rows_outside_of_the_image_become_zeros():
    x = np.arange(1.0, 13.0).reshape(1, 3, 2, 2)
    buffer = np.full((2, 5, 4, 2), np.nan)
    buffer[:, :, [0, 3]] = 0
    copy_rows(buffer, x, -1, 1)
    assert (buffer[0, 1:4, 1:3] == x[0]).all()
    assert (buffer[0, [0, 4]] == 0).all()
    assert (buffer[1] == 0).all()
