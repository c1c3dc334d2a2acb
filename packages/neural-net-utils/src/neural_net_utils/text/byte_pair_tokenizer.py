"""Byte-pair encoding: frequent pairs of tokens become tokens, from single bytes up.

The text is first cut into pieces (words with the space before them, numbers, punctuation), and no
token reaches across a cut. Cutting, training and encoding follow GPT-2's tokenizer, to the token.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from operator import add
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
from neural_net_utils.text._characters import pieces
from neural_net_utils.text._merging import NONE, Chain, Pair, learn
from neural_net_utils.text._tokens import (
    checked_ids,
    checked_specials,
    read_json,
    remembered,
    special_id,
)

__all__ = ["BytePairTokenizer", "split_pieces"]

# GPT-2 numbers the bytes that print as a character first, then the other ones.
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [bytes([b]) for b in [*PRINTABLE, *sorted(set(range(256)) - set(PRINTABLE))]]

# A stranger's merges may double a token each time: 30 of them would be a gigabyte.
MOST_BYTES = 64 << 20


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
            piece for one in texts for piece in pieces(check_text(where, "text", one))
        )
        first = len(specials)
        ids = {token[0]: i for i, token in enumerate(BYTES, start=first)}
        words = [[ids[b] for b in piece.encode()] for piece in frequency]
        merges, _ = learn(words, frequency.values(), BYTES, first, size, max(rarest, 1), add)
        return cls(merges, specials=specials)

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
        for piece in pieces(check_text(f"{self}.encode", "text", text)):
            ids += self._piece_ids(piece)
        return np.array(ids, dtype=np.int64)

    def _piece_ids(self, piece: str) -> list[int]:
        """Return the ids of one piece, within which alone tokens are merged."""
        return remembered(self._pieces, piece, self._encode_piece)

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
    return pieces(check_text("split_pieces", "text", text))


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
