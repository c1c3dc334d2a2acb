"""The cache of keys and values by itself; what it does for a model stands with the models."""

import numpy as np
import pytest

from neural_net_core import ShapeError
from neural_net_layers import DecoderCache, KeyValueCache


def numbers(length, seed=0):
    return np.random.default_rng(seed).normal(size=(2, 3, length, 4)).astype(np.float32)


def test_what_was_appended_comes_back_in_order():
    cache, parts = KeyValueCache(), [numbers(n, seed=n) for n in (3, 1, 1, 7, 0, 2)]
    for i, part in enumerate(parts):
        keys, values = cache.append(part, -part)
        expected = np.concatenate(parts[: i + 1], axis=2)
        np.testing.assert_array_equal(keys, expected)
        np.testing.assert_array_equal(values, -expected)
        assert cache.length == expected.shape[2]
    np.testing.assert_array_equal(cache.keys, np.concatenate(parts, axis=2))
    assert cache.keys.dtype == np.float32


def test_memory_is_allocated_rarely():
    """One token at a time: 1,000 tokens need 11 allocations, not 1,000."""
    cache, owner, allocations = KeyValueCache(), None, 0
    for _ in range(1000):
        keys, _ = cache.append(numbers(1), numbers(1))
        allocations += keys.base is not owner
        owner = keys.base
    assert allocations == 11
    assert owner.shape[2] == 1024


def test_what_is_handed_in_may_change_afterwards():
    cache, x = KeyValueCache(), numbers(2)
    cache.append(x, x)
    before = cache.keys.copy()
    x[...] = 0
    np.testing.assert_array_equal(cache.keys, before)


def test_examples_are_selected_as_beam_search_does():
    cache, x = KeyValueCache(), numbers(2)
    cache.append(x, x)
    cache.select([1, 1, 0])
    np.testing.assert_array_equal(cache.keys, x[[1, 1, 0]])
    cache.append(x[[0, 0, 0]], x[[0, 0, 0]])
    assert cache.keys.shape == (3, 3, 4, 4)
    KeyValueCache().select([0])  # nothing to select


def test_positions_can_be_forgotten():
    cache, x = KeyValueCache(), numbers(5)
    cache.append(x, x)
    cache.truncate(2)
    keys, _ = cache.append(-x[:, :, :1], x[:, :, :1])
    np.testing.assert_array_equal(keys, np.concatenate([x[:, :, :2], -x[:, :, :1]], axis=2))
    with pytest.raises(ValueError, match="length must be an int from 0 to 3, got 4"):
        cache.truncate(4)


def test_what_does_not_continue_the_cache_is_an_error_and_changes_nothing():
    cache, x = KeyValueCache(), numbers(2)
    cache.append(x, x)
    for keys, values in ((x[:1], x[:1]), (x, x[..., :2]), (x[:, :1], x[:, :1]), (x[0], x[0])):
        with pytest.raises(ShapeError, match="KeyValueCache: expected"):
            cache.append(keys, values)
    with pytest.raises(ShapeError, match=r"expected keys \(B, K, N, D\)"):
        cache.append(x, x[:, :, :1])
    np.testing.assert_array_equal(cache.keys, x)
    np.testing.assert_array_equal(cache.values, x)


@pytest.mark.parametrize("axes", [(3, 4), (4, 3), (5, 4), (4, 5), (3, 3)])
def test_keys_and_values_have_four_axes_each(axes):
    keys, values = (np.ones((2, 3, 2, 4, 1)[:n], np.float32) for n in axes)
    for held in (0, 2):
        cache, x = KeyValueCache(), numbers(held)
        if held:
            cache.append(x, x)
        with pytest.raises(ShapeError, match=r"expected keys \(B, K, N, D\) and values"):
            cache.append(keys, values)
        assert cache.length == held


def test_they_read_as_what_they_hold():
    cache = DecoderCache()
    assert cache.length == 0
    assert repr(cache) == "DecoderCache(length 0, memory 0)"
    cache.self_attention.append(numbers(2), numbers(2))
    cache.memory.append(numbers(3), numbers(3))
    assert repr(cache) == "DecoderCache(length 2, memory 3)"
    assert repr(cache.memory) == "KeyValueCache(length 3)"
    cache.select([1])
    assert len(cache.memory.keys) == len(cache.self_attention.values) == 1
    assert KeyValueCache().keys.shape == KeyValueCache().values.shape == (0, 0, 0, 0)


def test_memory_that_is_just_enough_is_used_again():
    cache, x = KeyValueCache(), numbers(4)
    owner = cache.append(x, x)[0].base
    cache.truncate(1)
    assert cache.append(x[:, :, 1:], x[:, :, 1:])[0].base is owner
    np.testing.assert_array_equal(cache.keys, x)


@pytest.mark.parametrize("wrong", [[2], [-3], [0, 2], [2, 0], [0, 1, 9]])
def test_of_examples_that_are_selected_each_must_be_there(wrong):
    cache, x = KeyValueCache(), numbers(2)
    cache.append(x, x)
    with pytest.raises(IndexError, match="expected examples below 2"):
        cache.select(wrong)
    np.testing.assert_array_equal(cache.keys, x)
    cache.select([-2, 1])
    np.testing.assert_array_equal(cache.keys, x)
    cache.select([])
    assert cache.keys.shape == (0, 3, 2, 4)
