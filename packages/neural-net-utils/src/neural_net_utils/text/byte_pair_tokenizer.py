"""Byte-pair encoding: frequent pairs of tokens become tokens, from single bytes up.

The text is first cut into pieces (words with the space before them, numbers, punctuation), and no
token reaches across a cut. Cutting, training and encoding follow GPT-2's tokenizer, to the token.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from neural_net_core.checks import (
    check_count,
    check_counts,
    check_flag,
    check_items,
    check_text,
)
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike
from neural_net_utils.text._tokens import checked_ids, checked_specials, read_json, special_id

__all__ = ["BytePairTokenizer", "split_pieces"]

Pair = tuple[int, int]

# GPT-2 numbers the bytes that print as a character first, then the other ones.
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [bytes([b]) for b in [*PRINTABLE, *sorted(set(range(256)) - set(PRINTABLE))]]

NONE = -1  # no token: the ends of a chain
# A stranger's merges may double a token each time: 30 of them would be a gigabyte.
MOST_BYTES = 64 << 20
# How many pieces are remembered with their ids, and up to how many characters.
MOST_PIECES, LONGEST_PIECE = 1 << 16, 64

CONTRACTION = re.compile(r"'(?:[stmd]|re|ve|ll)")
# Over kinds of characters: L letters, N numbers, O others, S white space other than " ". A run of
# white space leaves its last character for the piece that follows.
PIECE = re.compile(r" ?L+| ?N+| ?O+|[ S]+(?![LNO])|[ S]+")


class BytePairTokenizer:
    """A vocabulary of byte strings, and the merges that build it up from single bytes.

    Training counts how often each pair of neighbouring tokens occurs, makes the most frequent
    pair a token, and starts again. Encoding applies the same merges in the same order. Every text
    can be encoded, as every byte is a token, and `decode(encode(text)) == text`.

    Args:
        merges: pairs of ids in the order they were learned; `train` finds them.
        specials: names of tokens that no text contains, such as `"<pad>"`; they get the first
            ids. Text that looks like one is read as plain characters.

    Attributes:
        merges: tuple of pairs of ids.
        vocabulary: tuple of all tokens: specials (str), the 256 bytes, then what the merges
            made (bytes); a token's place is its id.

    Raises:
        ValueError: for a merge of a token that does not exist yet, or that was made before.

    Source: Sennrich et al. (2016), Neural Machine Translation of Rare Words with Subword Units,
        arXiv:1508.07909, section 3.2; on bytes: Radford et al. (2019), Language Models are
        Unsupervised Multitask Learners, section 2.2.

    Examples:
        >>> tokenizer = BytePairTokenizer.train("low lower lowest low", vocabulary_size=260)
        >>> tokenizer.vocabulary[256:]
        (b'lo', b'low', b' low', b' lowe')
        >>> tokenizer.encode("low slow lowest").tolist()
        [257, 220, 82, 257, 259, 82, 83]
        >>> tokenizer.decode([257, 258])
        'low low'
    """

    def __init__(self, merges: Iterable[Sequence[int]] = (), *, specials: Sequence[str] = ()):
        self.specials = checked_specials("BytePairTokenizer", specials)
        self.merges = _checked_merges(merges)
        tokens, made = _build(self.merges, first=len(self.specials))
        self.vocabulary: tuple[str | bytes, ...] = (*self.specials, *tokens)
        # For a pair: when it is merged (lower first), and into what.
        self._ranks = {pair: (rank, made[rank]) for rank, pair in enumerate(self.merges)}
        first = len(self.specials)
        self._byte_ids = {token[0]: i for i, token in enumerate(BYTES, start=first)}
        self._pieces: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls,
        text: str | Iterable[str],
        vocabulary_size: int,
        *,
        min_frequency: int = 0,
        specials: Sequence[str] = (),
    ) -> BytePairTokenizer:
        """Learn merges from a text.

        Of pairs that are equally frequent, the one with the smaller ids is merged first, so one
        text always gives one tokenizer.

        Args:
            text: one text, or several.
            vocabulary_size: V, at least 256 and the number of specials. It stays smaller if no
                pair is left to merge.
            min_frequency: pairs that occur less often are not merged.
            specials: as for the class.

        Raises:
            ValueError: if the vocabulary is too small for the bytes and specials.
        """
        specials = checked_specials("BytePairTokenizer", specials)
        least = len(BYTES) + len(specials)
        where = "BytePairTokenizer.train"
        size = check_count(where, "vocabulary_size", vocabulary_size, least)
        rarest = check_count(where, "min_frequency", min_frequency, 0)
        if isinstance(text, str):
            texts = [text]
        else:
            texts = check_items(where, "text", text, "a str, or several of them")
        frequency = Counter(
            piece for one in texts for piece in _pieces(check_text(where, "text", one))
        )
        return cls(_learn(frequency, size, max(rarest, 1), len(specials)), specials=specials)

    def __len__(self) -> int:
        """Return the number of tokens V."""
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"BytePairTokenizer({len(self)} tokens)"

    def id(self, special: str) -> int:
        """Return the id of a special token.

        Raises:
            KeyError: if there is none of this name.
        """
        return special_id(self, special)

    def encode(self, text: str) -> Array:
        """Turn text into ids.

        Args:
            text: any text.

        Returns:
            Ids (N,), int64.

        Raises:
            ValueError: for half a surrogate pair, which UTF-8 has no bytes for.
        """
        ids: list[int] = []
        for piece in _pieces(check_text(f"{self}.encode", "text", text)):
            found = self._pieces.get(piece)
            if found is None:
                found = self._encode_piece(piece)
                if len(piece) <= LONGEST_PIECE:
                    if len(self._pieces) == MOST_PIECES:
                        self._pieces.clear()
                    self._pieces[piece] = found
            ids += found
        return np.array(ids, dtype=np.int64)

    def _encode_piece(self, piece: str) -> list[int]:
        """Merge until no pair of neighbours has a merge; always the earliest, leftmost one."""
        chain = Chain(self._byte_ids[b] for b in piece.encode())
        queue: list[tuple[int, int]] = []  # (rank, place) of the pairs that have a merge

        def note(place: int) -> None:
            if merge := self._ranks.get(chain.pair(place)):
                heappush(queue, (merge[0], place))

        for place in range(len(chain.tokens)):
            note(place)
        while queue:
            rank, place = heappop(queue)
            now, token = self._ranks.get(chain.pair(place), (None, 0))
            if now == rank:  # otherwise one of the two has been merged since
                chain.merge(place, token)
                note(chain.before[place])
                note(place)
        return [token for token in chain.tokens if token != NONE]

    def decode(self, ids: TensorLike, *, keep_specials: bool = False) -> str:
        """Turn ids back into text; bytes that are no UTF-8 (a cut character) show as U+FFFD.

        Args:
            ids: (N,).
            keep_specials: whether special tokens appear, by their name; otherwise they vanish.

        Raises:
            ValueError: for an id outside the vocabulary.
        """
        check_flag(f"{self}.decode", "keep_specials", keep_specials)
        tokens = (self.vocabulary[i] for i in checked_ids(self, ids))
        if not keep_specials:
            tokens = (token for token in tokens if isinstance(token, bytes))
        pieces = (token if isinstance(token, bytes) else token.encode() for token in tokens)
        return b"".join(pieces).decode("utf-8", errors="replace")

    def to_json(self) -> str:
        """Write the tokenizer as a JSON text; `from_json` reads it back."""
        return json.dumps({"kind": "byte pairs", "merges": self.merges, "specials": self.specials})

    @classmethod
    def from_json(cls, text: str) -> BytePairTokenizer:
        """Make the tokenizer that `to_json` wrote.

        Raises:
            ValueError: if the text is not what `to_json` writes. A file from a stranger raises
                nothing else, and its tokens add up to 64 MiB at most.
        """
        made: BytePairTokenizer = read_json(cls, text, "byte pairs", "merges")
        return made


def split_pieces(text: str) -> Iterator[str]:
    """Cut a text into the pieces that no token crosses, the way GPT-2 does.

    A piece is an English contraction's end, or a run of letters, of numbers or of other signs,
    with one space before it, or white space. Together the pieces are the text. What is a letter
    and what a number is asked of Python's table of Unicode.

    Args:
        text: any text.

    Returns:
        The pieces, one after the other.

    Examples:
        >>> list(split_pieces("She'll pay 40 marks,  sir"))
        ['She', "'ll", ' pay', ' 40', ' marks', ',', ' ', ' sir']
    """
    return _pieces(check_text("split_pieces", "text", text))


def _pieces(text: str) -> Iterator[str]:
    kinds = "".join(map(_kind, text))
    at = 0
    while at < len(text):
        found = CONTRACTION.match(text, at) or PIECE.match(kinds, at)
        assert found is not None  # every kind begins some piece
        yield text[at : found.end()]
        at = found.end()


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    if character == " ":
        return " "
    # Python counts four separators of 1963 as white space; the Unicode standard does not.
    if character.isspace() and character not in "\x1c\x1d\x1e\x1f":
        return "S"
    kind = unicodedata.category(character)[0]
    return kind if kind in "LN" else "O"


def _build(merges: Sequence[Pair], first: int) -> tuple[list[bytes], list[int]]:
    """Return the tokens that the merges make, and for each merge the id of its token."""
    tokens = list(BYTES)
    ids = {token: i for i, token in enumerate(tokens, start=first)}
    made: list[int] = []
    total = 0
    for rank, (a, b) in enumerate(merges):
        if not (first <= a < first + len(tokens) and first <= b < first + len(tokens)):
            raise ValueError(
                f"BytePairTokenizer: merge {rank} joins tokens {a} and {b}, but only "
                f"{first} to {first + len(tokens) - 1} exist at that point"
            )
        total += len(tokens[a - first]) + len(tokens[b - first])
        if total > MOST_BYTES:
            raise ValueError(
                f"BytePairTokenizer: the tokens of the first {rank + 1} merges add up to more "
                f"than {MOST_BYTES >> 20} MiB"
            )
        token = tokens[a - first] + tokens[b - first]
        if token not in ids:  # "ab" + "c" and "a" + "bc" are one token
            ids[token] = first + len(tokens)
            tokens.append(token)
        made.append(ids[token])
    if len(set(merges)) != len(merges):
        raise ValueError("BytePairTokenizer: a pair is merged twice")
    return tokens, made


def _checked_merges(merges: Any) -> tuple[Pair, ...]:
    """Return merges as pairs of ints, or raise ValueError."""
    where = "BytePairTokenizer"
    pairs = (
        check_counts(where, "merges", pair, low=0, length=2)
        for pair in check_items(where, "merges", merges, "a list of pairs of ids")
    )
    return tuple((a, b) for a, b in pairs)


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


def _learn(frequency: Counter[str], size: int, min_frequency: int, first: int) -> list[Pair]:
    """Find the merges; `frequency` says how often each piece occurs."""
    tokens = list(BYTES)
    ids = {token: i for i, token in enumerate(tokens, start=first)}
    byte_ids = [ids[bytes([b])] for b in range(256)]
    # All pieces in one chain, with NONE behind each.
    letters = [[byte_ids[b] for b in piece.encode()] for piece in frequency]
    chain = Chain(token for word in letters for token in (*word, NONE))
    weights = [0]
    for word, n in zip(letters, frequency.values(), strict=True):
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
        token = tokens[pair[0] - first] + tokens[pair[1] - first]
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
    return list(merges)
