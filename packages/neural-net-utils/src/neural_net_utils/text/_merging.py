"""Neighbouring tokens that become one: the chain they stand in, and which pairs to merge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

__all__ = ["NONE", "Chain", "Pair", "learn"]

Pair = tuple[int, int]
Token = TypeVar("Token", bytes, str)

NONE = -1  # no token: the ends of a chain


class Chain:
    """Tokens in a row, in which two neighbours become one without moving the others.

    A merged token stands in the place of its first half, and NONE in that of the second, which
    nobody is led to any more. NONE at both ends, and between texts, has no merge with anything.

    Attributes:
        tokens: what stands at each place.
        before: the place to the left of each place.
        after: the place to the right.
    """

    def __init__(self, tokens: Iterable[int]) -> None:
        self.tokens = [NONE, *tokens, NONE]
        self.before = [0, *range(len(self.tokens) - 1)]
        self.after = [*range(1, len(self.tokens)), len(self.tokens) - 1]

    def pair(self, place: int) -> Pair:
        """Return the token at a place and the one to its right."""
        return self.tokens[place], self.tokens[self.after[place]]

    def merge(self, place: int, token: int) -> None:
        """Put a token in the place of this one and the one to its right."""
        gone = self.after[place]
        self.tokens[place], self.tokens[gone] = token, NONE
        self.after[place] = self.after[gone]
        self.before[self.after[gone]] = place


def learn(
    words: Sequence[Sequence[int]],
    frequency: Iterable[int],
    start: Sequence[Token],
    first: int,
    size: int,
    min_frequency: int,
    join: Callable[[Token, Token], Token],
) -> tuple[list[Pair], list[Token]]:
    """Merge the most frequent pair of neighbours, again and again.

    Args:
        words: different words, as ids.
        frequency: how often each of them occurs.
        start: the tokens that the words consist of.
        first: the id of the first of them.
        size: how many ids there may be at most.
        min_frequency: pairs that occur less often are not merged.
        join: makes one token of two.

    Returns:
        The pairs in the order in which they were merged, and all tokens.
    """
    tokens = list(start)
    ids = {token: i for i, token in enumerate(tokens, start=first)}
    # All words in one chain, with NONE behind each.
    ends = [NONE]
    chain = Chain(token for row in words for part in (row, ends) for token in part)
    weights = [0]
    for word, n in zip(words, frequency, strict=True):
        weights += [n] * (len(word) + 1)
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, list[int]] = defaultdict(list)  # where a pair stands, or stood
    for place, n in enumerate(weights):
        pair = chain.pair(place)
        counts[pair] += n
        places[pair].append(place)
    queue = [(-count, pair) for pair, count in counts.items() if NONE not in pair]
    heapify(queue)
    merges: dict[Pair, None] = {}
    while queue and first + len(tokens) < size:
        count, pair = heappop(queue)
        if -count != counts[pair]:  # the pair has become rarer since
            if counts[pair]:
                heappush(queue, (-counts[pair], pair))
            continue
        if -count < min_frequency:
            break
        token = join(tokens[pair[0] - first], tokens[pair[1] - first])
        if token not in ids:
            ids[token] = first + len(tokens)
            tokens.append(token)
        merges[pair] = None
        new: set[Pair] = set()
        for place in sorted(places.pop(pair)):  # in "aaa", the left one goes first
            if chain.pair(place) != pair:
                continue
            n, left = weights[place], chain.before[place]
            for old in (left, place, chain.after[place]):
                counts[chain.pair(old)] -= n
            chain.merge(place, ids[token])
            for made in (left, place):
                counts[chain.pair(made)] += n
                places[chain.pair(made)].append(made)
                new.add(chain.pair(made))
        for one in new:
            if NONE not in one:
                heappush(queue, (-counts[one], one))
    return list(merges), tokens
