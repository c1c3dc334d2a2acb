"""Embeddings and positions, for the tests that every layer passes."""

import numpy as np

from neural_net_layers import (
    Embedding,
    EmbeddingBag,
    LearnedPositionalEmbedding,
    PositionalEncoding,
    RotaryEmbedding,
    TimestepEmbedding,
)


def rng():
    return np.random.default_rng(5)


CASES = {
    "PositionalEncoding": (lambda: PositionalEncoding(6, 9), (3, 5, 6), {"shows": "6, max_"}),
    "PositionalEncoding-odd": (lambda: PositionalEncoding(5, 5, 99.0), (2, 5, 5), {"shows": "=99"}),
    "PositionalEncoding-no-batch": (lambda: PositionalEncoding(4), (5, 4), {"batched": False}),
    "LearnedPositionalEmbedding": (
        lambda: LearnedPositionalEmbedding(4, 5, rng=rng()),
        (3, 5, 4),
        {"shows": "(4, max_length=5)"},
    ),
    "RotaryEmbedding": (lambda: RotaryEmbedding(4, 9), (2, 3, 5, 4), {"shows": "4, max_length=9"}),
    "RotaryEmbedding-interleaved": (
        lambda: RotaryEmbedding(6, 5, base=50.0, interleaved=True),
        (2, 3, 5, 6),
        {"shows": "base=50.0, interleaved=True"},
    ),
}

EVERY_ID = np.array([[0, 1, 2], [3, 4, 1]])

SEVERAL_INPUTS = {
    "Embedding": (lambda: Embedding(5, 3, rng=rng()), (EVERY_ID,)),
    "EmbeddingBag": (lambda: EmbeddingBag(5, 3, rng=rng()), (EVERY_ID,)),
    "EmbeddingBag-offsets": (
        lambda: EmbeddingBag(5, 3, mode="max", rng=rng()),
        (EVERY_ID.ravel(), np.array([0, 2, 2])),
    ),
    "TimestepEmbedding": (lambda: TimestepEmbedding(7), (np.array([0, 3, 999]),)),
}
