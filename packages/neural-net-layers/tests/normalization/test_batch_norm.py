"""Batch normalization: the batch's statistics, the running ones, and their gradients."""

import math

import numpy as np
import pytest

from neural_net_core import ShapeError, StateDictError, Tensor, grad, no_grad
from neural_net_layers import BatchNorm1D, BatchNorm2D, InstanceNorm2D, batch_norm


def tracking_instance_norm(features):
    return InstanceNorm2D(features, affine=True, track_running_stats=True)


def composed(x, weight=None, bias=None, eps=1e-5):
    """The definition, from primitive operations."""
    axes = (0, *range(2, x.ndim))
    shape = (1, x.shape[1], *[1] * (x.ndim - 2))
    centred = x - x.mean(axes, keepdims=True)
    y = centred / ((centred**2).mean(axes, keepdims=True) + eps).sqrt()
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def leaves(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes]


def channels_last(shape, seed=0, dtype=np.float64):
    """Return numbers of shape (B, C, H, W) whose memory is in the order (B, H, W, C)."""
    b, c, h, w = shape
    rng = np.random.default_rng(seed)
    return rng.normal(size=(b, h, w, c)).astype(dtype).transpose(0, 3, 1, 2)


def test_a_case_worked_by_hand():
    """x = (1, 3): mean 2, variance 1, so with ε = 3 σ = 2."""
    x = Tensor([[1.0], [3.0]], requires_grad=True)
    w = Tensor([4.0], requires_grad=True)
    b = Tensor([10.0], requires_grad=True)
    y = batch_norm(x, None, None, w, b, training=True, eps=3.0)
    np.testing.assert_allclose(y.data, [[8], [12]])
    dx, dw, db = grad(y, [x, w, b], gradient=np.array([[1.0], [0.0]]))
    # x̂ = (−½, ½), db = 1, dw = −½, dx = (4/2) (dy − ½ + ¼ x̂)
    np.testing.assert_allclose(dx, [[2 * (0.5 - 0.125)], [2 * (-0.5 + 0.125)]])
    np.testing.assert_allclose(dw, [-0.5])
    np.testing.assert_allclose(db, [1])


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5), (4, 3, 2, 5), (1, 3, 2, 2), (5, 1), (2, 40)])
@pytest.mark.parametrize("affine", ["none", "weight", "both"])
def test_the_fused_operation_equals_its_composition(shape, affine):
    parameters = [(shape[1],)] * {"none": 0, "weight": 1, "both": 2}[affine]
    x, *parameters = leaves(shape, *parameters)
    fused = batch_norm(x, None, None, *parameters)
    plain = composed(x, *parameters)
    np.testing.assert_allclose(fused.data, plain.data, rtol=1e-11, atol=1e-13)
    dy = np.random.default_rng(1).normal(size=shape)
    for one, other in zip(
        grad(fused, [x, *parameters], dy), grad(plain, [x, *parameters], dy), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3, 2, 5), (2, 5, 3, 3), (1, 2, 4, 1), (3, 1, 2, 2)])
