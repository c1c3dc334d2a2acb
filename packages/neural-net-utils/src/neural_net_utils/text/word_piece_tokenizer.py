"""WordPiece: a word becomes the longest parts that the vocabulary holds, from left to right.

The text is first cleaned and cut into words, the way BERT does it. What BERT's vocabularies came
from was never published; `train` learns one by merging frequent neighbours, as byte pairs are.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from neural_net_core.checks import check_count, check_flag, check_items, check_text, shown
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike
from neural_net_utils.text._characters import is_mark, is_punctuation, is_white
from neural_net_utils.text._merging import learn
from neural_net_utils.text._tokens import (
    checked_ids,
    checked_special,
    checked_specials,
    read_json,
    remembered,
)

__all__ = ["WordPieceTokenizer", "bert_normalized", "bert_words"]

OPTIONS = (
    *("unknown", "prefix", "longest_word", "lower_case", "strip_accents", "clean"),
    *("spread_chinese", "tidy"),
)
BERT_SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Cutting one word may take this number squared steps, and a stranger's file may choose it.
LONGEST_WORD = 1000
# The blocks of Chinese characters, with the gap that the library of Hugging Face leaves.
CHINESE = (
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF)),
    *((0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F)),
)
TIDIED = tuple((f" {text}", text) for text in (".", "?", "!", ",", "n't", "'m", "'s", "'ve", "'re"))


class WordPieceTokenizer:
    """A vocabulary of words and of parts of words, as BERT's is.

    The text is cleaned (see `lower_case` and what follows it) and cut at white space and around
    each punctuation mark. Of each word, the longest token that it begins with is taken, then the
    longest that the rest begins with, and so on; tokens within a word bear a prefix. A word that
    cannot be cut to its end is one unknown token.

    Args:
        vocabulary: tokens in the order of their ids, such as the lines of a `vocab.txt`.
        specials: those tokens of the vocabulary that no text contains. Text that looks like one
            is read as plain characters.
        unknown: the token for a word that has no parts in the vocabulary.
        prefix: what tokens that continue a word begin with.
        longest_word: a word of more characters is unknown; at most 1,000.
        lower_case: whether capitals become small letters.
        strip_accents: whether marks above and below letters are left out; None for the same as
            `lower_case`.
        clean: whether control characters are left out.
        spread_chinese: whether each Chinese character is a word of its own.
        tidy: whether `decode` takes away the spaces before `. ? ! ,` and English contractions.

    Attributes:
        vocabulary: tuple of all tokens; a token's place is its id.

    Raises:
        ValueError: if a token stands twice, or `unknown` or a special is not in the vocabulary.

    Source: Devlin et al. (2019), BERT: Pre-training of Deep Bidirectional Transformers for
        Language Understanding, arXiv:1810.04805, section 3; the idea is that of Wu et al. (2016),
        arXiv:1609.08144, section 4.1. Ids are those of the library `tokenizers`, which keeps
        characters that Unicode has not assigned, where BERT left them out. It knows Unicode of
        2015: of 380 accents and 110 punctuation marks, of rare scripts, that came since, only
        this class knows that they are.

    Examples:
        >>> tokenizer = WordPieceTokenizer(["[UNK]", "un", "##afford", "##able", "!"])
        >>> tokenizer.encode("Unaffordable! Cheap").tolist()
        [1, 2, 3, 4, 0]
        >>> tokenizer.decode([1, 2, 3, 4])
        'unaffordable!'
    """

    def __init__(
        self,
        vocabulary: Iterable[str],
        *,
        specials: Sequence[str] = (),
        unknown: str = "[UNK]",
        prefix: str = "##",
        longest_word: int = 100,
        lower_case: bool = True,
        strip_accents: bool | None = None,
        clean: bool = True,
        spread_chinese: bool = True,
        tidy: bool = True,
    ) -> None:
        where = "WordPieceTokenizer"
        items = check_items(where, "vocabulary", vocabulary, "a list of tokens")
        self.vocabulary = tuple(check_text(where, "vocabulary", token) for token in items)
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}
        if len(self._ids) < len(self.vocabulary):
            (twice, _), *_ = Counter(self.vocabulary).most_common(1)
            raise ValueError(f"{where}: vocabulary holds {shown(twice)} twice")
        self.specials = checked_specials(where, specials)
        self.unknown = check_text(where, "unknown", unknown)
        if missing := [name for name in (unknown, *self.specials) if name not in self._ids]:
            raise ValueError(f"{where}: vocabulary holds no token {shown(missing[0])}")
        self.prefix = check_text(where, "prefix", prefix)
        self.longest_word = check_count(where, "longest_word", longest_word, high=LONGEST_WORD)
        self.lower_case = check_flag(where, "lower_case", lower_case)
        if strip_accents is not None:
            check_flag(where, "strip_accents", strip_accents)
        self.strip_accents = strip_accents
        self.clean = check_flag(where, "clean", clean)
        self.spread_chinese = check_flag(where, "spread_chinese", spread_chinese)
        self.tidy = check_flag(where, "tidy", tidy)
        # Text finds all tokens but the special ones; none of them is longer than this.
        self._found = {t: i for t, i in self._ids.items() if t not in self.specials}
        self._longest = max(map(len, self.vocabulary))
        self._words: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls,
        text: str | Iterable[str],
        vocabulary_size: int,
        *,
        min_frequency: int = 0,
        specials: Sequence[str] = BERT_SPECIALS,
        unknown: str = "[UNK]",
        prefix: str = "##",
        lower_case: bool = True,
        strip_accents: bool | None = None,
    ) -> WordPieceTokenizer:
        """Learn a vocabulary from a text.

        All characters of the text are tokens, once to begin a word and once to continue one, as
        far as they do. Then the most frequent pair of neighbours becomes a token, again and again;
        of pairs that are equally frequent, the one with the smaller ids is merged first.

        Args:
            text: one text, or several.
            vocabulary_size: V. It stays smaller if no pair is left to merge.
            min_frequency: pairs that occur less often are not merged.
            specials: tokens that get the first ids; `unknown` is among them.
            unknown: as for the class.
            prefix: as for the class.
            lower_case: as for the class.
            strip_accents: as for the class.

        Raises:
            ValueError: if the vocabulary is too small for the characters and specials.
        """
        where = "WordPieceTokenizer.train"
        specials = checked_specials(where, specials)
        options: dict[str, Any] = {"lower_case": lower_case, "strip_accents": strip_accents}
        if unknown not in specials:
            raise ValueError(f"{where}: specials hold no {shown(unknown)}, the unknown token")
        # Checks the options, and cleans the text.
        plain = cls(specials, specials=specials, unknown=unknown, prefix=prefix, **options)
        texts = [text] if isinstance(text, str) else check_items(where, "text", text, "texts")
        frequency = Counter(
            word for one in texts for word in plain.words(check_text(where, "text", one))
        )
        parts = [[word[0], *(prefix + c for c in word[1:])] for word in frequency]
        start = sorted({part for word in parts for part in word} - set(specials))
        first = len(specials)
        size = check_count(where, "vocabulary_size", vocabulary_size, first + len(start))
        rarest = check_count(where, "min_frequency", min_frequency, 0)
        ids = {part: i for i, part in enumerate([*specials, *start])}
        _, tokens = learn(
            [[ids[part] for part in word] for word in parts],
            frequency.values(),
            start,
            first,
            size,
            max(rarest, 1),
            lambda a, b: a + b.removeprefix(prefix),
        )
        vocabulary = [*specials, *tokens]
        return cls(vocabulary, specials=specials, unknown=unknown, prefix=prefix, **options)

    def __len__(self) -> int:
        """Return the number of tokens V."""
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"WordPieceTokenizer({len(self)} tokens)"

    def id(self, special: str) -> int:
        """Return the id of a special token.

        Raises:
            KeyError: if there is none of this name.
        """
        return self._ids[checked_special(self, special, self.specials)]

    def words(self, text: str) -> list[str]:
        """Clean a text and cut it into the words whose parts `encode` looks for.

        Args:
            text: any text.

        Examples:
            >>> WordPieceTokenizer(["[UNK]"]).words("Café 你好, isn't it?")
            ['cafe', '你', '好', ',', 'isn', "'", 't', 'it', '?']
        """
        check_text(f"{self}.words", "text", text)
        strip = self.lower_case if self.strip_accents is None else self.strip_accents
        return bert_words(
            bert_normalized(text, self.clean, self.spread_chinese, strip, self.lower_case)
        )

    def encode(self, text: str) -> Array:
        """Turn text into ids.

        Args:
            text: any text.

        Returns:
            Ids (N,), int64.
        """
        check_text(f"{self}.encode", "text", text)
        ids = [i for word in self.words(text) for i in self._piece_ids(word)]
        return np.array(ids, dtype=np.int64)

    def _piece_ids(self, word: str) -> list[int]:
        return remembered(self._words, word, self._encode_word)

    def _encode_word(self, word: str) -> list[int]:
        """Take the longest token that the rest of the word begins with, until nothing is left."""
        unknown = [self._ids[self.unknown]]
        if len(word) > self.longest_word:
            return unknown
        ids: list[int] = []
        begin = 0
        while begin < len(word):
            prefix = self.prefix if begin else ""
            for end in range(min(len(word), begin + self._longest), begin, -1):
                found = self._found.get(prefix + word[begin:end])
                if found is not None:
                    break
            else:
                return unknown
            ids.append(found)
            begin = end
        return ids

    def decode(self, ids: TensorLike, *, keep_specials: bool = False) -> str:
        """Turn ids back into text, which has spaces wherever a word began.

        Args:
            ids: (N,).
            keep_specials: whether special tokens appear, by their name; otherwise they vanish.

        Raises:
            ValueError: for an id outside the vocabulary.
        """
        check_flag(f"{self}.decode", "keep_specials", keep_specials)
        tokens = (self.vocabulary[i] for i in checked_ids(self, ids))
        return self._joined(t for t in tokens if keep_specials or t not in self.specials)

    def _joined(self, tokens: Iterable[str]) -> str:
        """Write tokens as a text."""
        return "".join(self._spaced(tokens))

    def _spaced(self, tokens: Iterable[str]) -> Iterator[str]:
        for i, token in enumerate(tokens):
            if i == 0:
                text = token
            elif token.startswith(self.prefix):
                text = token.removeprefix(self.prefix)
            else:
                text = f" {token}"
            for ragged, neat in TIDIED if self.tidy else ():
                text = text.replace(ragged, neat)
            yield text

    def to_json(self) -> str:
        """Write the tokenizer as a JSON text; `from_json` reads it back."""
        options = {name: getattr(self, name) for name in OPTIONS}
        fields = {"vocabulary": self.vocabulary, "specials": self.specials, **options}
        return json.dumps({"kind": "word pieces", **fields})

    @classmethod
    def from_json(cls, text: str) -> WordPieceTokenizer:
        """Make the tokenizer that `to_json` wrote.

        Raises:
            ValueError: if the text is not what `to_json` writes. A file from a stranger raises
                nothing else.
        """
        made: WordPieceTokenizer = read_json(cls, text, "word pieces", "vocabulary", OPTIONS)
        return made


def bert_normalized(
    text: str, clean: bool, spread_chinese: bool, strip_accents: bool, lower_case: bool
) -> str:
    """Return a text as BERT wants it, by the steps whose flags are set, in their order."""
    if clean:
        text = "".join(map(_cleaned, text))
    if spread_chinese:
        text = "".join(map(_spread, text))
    if strip_accents:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if not is_mark(c))
    if lower_case:
        # Each by itself: a capital sigma becomes the same letter at the end of a word.
        text = "".join(map(str.lower, text))
    return text


def bert_words(text: str) -> list[str]:
    """Cut a text at white space, and around each punctuation mark."""
    return [word for word in "".join(map(_cut, text)).split(" ") if word]


@lru_cache(maxsize=4096)
def _cleaned(character: str) -> str:
    """Return a space for all white space, and nothing for control characters."""
    if character in "\t\n\r":  # Unicode counts them as control characters too
        return " "
    if character in "\0\N{REPLACEMENT CHARACTER}":
        return ""
    if unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    return " " if is_white(character) else character


@lru_cache(maxsize=4096)
def _spread(character: str) -> str:
    """Return a Chinese character between spaces."""
    chinese = any(low <= ord(character) <= high for low, high in CHINESE)
    return f" {character} " if chinese else character


@lru_cache(maxsize=4096)
def _cut(character: str) -> str:
    """Return a space for white space, and a punctuation mark between spaces."""
    if is_white(character):
        return " "
    return f" {character} " if is_punctuation(character) else character
