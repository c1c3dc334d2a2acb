"""Connectionist temporal classification, against all paths written out."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import CTCLoss, DTypeError, ShapeError, Tensor, ctc_loss, log_softmax


def read(path, blank):
    """Read a path: join what repeats itself, then drop the blanks."""
    return tuple(k for k, _ in itertools.groupby(path) if k != blank)


def probabilities(y, blank):
    """Return the probability of each sequence of labels, and that of each label in each frame
    together with it, both by going through all paths."""
    steps, classes = y.shape
    total, share = {}, {}
    for path in itertools.product(range(classes), repeat=steps):
        p = math.prod(y[t, k] for t, k in enumerate(path))
        labels = read(path, blank)
        total[labels] = total.get(labels, 0) + p
        places = share.setdefault(labels, np.zeros_like(y))
        places[np.arange(steps), path] += p
    return total, share


def one_loss(y, labels, blank=0, **options):
    """Return loss and gradient of one sequence of probabilities."""
    with np.errstate(divide="ignore"):
        x = Tensor(np.log(y), np.float64, requires_grad=True)
    loss = ctc_loss(x, np.array(labels, int), len(y), len(labels), blank=blank, **options)
    loss.backward()
    return loss.item(), x.grad


def distribution(seed, steps, classes, zeros=False):
    rng = np.random.default_rng(seed)
    y = rng.dirichlet(np.full(classes, 0.7), steps)
    return np.where(rng.random(y.shape) < 0.3, 0, y) if zeros else y


drawn = given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(2, 4), st.booleans())


@pytest.mark.filterwarnings("error")
@drawn
def test_loss_and_gradient_are_those_of_all_paths(seed, steps, classes, zeros):
    """Of every sequence of labels that can be read from so many frames, impossible classes too."""
    y, blank = distribution(seed, steps, classes, zeros), seed % classes
    total, share = probabilities(y, blank)
    for labels, p in total.items():
        loss, gradient = one_loss(y, labels, blank, reduction="sum")
        assert loss == pytest.approx(-math.log(p) if p else math.inf)
        expected = -share[labels] / p if p else np.zeros_like(y)
        np.testing.assert_allclose(gradient, expected, atol=1e-12)


@drawn
def test_probabilities_of_all_sequences_of_labels_add_up_to_one(seed, steps, classes, zeros):
    y, blank = distribution(seed, steps, classes), seed % classes
    names = [k for k in range(classes) if k != blank]
    p = 0.0
    for length in range(steps + 1):
        rows = list(itertools.product(names, repeat=length))
        n = len(rows)
        x = Tensor(np.broadcast_to(np.log(y), (n, *y.shape)), np.float64)
        losses = ctc_loss(
            x, np.array(rows, int), [steps] * n, [length] * n, blank=blank, reduction="none"
        )
        p += np.exp(-losses.data).sum()
    assert p == pytest.approx(1, abs=1e-10)


@st.composite
def batches(draw):
    """Draw a batch: scores, labels, frames and numbers of labels, some of which do not fit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    batch, steps, classes, most = (draw(st.integers(*r)) for r in ((1, 5), (0, 8), (2, 5), (0, 4)))
    return (
        rng.normal(size=(batch, steps, classes)),
        rng.integers(1, classes, (batch, most)),
        rng.integers(0, steps + 1, batch),
        rng.integers(0, most + 1, batch),
    )


def run(u, *rest, reduction="none", **options):
    x = Tensor(u, u.dtype, requires_grad=True)
    y = ctc_loss(x, *rest, reduction=reduction, **options)
    y.backward(np.ones_like(y.data))
    return y.data, x.grad


@pytest.mark.filterwarnings("error")
@given(batches(), st.sampled_from([np.nan, np.inf, -np.inf, 7.0]), st.integers(0, 3))
def test_what_is_beyond_a_length_takes_part_in_nothing(batch, junk, more):
    x, labels, frames, lengths = batch
    losses, gradient = run(*batch)
    for i, (n, m) in enumerate(zip(frames, lengths, strict=True)):
        alone, part = run(x[i, :n], labels[i, :m], int(n), int(m))
        assert alone == pytest.approx(losses[i], rel=1e-12)
        np.testing.assert_allclose(part, gradient[i, :n], rtol=1e-9, atol=1e-12)
        assert not gradient[i, n:].any()
    wide = np.pad(x, ((0, 0), (0, more), (0, 0)))
    wide[np.arange(wide.shape[1]) >= frames[:, None]] = junk
    long = np.pad(labels, ((0, 0), (0, more)))
    long[np.arange(long.shape[1]) >= lengths[:, None]] = -100
    again, other = run(wide, long, frames, lengths)
    np.testing.assert_allclose(again, losses, rtol=1e-12)
    np.testing.assert_allclose(other[:, : x.shape[1]], gradient, rtol=1e-9, atol=1e-12)
    assert not other[:, x.shape[1] :].any()


