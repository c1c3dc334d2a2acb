"""Convolution of sequences."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, default_dtype, grad, init
from neural_net_core.testing import gradcheck
from neural_net_layers import Conv1D, conv1d, conv2d


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_numbers_worked_by_hand():
    x = Tensor([[[1.0, 2.0, 4.0, 7.0]]], requires_grad=True)
    w = Tensor([[[1.0, 3.0]]], requires_grad=True)
    y = conv1d(x, w, [0.5])
    assert y.data.tolist() == [[[7.5, 14.5, 25.5]]]
    y.backward([[[1.0, 0.0, 2.0]]])
    assert x.grad.tolist() == [[[1, 3, 2, 6]]]
    assert w.grad.tolist() == [[[9, 16]]]


@pytest.mark.parametrize("channels", [2, 10])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 2, [(3, 1)], "valid"])
@pytest.mark.parametrize("dilation", [1, 2])
def test_it_is_the_convolution_of_an_image_of_one_row(channels, stride, padding, dilation):
    x, w, b = numbers(2, channels, 9), numbers(4, channels, 3), numbers(4)
    image_padding = {0: 0, 2: (0, 2), "valid": "valid"}.get(
        padding if not isinstance(padding, list) else None, ((0, 0), (3, 1))
    )
    with default_dtype(np.float64):
        leaves = [Tensor(a, requires_grad=True) for a in (x, w, b)]
        y = conv1d(*leaves, stride, padding, dilation)
        images = [
            Tensor(x[:, :, None], requires_grad=True),
            Tensor(w[:, :, None], requires_grad=True),
        ]
        images.append(Tensor(b, requires_grad=True))
        z = conv2d(*images, (1, stride), image_padding, (1, dilation))
        np.testing.assert_allclose(y.data, z.data[:, :, 0], atol=1e-12)
        dy = numbers(*y.shape, seed=1)
        for mine, theirs in zip(grad(y, leaves, dy), grad(z, images, dy[:, :, None]), strict=True):
            np.testing.assert_allclose(mine, theirs.reshape(mine.shape), atol=1e-11)


def test_causal_padding_shows_no_step_what_comes_after_it():
    layer = Conv1D(3, 4, 3, padding=[(4, 0)], dilation=2)
    x = numbers(1, 3, 10).astype("f4")
    before = layer(x).data
    x[:, :, 6:] += 100
    after = layer(x).data
    np.testing.assert_allclose(after[:, :, :6], before[:, :, :6], atol=1e-5)
    assert (np.abs(after[:, :, 6:] - before[:, :, 6:]) > 1).any()


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_gradients_pass_through_the_border(mode):
    layer = Conv1D(2, 3, 3, padding=[(1, 2)], padding_mode=mode, dtype=np.float64)
    assert gradcheck(lambda x, *_: layer(x), [numbers(2, 2, 5), *layer.parameters()])


def test_a_circular_border_holds_the_other_end():
    layer = Conv1D(1, 1, 1, padding=2, padding_mode="circular", bias=False, init=init.ones)
    assert layer([[[1.0, 2.0, 3.0]]]).data.tolist() == [[[2, 3, 1, 2, 3, 1, 2]]]


def test_depthwise_kernels_see_their_own_channel():
    x = np.array([[[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]])
    y = conv1d(x, [[[1.0, 1.0]], [[0.0, -1.0]]], groups=2)
    assert y.data.tolist() == [[[3, 5], [-20, -30]]]


def test_errors_name_the_layer_and_the_size():
    layer = Conv1D(3, 8, 5, dilation=2)
    with pytest.raises(
        ShapeError, match=r"^Conv1D\(3 -> 8, kernel 5\): expected input \(B, 3, L\)"
    ):
        layer(np.zeros((2, 4, 20)))
    with pytest.raises(ShapeError, match=r"the window of 9 \(the kernel .* the input of 8\n"):
        layer(np.zeros((2, 3, 8)))
    with pytest.raises(ValueError, match=r"^Conv1D: stride must be an int >= 1, got 0"):
        Conv1D(3, 8, 5, 0)
    with pytest.raises(ValueError, match=r"^Conv1D: kernel_size must be .*, got \(2, 2\)"):
        Conv1D(3, 8, (2, 2))
    for shape in [(), (2,), (2, 3), (2, 3, 1, 1)]:
        with pytest.raises(ShapeError, match=r"conv1d: expected a weight with 3 axes, got \("):
            conv1d(np.zeros((2, 3, 8)), np.zeros(shape))
    with pytest.raises(ValueError, match=r"conv1d: .* first axis to be a multiple of groups = 2"):
        conv1d(np.zeros((2, 4, 8)), np.zeros((3, 2, 1)), groups=2)
    with pytest.raises(ValueError, match=r"^Conv1D: expected out_channels .* of groups = 2, got 3"):
        Conv1D(4, 3, 1, groups=2)
    with pytest.raises(ValueError, match=r"^Conv1D: padding_mode must be 'zeros', .*, got 'edge'"):
        Conv1D(3, 8, 5, padding_mode="edge")


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_errors_name_the_input_as_it_came_and_not_with_its_border(mode):
    layer = Conv1D(3, 8, 5, padding=1, padding_mode=mode)
    for shape in [(2, 4, 20), (3, 20), (2, 3, 4, 5)]:
        text = ", ".join(map(str, shape))
        with pytest.raises(ShapeError, match=rf"expected input \(B, 3, L\), got \({text}\)"):
            layer(np.zeros(shape))


def test_parameters_are_pytorchs():
    layer = Conv1D(4, 6, 3, groups=2)
    assert {k: v.shape for k, v in layer.state_dict().items()} == {
        "weight": (6, 2, 3),
        "bias": (6,),
    }
    assert np.abs(layer.weight.data).max() <= 1 / np.sqrt(6)
