"""From lines of words to the pairs that skip-gram learns from.

A word is paired with the words around it, near ones more often, because each place draws the
width of its own window. Words that stand everywhere, such as brackets, tell little: they are left
out at random, the more frequent the more often.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np

WINDOW = 4  # the widest; each place draws from 1 to this
RARE = 5e-3  # words rarer than this are never left out; 1e-5 in the paper, for a billion words


class Vocabulary:
    """Words by falling frequency, and how often each occurs."""

    def __init__(self, lines: Iterable[list[str]]) -> None:
        counts = Counter(word for line in lines for word in line)
        # Of equally frequent words the first in the alphabet comes first.
        self.words = sorted(counts, key=lambda word: (-counts[word], word))
        self.ids = {word: i for i, word in enumerate(self.words)}
        self.counts = np.array([counts[word] for word in self.words], dtype=float)

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, line: list[str]) -> np.ndarray:
        """Return the line's ids."""
        return np.array([self.ids[word] for word in line])

    def keep_chances(self, rare: float = RARE) -> np.ndarray:
        """Return √(t / f) for each word of frequency f, at most 1."""
        share = self.counts / self.counts.sum()
        return np.minimum(1, np.sqrt(rare / share))

    def noise(self, power: float = 0.75) -> np.ndarray:
        """Return the chances of drawing each word as a negative: frequency to the power 0.75."""
        weights = self.counts**power
        return weights / weights.sum()


def training_pairs(
    lines: list[np.ndarray], keep: np.ndarray, rng: np.random.Generator, window: int = WINDOW
) -> np.ndarray:
    """Draw the pairs (word, neighbour) of one epoch, in random order, as (N, 2)."""
    pairs = []
    for line in lines:
        kept = line[rng.random(len(line)) < keep[line]]
        n = len(kept)
        reach = rng.integers(1, window + 1, n)
        distance = np.abs(np.arange(n)[:, None] - np.arange(n))  # (n, n)
        centre, neighbour = np.nonzero((distance > 0) & (distance <= reach[:, None]))
        pairs.append(np.stack([kept[centre], kept[neighbour]], axis=1))
    return rng.permutation(np.concatenate(pairs))