def test_channels_last_in_memory_gives_the_same_and_stays_so(shape):
    data = channels_last(shape)
    dy = channels_last(shape, seed=1)
    results = []
    for x, upstream in [(data, dy), (np.ascontiguousarray(data), np.ascontiguousarray(dy))]:
        leaf = Tensor(x, np.float64, requires_grad=True)
        _, w, b = leaves((), shape[1:2], shape[1:2])
        y = batch_norm(leaf, None, None, w, b)
        results.append([y.data, *grad(y, [leaf, w, b], upstream)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    kept = results[0][0]
    assert kept.transpose(0, 2, 3, 1).flags.c_contiguous  # ready for the next convolution


def test_running_averages_by_hand():
    """Two batches of (1, 3) and (4, 8): means 2 and 6, unbiased variances 2 and 8."""
    layer = BatchNorm1D(1, momentum=0.25)
    layer([[1.0], [3.0]])
    assert layer.running_mean.tolist() == [0.5]  # 0.75 · 0 + 0.25 · 2
    assert layer.running_var.tolist() == [1.25]  # 0.75 · 1 + 0.25 · 2
    layer([[4.0], [8.0]])
    assert layer.running_mean.tolist() == [1.875]
    assert layer.running_var.tolist() == [2.9375]
    assert layer.num_batches_tracked.tolist() == 2
    y = layer.eval()([[1.875], [1.875 + math.sqrt(2.9375)]]).data
    np.testing.assert_allclose(y, [[0], [1]], atol=1e-5)
    assert layer.num_batches_tracked.tolist() == 2


def test_momentum_none_is_the_plain_average_of_all_batches():
    layer = BatchNorm2D(2, momentum=None)
    rng = np.random.default_rng(0)
    batches = [rng.normal(i, 1 + i, size=(3, 2, 4, 4)) for i in range(4)]
    for batch in batches:
        layer(batch)
    np.testing.assert_allclose(
        layer.running_mean.data, np.mean([b.mean((0, 2, 3)) for b in batches], 0), rtol=1e-5
    )
    np.testing.assert_allclose(
        layer.running_var.data, np.mean([b.var((0, 2, 3), ddof=1) for b in batches], 0), rtol=1e-5
    )


def test_evaluation_before_any_training_changes_next_to_nothing():
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    np.testing.assert_allclose(BatchNorm1D(3).eval()(x).data, x, rtol=1e-5)


def test_evaluation_of_one_example_does_not_depend_on_its_neighbours():
    layer = BatchNorm2D(3)
    x = np.random.default_rng(0).normal(size=(4, 3, 2, 2)).astype(np.float32)
    layer(x)
    layer.eval()
    np.testing.assert_allclose(layer(x[:1]).data, layer(x).data[:1], rtol=1e-6)


def test_without_running_averages_evaluation_uses_the_batch():
    layer = BatchNorm1D(3, track_running_stats=False).eval()
    y = layer(np.random.default_rng(0).normal(5, 3, size=(100, 3))).data
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(0), 1, rtol=1e-4)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_a_frozen_statistic_still_trains_scale_and_shift():
    """Fine-tuning with `eval()`: gradients flow, running averages stand still."""
    layer = BatchNorm1D(2).eval()
    x = Tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    (layer(x) ** 2).sum().backward()
    assert x.grad.all() and layer.weight.grad.all() and layer.bias.grad.all()
    assert layer.running_mean.tolist() == [0, 0]


@pytest.mark.parametrize("channels", [1, 1100])  # 1100 numbers are not spread over more columns
def test_a_step_between_forward_and_backward_in_evaluation_uses_the_old_statistics(channels):
    layer = BatchNorm1D(channels)
    x = Tensor(np.repeat([[1.0], [3.0]], channels, axis=1), requires_grad=True)
    y = layer.eval()(x)
    layer.train()(100 * x.data)
    y.backward(np.ones((2, channels)))
    np.testing.assert_allclose(x.grad, 1 / math.sqrt(1 + 1e-5), rtol=1e-6)
    np.testing.assert_allclose(layer.weight.grad, 4 / math.sqrt(1 + 1e-5), rtol=1e-6)


def test_statistics_move_under_no_grad_too():
    layer = BatchNorm1D(1)
    with no_grad():
        layer([[1.0], [3.0]])
    assert layer.num_batches_tracked.tolist() == 1
    assert layer.running_mean.data[0] > 0


def test_the_running_averages_keep_their_identity_and_count_their_changes():
    layer = BatchNorm1D(1)
    mean, data, version = layer.running_mean, layer.running_mean.data, layer.running_mean.version
    layer([[1.0], [3.0]])
    assert layer.running_mean is mean
    assert layer.running_mean.data is data
    assert mean.version > version


def test_arrays_as_running_averages_move_too():
    mean, var = np.zeros(1), np.ones(1)
    batch_norm([[1.0], [3.0]], mean, var, training=True)
    np.testing.assert_allclose(mean, [0.2], rtol=1e-6)
    np.testing.assert_allclose(var, [1.1], rtol=1e-6)


@pytest.mark.parametrize(("make", "shape"), [(BatchNorm1D, (1, 3)), (BatchNorm2D, (1, 3, 1, 1))])
def test_one_number_per_channel_is_an_error_in_training_only(make, shape):
    layer = make(3)
    with pytest.raises(ShapeError, match="expected more than 1 value per channel in training"):
        layer(np.ones(shape))
    assert layer.num_batches_tracked.tolist() == 0
    assert layer.running_mean.tolist() == [0, 0, 0]
    assert layer.eval()(np.ones(shape)).shape == shape


def test_an_empty_batch_leaves_the_averages_alone():
    for momentum in (0.1, None):
        layer = BatchNorm1D(3, momentum=momentum)
        assert layer(np.ones((0, 3))).shape == (0, 3)
        assert layer.running_var.tolist() == [1, 1, 1]
        assert layer.num_batches_tracked.tolist() == 0
    mean, var = np.zeros(3), np.ones(3)
    batch_norm(np.ones((0, 3)), mean, var, training=True)
    assert (mean.tolist(), var.tolist()) == ([0, 0, 0], [1, 1, 1])


def test_large_means_do_not_drown_the_variance():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    shifted = (x + np.float32(10_000)).astype(np.float32)
    exact = (shifted.astype(np.float64) - shifted.mean(0, dtype=np.float64)) / shifted.std(
        0, dtype=np.float64
    )
    np.testing.assert_allclose(batch_norm(shifted).data, exact, atol=2e-3)


@pytest.mark.parametrize("order", ["first", "last"])
def test_statistics_of_large_batches_are_accurate_in_float32(order):
    x = channels_last((8, 4, 200, 200)) * 2 + 3
    x = x if order == "last" else np.ascontiguousarray(x)
    layer = BatchNorm2D(4, momentum=1.0)
    y = layer(Tensor(x.astype(np.float32, order="K"))).data
    np.testing.assert_allclose(layer.running_mean.data, x.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.data, x.var((0, 2, 3), ddof=1), rtol=1e-5)
    exact = (x - x.mean((0, 2, 3), keepdims=True)) / x.std((0, 2, 3), keepdims=True)
    np.testing.assert_allclose(y, exact, atol=5e-5)


@pytest.mark.parametrize("make", [BatchNorm1D, BatchNorm2D, tracking_instance_norm])
@pytest.mark.parametrize("strict", [True, False])
def test_a_state_without_the_count_of_batches_is_accepted(make, strict):
    """As PyTorch accepts those of its versions that did not count; the layer goes on counting."""
    norm = make(2)
    norm.num_batches_tracked.data[...] = 3
    state = {k: v + 1 for k, v in norm.state_dict().items() if k != "num_batches_tracked"}
    assert norm.load_state_dict(state, strict=strict) == ([], [])
    assert norm.num_batches_tracked.data == 3
    assert norm.running_mean.data.tolist() == [1, 1]
    with pytest.raises(StateDictError, match="missing running_var"):
        norm.load_state_dict({k: v for k, v in state.items() if k != "running_var"})


def test_parameters_and_buffers_carry_pytorchs_names():
    state = BatchNorm2D(3).state_dict()
    assert {k: (v.shape, v.dtype.name) for k, v in state.items()} == {
        "weight": ((3,), "float32"),
        "bias": ((3,), "float32"),
        "running_mean": ((3,), "float32"),
        "running_var": ((3,), "float32"),
        "num_batches_tracked": ((), "int64"),
    }
    assert len(list(BatchNorm2D(3).parameters())) == 2
    assert "weight" not in BatchNorm2D(3, affine=False).state_dict()


@pytest.mark.parametrize(
    ("make", "shape", "text"),
    [
        (BatchNorm1D, (4, 5), r"BatchNorm1D\(3\): expected input \(B, 3\) or \(B, 3, T\), got"),
        (BatchNorm1D, (4, 3, 2, 2), r"BatchNorm1D\(3\)"),
        (BatchNorm1D, (3,), r"BatchNorm1D\(3\)"),
        (BatchNorm2D, (4, 3), r"BatchNorm2D\(3\): expected input \(B, 3, H, W\), got \(4, 3\)"),
        (BatchNorm2D, (4, 2, 3, 3), r"BatchNorm2D\(3\)"),
        (BatchNorm2D, (), r"BatchNorm2D\(3\)"),
    ],
)
def test_a_wrong_input_is_named(make, shape, text):
    with pytest.raises(ShapeError, match=text):
        make(3)(np.zeros(shape))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"running_mean": np.zeros(2)}, "expected running_mean and running_var, got one"),
        ({"weight": np.zeros(3)}, r"expected weight \(2,\), got \(3,\)"),
        ({"bias": np.zeros((2, 1))}, r"expected bias \(2,\)"),
        ({"running_mean": np.zeros(2), "running_var": np.zeros(1)}, r"expected running_var \(2,\)"),
        *(
            ({"momentum": wrong}, "^batch_norm: momentum must be a number from 0.0 to 1.0, got")
            for wrong in (2, 1.5, -0.1, np.nan)
        ),
    ],
)
def test_wrong_arguments_of_the_function_are_named(arguments, text):
    with pytest.raises(ValueError, match=text):
        batch_norm(np.zeros((4, 2)), **arguments)
    with pytest.raises(ShapeError, match=r"expected input \(B, C, \.\.\.\), got \(4,\)"):
        batch_norm(np.zeros(4))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0,), "num_features must be an int >= 1, got 0"),
        ((3, -1.0), "eps must be a finite number >= 0, got -1.0"),
        ((3, 1e-5, 1.5), r"momentum must be a number from 0.0 to 1.0, got 1.5"),
    ],
)
def test_wrong_hyper_parameters_are_named(arguments, text):
    with pytest.raises(ValueError, match=f"BatchNorm1D: {text}"):
        BatchNorm1D(*arguments)
