"""Masks and the one convention they keep to."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, NeuralNetError, ShapeError, Tensor
from neural_net_layers import MultiHeadAttention, causal_keep, padding_keep
from neural_net_layers import scaled_dot_product_attention as attention
from neural_net_layers.attention._masks import blank


@given(
    queries=st.integers(0, 6),
    keys=st.integers(0, 6),
    offset=st.integers(-3, 8),
    window=st.none() | st.integers(1, 4),
)
def test_a_query_sees_the_keys_up_to_its_position_and_not_before_its_window(
    queries, keys, offset, window
):
    keep = causal_keep(queries, keys, offset, window=window)
    assert keep.shape == (queries, keys)
    for i in range(queries):
        for j in range(keys):
            seen = j <= offset + i and (window is None or j > offset + i - window)
            assert keep[i, j] == seen


def test_the_alignment_of_the_last_query_with_the_last_key():
    assert causal_keep(2, 5, offset=3).tolist() == [[True] * 4 + [False], [True] * 5]


def test_the_first_query_sees_the_first_key_unless_it_is_said():
    assert causal_keep(3).tolist() == np.tri(3, dtype=bool).tolist()
    assert causal_keep(2, 3).tolist() == [[True, False, False], [True, True, False]]


def test_what_is_hidden_becomes_zero_where_not_all_is_finite():
    x, hidden = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True), np.array([[True], [False]])
    assert blank(x, hidden) is x
    x.data[0, 1] = np.nan
    y = blank(x, hidden)
    assert y.data.tolist() == [[0.0, 0.0], [3.0, 4.0]]
    y.sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_padding():
    assert padding_keep([0, 2], 3).tolist() == [[False] * 3, [True, True, False]]
    assert padding_keep(np.array([], int)).shape == (0, 0)
    assert padding_keep([0, 0], 0).shape == (2, 0)


@pytest.mark.parametrize("lengths", [[4], [-1], [[1]], [1.0], 2, None, "2", [[1], [1, 2]]])
def test_wrong_lengths_are_named(lengths):
    with pytest.raises(NeuralNetError, match=r"padding_keep: .*lengths"):
        padding_keep(lengths, 3)


def test_a_window_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="window must be an int >= 1, got 0"):
        causal_keep(3, window=0)


@pytest.mark.parametrize("mask", [np.ones((3, 3)), np.zeros((3, 3), int), [[0.0, -np.inf, 0.0]]])
def test_a_mask_that_is_not_boolean_says_what_true_means(mask):
    x = np.ones((1, 3, 4))
    with pytest.raises(DTypeError, match=r"True = may be attended to.*bias="):
        attention(x, x, x, keep=mask)
    with pytest.raises(
        DTypeError, match=r"MultiHeadAttention\(4, 2 heads\): keep: .*True = may be"
    ):
        MultiHeadAttention(4, 2)(x, keep=mask)


@pytest.mark.parametrize("name", ["keep", "bias"])
def test_a_mask_that_does_not_broadcast_is_named(name):
    x = np.ones((2, 4, 3, 5))
    mask = np.ones((2, 1, 3, 4), bool if name == "keep" else float)
    with pytest.raises(ShapeError, match=rf"\({name}\): .*broadcasts to \(2, 4, 3, 3\), got"):
        attention(x, x, x, **{name: mask})


@pytest.mark.parametrize("number", [1.0, np.nan])  # what is not finite is blanked out first
@pytest.mark.parametrize("shape", [(3, 2), (2, 2), (1, 3), (3,), (2, 3, 1), ()])
def test_key_keep_of_another_shape_is_named(shape, number):
    text = rf"expected key_keep \(2, 3\), got {re.escape(str(shape))}"
    with pytest.raises(ShapeError, match=text):
        MultiHeadAttention(4, 2)(np.full((2, 3, 4), number), key_keep=np.ones(shape, bool))


@pytest.mark.parametrize("blocked", [False, True])
def test_hidden_scores_are_hidden_whatever_they_are(blocked):
    """−∞ added to ∞ would be NaN."""
    bias = np.array([[1.0, np.inf, np.inf], [1.0, np.inf, 2.0]])
    keep = np.array([[True, False, True], [True, False, True]])
    q, k, v = np.zeros((2, 1)), np.zeros((3, 1)), np.eye(3)
    y = attention(q, k, v, bias=bias, keep=keep, causal=True, offset=1, blocked=blocked)
    np.testing.assert_allclose(y.data, [[1, 0, 0], [1 / (1 + math.e), 0, 1 / (1 + math.exp(-1))]])


def test_masks_may_be_tensors():
    x = np.ones((1, 2, 4), np.float32)
    keep = Tensor(np.eye(2, dtype=bool))
    np.testing.assert_allclose(attention(x, x, x, keep=keep).data, x)
