"""Convolution of images."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import (
    CrossEntropyLoss,
    Dense,
    Flatten,
    GraphError,
    ReLU,
    Sequential,
    ShapeError,
    Tensor,
    default_dtype,
    grad,
    init,
)
from neural_net_core.ops import einsum, pad, reshape
from neural_net_core.testing import gradcheck
from neural_net_layers import Conv2D, conv2d


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def composed(x, weight, bias, stride, padding, dilation, groups):
    """Write convolution with primitives, tap by tap, as the module's docstring does."""
    (sh, sw), (dh, dw) = stride, dilation
    out, _, kh, kw = weight.shape
    x = pad(x, [(0, 0), (0, 0), *padding])
    oh = (x.shape[2] - dh * (kh - 1) - 1) // sh + 1
    ow = (x.shape[3] - dw * (kw - 1) - 1) // sw + 1
    x = reshape(x, (x.shape[0], groups, -1, *x.shape[2:]))
    weight = reshape(weight, (groups, out // groups, -1, kh, kw))
    y = reshape(bias, (1, groups, -1, 1, 1))
    for i, j in itertools.product(range(kh), range(kw)):
        rows = slice(i * dh, i * dh + (oh - 1) * sh + 1, sh)
        columns = slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)
        y = y + einsum("bgchw,goc->bgohw", x[..., rows, columns], weight[..., i, j])
    return reshape(y, (x.shape[0], out, oh, ow))


OPTIONS = list(
    itertools.product(
        [(1, 1), (2, 1), (2, 3)],
        [((0, 0), (0, 0)), ((1, 1), (2, 2)), ((0, 1), (2, 0))],
        [(1, 1), (1, 2)],
        [1, 2, 4],
    )
)


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), OPTIONS)
def test_gradients_of_all_options_equal_central_differences(stride, padding, dilation, groups):
    def run(x, w, b):
        return conv2d(x, w, b, stride, padding, dilation, groups)

    inputs = [numbers(2, 4, 5, 6), numbers(4, 4 // groups, 3, 2), numbers(4)]
    assert gradcheck(run, inputs, mode="direction")


@pytest.mark.parametrize("channels", [1, 4, 12])
@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), OPTIONS[::4])
def test_it_equals_its_composition_from_primitives(channels, stride, padding, dilation, groups):
    channels *= groups
    x, w, b = numbers(2, channels, 7, 6), numbers(8, channels // groups, 3, 2), numbers(8)
    options = (stride, padding, dilation, groups)
    with default_dtype(np.float64):
        leaves = [Tensor(a, requires_grad=True) for a in (x, w, b)]
        fused, plain = conv2d(*leaves, *options), composed(*leaves, *options)
        np.testing.assert_allclose(fused.data, plain.data, atol=1e-12)
        dy = numbers(*fused.shape, seed=1)
        for mine, theirs in zip(grad(fused, leaves, dy), grad(plain, leaves, dy), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-11)


def test_a_kernel_that_is_worked_by_hand():
    x = Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3), requires_grad=True)
    w = Tensor([[[[1.0, 0.0], [0.0, -1.0]]]], requires_grad=True)
    b = Tensor([0.5], requires_grad=True)
    y = conv2d(x, w, b)
    assert y.data.tolist() == [[[[-3.5, -3.5], [-3.5, -3.5]]]]
    y.backward([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert x.grad.tolist() == [[[[1, 2, 0], [3, 3, -2], [0, -3, -4]]]]
    assert w.grad.tolist() == [[[[37, 47], [67, 77]]]]
    assert b.grad.tolist() == [10]


def test_it_is_correlation_the_kernel_is_not_turned():
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1
    w = np.arange(9.0).reshape(1, 1, 3, 3)
    assert conv2d(x, w, padding=1).data[0, 0].tolist() == w[0, 0, ::-1, ::-1].tolist()


def test_a_kernel_of_one_pixel_is_a_dense_layer_on_every_pixel():
    x, w, b = numbers(2, 5, 4, 3), numbers(7, 5, 1, 1), numbers(7)
    with default_dtype(np.float64):
        y = conv2d(x, w, b)
    expected = np.einsum("bchw,oc->bohw", x, w[:, :, 0, 0]) + b[:, None, None]
    np.testing.assert_allclose(y.data, expected, atol=1e-12)


def test_groups_are_separate_convolutions_side_by_side():
    x, w = numbers(2, 6, 5, 4), numbers(4, 3, 2, 2)
    with default_dtype(np.float64):
        together = conv2d(x, w, groups=2).data
        apart = [conv2d(x[:, :3], w[:2]).data, conv2d(x[:, 3:], w[2:]).data]
    np.testing.assert_allclose(together, np.concatenate(apart, axis=1), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10), st.sampled_from([(1, 1), (2, 1)]))
def test_it_is_linear_in_the_image_and_in_the_kernel(seed, channels, stride):
    x, z = numbers(2, 2, channels, 5, 6, seed=seed)
    w, v = numbers(2, 3, channels, 2, 3, seed=seed + 1)
    with default_dtype(np.float64):

        def run(x, w):
            return conv2d(x, w, stride=stride, padding=1).data

        np.testing.assert_allclose(run(2 * x - z, w), 2 * run(x, w) - run(z, w), atol=1e-11)
        np.testing.assert_allclose(run(x, w + 3 * v), run(x, w) + 3 * run(x, v), atol=1e-11)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 9]), st.integers(-4, 4), st.integers(-4, 4))
