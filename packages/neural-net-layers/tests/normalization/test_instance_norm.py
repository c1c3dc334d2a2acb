"""Instance normalization."""

import numpy as np
import pytest

from neural_net_core import ShapeError, Tensor, grad
from neural_net_layers import GroupNorm, InstanceNorm1D, InstanceNorm2D, instance_norm


def composed(x, weight, bias, eps=1e-5):
    """The definition, from primitive operations."""
    centred = x - x.mean((2, 3), keepdims=True)
    y = centred / ((centred**2).mean((2, 3), keepdims=True) + eps).sqrt()
    return y * weight.reshape(1, -1, 1, 1) + bias.reshape(1, -1, 1, 1)


def test_a_case_worked_by_hand():
    """Channels (1, 3) and (0, 4): means 2 and 2, variances 1 and 4; ε = 0."""
    y = instance_norm([[[1.0, 3.0], [0.0, 4.0]]], weight=[1.0, 10.0], bias=[0.0, 1.0], eps=0.0)
    np.testing.assert_allclose(y.data, [[[-1, 1], [-9, 11]]])


def test_the_fused_operation_equals_its_composition():
    rng = np.random.default_rng(0)
    leaves = [
        Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in [(3, 2, 4, 5), 2, 2]
    ]
    x, w, b = leaves
    fused, plain = instance_norm(x, None, None, w, b), composed(x, w, b)
    np.testing.assert_allclose(fused.data, plain.data, rtol=1e-11, atol=1e-13)
    dy = rng.normal(size=x.shape)
    for one, other in zip(grad(fused, leaves, dy), grad(plain, leaves, dy), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_it_is_a_group_norm_with_a_group_per_channel():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)
    np.testing.assert_array_equal(InstanceNorm2D(3)(x).data, GroupNorm(3, 3, affine=False)(x).data)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("batch", [(), (2,)], ids=["one", "batch"])
@pytest.mark.parametrize("tracks", [False, True])
def test_of_sequences_it_is_that_of_images_of_one_row(tracks, batch, mode):
    """With and without a batch axis: outputs, gradients, averages."""
    x = np.random.default_rng(0).normal(2, 3, size=(*batch, 3, 7))
    results = []
    for cls, data in ((InstanceNorm1D, x), (InstanceNorm2D, x[..., None, :])):
        layer = cls(3, affine=True, track_running_stats=tracks, dtype=np.float64)
        layer.weight.data[...] = [1.0, 2.0, 3.0]
        layer.train(mode == "train")
        leaf = Tensor(data, np.float64, requires_grad=True)
        y = layer(leaf)
        y.backward(np.cos(np.arange(y.data.size)).reshape(y.shape))
        arrays = [y.data.reshape(x.shape), leaf.grad.reshape(x.shape)]
        results.append(
            [*arrays, *(p.grad for p in layer.parameters()), *layer.state_dict().values()]
        )
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_contrast_and_brightness_of_an_image_have_no_effect():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4))
    layer = InstanceNorm2D(3, eps=0.0)
    np.testing.assert_allclose(layer(x).data, layer(5 * x + 3).data, atol=1e-5)


def test_by_default_there_is_no_state():
    assert InstanceNorm2D(3).state_dict() == {}
    assert InstanceNorm2D(3).eval()(np.ones((1, 3, 2, 2))).shape == (1, 3, 2, 2)


def test_running_averages_by_hand():
    """Two images of one channel, (1, 3) and (4, 8): means 2 and 6, unbiased variances 2 and 8."""
    layer = InstanceNorm2D(1, momentum=0.5, track_running_stats=True)
    layer(np.array([[[[1.0, 3.0]]], [[[4.0, 8.0]]]]))
    assert layer.running_mean.tolist() == [2]  # ½ · 0 + ½ · 4
    assert layer.running_var.tolist() == [3]  # ½ · 1 + ½ · 5
    assert layer.num_batches_tracked.tolist() == 1
    y = layer.eval()(np.array([[[[2.0, 5.0]]]])).data
    np.testing.assert_allclose(y, [[[[0, 3**0.5]]]], rtol=1e-5)
    assert layer.num_batches_tracked.tolist() == 1


