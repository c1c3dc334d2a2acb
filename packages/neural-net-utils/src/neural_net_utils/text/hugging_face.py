"""Tokenizers of trained models, read from the `tokenizer.json` that stands beside their weights.

Four steps, each described by the file: added tokens are found in the text, what lies between them
is normalized and cut into pieces, a model turns each piece into ids, and a template puts ids
around them.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from neural_net_core.checks import check_flag, check_path, check_text, shown
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike
from neural_net_utils.text._characters import is_white
from neural_net_utils.text._file_around import read_padding, read_template, read_truncation
from neural_net_utils.text._file_model import (
    Added,
    read_added,
    read_byte_pairs,
    read_word_pieces,
    shown_as,
)
from neural_net_utils.text._file_section import Section
from neural_net_utils.text._file_text import read_normalizer, read_pre_tokenizer
from neural_net_utils.text._tokens import checked_ids, checked_special, parsed
from neural_net_utils.text.byte_pair_tokenizer import BytePairTokenizer
from neural_net_utils.text.word_piece_tokenizer import WordPieceTokenizer

__all__ = ["HuggingFaceTokenizer", "from_hugging_face"]

# The largest files of the two families have 12 MB.
MOST_BYTES = 64 << 20


class HuggingFaceTokenizer:
    """A tokenizer as a `tokenizer.json` describes it, of the WordPiece or byte-level BPE family.

    It gives the ids that the library `tokenizers` gives for the same file: with the tokens that
    the file puts around a text, cut and filled up to the length that it asks for.

    Args:
        fields: what the file holds, as `json.loads` gives it; `from_hugging_face` reads the file.

    Attributes:
        model: the `WordPieceTokenizer` or `BytePairTokenizer` that finds the parts of a piece,
            with ids of its own.
        vocabulary: tuple of all tokens; a token's place is its id. Those of a byte-level model
            are bytes.
        specials: the names of tokens that `decode` leaves out.

    Raises:
        ValueError: if there is a part or a field that is not understood, or the parts contradict
            each other. The message says where in the file.

    Examples:
        >>> fields = {
        ...     "version": "1.0",
        ...     "truncation": None,
        ...     "padding": None,
        ...     "decoder": None,
        ...     "added_tokens": [],
        ...     "normalizer": {"type": "Lowercase"},
        ...     "pre_tokenizer": {"type": "BertPreTokenizer"},
        ...     "post_processor": None,
        ...     "model": {
        ...         "type": "WordPiece",
        ...         "unk_token": "[UNK]",
        ...         "continuing_subword_prefix": "##",
        ...         "max_input_chars_per_word": 100,
        ...         "vocab": {"[UNK]": 0, "un": 1, "##afford": 2, "##able": 3},
        ...     },
        ... }
        >>> HuggingFaceTokenizer(fields).encode("Unaffordable luxury").tolist()
        [1, 2, 3, 0]
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        if not isinstance(fields, Mapping):
            raise ValueError(f"HuggingFaceTokenizer: expected an object, got {shown(fields)}")
        try:
            self._read(dict(fields))
        except ValueError as error:
            raise ValueError(f"HuggingFaceTokenizer: {error}") from None

    def _read(self, fields: dict[str, Any]) -> None:
        # The model and the decoder are read together, then what refers to its ids.
        file = Section("tokenizer.json", fields)
        file.word("version", "1.0")
        part = Section("model", file.take("model"))
        if "type" not in part.fields:  # as in files of the first years
            part.fields["type"] = "BPE" if "merges" in part.fields else "WordPiece"
        kind = part.word("type", "WordPiece", "BPE")
        vocabulary = part.fields.get("vocab")
        self.model: WordPieceTokenizer | BytePairTokenizer
        self._whole: dict[str, int] = {}
        decoder = file.take("decoder")
        if kind == "WordPiece":
            self.model, self._ids = read_word_pieces(part, decoder)
            tokens: dict[int, str | bytes] = dict(
                zip(self._ids, self.model.vocabulary, strict=True)
            )
        else:
            pairs = read_byte_pairs(part, decoder)
            self.model, self._ids, self._whole = pairs.model, pairs.ids, pairs.whole
            tokens = pairs.tokens
        assert isinstance(vocabulary, dict)
        self._normalize = read_normalizer("normalizer", file.take("normalizer"))
        cutter = file.take("pre_tokenizer")
        self._cut = read_pre_tokenizer("pre_tokenizer", cutter, kind == "BPE")
        added = read_added(file.take("added_tokens"), vocabulary)
        tokens |= {one.id: one.content for one in added}
        if missing := [i for i in range(len(tokens)) if i not in tokens]:
            raise ValueError(f"tokenizer.json: {len(tokens)} tokens, but none has the "
                             f"id {missing[0]}")  # fmt: skip
        self.vocabulary = tuple(tokens[i] for i in range(len(tokens)))
        self.specials = tuple(one.content for one in added if one.special)
        self._added = {one.content: one for one in added}
        # Some are found in the text as it came, some once it is normalized, as they are then.
        self._raw = _Finder({one.content: one for one in added if not one.normalized})
        # Of two that look the same then, the first is found.
        self._clean = _Finder(
            {self._normalize(one.content): one for one in reversed(added) if one.normalized}
        )
        size = len(tokens)
        self._template = read_template("post_processor", file.take("post_processor"), size)
        self._truncation = read_truncation(file.take("truncation"), self._template)
        self._padding = read_padding(file.take("padding"), size)
        file.done()
        # Nobody who changes the fields later changes what is written.
        self._text = json.dumps(fields)

    def __len__(self) -> int:
        """Return the number of tokens V."""
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"HuggingFaceTokenizer({type(self.model).__name__}, {len(self)} tokens)"

    def id(self, special: str) -> int:
        """Return the id of a token that the file adds, such as `"[CLS]"`.

        Raises:
            KeyError: if there is none of this name.
        """
        return self._added[checked_special(self, special, self._added)].id

    def encode(
        self, text: str, *, around: bool = True, read_specials: bool = True, lengths: bool = True
    ) -> Array:
        """Turn text into ids.

        Args:
            text: any text.
            around: whether the tokens that the file puts around a text are put there.
            read_specials: whether a special token whose name stands in the text is that token.
                Set it to False for texts that strangers wrote: then it is plain characters.
            lengths: whether the ids are cut and filled up to the length that the file asks for.

        Returns:
            Ids (N,), int64.
        """
        text = check_text(f"{self}.encode", "text", text)
        ids, _ = self._encode([text], around, read_specials, lengths)
        return ids

    def encode_pair(
        self,
        first: str,
        second: str,
        *,
        around: bool = True,
        read_specials: bool = True,
        lengths: bool = True,
    ) -> tuple[Array, Array]:
        """Turn two texts, such as a question and an answer, into the ids of one sequence.

        Args:
            first: any text.
            second: any text.
            around: as for `encode`.
            read_specials: as for `encode`.
            lengths: as for `encode`.

        Returns:
            Ids (N,), int64, and the type of each token (N,), int64, by which a model tells the
            texts apart.
        """
        where = f"{self}.encode_pair"
        texts = [check_text(where, "first", first), check_text(where, "second", second)]
        return self._encode(texts, around, read_specials, lengths)

    def _encode(
        self, texts: list[str], around: bool, read_specials: bool, lengths: bool
    ) -> tuple[Array, Array]:
        check_flag(f"{self}.encode", "around", around)
        check_flag(f"{self}.encode", "read_specials", read_specials)
        check_flag(f"{self}.encode", "lengths", lengths)
        found = [[i for one in self._parts(text, read_specials) for i in one] for text in texts]
        template, pair = self._template, len(texts) == 2
        if lengths:
            found = self._truncated(found, template.added(pair) if around else 0)
        by_name = dict(zip("AB", found, strict=False))
        ids: list[int] = []
        types: list[int] = []
        for what, kind in template.pair if pair else template.single:
            if around or isinstance(what, str):
                new = by_name[what] if isinstance(what, str) else what
                ids += new
                types += [kind] * len(new)
        if lengths and (padding := self._padding) is not None:
            short = max(padding.length - len(ids), 0)
            short += -(len(ids) + short) % padding.multiple
            fill, kinds = [padding.id] * short, [padding.type] * short
            ids = [*fill, *ids] if padding.left else [*ids, *fill]
            types = [*kinds, *types] if padding.left else [*types, *kinds]
        return np.array(ids, dtype=np.int64), np.array(types, dtype=np.int64)

    def _parts(self, text: str, read_specials: bool) -> Iterator[list[int]]:
        """Yield the ids of each added token and of each piece."""
        for raw in self._raw.cut(text, read_specials):
            if isinstance(raw, Added):
                yield [raw.id]
                continue
            for clean in self._clean.cut(self._normalize(raw), read_specials):
                if isinstance(clean, Added):
                    yield [clean.id]
                else:
                    yield from map(self._piece_ids, self._cut(clean))

    def _piece_ids(self, piece: str) -> list[int]:
        if self._whole and (found := self._whole.get(shown_as(piece))) is not None:
            return [found]
        return [self._ids[i] for i in self.model._piece_ids(piece)]

    def _truncated(self, texts: list[list[int]], added: int) -> list[list[int]]:
        """Shorten what does not fit with the tokens around it."""
        cut = self._truncation
        if cut is None or sum(map(len, texts)) + added <= cut.length:
            return texts
        room = cut.length - added
        lengths = [len(text) for text in texts]
        if cut.strategy == "LongestFirst":
            lengths = _shared(lengths, room)
        else:
            which = 0 if cut.strategy == "OnlyFirst" else 1
            over = sum(lengths) - room
            if which >= len(texts) or lengths[which] <= over:
                raise ValueError(
                    f"{self}: the file wants {cut.length} tokens at most, made by cutting "
                    f"text {which + 1} alone; that is not enough"
                )
            lengths[which] -= over
        return [
            ids[len(ids) - n :] if cut.left else ids[:n]
            for ids, n in zip(texts, lengths, strict=True)
        ]

    def decode(self, ids: TensorLike, *, keep_specials: bool = False) -> str:
        """Turn ids back into text.

        Args:
            ids: (N,).
            keep_specials: whether special tokens appear, by their name; otherwise they vanish.

        Raises:
            ValueError: for an id outside the vocabulary.
        """
        check_flag(f"{self}.decode", "keep_specials", keep_specials)
        hidden = frozenset[str]() if keep_specials else frozenset(self.specials)
        tokens = [self.vocabulary[i] for i in checked_ids(self, ids)]
        tokens = [token for token in tokens if token not in hidden]
        if isinstance(self.model, WordPieceTokenizer):
            return self.model._joined(map(str, tokens))
        pieces = (token if isinstance(token, bytes) else token.encode() for token in tokens)
        return b"".join(pieces).decode("utf-8", errors="replace")

    def to_json(self) -> str:
        """Write what the file held as a JSON text; `from_json` reads it back."""
        return self._text

    @classmethod
    def from_json(cls, text: str) -> HuggingFaceTokenizer:
        """Make the tokenizer from the text of a `tokenizer.json`.

        Raises:
            ValueError: as for the class, or if the text is no JSON. A file from a stranger raises
                nothing else.
        """
        where = "HuggingFaceTokenizer.from_json"
        fields = parsed(where, text)
        if not isinstance(fields, dict) or "model" not in fields:
            raise ValueError(f"{where}: this is no tokenizer.json: {shown(text)}")
        return cls(fields)


