"""Upsampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, default_dtype
from neural_net_layers import Upsample, upsample
from neural_net_layers.pooling._resample import ResampleOp
from neural_net_layers.pooling.upsample import RepeatPixelsOp


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def line(values, **options):
    """Upsample one row of pixels."""
    return upsample([[[values]]], **options).data[0, 0, 0].tolist()


def test_nearest_repeats_pixels():
    x = Tensor([[[[1.0, 2.0], [3.0, 4.0]]]], requires_grad=True)
    y = upsample(x, scale_factor=(2, 3))
    top, bottom = [1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]
    assert y.data.tolist() == [[[top, top, bottom, bottom]]]
    assert isinstance(y.node, RepeatPixelsOp)
    y.backward(np.arange(24.0).reshape(1, 1, 4, 6))
    assert x.grad.tolist() == [[[[0 + 1 + 2 + 6 + 7 + 8, 42], [96, 114]]]]


@pytest.mark.parametrize("order", ["channels first", "channels last"])
def test_nearest_is_the_same_in_both_memory_orders_and_by_both_operations(order):
    x = numbers(2, 3, 4, 5)
    if order == "channels last":
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    with default_dtype(np.float64):
        y = upsample(x, scale_factor=(3, 2)).data
    assert (y == x.repeat(3, axis=2).repeat(2, axis=3)).all()
    eye = [np.eye(n).repeat(f, axis=0) for n, f in ((4, 3), (5, 2))]
    assert (ResampleOp.apply(x, *eye).data == y).all()


def test_nearest_to_a_size_that_is_no_multiple_takes_the_pixel_to_the_left():
    assert line([1.0, 2.0, 3.0], size=(1, 5)) == [1, 1, 2, 2, 3]
    assert line([1.0, 2.0, 3.0, 4.0], size=(1, 3)) == [1, 2, 3]
    assert line([1.0, 2.0, 3.0], scale_factor=(1, 1.5)) == [1, 1, 2, 3]


def test_a_factor_that_comes_to_twice_the_size_repeats_evenly():
    """As PyTorch has it; by the factor itself the first pixel would stand there three times."""
    assert line([1.0, 2.0, 3.0], scale_factor=(1, 2.1)) == [1, 1, 2, 2, 3, 3]


def test_bilinear_places_go_by_the_factor_where_one_is_given():
    """Four pixels of three, of which each is ⅔ wide, and not ¾."""
    found = line([0.0, 6.0, 12.0], scale_factor=(1, 1.5), mode="bilinear")
    np.testing.assert_allclose(found, [0, 3, 7, 11], rtol=1e-6)
    found = line([0.0, 6.0, 12.0], size=(1, 4), mode="bilinear")
    np.testing.assert_allclose(found, [0, 3.75, 8.25, 12], rtol=1e-6)


def test_bilinear_lets_borders_or_middles_coincide():
    assert line([0.0, 4.0], size=(1, 4), mode="bilinear") == [0, 1, 3, 4]
    assert line([0.0, 3.0], size=(1, 4), mode="bilinear", align_corners=True) == [0, 1, 2, 3]
    assert line([2.0, 6.0], size=(1, 1), mode="bilinear") == [4]
    assert line([2.0, 6.0], size=(1, 1), mode="bilinear", align_corners=True) == [2]


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(1, 7)] * 2), st.tuples(*[st.integers(1, 12)] * 2), st.booleans())
def test_bilinear_keeps_a_constant_and_stays_within_the_range(size, out, align):
    x = numbers(2, 2, *size)
    with default_dtype(np.float64):
        y = upsample(x, out, mode="bilinear", align_corners=align).data
        ones = upsample(np.ones_like(x), out, mode="bilinear", align_corners=align).data
    np.testing.assert_allclose(ones, 1, atol=1e-12)
    assert y.shape == (2, 2, *out)
    assert y.max() <= x.max() + 1e-12
    assert y.min() >= x.min() - 1e-12


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(2, 7)] * 2), st.tuples(*[st.integers(2, 12)] * 2))
def test_bilinear_with_aligned_corners_is_exact_on_a_slope(size, out):
    rows, columns = (np.linspace(0, 1, n) for n in size)
    image = (2 * rows[:, None] - 3 * columns)[None, None]
    with default_dtype(np.float64):
        y = upsample(image, out, mode="bilinear", align_corners=True).data[0, 0]
    rows, columns = (np.linspace(0, 1, n) for n in out)
    np.testing.assert_allclose(y, 2 * rows[:, None] - 3 * columns, atol=1e-12)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_the_same_size_is_the_same_image(mode):
    x = numbers(1, 2, 3, 4)
    with default_dtype(np.float64):
        for options in ({"size": (3, 4)}, {"scale_factor": 1.1}):
            np.testing.assert_allclose(upsample(x, mode=mode, **options).data, x, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "expected either size or scale_factor, got None and None"),
        ({"size": 2, "scale_factor": 2}, "expected either size or scale_factor, got 2 and 2"),
        ({"size": 0}, "size must be an int >= 1"),
        ({"scale_factor": -1}, "scale_factor to be a positive number"),
        ({"scale_factor": (1, 2, 3)}, "scale_factor to be a positive number"),
        ({"scale_factor": "2"}, "scale_factor to be a positive number"),
        ({"size": 2, "mode": "cubic"}, "mode must be 'nearest' or 'bilinear', got 'cubic'"),
        ({"size": 2, "align_corners": False}, "align_corners says nothing with mode='nearest'"),
    ],
)
def test_bad_options_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        Upsample(**options)


def test_errors_name_the_layer_and_the_size():
    with pytest.raises(ShapeError, match=r"^Upsample: expected input \(B, C, H, W\), got \(4, 4\)"):
        Upsample(2)(np.zeros((4, 4)))
    with pytest.raises(ShapeError, match=r"^Upsample: nothing is left of the output, 0×1 for"):
        Upsample(scale_factor=0.4)(np.zeros((1, 1, 2, 3)))
