"""Transposed convolution."""

import itertools

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, default_dtype, grad
from neural_net_core.testing import gradcheck
from neural_net_layers import ConvTranspose2D, conv2d, conv_transpose2d


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_numbers_worked_by_hand():
    """Every pixel paints the kernel; where two overlap they add."""
    x = Tensor([[[[1.0, 2.0], [3.0, 4.0]]]], requires_grad=True)
    w = Tensor([[[[1.0, 10.0], [100.0, 1000.0]]]], requires_grad=True)
    y = conv_transpose2d(x, w, [0.5])
    assert y.data.tolist() == [
        [[[1.5, 12.5, 20.5], [103.5, 1234.5, 2040.5], [300.5, 3400.5, 4000.5]]]
    ]
    y.backward(np.arange(9.0).reshape(1, 1, 3, 3))
    # the first pixel painted places 0, 1, 3 and 4
    assert x.grad[0, 0, 0, 0] == 0 * 1 + 1 * 10 + 3 * 100 + 4 * 1000
    # the kernel's first number was painted at places 0, 1, 3, 4
    assert w.grad[0, 0, 0, 0] == 0 * 1 + 1 * 2 + 3 * 3 + 4 * 4


def composed(x, w, b, stride, padding, extra, groups, dilation):
    """Paint pixel by pixel."""
    (batch, channels, height, width), (_, each, kh, kw) = x.shape, w.shape
    reach = [
        (n - 1) * s + d * (k - 1) + 1
        for n, s, d, k in zip((height, width), stride, dilation, (kh, kw), strict=True)
    ]
    whole = np.zeros((batch, each * groups, reach[0] + extra[0], reach[1] + extra[1]))
    for c, p, q, i, j in itertools.product(*map(range, (channels, height, width, kh, kw))):
        group = c // (channels // groups)
        painted = x[:, c, p, q, None] * w[c, :, i, j]
        row, column = p * stride[0] + i * dilation[0], q * stride[1] + j * dilation[1]
        whole[:, group * each : (group + 1) * each, row, column] += painted
    rows, columns = (slice(p, n - p) for p, n in zip(padding, whole.shape[2:], strict=True))
    return whole[:, :, rows, columns] + b[:, None, None]


OPTIONS = list(
    itertools.product([(1, 1), (2, 3)], [(0, 0), (1, 2)], [0, 1], [1, 2], [(1, 1), (1, 2), (2, 2)])
)


@pytest.mark.parametrize("channels", [1, 6])
@pytest.mark.parametrize(("stride", "padding", "more", "groups", "dilation"), OPTIONS)
def test_all_options_paint_the_same_and_have_right_gradients(
    channels, stride, padding, more, groups, dilation
):
    channels *= groups
    extra = tuple(min(more, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True))
    x, w, b = numbers(2, channels, 3, 4), numbers(channels, 2, 2, 3), numbers(2 * groups)
    options = (stride, padding, extra, groups, dilation)
    with default_dtype(np.float64):
        y = conv_transpose2d(x, w, b, *options)
    np.testing.assert_allclose(y.data, composed(x, w, b, *options), atol=1e-12)
    assert gradcheck(
        lambda x, w, b: conv_transpose2d(x, w, b, *options), [x, w, b], mode="direction"
    )


def test_it_is_the_gradient_of_the_convolution_with_the_same_kernel():
    w, dy = numbers(3, 2, 3, 3), numbers(2, 3, 4, 4)
    with default_dtype(np.float64):
        x = Tensor(numbers(2, 2, 8, 8), requires_grad=True)
        dx = grad(conv2d(x, w, stride=2, padding=1), x, dy)
        painted = conv_transpose2d(dy, w, None, 2, 1, 1)
    np.testing.assert_allclose(painted.data, dx, atol=1e-12)


@pytest.mark.parametrize("size", [7, 8])
def test_output_padding_tells_apart_the_sizes_that_were_halved_to_the_same(size):
    small = conv2d(np.zeros((1, 1, size, size)), np.zeros((1, 1, 3, 3)), stride=2, padding=1)
    assert small.shape == (1, 1, 4, 4)
    large = conv_transpose2d(small, np.zeros((1, 1, 3, 3)), None, 2, 1, size - 7)
    assert large.shape == (1, 1, size, size)


def test_a_kernel_of_the_stride_doubles_the_image():
    assert ConvTranspose2D(16, 8, 4, 2, 1)(np.zeros((2, 16, 7, 7))).shape == (2, 8, 14, 14)


def test_parameters_are_pytorchs():
    layer = ConvTranspose2D(6, 4, (3, 5), groups=2)
    shapes = {k: v.shape for k, v in layer.state_dict().items()}
    assert shapes == {"weight": (6, 2, 3, 5), "bias": (4,)}
    bound = 1 / np.sqrt(2 * 15)  # PyTorch counts the second axis, which here is that of the outputs
    assert 0.8 * bound < np.abs(layer.weight.data).max() <= bound


def test_errors_name_the_layer_and_the_size():
    layer = ConvTranspose2D(3, 16, 2, padding=1)
    label = r"^ConvTranspose2D\(3 -> 16, kernel 2×2\): "
    with pytest.raises(
        ShapeError, match=label + r"expected input \(B, 3, H, W\), got \(8, 1, 4, 4"
    ):
        layer(np.zeros((8, 1, 4, 4)))
    with pytest.raises(ShapeError, match=label + "nothing is left of the output, 3×0"):
        layer(np.zeros((8, 3, 4, 1)))
    with pytest.raises(ShapeError, match=label + "nothing is left of the output, .* input 0×4"):
        layer(np.zeros((8, 3, 0, 4)))
    with pytest.raises(ValueError, match="the weight's first axis to be a multiple of groups = 2"):
        conv_transpose2d(np.zeros((1, 3, 3, 3)), np.zeros((3, 2, 1, 1)), groups=2)
    with pytest.raises(ValueError, match=r"output_padding below .* 1×2, got 1×0"):
        ConvTranspose2D(3, 16, 2, (1, 2), output_padding=(1, 0))
    with pytest.raises(ValueError, match=r"^ConvTranspose2D: padding"):
        ConvTranspose2D(3, 16, 2, padding="same")
    with pytest.raises(ValueError, match="in_channels to be a multiple of groups = 2"):
        ConvTranspose2D(3, 16, 2, groups=2)
    with pytest.raises(ShapeError, match=r"conv_transpose2d: expected bias \(4,\), got \(2,\)"):
        conv_transpose2d(np.zeros((1, 2, 3, 3)), np.zeros((2, 2, 1, 1)), np.zeros(2), groups=2)


def test_it_reads_as_it_was_made():
    assert repr(ConvTranspose2D(3, 16, 2)) == "ConvTranspose2D(3 -> 16, kernel 2×2)"
    text = repr(ConvTranspose2D(3, 16, 2, 3, bias=False, output_padding=(1, 2)))
    assert text.endswith("stride 3×3, bias=False, output_padding 1×2)")
