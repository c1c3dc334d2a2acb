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


def test_who_computes_is_told_by_the_size_and_by_what_the_rows_add_to(cut, monkeypatch):
    """Rows that add to one bias are not shared; those that are shared ask for small products."""
    monkeypatch.setattr(_threads, "_threads", 3)
    shared = []
    monkeypatch.setattr(attention_tiles, "share", lambda *given: given[2](0, given[0]))
    monkeypatch.setattr(
        attention_tiles,
        "share_sums",
        lambda count, parts, work: shared.append(parts) or work(0, count),
    )
    rng = np.random.default_rng(0)
    q, k, v = (Tensor(rng.normal(size=(2, 2, 7, 4)), requires_grad=True) for _ in range(3))
    bias = Tensor(rng.normal(size=(7, 7)), requires_grad=True)
    multiplications = 2 * 2 * 7 * 7 * 4
    products = {1: np.matmul, 3: attention_tiles.small_products}
    for limit, of_size in ((multiplications, 3), (multiplications + 1, 1)):
        monkeypatch.setattr(_threads, "WORTH_SHARING", limit)
        for added, parts in ((None, of_size), (bias.data, of_size), (bias, 1)):
            y = attention(q, k, v, bias=added, blocked=True)
            tiles = y.node.tiles
            assert (tiles.parts, tiles.times) == (of_size, products[of_size])
            y.backward(np.ones_like(y.data))
            assert (shared.pop(), tiles.times) == (parts, products[parts])
    monkeypatch.setattr(attention_tiles, "MOST_SHARED", 7)
    assert attention(q, k, v, blocked=True).node.tiles.parts == 1
    monkeypatch.setattr(_threads, "WORTH_SHARING", 0)
    assert attention(q, k, v, blocked=True).node.tiles.parts == 3
    monkeypatch.setattr(attention_tiles, "MOST_SHARED", 6)
    assert attention(q, k, v, blocked=True).node.tiles.parts == 1


def test_as_many_bytes_of_weights_are_kept_as_may_be(cut):
    """If there will be a way back; and only if all of them may be kept."""
    rng = np.random.default_rng(0)
    shapes = (2, 4, 5, 3), (2, 2, 7, 3), (2, 2, 7, 6)
    q, k, v = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    whole = 4 * 2 * 4 * 5 * 7
    for most, recorded, kept in ((whole, True, whole), (whole, False, 0), (whole - 1, True, 0)):
        cut(3, most)
        tiles = attention_tiles.Tiles(q, k, v, None, None, 0.5, None, recorded)
        assert sum(e.nbytes for e in (tiles.kept or {}).values()) == kept
        assert (tiles.kept is None) == (kept == 0)
        assert tiles.columns == (3 if most < whole else 7)


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


@pytest.mark.parametrize(
    ("keys", "columns", "height"), [(1, 1, 4), (4, 4, 4), (5, 5, 3), (8, 8, 2), (40, 40, 1)]
)
def test_a_tile_of_whole_rows_is_no_larger_than_a_square_one(keys, columns, height, cut):
    cut(4, 1 << 20)
    q, k = np.ones((2, 3, 9, 2)), np.ones((2, 3, keys, 2))
    tiles = attention_tiles.Tiles(q, k, k, None, None, 1.0, None, True)
    assert tiles.columns == columns
    pieces = [(i, min(i + height, 9)) for i in range(0, 9, height)]
    assert sorted(tiles.rows) == [
        (b, h, *piece) for b in (0, 1) for h in range(3) for piece in pieces
    ]


@pytest.mark.parametrize("small", [1, 7, 50, 160, 10**6])
@pytest.mark.parametrize(
    "shape", [(10, 4, 3), (1, 4, 3), (7, 1, 1), (5, 0, 3), (0, 4, 3), (4, 2, 0)]
)
def test_a_product_in_blocks_of_rows_is_the_product(small, shape, monkeypatch):
    monkeypatch.setattr(_products, "SMALL_PRODUCT", small)
    rows, inner, columns = shape
    a, b = np.arange(1.0, rows * inner + 1), np.arange(1.0, inner * columns + 1)
    a, b = a.reshape(rows, inner), b.reshape(inner, columns)
    # What was computed before may still stand in the memory that the next result gets.
    for factor in (1, -2):
        expected = factor * a @ b
        np.testing.assert_array_equal(attention_tiles.small_products(factor * a, b), expected)
        turned = np.ascontiguousarray(-factor * a.T).T  # as the transpose of a tile comes
        np.testing.assert_array_equal(attention_tiles.small_products(turned, b), -expected)


@pytest.mark.parametrize("rows", [1, 8, 9, 23, 24, 25])
def test_each_of_the_small_products_is_small(rows, monkeypatch):
    """With room for 8 rows each, there are no more of them than must be."""
    monkeypatch.setattr(_products, "SMALL_PRODUCT", 8 * 12 + 11)
    matmul, done = np.matmul, []

    def spy(a, b, out):
        done.extend([a.shape[-2]] * (a.size // (a.shape[-2] * a.shape[-1])))
        return matmul(a, b, out=out)

    monkeypatch.setattr(np, "matmul", spy)
    attention_tiles.small_products(np.ones((rows, 4)), np.ones((4, 3)))
    assert sum(done) == (rows if rows > 8 else 0)
    assert len(done) == (-(-rows // 8) if rows > 8 else 0)
    assert max(done, default=0) <= 8