@given(batches(), st.integers(0, 2**32 - 1))
def test_the_order_of_a_batch_and_the_form_of_its_labels_change_nothing(batch, seed):
    x, labels, frames, lengths = batch
    losses, gradient = run(*batch)
    order = np.random.default_rng(seed).permutation(len(x))
    others, moved = run(*(part[order] for part in batch))
    np.testing.assert_array_equal(others, losses[order])
    np.testing.assert_array_equal(moved, gradient[order])
    joined = np.concatenate([row[:n] for row, n in zip(labels, lengths, strict=True)])
    again, same = run(x, joined, frames, lengths)
    # Rows only as long as the longest, so that another place may be the likeliest.
    np.testing.assert_allclose(again, losses, rtol=1e-12)
    np.testing.assert_allclose(same, gradient, rtol=1e-12, atol=1e-15)


@given(batches(), st.booleans())
def test_the_reductions(batch, zero_infinity):
    """A mean is that of the losses per label, in which an empty target counts as one."""
    lengths = batch[3]
    losses, single = run(*batch, zero_infinity=zero_infinity)
    assert zero_infinity or not np.isnan(losses).any()
    assert not (zero_infinity and np.isinf(losses).any())
    total, gradient = run(*batch, reduction="sum", zero_infinity=zero_infinity)
    assert total == pytest.approx(losses.sum(), rel=1e-12)
    np.testing.assert_allclose(gradient, single, rtol=1e-12)
    mean, gradient = run(*batch, reduction="mean", zero_infinity=zero_infinity)
    assert mean == pytest.approx((losses / np.maximum(lengths, 1)).mean(), rel=1e-12)
    shares = len(losses) * np.maximum(lengths, 1)[:, None, None]
    np.testing.assert_allclose(gradient * shares, single, rtol=1e-9, atol=1e-14)


def test_one_sequence_may_come_without_a_batch():
    """Its loss is a single number; its labels, too, may be padded."""
    x = np.random.default_rng(0).normal(size=(4, 3))
    expected, gradient = run(x[None], [[1, 2]], [4], [2])
    for labels in ([1, 2], [1, 2, -1, 7]):
        loss, alone = run(x, labels, 4, 2)
        assert loss.shape == () and loss == expected[0]
        np.testing.assert_allclose(alone, gradient[0], rtol=1e-12)


@given(batches())
def test_gradients_are_probabilities_of_labels_frame_by_frame(batch):
    """So in each frame that counts they add up to −1, and behind a log-softmax to 0."""
    x, _, frames, _ = batch
    losses, gradient = run(*batch)
    here = (np.arange(x.shape[1]) < frames[:, None]) & np.isfinite(losses)[:, None]
    np.testing.assert_allclose(gradient.sum(axis=2), -here.astype(float), atol=1e-12)
    u = Tensor(x, np.float64, requires_grad=True)
    ctc_loss(log_softmax(u, -1), *batch[1:], reduction="sum", zero_infinity=True).backward()
    y = np.exp(log_softmax(Tensor(x, np.float64), -1).data)
    _, of_logarithms = run(np.log(y), *batch[1:])
    np.testing.assert_allclose(u.grad, y * here[..., None] + of_logarithms, atol=1e-12)


def test_three_frames_by_hand():
    """The example of the page: blank, a and b, and the word "a b"."""
    y = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.3, 0.1, 0.6]])
    # a a b, a b b, ␣ a b, a ␣ b and a b ␣.
    paths = [0.7 * 0.3 * 0.6, 0.7 * 0.2 * 0.6, 0.2 * 0.3 * 0.6, 0.7 * 0.5 * 0.6, 0.7 * 0.2 * 0.3]
    p = 0.498
    assert sum(paths) == pytest.approx(p)
    loss, gradient = one_loss(y, [1, 2], reduction="sum")
    assert loss == pytest.approx(-math.log(p))
    expected = [[0.036, 0.462, 0], [0.21, 0.162, 0.126], [0.042, 0, 0.456]]
    np.testing.assert_allclose(gradient, -np.array(expected) / p, atol=1e-15)


@pytest.mark.filterwarnings("error")
def test_between_equal_labels_there_must_be_a_blank():
    y = np.full((4, 3), 1 / 3)
    assert one_loss(y[:3], [1, 1], reduction="sum")[0] == pytest.approx(3 * math.log(3))
    assert one_loss(y[:2], [1, 2], reduction="sum")[0] == pytest.approx(2 * math.log(3))
    for too_many, steps in (([1, 1], 2), ([1, 1, 1], 4), ([1, 2, 1], 2), ([1], 0)):
        loss, gradient = one_loss(y[:steps], too_many)
        assert loss == math.inf and not gradient.any()
        loss, gradient = one_loss(y[:steps], too_many, zero_infinity=True)
        assert loss == 0 and not gradient.any()


