"""Attention in tiles, one head at a time: weights kept or made again, threads, and memory."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, no_grad
from neural_net_core.forms import is_textbook
from neural_net_layers import scaled_dot_product_attention as attention
from neural_net_layers.attention import blocked_attention
from neural_net_layers.fast import attention as fast_attention
from neural_net_layers.fast import attention_tiles
from neural_net_layers.fast import products as _products
from neural_net_layers.fast import threads as _threads

pytestmark = pytest.mark.skipif(is_textbook(), reason="promises of the fast form")


@pytest.fixture
def cut(monkeypatch):
    """Set the side of a tile and what is kept."""

    def set_sizes(tile, kept):
        monkeypatch.setattr(blocked_attention, "TILE", tile)
        monkeypatch.setattr(attention_tiles, "KEPT", kept)

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


def test_the_form_is_chosen_by_size_and_only_without_dropout():
    n = math.isqrt(fast_attention.TILES_FROM)
    rng = np.random.default_rng(0)
    small, large = (Tensor(rng.normal(size=(m, 2)), requires_grad=True) for m in (n - 1, n))
    assert attention(small, small, small).node.tiles is None
    assert attention(large, large, large).node.tiles is not None
    assert attention(large, large, large, dropout=0.1).node.tiles is None
    assert attention(large, large, large, need_weights=True)[0].node.tiles is None
    assert attention(large, large, large, blocked=False).node.tiles is None
    assert attention(small, small, small, blocked=True).node.tiles is not None


@pytest.mark.parametrize("kept", [0, 1 << 20])
def test_rows_shared_by_threads_give_the_same(kept, cut, monkeypatch):
    cut(3, kept)
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


@pytest.mark.parametrize("tile", [1, 2, 5])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_weights_that_are_made_again_are_those_that_were_kept(tile, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    queries, keys = data.draw(st.integers(1, 11)), data.draw(st.integers(1, 11))
    shapes = (queries, 3), (keys, 3), (keys, 2)
    q, k, v = (Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes)
    options = {"causal": data.draw(st.booleans()), "offset": data.draw(st.integers(-3, 12))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocked_attention, "TILE", tile)
        patch.setattr(attention_tiles, "KEPT", 0)
        compare(q, k, v, None, **options)


@pytest.mark.parametrize("kept", [0, 1 << 25])
def test_recording_changes_no_bit(kept, cut):
    cut(3, kept)
    x = Tensor(np.random.default_rng(0).normal(size=(2, 9, 4)), requires_grad=True)
    recorded = attention(x, x, x, blocked=True).data.tobytes()
    with no_grad():
        assert attention(x, x, x, blocked=True).data.tobytes() == recorded


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
    cut(64, 0)
    short, middle, long = peak(512), peak(1024), peak(2048)
    assert long - middle < 2.5 * (middle - short)
    assert long < 2048 * 2048 * 4 / 8  # an eighth of one matrix of weights


def test_the_memory_test_can_fail(cut):
    cut(64, 1 << 30)  # every weight is kept
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
    np.testing.assert_array_equal(attention_tiles.small_products(a, b), a @ b)
    turned = np.ascontiguousarray(a.T).T  # as the transpose of a tile comes
    np.testing.assert_array_equal(attention_tiles.small_products(turned, b), a @ b)
