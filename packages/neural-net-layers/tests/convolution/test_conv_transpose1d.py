"""Transposed convolution of sequences."""

import itertools

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, default_dtype, grad
from neural_net_core.testing import gradcheck
from neural_net_layers import ConvTranspose1D, conv1d, conv_transpose1d


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_numbers_worked_by_hand():
    """Every step paints the kernel two places further on; where two overlap they add."""
    x = Tensor([[[1.0, 2.0]]], requires_grad=True)
    w = Tensor([[[1.0, 10.0, 100.0]]], requires_grad=True)
    y = conv_transpose1d(x, w, [0.5], stride=2)
    assert y.data.tolist() == [[[1.5, 10.5, 102.5, 20.5, 200.5]]]
    y.backward([[[0.0, 1.0, 2.0, 3.0, 4.0]]])
    assert x.grad.tolist() == [[[0 * 1 + 1 * 10 + 2 * 100, 2 * 1 + 3 * 10 + 4 * 100]]]
    assert w.grad.tolist() == [[[0 * 1 + 2 * 2, 1 * 1 + 3 * 2, 2 * 1 + 4 * 2]]]


def composed(x, w, b, stride, padding, extra, groups, dilation):
    """Paint step by step."""
    (batch, channels, length), (_, each, k) = x.shape, w.shape
    reach = (length - 1) * stride + dilation * (k - 1) + 1
    whole = np.zeros((batch, each * groups, reach + extra))
    for c, t, u in itertools.product(*map(range, (channels, length, k))):
        group = c // (channels // groups)
        painted = x[:, c, t, None] * w[c, :, u]
        whole[:, group * each : (group + 1) * each, t * stride + u * dilation] += painted
    return whole[:, :, padding : whole.shape[2] - padding] + b[:, None]


OPTIONS = list(itertools.product([1, 3], [0, 2], [0, 1, 2], [1, 2], [1, 2]))


@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize(("stride", "padding", "more", "groups", "dilation"), OPTIONS)
def test_all_options_paint_the_same_and_have_right_gradients(
    channels, stride, padding, more, groups, dilation
):
    channels *= groups
    extra = min(more, max(stride, dilation) - 1)
    x, w, b = numbers(2, channels, 5), numbers(channels, 2, 3), numbers(2 * groups)
    options = (stride, padding, extra, groups, dilation)
    with default_dtype(np.float64):
        y = conv_transpose1d(x, w, b, *options)
    assert y.shape[2] == 4 * stride - 2 * padding + dilation * 2 + extra + 1
    np.testing.assert_allclose(y.data, composed(x, w, b, *options), atol=1e-12)
    assert gradcheck(
        lambda x, w, b: conv_transpose1d(x, w, b, *options), [x, w, b], mode="direction"
    )


def test_it_is_the_gradient_of_the_convolution_with_the_same_kernel():
    w, dy = numbers(3, 2, 3), numbers(2, 3, 4)
    with default_dtype(np.float64):
        x = Tensor(numbers(2, 2, 8), requires_grad=True)
        dx = grad(conv1d(x, w, stride=2, padding=1), x, dy)
        painted = conv_transpose1d(dy, w, None, 2, 1, 1)
    np.testing.assert_allclose(painted.data, dx, atol=1e-12)


def test_a_kernel_of_twice_the_stride_lengthens_by_the_stride():
    """As the vocoders have it: kernel 2 s, padding s / 2."""
    for s in (2, 4, 8):
        layer = ConvTranspose1D(16, 8, 2 * s, s, s // 2)
        assert layer(np.zeros((2, 16, 7))).shape == (2, 8, 7 * s)


def test_the_layer_has_the_defaults_of_the_function():
    layer, x = ConvTranspose1D(2, 3, 4), numbers(1, 2, 5)
    expected = conv_transpose1d(x, layer.weight, layer.bias)
    np.testing.assert_array_equal(layer(x).data, expected.data)


def test_parameters_are_pytorchs():
    layer = ConvTranspose1D(6, 40, 15, groups=2)
    shapes = {k: v.shape for k, v in layer.state_dict().items()}
    assert shapes == {"weight": (6, 20, 15), "bias": (40,)}
    bound = 1 / np.sqrt(20 * 15)  # PyTorch counts the second axis, which here is the outputs'
    assert 0.8 * bound < np.abs(layer.weight.data).max() <= bound


def test_errors_name_the_layer_and_the_size():
    layer = ConvTranspose1D(3, 16, 2, padding=1)
    label = r"^ConvTranspose1D\(3 -> 16, kernel 2\): "
    with pytest.raises(ShapeError, match=label + r"expected input \(B, 3, L\), got \(8, 1, 4\)"):
        layer(np.zeros((8, 1, 4)))
    with pytest.raises(
        ShapeError, match=label + "nothing is left of the output, 0 for the input 1"
    ):
        layer(np.zeros((8, 3, 1)))
    with pytest.raises(ShapeError, match=label + "nothing is left of the output"):
        layer(np.zeros((8, 3, 0)))
    with pytest.raises(ValueError, match=r"output_padding below .* dilation, 2, got 2$"):
        ConvTranspose1D(3, 16, 2, 2, output_padding=2)
    with pytest.raises(ValueError, match=r"^ConvTranspose1D: padding must be an int >= 0"):
        ConvTranspose1D(3, 16, 2, padding="same")
    with pytest.raises(ValueError, match=r"^conv_transpose1d: padding must be an int >= 0"):
        conv_transpose1d(np.zeros((1, 3, 4)), np.zeros((3, 2, 2)), padding=[(1, 0)])
    with pytest.raises(ValueError, match="in_channels to be a multiple of groups = 2"):
        ConvTranspose1D(3, 16, 2, groups=2)
    with pytest.raises(ShapeError, match=r"conv_transpose1d: expected bias \(4,\), got \(2,\)"):
        conv_transpose1d(np.zeros((1, 2, 3)), np.zeros((2, 2, 1)), np.zeros(2), groups=2)
    for shape in [(), (2,), (2, 2), (2, 2, 1, 1)]:
        with pytest.raises(ShapeError, match=r"conv_transpose1d: expected a weight with 3 axes"):
            conv_transpose1d(np.zeros((1, 2, 3)), np.zeros(shape))
    with pytest.raises(ValueError, match=r"^conv_transpose1d: padding must be an int >= 0, got"):
        conv_transpose1d(np.zeros((1, 3, 4)), np.zeros((3, 2, 2)), padding=(1, 0))
    with pytest.raises(ValueError, match=r"^ConvTranspose1D: padding must be an int >= 0, got"):
        ConvTranspose1D(3, 16, 2, padding=(1, 0))
    with pytest.raises(ValueError, match=r"^conv_transpose1d: .* multiple of groups = 2, got 3"):
        conv_transpose1d(np.zeros((1, 3, 4)), np.zeros((3, 2, 2)), groups=2)