def test_of_nothing():
    """No labels are read from blanks alone; no frames read as no labels, for certain."""
    y = np.array([[0.25, 0.75], [0.5, 0.5]])
    loss, gradient = one_loss(y, [])
    assert loss == pytest.approx(math.log(8))
    np.testing.assert_array_equal(gradient, [[-1, 0], [-1, 0]])
    assert one_loss(y[:0], [])[0] == 0
    assert ctc_loss(np.zeros((0, 3, 2)), np.zeros((0, 1), int), [], []).item() == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_two_thousand_frames(dtype, scale):
    """All digits of a loss of thousands, and gradients that are still probabilities."""
    rng = np.random.default_rng(0)
    u, labels = scale * rng.normal(size=(2, 2000, 8)), rng.integers(1, 8, (2, 300))
    x = Tensor(u, dtype, requires_grad=True)
    y = ctc_loss(log_softmax(x, -1), labels, [2000, 1500], [300, 200], reduction="none")
    y.sum().backward()
    z = Tensor(u, np.float64, requires_grad=True)
    w = ctc_loss(log_softmax(z, -1), labels, [2000, 1500], [300, 200], reduction="none")
    w.sum().backward()
    assert y.dtype == x.grad.dtype == dtype
    assert (w.data > 2000).all()
    np.testing.assert_allclose(y.data, w.data, rtol=1e-6)
    np.testing.assert_allclose(x.grad, z.grad, atol=2e-3 if scale > 1 else 1e-4)


@pytest.mark.filterwarnings("error")
def test_a_way_that_looks_hopeless_for_long_is_still_found():
    """Divided by the likeliest α and without logarithms, its α would have vanished by 10⁻¹⁰⁰⁰."""
    x = np.log(np.where(np.arange(100)[:, None] < 50, [1e-20, 1 - 1e-20], [1 - 1e-20, 1e-20]))
    loss, gradient = run(x[:, ::-1], np.array([1, 1, 1, 1]), 100, 4, reduction="sum")
    assert np.isfinite(loss) and loss > 100
    np.testing.assert_allclose(gradient.sum(axis=1), -1)


def test_nan_is_not_hidden():
    x = np.zeros((2, 3, 2))
    x[0, 1, 1] = np.nan
    y = ctc_loss(x, [[1], [1]], [3, 3], [1, 1], reduction="none", zero_infinity=True)
    assert np.isnan(y.data).tolist() == [True, False]


def test_what_does_not_fit():
    x = np.zeros((2, 4, 3))
    for wrong in (np.zeros(3), np.zeros((1, 2, 3, 4)), np.zeros((2, 4, 0))):
        with pytest.raises(ShapeError, match=r"expected log_probs \(B, T, C\) or \(T, C\), got"):
            ctc_loss(wrong, [[1]], [4], [1])
    with pytest.raises(
        ShapeError, match=r"log_probs \(2, 4, 3\) expected targets \(2, S\) or one aft"
    ):
        ctc_loss(x, np.ones((4, 1), int), [4, 4], [1, 1])
    text = r"input_lengths \(2,\), got \(4,\); the batch comes first here: log_probs \(B, T, C\)"
    with pytest.raises(ShapeError, match=text):
        ctc_loss(x, np.ones((4, 1), int), [2] * 4, [1] * 4)
    with pytest.raises(ShapeError, match=r"for log_probs \(4, 3\) expected targets \(S,\), got"):
        ctc_loss(x[0], [[1], [1]], 4, 1)
    with pytest.raises(ShapeError, match=r"expected input_lengths \(2,\), got \(3,\)"):
        ctc_loss(x, [[1], [1]], [4, 4, 4], [1, 1])
    with pytest.raises(ShapeError, match=r"expected input_lengths from 0 to 4, .* got 5"):
        ctc_loss(x, [[1], [1]], [4, 5], [1, 1])
    with pytest.raises(ShapeError, match=r"expected input_lengths from 0 to 4, .* got 5"):
        ctc_loss(x, [[1], [1]], [0, 5], [1, 1])
    with pytest.raises(ShapeError, match=r"expected target_lengths from 0 to 1, .* got -1"):
        ctc_loss(x, [[1], [1]], [4, 4], [1, -1])
    with pytest.raises(ShapeError, match="as many as target_lengths add up to, 2, got 3"):
        ctc_loss(x, [1, 2, 1], [4, 4], [1, 1])
    with pytest.raises(DTypeError, match="ctc_loss: target_lengths must be integers"):
        ctc_loss(x, [[1], [1]], [4, 4], [1.0, 1.0])
    for wrong in (-1, 3):
        with pytest.raises(IndexError, match=rf"label {wrong} is out of range for 3 classes"):
            ctc_loss(x, [[1], [wrong]], [4, 4], [1, 1])
    with pytest.raises(ValueError, match="expected labels without the blank, class 2, got one"):
        ctc_loss(x, [[1], [2]], [4, 4], [1, 1], blank=2)
    with pytest.raises(ValueError, match="ctc_loss: blank must be an int from 0 to 2, got 3"):
        CTCLoss(blank=3)(x, [[1], [2]], [4, 4], [1, 1])