def test_a_shifted_image_gives_a_shifted_result(seed, channels, down, right):
    """With circular padding there is no border that the shift could run into."""
    layer = Conv2D(
        channels,
        3,
        (3, 4),
        padding="same",
        padding_mode="circular",
        rng=np.random.default_rng(seed),
        dtype=np.float64,
    )
    x = numbers(2, channels, 5, 6, seed=seed)
    with default_dtype(np.float64):
        shifted = layer(np.roll(x, (down, right), axis=(2, 3))).data
        expected = np.roll(layer(x).data, (down, right), axis=(2, 3))
    np.testing.assert_allclose(shifted, expected, atol=1e-11)


@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 5)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_keeps_the_size_and_valid_has_none(kernel, dilation):
    x = np.zeros((1, 2, 9, 10))
    same = Conv2D(2, 3, kernel, padding="same", dilation=dilation)
    assert same(x).shape == (1, 3, 9, 10)
    valid = Conv2D(2, 3, kernel, padding="valid", dilation=dilation)
    assert valid(x).shape == Conv2D(2, 3, kernel, dilation=dilation)(x).shape


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("zeros", [0, 0, 1, 2, 3, 4, 0, 0]),
        ("reflect", [3, 2, 1, 2, 3, 4, 3, 2]),
        ("replicate", [1, 1, 1, 2, 3, 4, 4, 4]),
        ("circular", [3, 4, 1, 2, 3, 4, 1, 2]),
    ],
)
def test_padding_modes_show_what_stands_in_the_border(mode, expected):
    layer = Conv2D(1, 1, 1, padding=(0, 2), padding_mode=mode, bias=False, init=init.ones)
    assert layer([[[[1.0, 2.0, 3.0, 4.0]]]]).data[0, 0, 0].tolist() == expected


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_gradients_pass_through_the_border(mode):
    layer = Conv2D(2, 3, 3, 2, ((1, 2), (0, 1)), padding_mode=mode, dtype=np.float64)
    inputs = [numbers(2, 2, 4, 5), *layer.parameters()]
    assert gradcheck(lambda x, *_: layer(x), inputs)


def test_a_kernel_changed_between_the_passes_is_an_error():
    layer = Conv2D(2, 3, 3)
    y = layer(np.ones((1, 2, 4, 4))).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(GraphError, match="weight"):
        y.backward()


def test_default_parameters_are_uniform_within_one_over_the_root_of_fan_in():
    layer = Conv2D(16, 64, (3, 5), groups=2, rng=np.random.default_rng(0))
    bound = 1 / math.sqrt(8 * 15)
    for p in (layer.weight, layer.bias):
        assert np.abs(p.data).max() <= bound
        assert np.abs(p.data).max() > 0.9 * bound
        assert p.data.std() == pytest.approx(bound / math.sqrt(3), rel=0.2)
    assert layer.weight.shape == (64, 8, 3, 5)
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    again = Conv2D(16, 64, (3, 5), groups=2, rng=np.random.default_rng(0))
    assert (again.weight.data == layer.weight.data).all()


def test_an_initializer_draws_the_weight_and_leaves_the_bias_zero():
    def make(shape, *, rng, dtype):
        assert shape == (3, 2, 1, 2)
        return rng.normal(size=shape) + 10

    layer = Conv2D(2, 3, (1, 2), init=make, rng=np.random.default_rng(0))
    assert layer.weight.data.mean() > 9
    assert layer.bias.data.tolist() == [0, 0, 0]


def test_parameters_have_pytorchs_names_and_order():
    assert list(Conv2D(2, 3, 3).state_dict()) == ["weight", "bias"]
    assert list(Conv2D(2, 3, 3, bias=False).state_dict()) == ["weight"]


def test_integer_images_are_brought_to_the_kernels_dtype():
    images = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    layer = Conv2D(1, 1, 2, init=init.ones)
    assert layer(images).dtype == np.float32
    assert layer(images).data[0, 0, 0, 0] == 10


