"""Every fast way of convolution against the textbook form, on random sizes and options.

The sizes of cache blocks, products and threads are shrunk too, so that small arrays go through all
the seams that otherwise only large ones have.
"""

import numpy as np
import pytest

from neural_net_layers import Conv2D
from neural_net_layers._geometry import Window
from neural_net_layers.convolution.conv2d import Conv2DOp
from neural_net_layers.fast import products as _products
from neural_net_layers.fast import threads as _threads
from neural_net_layers.fast import units as _units
from neural_net_layers.fast.convolution import columns, convolve, cook_toom, depthwise


@pytest.fixture(autouse=True)
def few(request, monkeypatch):
    """The sizes here are those of few places; unless a test asks for that, they count as many."""
    if not getattr(request, "param", False):
        monkeypatch.setattr(convolve, "_FEW", -1)
        monkeypatch.setattr(convolve, "_FEW_SEEN", -1)


@pytest.fixture(
    params=["as it is", "many units", "tiny products", "many products", "three threads"]
)
def seams(request, monkeypatch):
    if request.param not in ("as it is", "many products"):
        monkeypatch.setattr(_units, "_UNIT", 3000)
    if request.param in ("tiny products", "many products"):  # of small units, or of large ones
        monkeypatch.setattr(_products, "SMALL_PRODUCT", 1500)
        monkeypatch.setattr(_products, "_TILE", 4)
    if request.param == "three threads":
        monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
        monkeypatch.setattr(_threads, "_threads", 3)
    for plans in (columns._strips, cook_toom._tiling):
        plans.cache_clear()
    yield
    for plans in (columns._strips, cook_toom._tiling):
        plans.cache_clear()


class Textbook:
    """What the formula gives for x, w and bias."""

    def __init__(self, x, w, b, window, groups):
        self.op = Conv2DOp(window, groups)
        self.y = self.op.forward(x, w, b)

    def gradients(self, dy):
        return self.op.backward(dy)


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
def test_values_and_gradients_equal_those_of_the_textbook_form(kind, seams):
    rng = np.random.default_rng(2)
    for _ in range(40):
        x, w, b, window, groups = random_case(rng, kind)
        expected = Textbook(x, w, b, window, groups)
        y = expected.y
        label = f"x {x.shape}, w {w.shape}, {window}, {groups} groups"
        found = convolve.correlate(x, w, b, window, groups)
        np.testing.assert_allclose(found, y, atol=1e-10, err_msg=label)
        found = convolve.correlate(x, w, None, window, groups)
        np.testing.assert_allclose(found, y - b[:, None, None], atol=1e-10, err_msg=label)
        dy = rng.normal(size=y.shape)
        found = (
            convolve.input_gradient(dy, w, window, groups, x.shape[2:]),
            *convolve.weight_gradient(x, dy, window, groups),
        )
        for mine, theirs in zip(found, expected.gradients(dy), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-10, err_msg=label)