def from_hugging_face(path: str | PathLike[str]) -> HuggingFaceTokenizer:
    """Read the tokenizer of a trained model from its `tokenizer.json`.

    Understood are the families of WordPiece (BERT, MiniLM, …) and of byte-level BPE (GPT-2,
    RoBERTa, Llama 3, Qwen 2, …): the normalizers, ways of cutting, added tokens, templates,
    lengths and decoders that they use. Whatever else stands in the file is an error that names it.

    Args:
        path: the file, or the folder in which it stands.

    Returns:
        A tokenizer with the ids of the library `tokenizers`.

    Raises:
        ValueError: if the file is damaged, too large (64 MiB), or holds something that is not
            understood. A file from a stranger raises nothing else.
        OSError: if it cannot be opened.
    """
    file = Path(check_path("from_hugging_face", "path", path))
    if file.is_dir():
        file = file / "tokenizer.json"
    with file.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"from_hugging_face: {file} holds more than {MOST_BYTES >> 20} MiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"from_hugging_face: {file} is no text: byte {error.start} is not UTF-8"
        ) from None
    try:
        return HuggingFaceTokenizer.from_json(text)
    except ValueError as error:
        raise ValueError(f"from_hugging_face: {file}: {error}") from None


class _Finder:
    """Finds added tokens in a text: at each place the longest, from left to right."""

    def __init__(self, tokens: dict[str, Added]) -> None:
        self.tokens = {content: one for content, one in tokens.items() if content}
        # The lengths of the tokens with one first character, the longest first.
        self.lengths: dict[str, list[int]] = {}
        for content in sorted(self.tokens, key=len, reverse=True):
            lengths = self.lengths.setdefault(content[0], [])
            if len(content) not in lengths[-1:]:
                lengths.append(len(content))

    def cut(self, text: str, read_specials: bool) -> Iterator[str | Added]:
        """Yield the tokens, and the texts between them."""
        begin = at = 0
        while at < len(text) and self.tokens:
            token = self._at(text, at)
            if token is None:
                at += 1
                continue
            start, at = at, at + len(token)
            one = self.tokens[token]
            if one.special and not read_specials:
                continue
            if one.single_word and (_ends(text[:start][-1:]) or _ends(text[at : at + 1])):
                continue
            while one.lstrip and start > begin and is_white(text[start - 1]):
                start -= 1
            while one.rstrip and at < len(text) and is_white(text[at]):
                at += 1
            if start > begin:
                yield text[begin:start]
            yield one
            begin = at
        if begin < len(text):
            yield text[begin:]

    def _at(self, text: str, at: int) -> str | None:
        """Return the longest token at a place."""
        for length in self.lengths.get(text[at], ()):
            if (token := text[at : at + length]) in self.tokens:
                return token
        return None


def _ends(neighbour: str) -> bool:
    """Tell whether a token is only a part of a word, by the character beside it, if any."""
    if not neighbour:
        return False
    kind = unicodedata.category(neighbour)
    return kind[0] in "LM" or kind in ("Nd", "Nl", "Pc")


def _shared(lengths: list[int], room: int) -> list[int]:
    """Return how much of each text stays where the longest is shortened first."""
    if len(lengths) == 1:
        return [room]
    short, long = sorted(lengths)
    long = short if short > room else max(short, room - short)
    if short + long > room:
        short, long = room // 2, room // 2 + room % 2
    return [short, long] if lengths[0] <= lengths[1] else [long, short]
