"""Cosines, nearest neighbours, and a baseline that only counts."""

import numpy as np
from corpus import Vocabulary

from neural_net_utils import CODE_SYNONYMS

TWINS = dict(CODE_SYNONYMS) | {b: a for a, b in CODE_SYNONYMS}


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors at length 1; one of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def cosine(vocabulary: Vocabulary, vectors: np.ndarray, a: str, b: str) -> float:
    """Return the cosine between the vectors of two words."""
    one, other = unit(vectors[[vocabulary.ids[a], vocabulary.ids[b]]])
    return float(one @ other)


def nearest(vocabulary: Vocabulary, vectors: np.ndarray, word: str, n: int = 3) -> list[str]:
    """Return the n words whose vectors point most nearly the same way."""
    directions = unit(vectors)
    scores = directions @ directions[vocabulary.ids[word]]
    order = [i for i in np.argsort(-scores, kind="stable") if vocabulary.words[i] != word]
    return [vocabulary.words[i] for i in order[:n]]


def twins_found(vocabulary: Vocabulary, vectors: np.ndarray) -> float:
    """Return the share of planted synonyms whose nearest neighbour is their twin.

    One that a short text does not hold is not found.
    """
    found = [
        word in vocabulary.ids and nearest(vocabulary, vectors, word, 1) == [twin]
        for word, twin in TWINS.items()
    ]
    return float(np.mean(found))


def unrelated(vocabulary: Vocabulary, vectors: np.ndarray) -> np.ndarray:
    """Return the cosines of all pairs of planted words that are no twins."""
    words = sorted(TWINS)
    pairs = [(a, b) for i, a in enumerate(words) for b in words[i + 1 :] if TWINS[a] != b]
    return np.array([cosine(vocabulary, vectors, a, b) for a, b in pairs])


def ppmi_vectors(
    vocabulary: Vocabulary, lines: list[list[str]], features: int, window: int = 4
) -> np.ndarray:
    """Return vectors by counting and factoring, without any learning.

    How much more often than by chance do two words stand near each other? The positive part of
    the logarithm of that ratio, and the largest singular vectors of the table, scaled by the root
    of their values. A neighbour d places away counts (window + 1 − d) / window, as it is drawn by
    skip-gram.
    """
    n = len(vocabulary)
    counts = np.zeros((n, n))
    for line in lines:
        ids = vocabulary.encode(line)
        for d in range(1, min(window, len(ids) - 1) + 1):
            weight = (window + 1 - d) / window
            np.add.at(counts, (ids[:-d], ids[d:]), weight)
            np.add.at(counts, (ids[d:], ids[:-d]), weight)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    ratio = np.divide(counts, expected, out=np.ones_like(counts), where=counts > 0)
    left, values, _ = np.linalg.svd(np.maximum(np.log(ratio), 0))
    return left[:, :features] * np.sqrt(values[:features])
