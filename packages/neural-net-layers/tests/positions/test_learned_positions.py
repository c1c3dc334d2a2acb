"""Learned positions."""

import numpy as np
import pytest

from neural_net_core import ShapeError, init, no_grad
from neural_net_layers import (
    KeyValueCache,
    LearnedPositionalEmbedding,
    PositionalEncoding,
    TransformerDecoder,
    TransformerEncoder,
)


def rng():
    return np.random.default_rng(2)


def test_rows_are_added_and_learn():
    """y = x + W[offset + t]; places that were not used get no gradient."""
    layer = LearnedPositionalEmbedding(3, 6, rng=rng())
    x = rng().normal(size=(2, 4, 3)).astype(np.float32)
    y = layer(x, offset=1)
    np.testing.assert_allclose(y.data, x + layer.weight.data[1:5])
    dy = rng().normal(size=y.shape).astype(np.float32)
    y.backward(dy)
    np.testing.assert_allclose(layer.weight.grad[1:5], dy.sum(axis=0), rtol=1e-6)
    assert not layer.weight.grad[[0, 5]].any()


def test_lists_of_numbers_are_taken_too():
    layer = LearnedPositionalEmbedding(3, 6, rng=rng())
    y = layer([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data - layer.weight.data[:2], [[1, 2, 3], [4, 5, 6]], rtol=1e-5)


@pytest.mark.parametrize("kind", [LearnedPositionalEmbedding, PositionalEncoding])
def test_a_sequence_read_in_pieces_with_a_cache_stands_at_its_places(kind):
    """Whatever the pieces, encoder and decoder give what they give of the whole sequence."""
    places = kind(8, 12)
    encoder = TransformerEncoder(2, 8, 2, dropout=0.0, rng=rng())
    decoder = TransformerDecoder(2, 8, 2, dropout=0.0, rng=rng())
    x, memory = (rng().normal(size=(2, n, 8)).astype(np.float32) for n in (9, 4))
    for stack, read in (
        (encoder, lambda x, cache: encoder(x, causal=True, cache=cache)),
        (decoder, lambda x, cache: decoder(x, memory, cache=cache)),
    ):
        with no_grad():
            whole = read(places(x), None).data
            for pieces in ([1] * 9, [4, 1, 1, 3], [9]):
                cache = stack.new_cache()
                found = [
                    read(places(piece, cache=cache), cache).data
                    for piece in np.split(x, np.cumsum(pieces)[:-1], axis=1)
                ]
                np.testing.assert_allclose(np.concatenate(found, axis=1), whole, atol=2e-6)
    cache = KeyValueCache()
    assert (places(x, cache=cache).data == places(x).data).all()
    cache.append(np.zeros((2, 1, 3, 4)), np.zeros((2, 1, 3, 4)))
    assert (places(x, cache=cache).data == places(x, offset=3).data).all()
    cache.truncate(1)  # as speculative decoding does
    assert (places(x, cache=cache).data == places(x, 1).data).all()


@pytest.mark.parametrize("kind", [LearnedPositionalEmbedding, PositionalEncoding])
def test_what_is_no_cache_is_named(kind):
    places, x = kind(3, 6), np.zeros((1, 2, 3))
    for wrong in (5, [], [None], "cache"):
        with pytest.raises(TypeError, match="cache must be a cache of keys and values"):
            places(x, cache=wrong)
    with pytest.raises(ValueError, match="expected offset= or cache=, got both"):
        places(x, offset=2, cache=KeyValueCache())
    full = KeyValueCache()
    full.append(np.zeros((1, 1, 5, 4)), np.zeros((1, 1, 5, 4)))
    with pytest.raises(ShapeError, match="places 5 to 6 are not all among the 6"):
        places(x, cache=full)


def test_first_values():
    """Unit normal unless told otherwise."""
    assert abs(LearnedPositionalEmbedding(64, 1000, rng=rng()).weight.data.std() - 1) < 0.01
    small = LearnedPositionalEmbedding(2, 3, init=init.zeros)
    assert not small.weight.data.any()


def test_too_long_and_too_wide():
    """It cannot go on to places it has no vector for."""
    layer = LearnedPositionalEmbedding(3, 6)
    with pytest.raises(
        ShapeError, match=r"LearnedPositionalEmbedding\(3, max_length=6\): places 4 to 6"
    ):
        layer(np.zeros((1, 3, 3)), offset=4)
    with pytest.raises(ShapeError, match=r"expected input \(..., T, 3\), got \(1, 3, 2\)"):
        layer(np.zeros((1, 3, 2)))
    with pytest.raises(ValueError, match="max_length must be an int >= 1"):
        LearnedPositionalEmbedding(3, 0)