def test_momentum_none_leaves_the_averages_as_they_are():
    """As in PyTorch, whose instance norms have no plain averages of all batches."""
    layer = InstanceNorm2D(2, momentum=None, track_running_stats=True)
    layer.load_state_dict(layer.state_dict() | {"running_mean": np.array([1.0, 2.0], np.float32)})
    for i in range(3):
        layer(np.random.default_rng(i).normal(i, 1, size=(3, 2, 4, 4)))
    assert layer.running_mean.tolist() == [1, 2]
    assert layer.running_var.tolist() == [1, 1]


def test_one_image_without_a_batch_axis():
    x = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    for layer in (InstanceNorm2D(3), InstanceNorm2D(3, track_running_stats=True).eval()):
        np.testing.assert_array_equal(layer(x).data, layer(x[None]).data[0])


def test_parameters_and_buffers_carry_pytorchs_names():
    layer = InstanceNorm2D(3, affine=True, track_running_stats=True)
    assert list(layer.state_dict()) == [
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]


def test_one_position_is_an_error_unless_averages_are_used():
    layer = InstanceNorm2D(3, track_running_stats=True)
    with pytest.raises(ShapeError, match=r"expected more than 1 position per channel, got \(2, 3"):
        layer(np.ones((2, 3, 1, 1)))
    assert layer.num_batches_tracked.tolist() == 0
    assert layer.eval()(np.ones((2, 3, 1, 1))).shape == (2, 3, 1, 1)


def test_an_empty_batch_leaves_the_averages_alone():
    layer = InstanceNorm2D(3, track_running_stats=True)
    assert layer(np.ones((0, 3, 2, 2))).shape == (0, 3, 2, 2)
    assert layer.running_mean.tolist() == [0, 0, 0]


def test_channels_without_positions_leave_the_averages_alone():
    layer = InstanceNorm2D(3, track_running_stats=True)
    assert layer(np.ones((2, 3, 0, 2))).shape == (2, 3, 0, 2)
    assert layer.running_var.tolist() == [1, 1, 1]
    mean, var = np.full(3, 2.0), np.ones(3)
    assert instance_norm(np.ones((2, 3, 0)), mean, var).shape == (2, 3, 0)
    assert (mean.tolist(), var.tolist()) == ([2, 2, 2], [1, 1, 1])


@pytest.mark.parametrize("shape", [(2, 4, 5, 5), (4, 5, 5), (3, 3), (1, 2, 3, 4, 5)])
def test_a_wrong_input_is_named(shape):
    text = r"InstanceNorm2D\(3\): expected input \(B, 3, H, W\) or \(3, H, W\), got"
    with pytest.raises(ShapeError, match=text):
        InstanceNorm2D(3)(np.zeros(shape))


@pytest.mark.parametrize("shape", [(2, 4, 5), (4, 5), (3,), (1, 3, 3, 4)])
def test_a_wrong_sequence_is_named(shape):
    text = r"InstanceNorm1D\(3\): expected input \(B, 3, L\) or \(3, L\), got"
    with pytest.raises(ShapeError, match=text):
        InstanceNorm1D(3)(np.zeros(shape))
    with pytest.raises(ShapeError, match="expected more than 1 position per channel"):
        InstanceNorm1D(3)(np.zeros((3, 1)))


def test_wrong_arguments_of_the_function_are_named():
    with pytest.raises(ShapeError, match=r"expected weight \(3,\), got \(2,\)"):
        instance_norm(np.zeros((2, 3, 4)), weight=np.ones(2))
    with pytest.raises(ShapeError, match="with positions, got"):
        instance_norm(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="expected running averages"):
        instance_norm(np.zeros((2, 3, 4)), use_input_stats=False)
    for averages in ((np.zeros(3), None), (None, np.ones(3))):
        with pytest.raises(ValueError, match=r"^instance_norm: expected running averages"):
            instance_norm(np.zeros((2, 3, 4)), *averages, use_input_stats=False)
    for wrong in (2, 1.5, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"^instance_norm: momentum must be a number from"):
            instance_norm(np.zeros((2, 3, 4)), momentum=wrong)
