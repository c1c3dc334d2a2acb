"""Attention in tiles equals the plain form, in memory that grows with the length."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, no_grad
from neural_net_layers import scaled_dot_product_attention as attention
from neural_net_layers.attention import blocked_attention
from neural_net_layers.fast import products as _products
from neural_net_layers.fast import threads as _threads


@pytest.fixture
def cut(monkeypatch):
    """Set the sizes of tiles and what is kept."""

    def set_sizes(tile, rows, kept):
        monkeypatch.setattr(blocked_attention, "TILE", tile)
        monkeypatch.setattr(blocked_attention, "ROWS", rows)
        monkeypatch.setattr(blocked_attention, "KEPT", kept)

    return set_sizes


def compare(q, k, v, bias, **options):
    inputs = [x for x in (q, k, v, bias) if x is not None]
    results = []
    for blocked in (False, True):
        y = attention(q, k, v, bias=bias, blocked=blocked, **options)
        dy = np.random.default_rng(1).normal(size=y.shape)
        results.append([y.data, *grad(y, inputs, dy)])
    for plain, tiled in zip(*results, strict=True):
        np.testing.assert_allclose(tiled, plain, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "sizes", [(6, 2, 0), (8, 1, 0), (20, 4, 1 << 20), (1, 1, 0), (1000, 50, 0)]
)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_equals_the_plain_form_however_it_is_cut(sizes, data):
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shared, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    queries, keys, width = (draw(st.integers(1, 11)) for _ in range(3))
    shapes = ((2, shared * groups, queries, width), *[(2, shared, keys, width)] * 2)
    q, k, v = (Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes)
    options = {"causal": draw(st.booleans()), "offset": draw(st.integers(-3, 12))}
    if draw(st.booleans()):
        options["keep"] = rng.random((2, 1, queries, keys)) < 0.5
    bias = None
    if draw(st.booleans()):
        shape = (shared * groups, 1, keys) if draw(st.booleans()) else (queries, keys)
        bias = Tensor(rng.normal(size=shape), np.float64, requires_grad=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("TILE", "ROWS", "KEPT"), sizes, strict=True):
            patch.setattr(blocked_attention, name, value)
        compare(q, k, v, bias, **options)


@pytest.mark.parametrize("kept", [0, 1 << 20])
def test_rows_shared_by_threads_give_the_same(kept, cut, monkeypatch):
    cut(12, 3, kept)
    monkeypatch.setattr(_threads, "_threads", 3)
    monkeypatch.setattr(_threads, "WORTH_SHARING", 1)
    monkeypatch.setattr(_products, "SMALL_PRODUCT", 100)
    rng = np.random.default_rng(0)
    q, k, v, bias = (
        Tensor(rng.normal(size=s), np.float64, requires_grad=True)
        for s in ((2, 2, 13, 4), (2, 1, 11, 4), (2, 1, 11, 4), (13, 11))
    )
    compare(q, k, v, None, causal=True, offset=-2)
    compare(q, k, v, bias)


@pytest.mark.parametrize("kept", [0, 1 << 20])
def test_gradients_with_dropout_equal_those_through_the_mask_that_was_drawn(kept, cut):
    """Values of the identity show what was dropped; the plain formula then gives the gradients."""
    cut(12, 3, kept)
    rng = np.random.default_rng(0)
    q, k = (Tensor(rng.normal(size=(1, 2, 7, 4)), np.float64, requires_grad=True) for _ in range(2))
    v = Tensor(rng.normal(size=(1, 2, 7, 7)), np.float64, requires_grad=True)
    options = {"dropout": 0.4, "causal": True, "blocked": True}
    eye = np.broadcast_to(np.eye(7), (1, 2, 7, 7))
    shown = attention(q, k, eye, rng=np.random.default_rng(5), **options)
    _, weights = attention(q, k, eye, causal=True, need_weights=True)
    factor = np.where(shown.data > 0, 1 / 0.6, 0.0)
    np.testing.assert_allclose(shown.data, weights.data * factor, rtol=1e-12)
    y, expected = (
        attention(q, k, v, rng=np.random.default_rng(5), **options),
        (weights * factor) @ v,
    )
    dy = rng.normal(size=y.shape)
    for one, other in zip(grad(y, [q, k, v], dy), grad(expected, [q, k, v], dy), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_recording_does_not_change_what_is_dropped(cut):
    cut(12, 3, 1 << 20)
    x = Tensor(np.random.default_rng(0).normal(size=(2, 9, 4)), requires_grad=True)

    def run():
        y = attention(x, x, x, dropout=0.5, blocked=True, rng=np.random.default_rng(0))
        return y.data.tobytes()

    recorded = run()
    with no_grad():
        assert run() == recorded


def peak(length):
    """Return the most memory in bytes during forward and backward beside the inputs."""
    rng = np.random.default_rng(0)
    q, k, v = (Tensor(rng.normal(size=(1, 1, length, 16)), requires_grad=True) for _ in range(3))
    dy = rng.normal(size=q.shape).astype(np.float32)
    tracemalloc.start()
    y = attention(q, k, v, blocked=True, causal=True)
    y.backward(dy)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_grows_with_the_length_and_not_with_its_square(cut):
    """From 512 to 2,048 positions: the part that grows is 4 times as large, not 16 times."""
    cut(1 << 12, 32, 0)
    short, middle, long = peak(512), peak(1024), peak(2048)
    assert long - middle < 2.5 * (middle - short)
    assert long < 2048 * 2048 * 4 / 8  # an eighth of one matrix of weights


def test_the_memory_test_can_fail(cut):
    cut(1 << 12, 32, 1 << 30)  # every weight is kept
    short, middle, long = peak(512), peak(1024), peak(2048)
    assert long - middle > 3.5 * (middle - short)


@pytest.mark.parametrize("small", [1, 7, 50, 160, 10**6])
@pytest.mark.parametrize(
    "shape", [(10, 4, 3), (1, 4, 3), (7, 1, 1), (5, 0, 3), (0, 4, 3), (4, 2, 0)]
)
def test_a_product_in_blocks_of_rows_is_the_product(small, shape, monkeypatch):
    monkeypatch.setattr(_products, "SMALL_PRODUCT", small)
    rows, inner, columns = shape
    a, b = np.arange(rows * inner * 1.0), np.arange(inner * columns * 1.0)
    a, b = a.reshape(rows, inner), b.reshape(inner, columns)
    np.testing.assert_array_equal(blocked_attention.small_products(a, b), a @ b)
    turned = np.ascontiguousarray(a.T).T  # as the transpose of a tile comes
    np.testing.assert_array_equal(blocked_attention.small_products(turned, b), a @ b)
