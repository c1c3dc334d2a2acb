"""Cross-entropy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import CrossEntropyLoss, DTypeError, ShapeError, Tensor, cross_entropy, ops

rng = np.random.default_rng(0)


def one_hot(labels, classes):
    return (labels[:, None] == np.arange(classes)).astype(float)


def composed(z, q, weight, label_smoothing):
    """Return the single losses of target probabilities, from primitives."""
    q = (1 - label_smoothing) * q + label_smoothing / z.shape[1]
    return (ops.log_softmax(z, 1) * (q * weight)).sum(axis=1) * -1


def test_by_hand():
    z = Tensor([[math.log(1), math.log(2), math.log(5)]], np.float64, requires_grad=True)
    y = cross_entropy(z, [2])
    y.backward()
    assert y.item() == pytest.approx(math.log(8 / 5))
    np.testing.assert_allclose(z.grad, [[1 / 8, 2 / 8, 5 / 8 - 1]])


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_equal_their_composition(weighted, label_smoothing):
    weight = rng.uniform(0.5, 2, 4) if weighted else np.ones(4)
    data, target = rng.normal(size=(5, 4)), rng.dirichlet(np.ones(4), 5)
    x, z, q, r = (Tensor(v, np.float64, requires_grad=True) for v in (data, data, target, target))
    y = cross_entropy(x, q, weight=weight if weighted else None, label_smoothing=label_smoothing)
    w = composed(z, r, weight, label_smoothing).mean()
    y.backward()
    w.backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-13)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(q.grad, r.grad, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
def test_class_indices_equal_their_composition_from_primitives(weighted):
    weight = rng.uniform(0.5, 2, 4) if weighted else np.ones(4)
    labels = np.array([3, 1, 1, 0, 2])
    data = rng.normal(size=(5, 4))
    x, z = (Tensor(data, np.float64, requires_grad=True) for _ in range(2))
    y = cross_entropy(x, labels, weight=weight if weighted else None)
    picked = ops.take_along_axis(ops.log_softmax(z, 1), labels[:, None], 1).reshape(5)
    w = (picked * weight[labels]).sum() / -weight[labels].sum()
    y.backward()
    w.backward()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-13)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-11, atol=1e-15)


def test_label_smoothing_of_indices_and_of_one_hot_targets_is_the_same_without_weights():
    z, labels = rng.normal(size=(6, 3)), np.array([0, 1, 2, 2, 1, 0])
    a = cross_entropy(z, labels, label_smoothing=0.3, reduction="none")
    b = cross_entropy(z, one_hot(labels, 3), label_smoothing=0.3, reduction="none")
    np.testing.assert_allclose(a.data, b.data, rtol=1e-5)


def test_the_class_axis_is_1_and_the_rest_are_samples():
    z, labels = rng.normal(size=(2, 4, 3, 5)), rng.integers(0, 4, (2, 3, 5))
    x = Tensor(z, np.float64, requires_grad=True)
    y = cross_entropy(x, labels, reduction="none")
    assert y.shape == (2, 3, 5)
    y.sum().backward()
    rows = Tensor(np.moveaxis(z, 1, -1).reshape(-1, 4), np.float64, requires_grad=True)
    flat = cross_entropy(rows, labels.reshape(-1), reduction="none")
    flat.sum().backward()
    np.testing.assert_array_equal(y.data.reshape(-1), flat.data)
    np.testing.assert_array_equal(x.grad, np.moveaxis(rows.grad.reshape(2, 3, 5, 4), -1, 1))


def test_one_sample_without_a_batch():
    z = rng.normal(size=4)
    assert cross_entropy(z, 2).item() == cross_entropy(z[None], [2]).item()
    assert cross_entropy(z, np.ones(4) / 4).shape == ()
    assert cross_entropy(z, 2, reduction="none").shape == ()


def test_stable_at_ten_thousand_and_with_impossible_classes():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        z = Tensor([[1e4, -1e4, 0], [-np.inf, 0, 0]], requires_grad=True)
        y = cross_entropy(z, [1, 1], reduction="none")
        y.sum().backward()
    np.testing.assert_allclose(y.data, [2e4, math.log(2)], rtol=1e-6)
    np.testing.assert_allclose(z.grad, [[1, -1, 0], [0, -0.5, 0.5]])


def test_probabilities_are_stable_at_ten_thousand_too():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        z = Tensor([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]], requires_grad=True)
        y = cross_entropy(z, [[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]], reduction="none")
        y.sum().backward()
    np.testing.assert_allclose(y.data, [2e4, math.log(3)], rtol=1e-6)
    np.testing.assert_allclose(z.grad, [[1, -1, 0], [-1 / 6, -1 / 6, 1 / 3]], rtol=1e-6)


def test_ignored_targets_count_neither_in_the_mean_nor_in_the_gradient():
    z = rng.normal(size=(4, 3))
    for labels, ignore in [([0, -100, 2, -100], -100), ([0, 1, 2, 1], 1), ([0, 9, 2, 9], 9)]:
        x = Tensor(z, np.float64, requires_grad=True)
        for smoothing in (0.0, 0.2):
            x.grad = None
            y = cross_entropy(x, labels, ignore_index=ignore, label_smoothing=smoothing)
            y.backward()
            kept = cross_entropy(Tensor(z[::2], np.float64), [0, 2], label_smoothing=smoothing)
            assert y.item() == pytest.approx(kept.item(), rel=1e-14)
            assert (x.grad[1::2] == 0).all()
            assert (x.grad[::2] != 0).all()


def test_an_ignored_impossible_class_does_no_harm():
    z = Tensor([[-np.inf, 0.0], [0.0, 0.0]], requires_grad=True)
    y = cross_entropy(z, [-100, 0])
    y.backward()
    assert y.item() == pytest.approx(math.log(2))
    np.testing.assert_array_equal(z.grad, [[0, 0], [-0.5, 0.5]])


def test_ignored_targets_beside_a_single_class():
    z = Tensor([[3.0], [5.0]], requires_grad=True)
    y = cross_entropy(z, [0, -100])
    y.backward()
    assert y.item() == 0
    assert (z.grad == 0).all()


@pytest.mark.parametrize("shape", [(0, 4), (0, 4, 3), (2, 4, 0), (0, 4, 3, 5)])
def test_no_sample_has_classes_nevertheless(shape):
    """Weights and smoothing, which go by class, fit an empty batch too."""
    labels = np.zeros((shape[0], *shape[2:]), int)
    for targets in (labels, np.zeros(shape)):
        z = Tensor(np.zeros(shape), requires_grad=True)
        y = cross_entropy(z, targets, weight=[1.0, 2.0, 3.0, 4.0], label_smoothing=0.1)
        y.backward()
        assert y.item() == 0
        assert z.grad.shape == shape


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(0, 0), (0, 0, 2)])
def test_no_sample_and_no_class(shape, label_smoothing):
    """Shapes and gradients as in PyTorch; a mean over nothing is 0 here, as in all losses."""
    for targets in (np.zeros((0, *shape[2:]), int), np.zeros(shape)):
        for reduction, of_loss in (("mean", ()), ("sum", ()), ("none", (0, *shape[2:]))):
            z = Tensor(np.zeros(shape), requires_grad=True)
            y = cross_entropy(z, targets, label_smoothing=label_smoothing, reduction=reduction)
            assert y.shape == of_loss
            assert y.data.sum() == 0
            y.sum().backward()
            assert z.grad.shape == shape


@pytest.mark.parametrize("weight", [None, [1.0, 2.0]])
def test_nothing_but_ignored_targets_gives_zero_and_not_nan(weight):
    z = Tensor(rng.normal(size=(3, 2)), requires_grad=True)
    y = cross_entropy(z, [-100] * 3, weight=weight, label_smoothing=0.1)
    y.backward(retain_graph=True)
    assert y.item() == 0
    np.testing.assert_array_equal(z.grad, np.zeros((3, 2)))
    z.grad = None
    y.backward(np.float32(0))  # as of a loss that is switched off for now
    np.testing.assert_array_equal(z.grad, np.zeros((3, 2)))


def test_the_mean_divides_by_the_weights_of_the_targets():
    z = np.zeros((2, 2))
    # Both losses are ln 2; so is every weighted mean of them.
    assert cross_entropy(z, [0, 1], weight=[1.0, 5.0]).item() == pytest.approx(math.log(2))
    single = cross_entropy(z, [0, 1], weight=[1.0, 5.0], reduction="none").data
    np.testing.assert_allclose(single, [math.log(2), 5 * math.log(2)], rtol=1e-6)
    # That of probabilities divides by the number of samples.
    q = [[1.0, 0.0], [0.0, 1.0]]
    assert cross_entropy(z, q, weight=[1.0, 5.0]).item() == pytest.approx(3 * math.log(2))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, ">i4", np.uint64])
def test_labels_of_any_integer_dtype(dtype):
    z = rng.normal(size=(3, 4))
    labels = np.array([1, 3, 0], dtype)
    assert cross_entropy(z, labels).item() == cross_entropy(z, [1, 3, 0]).item()


def test_labels_in_a_tensor():
    assert cross_entropy([[0.0, 0.0]], Tensor([1])).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("wrong", [4, -1, -101, 2**40])
def test_an_index_out_of_range_is_named_with_the_number_of_classes(wrong):
    with pytest.raises(IndexError, match=rf"class index {wrong} is out of range for 4 classes"):
        cross_entropy(np.zeros((3, 4)), [0, wrong, 2])


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"scores \(3, 4\) expected class indices \(3,\), got"):
        cross_entropy(np.zeros((3, 4)), [0, 1])
    with pytest.raises(ShapeError, match=r"got \(3, 4\).*floating"):
        cross_entropy(np.zeros((3, 4)), np.eye(3, 4, dtype=int))
    with pytest.raises(ShapeError, match=r"got \(3, 5\)"):
        cross_entropy(np.zeros((3, 4)), np.ones((3, 5)))
    with pytest.raises(ShapeError, match="a single number"):
        cross_entropy(0.0, 0)
    for samples in (1, 3):
        with pytest.raises(ShapeError, match="at least one class"):
            cross_entropy(np.zeros((samples, 0)), [0] * samples)
    for targets in (0, np.zeros(0)):
        with pytest.raises(ShapeError, match="at least one class"):
            cross_entropy(np.zeros(0), targets)
    with pytest.raises(ShapeError, match=r"expected weight \(4,\), got \(3,\)"):
        cross_entropy(np.zeros((3, 4)), [0, 0, 0], weight=np.ones(3))
    with pytest.raises(ShapeError, match=r"expected weight \(4,\), got \(3,\)"):
        cross_entropy(np.zeros((3, 4)), np.ones((3, 4)), weight=np.ones(3))


def test_floating_class_indices_are_refused():
    with pytest.raises(DTypeError, match="integer class indices, got float"):
        cross_entropy(np.zeros((3, 4)), [0.0, 1.0, 2.0])


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_smoothing_out_of_range(wrong):
    with pytest.raises(ValueError, match=r"cross_entropy: label_smoothing must be a number from"):
        cross_entropy([[0.0]], [0], label_smoothing=wrong)
    with pytest.raises(ValueError, match=r"CrossEntropyLoss: label_smoothing must be"):
        CrossEntropyLoss(label_smoothing=wrong)


@given(st.integers(0, 2**32 - 1), st.floats(-100, 100))
def test_a_constant_on_all_scores_of_a_sample_changes_nothing(seed, shift):
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(3, 5)), rng.integers(0, 5, 3)
    y = cross_entropy(Tensor(z, np.float64), labels).item()
    assert cross_entropy(Tensor(z + shift, np.float64), labels).item() == pytest.approx(y)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3]))
def test_the_gradient_of_every_sample_adds_up_to_zero(seed, smoothing):
    rng = np.random.default_rng(seed)
    x = Tensor(rng.normal(size=(3, 5)), np.float64, requires_grad=True)
    cross_entropy(x, rng.integers(0, 5, 3), label_smoothing=smoothing).backward()
    np.testing.assert_allclose(x.grad.sum(axis=1), 0, atol=1e-15)


def test_the_loss_of_an_untrained_classifier_is_the_logarithm_of_the_number_of_classes():
    z = 0.01 * rng.normal(size=(100, 27))
    assert cross_entropy(z, rng.integers(0, 27, 100)).item() == pytest.approx(3.2958, rel=1e-3)
