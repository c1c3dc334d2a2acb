"""The branch-free choice and the block-wise evaluation give exactly what the plain forms give."""

import threading

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core.fast import blocks as _blocks
from neural_net_core.fast.blocks import BLOCK, SHARED_BLOCK, in_blocks
from neural_net_core.fast.select import SMALL, select

SHAPES = [(), (3,), (0, 4), (SMALL + 88,), (40, 50)]
DTYPES = [np.float32, np.float64]
ODD = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1.5, 3.0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_bits_as_where(shape, dtype):
    rng = np.random.default_rng(0)
    with np.errstate(under="ignore"):
        a, b = (rng.choice(ODD, shape).astype(dtype) for _ in range(2))
    mask = np.asarray(rng.random(shape) < 0.5)
    for x, y in [(a, b), (a, 0), (a, 2.5), (2.5, b)]:
        chosen = select(mask, x, y)
        expected = np.where(mask, x, y)
        assert chosen.dtype == expected.dtype == dtype
        np.testing.assert_array_equal(chosen, expected)
        np.testing.assert_array_equal(np.signbit(chosen), np.signbit(expected))


@given(
    a=hnp.arrays(np.float32, 600, elements=st.floats(width=32)),
    b=hnp.arrays(np.float32, 600, elements=st.floats(width=32)),
    mask=hnp.arrays(bool, 600),
)
def test_any_numbers(a, b, mask):
    np.testing.assert_array_equal(select(mask, a, b), np.where(mask, a, b))


def test_inputs_in_any_order_of_memory():
    a, b = np.random.default_rng(0).normal(size=(2, 60, 70))
    mask = a > b
    expected = np.where(mask, a, b)
    np.testing.assert_array_equal(select(mask.T, a.T, b.T), expected.T)
    np.testing.assert_array_equal(select(mask[:, ::2], a[:, ::2], b[:, ::2]), expected[:, ::2])


@pytest.mark.parametrize("size", [5, BLOCK, BLOCK + 1, 2 * BLOCK + 17])
def test_blocks_cover_everything_once(size):
    sizes = []

    def kernel(x):
        sizes.append(x.size)
        return x + 1, x * 2

    x = np.arange(size, dtype=np.float64)
    plus, twice = in_blocks(kernel, x, 2)
    np.testing.assert_array_equal(plus, x + 1)
    np.testing.assert_array_equal(twice, x * 2)
    assert sum(sizes) == size
    assert max(sizes) <= BLOCK


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_of_images_with_any_axis_last_in_memory(threads, monkeypatch):
    monkeypatch.setattr(_blocks, "_threads", threads)
    x = np.random.default_rng(0).normal(size=(3, 100, 80, 11))
    for order in ((0, 1, 2, 3), (0, 3, 1, 2), (1, 0, 3, 2)):
        sizes = []

        def kernel(v, sizes=sizes):
            sizes.append(v.size)
            return (v * v,)

        turned = x.transpose(order)
        (y,) = in_blocks(kernel, turned, 1)
        np.testing.assert_array_equal(y, turned * turned)
        assert y.strides == turned.strides
        assert max(sizes) <= BLOCK
        assert sum(sizes) == x.size


def test_threads_share_longer_blocks(monkeypatch):
    """A thread gives the interpreter's lock away at every call, so its calls have to be long."""
    monkeypatch.setattr(_blocks, "_threads", 2)
    for size, longest in ((2 * SHARED_BLOCK - 1, BLOCK), (2 * SHARED_BLOCK + 5, SHARED_BLOCK)):
        sizes, names = [], set()

        def kernel(v, sizes=sizes, names=names):
            sizes.append(v.size)
            names.add(threading.current_thread().name)
            return (v + 1,)

        x = np.arange(size, dtype=np.float32)
        (y,) = in_blocks(kernel, x, 1)
        np.testing.assert_array_equal(y, x + 1)
        assert max(sizes) == longest
        assert len(names) == (2 if longest == SHARED_BLOCK else 1)


def test_an_array_with_gaps_goes_in_one_piece():
    x = np.random.default_rng(0).normal(size=(300, 800))[:, ::2]
    (y,) = in_blocks(lambda v: (v * v,), x, 1)
    np.testing.assert_array_equal(y, x * x)