def test_a_network_learns_to_tell_a_horizontal_line_from_a_vertical_one():
    rng = np.random.default_rng(0)
    x = np.zeros((64, 1, 6, 6), np.float32)
    labels = rng.integers(0, 2, 64)
    for image, label, place in zip(x, labels, rng.integers(0, 6, 64), strict=True):
        image[0, place if label else slice(None), slice(None) if label else place] = 1
    net = Sequential(Conv2D(1, 4, 3, rng=rng), ReLU(), Flatten(), Dense(64, 2, rng=rng))
    for _ in range(60):
        net.zero_grad()
        loss = CrossEntropyLoss()(net(x), labels)
        loss.backward()
        for p in net.parameters():
            p.data -= 0.5 * p.grad
            p.version += 1
    assert (net(x).data.argmax(axis=1) == labels).all()


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((8, 1, 28, 28), r"expected input \(B, 3, H, W\), got \(8, 1, 28, 28\)\n"),
        ((3, 28, 28), r"expected input \(B, 3, H, W\), got \(3, 28, 28\)\n"),
        ((8, 3, 4, 28), r"the window of 5×5 does not fit into the input of 4×28\n"),
        ((8, 3, 0, 5), r"the window of 5×5 does not fit into the input of 0×5\n"),
    ],
)
@pytest.mark.parametrize("mode", ["zeros", "replicate"])
def test_an_input_that_does_not_fit_is_named_with_the_layer(shape, text, mode):
    with pytest.raises(ShapeError, match=r"^Conv2D\(3 -> 16, kernel 5×5\): " + text):
        Conv2D(3, 16, 5, padding_mode=mode)(np.zeros(shape))


@pytest.mark.parametrize(("mode", "padding"), [("reflect", 4), ("circular", 5)])
def test_a_border_wider_than_the_image_can_fill_is_an_error(mode, padding):
    Conv2D(1, 1, 3, padding=padding - 1, padding_mode=mode)(np.zeros((1, 1, 4, 4)))
    with pytest.raises(ShapeError, match=f"padding {padding} with padding_mode='{mode}'"):
        Conv2D(1, 1, 3, padding=padding, padding_mode=mode)(np.zeros((1, 1, 4, 4)))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"in_channels": 0}, "in_channels must be an int >= 1, got 0"),
        ({"out_channels": 2.5}, "out_channels must be an int >= 1, got 2.5"),
        ({"kernel_size": 0}, "kernel_size must be an int >= 1"),
        ({"stride": (1, 0)}, "stride must be an int >= 1"),
        ({"dilation": "2"}, "dilation must be an int >= 1"),
        ({"padding": -1}, "padding must be an int >= 0"),
        ({"padding": "full"}, 'padding to be integers, "same" or "valid"'),
        ({"groups": 4}, "in_channels to be a multiple of groups = 4, got 6"),
        ({"groups": 3}, "out_channels to be a multiple of groups = 3, got 4"),
        (
            {"padding_mode": "wrap"},
            "padding_mode must be 'zeros', 'reflect', 'replicate' or ",
        ),
    ],
)
def test_bad_options_are_refused_by_name(options, text):
    arguments = {"in_channels": 6, "out_channels": 4, "kernel_size": 3} | options
    with pytest.raises(ValueError, match=f"^Conv2D: (expected )?{text}"):
        Conv2D(**arguments)


def test_the_function_checks_its_weight_and_bias():
    x = np.zeros((1, 2, 4, 4))
    with pytest.raises(ShapeError, match=r"conv2d: expected a weight with 4 axes, got \(3, 2, 3\)"):
        conv2d(x, np.zeros((3, 2, 3)))
    with pytest.raises(ShapeError, match=r"conv2d: expected bias \(3,\), got \(4,\)"):
        conv2d(x, np.zeros((3, 2, 3, 3)), np.zeros(4))
    with pytest.raises(ShapeError, match=r"conv2d\(4 -> 2, kernel 3×3\): expected input \(B, 4"):
        conv2d(x, np.zeros((2, 2, 3, 3)), groups=2)
    with pytest.raises(ValueError, match="weight's first axis to be a multiple of groups = 2"):
        conv2d(x, np.zeros((3, 1, 3, 3)), groups=2)


@pytest.mark.parametrize("channels", [3, 9])
def test_of_an_image_without_rows_the_border_is_left(channels):
    """A kernel of few channels takes another way than one of many."""
    x = Tensor(np.zeros((2, channels, 0, 4)), requires_grad=True)
    w, b = (Tensor(np.ones(shape), requires_grad=True) for shape in ((5, channels, 1, 1), 5))
    y = conv2d(x, w, b, padding=[(2, 1), (0, 0)])
    np.testing.assert_array_equal(y.data, np.ones((2, 5, 3, 4)))
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert not w.grad.any()
    np.testing.assert_array_equal(b.grad, np.full(5, 2 * 3 * 4))


@pytest.mark.parametrize("shape", [(2, 4, 5), (4, 5, 5), (1, 2, 4, 5, 5)])
def test_an_image_of_other_axes_is_refused_whatever_stands_in_the_second(shape):
    with pytest.raises(ShapeError, match=r"Conv2D\(4 -> 2, .*\): expected"):
        Conv2D(4, 2, 3)(np.ones(shape))


def test_channels_of_one_group_alone_are_refused():
    with pytest.raises(ShapeError, match=r"Conv2D\(8 -> 2, .*\): expected"):
        Conv2D(8, 2, 3, groups=2)(np.ones((1, 2, 5, 5)))  # a group sees 4, and 4 / 2 is 2
