"""The tokens of a `tokenizer.json`: the model's, with its merges, and those added to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neural_net_core.checks import check_count, check_text, shown
from neural_net_utils.text._file_section import Section, typed
from neural_net_utils.text.byte_pair_tokenizer import BYTES, BytePairTokenizer
from neural_net_utils.text.word_piece_tokenizer import WordPieceTokenizer

__all__ = ["Added", "read_added", "read_byte_pairs", "read_word_pieces", "shown_as"]


def _read_vocabulary(part: Section) -> dict[str, int]:
    """Return the ids of the tokens; no id stands twice, and each is a whole number."""
    vocabulary = part.take("vocab")
    where = f"{part.where}.vocab"
    if not isinstance(vocabulary, dict) or not vocabulary:
        raise ValueError(f"{where}: expected an object of tokens, got {shown(vocabulary)}")
    owners: dict[int, str] = {}
    for token, i in vocabulary.items():
        check_text(where, "token", token)
        i = check_count(where, f"the id of {shown(token)}", i, 0)
        if i in owners:
            raise ValueError(f"{where}: {shown(owners[i])} and {shown(token)} both have the id {i}")
        owners[i] = token
    return vocabulary


def read_word_pieces(part: Section, decoder: Any) -> tuple[WordPieceTokenizer, list[int]]:
    """Return a WordPiece model, and the file's id for each of its own."""
    vocabulary = _read_vocabulary(part)
    options: dict[str, Any] = {
        "unknown": part.text("unk_token"),
        "prefix": part.text("continuing_subword_prefix"),
        "longest_word": part.count("max_input_chars_per_word", 1),
        "tidy": False,
    }
    if decoder is not None:
        _, shape = typed("decoder", decoder, ["WordPiece"])
        if shape.text("prefix") != options["prefix"]:
            raise ValueError("decoder.prefix: expected the model's continuing_subword_prefix")
        options["tidy"] = shape.flag("cleanup")
        shape.done()
    part.done()
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    # Nothing is special to the model itself: what is, the added tokens say.
    return WordPieceTokenizer(tokens, **options), [vocabulary[token] for token in tokens]


# The character that stands for each byte in the file: those that do not print are numbered on.
_SHOWN_AS = {
    chr(byte[0] if place < 188 else 256 + place - 188): byte for place, byte in enumerate(BYTES)
}


@dataclass(frozen=True)
class BytePairs:
    """A byte-pair model as the file describes it.

    Attributes:
        model: finds its own ids for a piece.
        ids: the file's id for each of the model's.
        whole: ids of pieces that are tokens without any merge, where the file asks for that.
        tokens: every token of the file's vocabulary by its id, also those that no merge makes.
    """

    model: BytePairTokenizer
    ids: list[int]
    whole: dict[str, int]
    tokens: dict[int, str | bytes]


def read_byte_pairs(part: Section, decoder: Any) -> BytePairs:
    """Return a model of byte pairs whose ids may stand in any order."""
    vocabulary = _read_vocabulary(part)
    part.only("dropout")
    part.only("continuing_subword_prefix", "")
    part.only("end_of_word_suffix", "")
    # All bytes are tokens, so nothing is unknown.
    part.only("byte_fallback", False)
    part.only("fuse_unk", False, True)
    if (unknown := part.fields.pop("unk_token", None)) is not None:
        check_text(part.where, "unk_token", unknown)
    whole = part.flag("ignore_merges", False)
    if missing := [shape for shape in _SHOWN_AS if shape not in vocabulary]:
        raise ValueError(
            f"{part.where}.vocab: holds no token {shown(missing[0])}, of the byte "
            f"{_SHOWN_AS[missing[0]][0]}"
        )
    own = {shape: i for i, shape in enumerate(_SHOWN_AS)}
    names = list(own)
    merges = []
    for rank, pair in enumerate(part.items("merges")):
        where = f"{part.where}.merges[{rank}]"
        halves = pair.split(" ") if isinstance(pair, str) else pair
        if not isinstance(halves, list) or len(halves) != 2:
            raise ValueError(f"{where}: expected two tokens, got {shown(pair)}")
        for half in halves:
            if not isinstance(half, str) or half not in own:
                raise ValueError(f"{where}: {shown(half)} is no token that stands before it")
        token = "".join(halves)
        if token not in vocabulary:
            raise ValueError(f"{where}: makes {shown(token)}, which the vocabulary does not hold")
        merges.append((own[halves[0]], own[halves[1]]))
        if token not in own:
            own[token] = len(names)
            names.append(token)
    part.done()
    if decoder is not None:
        _, shape = typed("decoder", decoder, ["ByteLevel"])
        for name in ("add_prefix_space", "trim_offsets", "use_regex"):
            shape.flag(name, True)  # they say how to cut, and nothing is cut here
        shape.done()
    return BytePairs(
        BytePairTokenizer(merges),
        [vocabulary[name] for name in names],
        dict(vocabulary) if whole else {},
        {i: _as_bytes(token) for token, i in vocabulary.items()},
    )


def _as_bytes(token: str) -> str | bytes:
    """Return the bytes that a token of the file stands for; a name like "<s>" may be none."""
    if all(c in _SHOWN_AS for c in token):
        return b"".join(_SHOWN_AS[c] for c in token)
    return token


def shown_as(piece: str) -> str:
    """Return the characters that stand for the bytes of a piece in the file."""
    return "".join(_OF_BYTE[b] for b in piece.encode())


_OF_BYTE = {byte[0]: character for character, byte in _SHOWN_AS.items()}


# --- added tokens

# At each place of a text, every length that added tokens have is tried.
LONGEST_ADDED = 1000


@dataclass(frozen=True)
class Added:
    """A token that is found in the text before the model sees it."""

    id: int
    content: str
    single_word: bool
    lstrip: bool
    rstrip: bool
    normalized: bool
    special: bool


def read_added(value: Any, vocabulary: Mapping[str, int]) -> list[Added]:
    """Return the added tokens; their ids are those of the vocabulary, or new."""
    if not isinstance(value, list):
        raise ValueError(f"added_tokens: expected a list, got {shown(value)}")
    taken = {i: token for token, i in vocabulary.items()}
    found: dict[str, Added] = {}
    for place, one in enumerate(value):
        part = Section(f"added_tokens[{place}]", one)
        i, content = part.count("id"), part.text("content")
        names = ("single_word", "lstrip", "rstrip", "normalized", "special")
        flags = {name: part.flag(name) for name in names}
        part.done()
        if not 1 <= len(content) <= LONGEST_ADDED:
            raise ValueError(
                f"{part.where}: content must have 1 to {LONGEST_ADDED} characters, "
                f"got {shown(content)}"
            )
        if content in found:
            raise ValueError(f"{part.where}: {shown(content)} is added twice")
        if taken.get(i, content) != content or vocabulary.get(content, i) != i:
            raise ValueError(f"{part.where}: {shown(content)} cannot have the id {i}: "
                             f"the file gives that id, or that token, twice")  # fmt: skip
        taken[i] = content
        found[content] = Added(i, content, **flags)
    return list(found.values())
