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
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neural_net_core.dtypes import Array
from neural_net_utils._checks import check_count
from neural_net_utils._tokens import checked_ids, checked_specials, json_fields, special_id

__all__ = ["BytePairTokenizer", "split_pieces"]

Pair = tuple[int, int]

# GPT-2 numbers the bytes that print as a character first, then the other ones.
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [bytes([b]) for b in [*PRINTABLE, *sorted(set(range(256)) - set(PRINTABLE))]]

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
        self.merges: tuple[Pair, ...] = tuple((int(a), int(b)) for a, b in merges)
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
        size = check_count("BytePairTokenizer.train", "vocabulary_size", vocabulary_size, least)
        texts = [text] if isinstance(text, str) else text
        frequency = Counter(piece for one in texts for piece in split_pieces(one))
        return cls(_learn(frequency, size, min_frequency, len(specials)), specials=specials)

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
        """
        ids: list[int] = []
        for piece in split_pieces(text):
            if piece not in self._pieces:
                self._pieces[piece] = self._encode_piece(piece)
            ids += self._pieces[piece]
        return np.array(ids, dtype=np.int64)

    def _encode_piece(self, piece: str) -> list[int]:
        """Merge until no pair of neighbours has a merge; always the earliest, leftmost one."""
        ids = [self._byte_ids[b] for b in piece.encode("utf-8")]
        while True:
            known = [
                (*self._ranks[pair], at)
                for at, pair in enumerate(pairwise(ids))
                if pair in self._ranks
            ]
            if not known:
                return ids
            _, token, at = min(known, key=lambda found: (found[0], found[2]))
            ids[at : at + 2] = [token]

    def decode(self, ids: npt.ArrayLike, *, keep_specials: bool = False) -> str:
        """Turn ids back into text; bytes that are no UTF-8 (a cut character) show as U+FFFD.

        Args:
            ids: (N,).
            keep_specials: whether special tokens appear, by their name; otherwise they vanish.

        Raises:
            ValueError: for an id outside the vocabulary.
        """
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
            ValueError: if the text is not what `to_json` writes.
        """
        fields = json_fields("BytePairTokenizer", text, kind="byte pairs")
        return cls(fields["merges"], specials=fields["specials"])


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
    for rank, (a, b) in enumerate(merges):
        if not (first <= a < first + len(tokens) and first <= b < first + len(tokens)):
            raise ValueError(
                f"BytePairTokenizer: merge {rank} joins tokens {a} and {b}, but only "
                f"{first} to {first + len(tokens) - 1} exist at that point"
            )
        token = tokens[a - first] + tokens[b - first]
        if token not in ids:  # "ab" + "c" and "a" + "bc" are one token
            ids[token] = first + len(tokens)
            tokens.append(token)
        made.append(ids[token])
    if len(set(merges)) != len(merges):
        raise ValueError("BytePairTokenizer: a pair is merged twice")
    return tokens, made


def _learn(frequency: Counter[str], size: int, min_frequency: int, first: int) -> list[Pair]:
    """Find the merges; `frequency` says how often each piece occurs."""
    tokens = list(BYTES)
    ids = {token: i for i, token in enumerate(tokens, start=first)}
    words = [[ids[bytes([b])] for b in piece.encode("utf-8")] for piece in frequency]
    weights = list(frequency.values())
    counts: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)  # the words that hold a pair
    for w, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += weights[w]
            where[pair].add(w)
    merges: list[Pair] = []
    while first + len(tokens) < size and counts:
        most = max(counts.values())
        if most < max(min_frequency, 1):
            break
        pair = min(p for p, count in counts.items() if count == most)
        token = tokens[pair[0] - first] + tokens[pair[1] - first]
        if token not in ids:
            ids[token] = first + len(tokens)
            tokens.append(token)
        merges.append(pair)
        for w in where.pop(pair):  # only these words change
            for old in pairwise(words[w]):
                counts[old] -= weights[w]
                where[old].discard(w)
                if not counts[old]:
                    del counts[old]
            words[w] = _merged(words[w], pair, ids[token])
            for new in pairwise(words[w]):
                counts[new] += weights[w]
                where[new].add(w)
    return merges


def _merged(word: list[int], pair: Pair, token: int) -> list[int]:
    """Replace the pair by the token, from left to right."""
    out: list[int] = []
    at = 0
    while at < len(word):
        if tuple(word[at : at + 2]) == pair:
            out.append(token)
            at += 2
        else:
            out.append(word[at])
            at += 1
    return out
