"""The first few of many: the same as by sorting all, whichever are equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Tensor, ops, textbook
from neural_net_core.forms import is_textbook

ELEMENTS = {
    "all different": lambda rng, shape: rng.permutation(np.prod(shape)).reshape(shape) / 7,
    "many equal": lambda rng, shape: rng.integers(-2, 3, shape).astype(float),
    "a few equal": lambda rng, shape: np.round(rng.normal(size=shape), 2),
    "mostly zero": lambda rng, shape: np.maximum(rng.normal(size=shape) - 1.5, 0),
    "NaN and infinities": lambda rng, shape: rng.choice([np.nan, np.inf, -np.inf, 0, 1], shape),
    "NaN in one line": lambda rng, shape: np.where(
        (np.arange(shape[0])[:, None] == 1) & (rng.random(shape) < 0.6), np.nan, rng.random(shape)
    ),
    "one NaN": lambda rng, shape: np.where(np.arange(shape[-1]) == 7, np.nan, rng.random(shape)),
}


@given(
    kind=st.sampled_from(list(ELEMENTS)),
    n=st.integers(60, 70) | st.integers(100, 300) | st.just(2000),
    k=st.integers(0, 20) | st.integers(0, 60),
    largest=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]),
    axis=st.sampled_from([0, 1]),
    seed=st.integers(0, 99),
)
def test_values_and_positions_are_those_of_the_whole_order(kind, n, k, largest, dtype, axis, seed):
    x = ELEMENTS[kind](np.random.default_rng(seed), (3, n)).astype(dtype)
    x = np.swapaxes(x, axis, 1)
    found = ops.topk(x, k, axis, largest=largest)
    with textbook():
        wanted = ops.topk(x, k, axis, largest=largest)
    for y, z in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(y.data, z.data)
        assert y.dtype == z.dtype


def test_whole_numbers_and_arrays_without_elements():
    x = np.arange(200) % 13
    for largest in (True, False):
        y, where = ops.topk(x, 5, largest=largest)
        first = np.flatnonzero(x == (12 if largest else 0))[:5]
        assert where.data.tolist() == first.tolist()
        assert y.dtype == x.dtype
    assert ops.topk(np.zeros((0, 200)), 3)[0].shape == (0, 3)
    assert ops.topk(np.zeros((200, 0)), 3, 0)[1].shape == (3, 0)


@pytest.mark.skipif(is_textbook(), reason="looks at the fast form")
def test_nothing_but_the_first_few_is_sorted(monkeypatch):
    """Only what is equal to the last of them makes the whole order necessary."""
    sorted_lengths = []
    argsort = np.argsort

    def spy(x, axis=-1, **options):
        sorted_lengths.append(x.shape[axis])
        return argsort(x, axis=axis, **options)

    monkeypatch.setattr(np, "argsort", spy)
    x = np.random.default_rng(0).permutation(1000) * 1.0
    ops.topk(Tensor(x), 5)
    ops.topk(Tensor(x), 7, largest=False)
    x[:300] = 2000
    ops.topk(Tensor(x), 5)
    assert sorted_lengths == [5, 7, 1000]
