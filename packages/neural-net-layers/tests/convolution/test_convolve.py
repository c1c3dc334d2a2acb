"""Every fast form of convolution against the plain one, on random sizes and options.

The sizes of cache blocks, products and threads are shrunk too, so that small arrays go through all
the seams that otherwise only large ones have.
"""

import numpy as np
import pytest

from neural_net_layers._geometry import Window
from neural_net_layers.convolution import _columns, _convolve, _cook_toom, _taps
from neural_net_layers.fast import products as _products
from neural_net_layers.fast import threads as _threads
from neural_net_layers.fast import units as _units


@pytest.fixture(params=["as it is", "many units", "tiny products", "three threads"])
def seams(request, monkeypatch):
    if request.param != "as it is":
        monkeypatch.setattr(_units, "_UNIT", 3000)
    if request.param == "tiny products":
        monkeypatch.setattr(_products, "SMALL_PRODUCT", 1500)
        monkeypatch.setattr(_products, "_TILE", 4)
    if request.param == "three threads":
        monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
        monkeypatch.setattr(_threads, "_threads", 3)
    for plans in (_columns._strips, _cook_toom._tiling):
        plans.cache_clear()
    yield
    for plans in (_columns._strips, _cook_toom._tiling):
        plans.cache_clear()


def random_case(rng, kind):
    """Return x, w, b, window and groups; `kind` is plain, options, groups or depthwise."""

    def pick(low, high, size=None):
        return rng.integers(low, high + 1, size=size).tolist()

    while True:
        groups = 1 if kind in ("plain", "options") else pick(2, 4)
        channels = groups * (1 if kind == "depthwise" else pick(1, 12))
        out = groups * pick(1, 6)
        kernel = tuple(pick(1, 5, 2))
        stride = dilation = (1, 1)
        if kind != "plain":
            stride, dilation = tuple(pick(1, 3, 2)), tuple(pick(1, 3, 2))
        padding = tuple(tuple(pair) for pair in pick(0, 3, (2, 2)))
        window = Window(kernel, stride, padding, dilation)
        size = pick(1, 14, 2)
        if min(window.places(tuple(size))) >= 1:
            break
    x = rng.normal(size=(pick(1, 5), channels, *size))
    if pick(0, 1):
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return (
        x,
        rng.normal(size=(out, channels // groups, *kernel)),
        rng.normal(size=out),
        window,
        groups,
    )


@pytest.mark.parametrize("kind", ["plain", "options", "groups", "depthwise"])
def test_values_and_gradients_equal_those_of_the_plain_form(kind, seams):
    rng = np.random.default_rng(2)
    for _ in range(40):
        x, w, b, window, groups = random_case(rng, kind)
        y = _taps.correlate(x, w, b, window, groups)
        label = f"x {x.shape}, w {w.shape}, {window}, {groups} groups"
        found = _convolve.correlate(x, w, b, window, groups)
        np.testing.assert_allclose(found, y, atol=1e-10, err_msg=label)
        found = _convolve.correlate(x, w, None, window, groups)
        np.testing.assert_allclose(found, y - b[:, None, None], atol=1e-10, err_msg=label)
        dy = rng.normal(size=y.shape)
        dw, db = _convolve.weight_gradient(x, dy, window, groups)
        expected = _taps.weight_gradient(x, dy, window, groups)
        np.testing.assert_allclose(dw, expected, atol=1e-10, err_msg=label)
        np.testing.assert_allclose(db, dy.sum(axis=(0, 2, 3)), atol=1e-10, err_msg=label)
        dx = _convolve.input_gradient(dy, w, window, groups, x.shape[2:])
        expected = _taps.input_gradient(dy, w, window, groups, x.shape[2:])
        np.testing.assert_allclose(dx, expected, atol=1e-10, err_msg=label)


def test_wide_layers_whose_products_are_not_small(monkeypatch):
    """Too many channels for small products: one large product each."""
    monkeypatch.setattr(_products, "SMALL_PRODUCT", 50)
    for plans in (_columns._strips, _cook_toom._tiling):
        plans.cache_clear()
    rng = np.random.default_rng(3)
    for stride in ((1, 1), (2, 1)):
        window = Window((3, 3), stride, ((1, 1), (1, 1)))
        x, w = rng.normal(size=(2, 17, 6, 5)), rng.normal(size=(19, 17, 3, 3))
        y = _taps.correlate(x, w, None, window, 1)
        dy = rng.normal(size=y.shape)
        plan = (
            _cook_toom._tiling((2, 6, 5, 17), x.dtype, 19, window, by_columns=False)
            if stride == (1, 1)
            else _columns._strips((2, 6, 5, 17), x.dtype, 19, window, 1, summed=False)
        )
        assert not plan.blocks.small
        assert plan.parts == 1
        np.testing.assert_allclose(_convolve.correlate(x, w, None, window, 1), y, atol=1e-10)
        dw, _ = _convolve.weight_gradient(x, dy, window, 1)
        np.testing.assert_allclose(dw, _taps.weight_gradient(x, dy, window, 1), atol=1e-10)
        dx = _convolve.input_gradient(dy, w, window, 1, (6, 5))
        expected = _taps.input_gradient(dy, w, window, 1, (6, 5))
        np.testing.assert_allclose(dx, expected, atol=1e-10)
    for plans in (_columns._strips, _cook_toom._tiling):
        plans.cache_clear()


@pytest.mark.parametrize("most", [1, 2000, 4000])
def test_long_rows_are_cut_for_the_transforms(monkeypatch, most):
    """The row's length is rounded up to what the cuts divide; the border takes the rest."""
    monkeypatch.setattr(_cook_toom, "SMALL_PRODUCT", most)
    _cook_toom._tiling.cache_clear()
    rng = np.random.default_rng(3)
    x, w, b = rng.normal(size=(2, 9, 7, 12)), rng.normal(size=(10, 9, 3, 3)), rng.normal(size=10)
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    y = _taps.correlate(x, w, b, window, 1)
    assert _cook_toom._tiling((2, 7, 12, 9), x.dtype, 10, window, by_columns=False).cuts > 1
    np.testing.assert_allclose(_convolve.correlate(x, w, b, window, 1), y, atol=1e-12)
    dw, _ = _convolve.weight_gradient(x, y, window, 1)
    np.testing.assert_allclose(dw, _taps.weight_gradient(x, y, window, 1), rtol=1e-12, atol=1e-10)
    _cook_toom._tiling.cache_clear()


@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7, 9])
def test_float32_loses_no_more_digits_than_a_sum_of_products_may(kernel):
    rng = np.random.default_rng(4)
    window = Window((kernel, kernel), padding=((kernel // 2,) * 2,) * 2)
    x = rng.normal(size=(2, 64, 17, 16))
    w = rng.normal(size=(32, 64, kernel, kernel)) / (8 * kernel)
    exact = _taps.correlate(x, w, None, window, 1)
    found = _convolve.correlate(x.astype("f4"), w.astype("f4"), None, window, 1)
    assert found.dtype == np.float32
    assert np.abs(found - exact).max() < 8e-6 * np.abs(exact).max()


def test_results_lie_channels_last_for_the_next_layer():
    rng = np.random.default_rng(5)
    for channels, stride in ((1, 1), (16, 1), (16, 2)):
        window = Window((3, 3), (stride, stride), ((1, 1), (1, 1)))
        x, w = rng.normal(size=(2, channels, 8, 7)), rng.normal(size=(6, channels, 3, 3))
        y = _convolve.correlate(x, w, None, window, 1)
        assert y.transpose(0, 2, 3, 1).flags.c_contiguous


class Foreign(np.ndarray):
    """An array of another library, as far as NumPy's protocol goes."""


def test_arrays_of_other_libraries_take_the_plain_form_and_stay_theirs():
    rng = np.random.default_rng(6)
    x, w = rng.normal(size=(2, 9, 5, 4)).view(Foreign), rng.normal(size=(3, 9, 2, 2)).view(Foreign)
    window = Window((2, 2))
    y = _convolve.correlate(x, w, None, window, 1)
    dw, db = _convolve.weight_gradient(x, y, window, 1)
    dx = _convolve.input_gradient(y, w, window, 1, (5, 4))
    assert all(isinstance(array, Foreign) for array in (y, dw, db, dx))
    plain = _convolve.correlate(np.asarray(x), np.asarray(w), None, window, 1)
    np.testing.assert_allclose(np.asarray(y), plain, atol=1e-12)


def test_scratch_memory_of_one_convolution_does_not_show_in_the_next():
    """A small problem after a large one finds old numbers in its buffers."""
    rng = np.random.default_rng(7)
    for channels in (2, 9):
        large = rng.normal(size=(4, channels, 12, 12)) * 1e6
        small, w = rng.normal(size=(1, channels, 4, 3)), rng.normal(size=(5, channels, 3, 3))
        window = Window((3, 3), padding=((1, 1), (1, 1)))
        dy = rng.normal(size=(1, 5, 4, 3))
        large[0, 0, 0, 0] = np.nan
        _convolve.correlate(large, w, None, window, 1)
        y = _convolve.correlate(small, w, None, window, 1)
        _convolve.weight_gradient(large, rng.normal(size=(4, 5, 12, 12)), window, 1)
        dw, _ = _convolve.weight_gradient(small, dy, window, 1)
        np.testing.assert_allclose(y, _taps.correlate(small, w, None, window, 1), atol=1e-10)
        expected = _taps.weight_gradient(small, dy, window, 1)
        np.testing.assert_allclose(dw, expected, atol=1e-10)