@pytest.mark.parametrize(
    ("channels", "out", "groups", "stride", "form", "backward"),
    [
        (2, 2, 2, 1, depthwise, depthwise),
        (3, 6, 3, 2, depthwise, depthwise),
        (8, 8, 1, 1, cook_toom, cook_toom),
        (8, 7, 1, 1, cook_toom, columns),
        (1, 8, 1, 1, columns, cook_toom),
        (7, 8, 1, 1, columns, cook_toom),
        (16, 8, 1, 2, columns, columns),
        (16, 8, 2, 1, columns, columns),
    ],
)
def test_every_form_is_taken_where_it_is_fastest(
    channels, out, groups, stride, form, backward, monkeypatch
):
    taken = []
    for other in (columns, cook_toom, depthwise):
        for name in ("correlate", "weight_gradient", "input_gradient"):
            real = getattr(other, name, None)
            monkeypatch.setattr(
                other,
                name,
                lambda *args, _other=other, _real=real: (taken.append(_other), _real(*args))[1],
                raising=False,
            )
    window = Window((3, 3), (stride, stride), ((1, 1), (1, 1)))
    x, w = np.ones((2, channels, 6, 5)), np.ones((out, channels // groups, 3, 3))
    dy = convolve.correlate(x, w, None, window, groups)
    convolve.weight_gradient(x, dy, window, groups)
    convolve.input_gradient(dy, w, window, groups, (6, 5))
    assert taken == [form, form, backward]


@pytest.mark.parametrize("few", [True], indirect=True)
@pytest.mark.parametrize("kind", ["plain", "options", "groups", "depthwise"])
def test_a_kernel_as_it_lies_gives_the_same(kind, few, monkeypatch):
    """In training too, and where x, or the kernel turned around, lies in another order."""
    for other in (columns, cook_toom, depthwise):
        monkeypatch.setattr(other, "correlate", None)
    monkeypatch.setattr(convolve, "_FEW", 10_000)
    rng = np.random.default_rng(2)
    for _ in range(40):
        x, w, b, window, groups = random_case(rng, kind)
        expected = Textbook(x, w, b, window, groups).y
        for bias, y in ((b, expected), (None, expected - b[:, None, None])):
            found = convolve.correlate(x, w, bias, window, groups)
            np.testing.assert_allclose(found, y, atol=1e-10)
        turned = np.ascontiguousarray(w[:, :, ::-1, ::-1])[:, :, ::-1, ::-1]
        found = convolve.correlate(x, turned, b, window, groups)
        np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("few", [True], indirect=True)
def test_a_kernel_of_one_place_that_gives_the_image_its_size_by_a_border(few):
    """Stride 2 over 3 rows within a border of 1 gives 3 rows again, which are others."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 2, 3, 3)), rng.normal(size=(4, 2, 1, 1))
    for stride, border in (((1, 1), 0), ((2, 2), 1), ((2, 1), 1)):
        window = Window((1, 1), stride, ((border, border), (border * (stride[1] - 1),) * 2))
        expected = Textbook(x, w, None, window, 1).y
        assert expected.shape == (1, 4, 3, 3)
        np.testing.assert_allclose(convolve.correlate(x, w, None, window, 1), expected, atol=1e-12)


@pytest.mark.parametrize("few", [True], indirect=True)
@pytest.mark.parametrize("kernel", [(2, 2), (2, 1), (1, 2)])
def test_windows_side_by_side_that_give_the_image_its_size_by_a_border(kernel, few):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 2, 2, 2)), rng.normal(size=(4, 2, *kernel))
    window = Window(kernel, kernel, tuple((n - 1, n - 1) for n in kernel))
    expected = Textbook(x, w, None, window, 1).y
    assert expected.shape == (1, 4, 2, 2)
    np.testing.assert_allclose(convolve.correlate(x, w, None, window, 1), expected, atol=1e-12)


@pytest.mark.parametrize("few", [True], indirect=True)
def test_a_change_of_the_parameter_is_seen_by_the_next_call(few):
    """However it is made: nothing of a kernel is kept from one call to the next."""
    layer, x = Conv2D(3, 4, 3, rng=np.random.default_rng(0)), np.ones((1, 3, 5, 5), np.float32)
    weight = layer.weight.data
    for change in (
        lambda: np.multiply(weight, 2, out=weight),
        lambda: weight.__setitem__((0, 0), 7.0),
        lambda: layer.load_state_dict({k: -v for k, v in layer.state_dict().items()}),
        lambda: setattr(layer.weight, "data", layer.weight.data * 3),
    ):
        before = layer(x).data
        change()
        y = Textbook(x, layer.weight.data, layer.bias.data, layer.window, 1).y
        np.testing.assert_allclose(layer(x).data, y, rtol=1e-5, atol=1e-5)
        assert (layer(x).data != before).any()


def test_wide_layers_whose_products_are_not_small(monkeypatch):
    """Too many channels for small products: one large product each."""
    monkeypatch.setattr(_products, "SMALL_PRODUCT", 50)
    monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
    monkeypatch.setattr(_threads, "_threads", 3)
    shared = []
    for form in (columns, cook_toom):
        for name in ("share", "share_sums"):
            real = getattr(form, name)
            monkeypatch.setattr(
                form,
                name,
                lambda count, parts, work, _real=real: (
                    shared.append(parts),
                    _real(count, parts, work),
                )[1],
            )
    for plans in (columns._strips, cook_toom._tiling):
        plans.cache_clear()
    rng = np.random.default_rng(3)
    for stride in ((1, 1), (2, 1)):
        window = Window((3, 3), stride, ((1, 1), (1, 1)))
        x, w = rng.normal(size=(2, 17, 6, 5)), rng.normal(size=(19, 17, 3, 3))
        expected = Textbook(x, w, None, window, 1)
        y, dy = expected.y, rng.normal(size=expected.y.shape)
        plan = (
            cook_toom._tiling((2, 6, 5, 17), x.dtype, 19, window, by_columns=False)
            if stride == (1, 1)
            else columns._strips((2, 6, 5, 17), x.dtype, 19, window, 1, summed=False)
        )
        assert not plan.blocks.small
        assert plan.parts == 1
        np.testing.assert_allclose(convolve.correlate(x, w, None, window, 1), y, atol=1e-10)
        found = (
            convolve.input_gradient(dy, w, window, 1, (6, 5)),
            *convolve.weight_gradient(x, dy, window, 1),
        )
        for mine, theirs in zip(found, expected.gradients(dy), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-10)
    # Such a product has threads of its own, which ours must not ask for all at once.
    assert shared == [1] * 6
    for plans in (columns._strips, cook_toom._tiling):
        plans.cache_clear()


@pytest.mark.parametrize("most", [1, 2000, 4000])
def test_long_rows_are_cut_for_the_transforms(monkeypatch, most):
    """The row's length is rounded up to what the cuts divide; the border takes the rest."""
    monkeypatch.setattr(cook_toom, "SMALL_PRODUCT", most)
    cook_toom._tiling.cache_clear()
    rng = np.random.default_rng(3)
    x, w, b = rng.normal(size=(2, 9, 7, 12)), rng.normal(size=(10, 9, 3, 3)), rng.normal(size=10)
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    expected = Textbook(x, w, b, window, 1)
    y = expected.y
    assert cook_toom._tiling((2, 7, 12, 9), x.dtype, 10, window, by_columns=False).cuts > 1
    np.testing.assert_allclose(convolve.correlate(x, w, b, window, 1), y, atol=1e-12)
    dw, _ = convolve.weight_gradient(x, y, window, 1)
    np.testing.assert_allclose(dw, expected.gradients(y)[1], rtol=1e-12, atol=1e-10)
    cook_toom._tiling.cache_clear()


@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7, 9])
def test_float32_loses_no_more_digits_than_a_sum_of_products_may(kernel):
    rng = np.random.default_rng(4)
    window = Window((kernel, kernel), padding=((kernel // 2,) * 2,) * 2)
    x = rng.normal(size=(2, 64, 17, 16))
    w = rng.normal(size=(32, 64, kernel, kernel)) / (8 * kernel)
    exact = Textbook(x, w, None, window, 1).y
    found = convolve.correlate(x.astype("f4"), w.astype("f4"), None, window, 1)
    assert found.dtype == np.float32
    assert np.abs(found - exact).max() < 8e-6 * np.abs(exact).max()


def test_results_lie_channels_last_for_the_next_layer():
    rng = np.random.default_rng(5)
    for channels, stride in ((1, 1), (16, 1), (16, 2)):
        window = Window((3, 3), (stride, stride), ((1, 1), (1, 1)))
        x, w = rng.normal(size=(2, channels, 8, 7)), rng.normal(size=(6, channels, 3, 3))
        y = convolve.correlate(x, w, None, window, 1)
        assert y.transpose(0, 2, 3, 1).flags.c_contiguous


def test_scratch_memory_of_one_convolution_does_not_show_in_the_next():
    """A small problem after a large one finds old numbers in its buffers."""
    rng = np.random.default_rng(7)
    for channels in (2, 9):
        large = rng.normal(size=(4, channels, 12, 12)) * 1e6
        small, w = rng.normal(size=(1, channels, 4, 3)), rng.normal(size=(5, channels, 3, 3))
        window = Window((3, 3), padding=((1, 1), (1, 1)))
        dy = rng.normal(size=(1, 5, 4, 3))
        large[0, 0, 0, 0] = np.nan
        convolve.correlate(large, w, None, window, 1)
        y = convolve.correlate(small, w, None, window, 1)
        convolve.weight_gradient(large, rng.normal(size=(4, 5, 12, 12)), window, 1)
        dw, _ = convolve.weight_gradient(small, dy, window, 1)
        expected = Textbook(small, w, None, window, 1)
        np.testing.assert_allclose(y, expected.y, atol=1e-10)
        np.testing.assert_allclose(dw, expected.gradients(dy)[1], atol=1e-10)
