"""Bags of embeddings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, ShapeError, Tensor
from neural_net_core.ops import stack
from neural_net_layers import EmbeddingBag, embedding, embedding_bag

MODES = ["sum", "mean", "max"]


def rng():
    return np.random.default_rng(3)


def by_hand(bags, weight, mode, padding):
    """Each bag by itself from primitive operations."""
    rows = []
    for bag in bags:
        kept = [i for i in bag if i != padding]
        if not kept:
            rows.append(Tensor(np.zeros(weight.shape[1]), np.float64))
            continue
        vectors = embedding(kept, weight)
        rows.append(getattr(vectors, mode)(axis=0))
    return stack(rows)


@pytest.mark.parametrize("mode", MODES)
@given(
    bags=st.lists(st.lists(st.integers(0, 5), max_size=5), min_size=1, max_size=5),
    padding=st.one_of(st.none(), st.integers(0, 5)),
    include_last=st.booleans(),
)
def test_it_equals_each_bag_by_itself(mode, bags, padding, include_last):
    """Value and gradient, with empty bags, padding, and offsets in both conventions."""
    weight = Tensor(rng().normal(size=(6, 3)), np.float64, requires_grad=True)
    other = Tensor(weight.data.copy(), np.float64, requires_grad=True)
    ends = np.cumsum([len(bag) for bag in bags])
    offsets = [0, *ends] if include_last else [0, *ends[:-1]]
    flat = [i for bag in bags for i in bag]
    y = embedding_bag(
        flat, weight, offsets, mode=mode, padding_idx=padding, include_last_offset=include_last
    )
    expected = by_hand(bags, other, mode, padding)
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-12, atol=1e-14)
    dy = rng().normal(size=y.shape)
    y.backward(dy)
    if expected.requires_grad:
        expected.backward(dy)
        # Equal maxima are the same row here, so it does not matter which token has won.
        np.testing.assert_allclose(weight.grad, other.grad, rtol=1e-12, atol=1e-12)
    else:
        assert not weight.grad.any()


@pytest.mark.parametrize("mode", MODES)
def test_rows_of_ids_are_bags(mode):
    """(B, L) equals the same ids in one row with offsets."""
    weight = rng().normal(size=(6, 3))
    ids = rng().integers(0, 6, (4, 5))
    square = embedding_bag(ids, weight, mode=mode)
    flat = embedding_bag(ids.ravel(), weight, [0, 5, 10, 15], mode=mode)
    assert square.shape == (4, 3)
    assert np.array_equal(square.data, flat.data)
    assert embedding_bag(np.zeros((0, 3), int), weight, mode=mode).shape == (0, 3)
    assert not embedding_bag(np.zeros((2, 0), int), weight, mode=mode).data.any()


def test_weighted_sums():
    """Σ s_i W[id_i], a gradient for s too, none at padding."""
    weight = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    scales = Tensor([[2.0, -1.0], [0.5, 7.0]], requires_grad=True)
    y = embedding_bag(
        [[0, 1], [2, 1]], weight, per_sample_weights=scales, mode="sum", padding_idx=1
    )
    assert y.tolist() == [[2, 4], [2.5, 3]]
    y.backward(np.array([[1.0, 10.0], [1.0, 10.0]]))
    assert weight.grad.tolist() == [[2, 20], [0, 0], [0.5, 5]]
    assert scales.grad.tolist() == [[21, 0], [65, 0]]


def test_the_first_of_equal_maxima_gets_the_gradient():
    """Two different rows with one maximum: the earlier token wins, in each feature by itself."""
    weight = Tensor([[1.0, 0.0], [1.0, 5.0], [0.0, 5.0]], requires_grad=True)
    embedding_bag([[2, 1, 0]], weight, mode="max").backward(np.array([[1.0, 10.0]]))
    assert weight.grad.tolist() == [[0, 0], [1, 0], [0, 10]]


def test_a_number_that_is_none_comes_out_as_one():
    """NaN equals no maximum, not even itself, and must not be looked for beyond the table."""
    w = Tensor([[np.nan, 1.0], [2.0, 3.0]], requires_grad=True)
    y = embedding_bag([[0, 1]], w, mode="max")
    np.testing.assert_array_equal(y.data, [[np.nan, 3.0]])
    y.backward(np.ones((1, 2), np.float32))
    assert w.grad.tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("seed", range(20))
def test_the_first_nan_of_a_bag_is_its_maximum_and_has_the_gradient(seed):
    rng = np.random.default_rng(seed)
    table = rng.choice([np.nan, -np.inf, 0.0, 1.0, 2.0], size=(6, 3)).astype(np.float32)
    ids, offsets = rng.integers(6, size=9), [0, 2, 3, 3, 7]
    bags = np.split(ids, offsets[1:])
    w = Tensor(table, requires_grad=True)
    y = embedding_bag(ids, w, offsets=offsets, mode="max")
    dy = rng.normal(size=y.shape).astype(np.float32)
    y.backward(dy)
    expected = np.zeros_like(table)
    for b, bag in enumerate(bags):
        for j in range(3 if len(bag) else 0):
            seen = table[bag, j]
            winner = bag[seen.argmax()]  # of NumPy, where NaN is the largest, too
            np.testing.assert_array_equal(y.data[b, j], table[winner, j])
            expected[winner, j] += dy[b, j]
    np.testing.assert_allclose(w.grad, expected, rtol=1e-6)


def test_frequencies_and_bounded_norms():
    """A row's gradient by how often it occurs; long rows are shortened in the table."""
    weight = Tensor(np.full((3, 2), 4.0), requires_grad=True)
    embedding_bag([[0, 1], [0, 0]], weight, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert weight.grad.tolist() == [[1, 1], [1, 1], [0, 0]]
    layer = EmbeddingBag.from_pretrained([[3.0, 4.0], [30.0, 40.0]], mode="sum", max_norm=1.0)
    np.testing.assert_allclose(layer([[0, 0]]).data, [[1.2, 1.6]], rtol=1e-6)
    assert layer.weight.data[1].tolist() == [30, 40]
    y = embedding_bag([[0]], Tensor([[3.0, 4.0]]), max_norm=1.0)  # Euclidean unless told otherwise
    np.testing.assert_allclose(y.data, [[0.6, 0.8]], rtol=1e-6)


def test_the_layer():
    """Padding row zero, pretrained ones copied and frozen, repr with what is not the default."""
    layer = EmbeddingBag(4, 3, padding_idx=-1, mode="sum", rng=rng())
    assert not layer.weight.data[3].any()
    assert np.array_equal(layer([[0, 3]]).data[0], layer.weight.data[0])
    assert repr(layer) == "EmbeddingBag(4, 3, mode='sum', padding_idx=3)"
    values = rng().normal(size=(4, 3)).astype(np.float32)
    frozen = EmbeddingBag.from_pretrained(values, include_last_offset=True)
    assert not frozen([0, 1], [0, 2]).requires_grad
    assert np.allclose(frozen([0, 1], [0, 2]).data, values[:2].mean(axis=0))
    assert "include_last_offset=True" in repr(frozen)
    trained = EmbeddingBag.from_pretrained(values, freeze=False, mode="max")
    assert trained([[0]]).requires_grad


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ShapeError, r"ids \(N,\) need offsets", ([0, 1],)),
        (ShapeError, "offsets must be None", ([[0, 1]], [0])),
        (ShapeError, r"expected ids \(B, L\) or \(N,\), got \(1, 1, 1\)", ([[[0]]],)),
        (ShapeError, r"begin with 0 and never fall, got \[1\]", ([0, 1], [1])),
        (ShapeError, r"never fall, got \[0, 2, 1\]", ([0, 1], [0, 2, 1])),
        (ShapeError, r"expected offsets \(B,\), got \(1, 1\)", ([0, 1], [[0]])),
        (ShapeError, r"2 ids are in no bag", ([0, 1], [])),
        (IndexError, r"offsets: expected ids from 0 to 2, got 3", ([0, 1], [0, 3])),
        (IndexError, r"EmbeddingBag\(3, 2\): expected ids from 0 to 2, got 3", ([[3]],)),
        (DTypeError, r"ids must be integers", ([[1.5]],)),
    ],
)
def test_ids_and_offsets_that_do_not_fit(error, message, arguments):
    """Each says what was expected."""
    with pytest.raises(error, match=message):
        EmbeddingBag(3, 2)(*arguments)


def test_options_that_do_not_fit():
    """Modes, weights and the end of the last bag."""
    weight = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"mode must be .sum., .mean. or .max., got 'min'"):
        embedding_bag([[0]], weight, mode="min")
    with pytest.raises(ValueError, match=r'EmbeddingBag: scale_grad_by_freq .* "max"'):
        EmbeddingBag(3, 2, mode="max", scale_grad_by_freq=True)
    with pytest.raises(ValueError, match="per_sample_weights need mode \"sum\", got 'mean'"):
        embedding_bag([[0]], weight, per_sample_weights=[[1.0]])
    with pytest.raises(ShapeError, match=r"shape of ids, \(1, 1\), got \(1,\)"):
        embedding_bag([[0]], weight, per_sample_weights=[1.0], mode="sum")
    with pytest.raises(ShapeError, match="last offset to be the end, 2, got 1"):
        embedding_bag([0, 1], weight, [0, 1], include_last_offset=True)
    with pytest.raises(ShapeError, match=r"expected a weight \(V, D\), got \(3,\)"):
        embedding_bag([[0]], np.zeros(3))
