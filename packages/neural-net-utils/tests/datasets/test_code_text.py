"""Code-like lines: twins really are used alike, other words are not."""

from collections import Counter

import numpy as np
import pytest

from neural_net_utils.datasets.code_text import CODE_SYNONYMS, code_lines


def lines(n=4000, seed=0):
    return code_lines(n, rng=np.random.default_rng(seed))


def test_lines_are_words_and_seeded():
    """About a hundred words, in lines of 3 to 13; same generator, same lines."""
    made = lines()
    vocabulary = {word for line in made for word in line}
    assert 90 <= len(vocabulary) <= 105
    assert all(4 <= len(line) <= 13 for line in made)
    assert lines(50) == lines(50)
    assert lines(50) != lines(50, seed=1)
    with pytest.raises(ValueError, match="n must be an int >= 1, got 0"):
        code_lines(0)


def test_synonyms_share_their_contexts_and_their_counts_are_three_to_two():
    """Relative frequencies of what stands beside a word: the same for twins, not for others."""
    made = lines(12_000)
    beside = {}
    for line in made:
        for at, word in enumerate(line):
            beside.setdefault(word, Counter()).update(
                line[max(at - 2, 0) : at] + line[at + 1 : at + 3]
            )

    def overlap(a, b):
        one, other = beside[a], beside[b]
        return sum(min(one[w] / one.total(), other[w] / other.total()) for w in one | other)

    counts = Counter(word for line in made for word in line)
    for first, second in CODE_SYNONYMS:
        assert overlap(first, second) > 0.9
        assert abs(counts[second] / (counts[first] + counts[second]) - 0.4) < 0.05
    assert overlap("function", "class") < 0.5
    assert overlap("import", "while") < 0.2


def test_frequent_words_are_more_frequent():
    """Within a kind the first word is drawn about twice as often as the second."""
    counts = Counter(word for line in lines(12_000) for word in line)
    assert 1.8 < counts["math"] / counts["json"] < 2.2
    assert counts["graph"] > 0
