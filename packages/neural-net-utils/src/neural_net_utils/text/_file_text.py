"""What a `tokenizer.json` does to a text before the model: normalizers, and ways of cutting."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from neural_net_core.checks import check_flag, shown
from neural_net_utils.text._characters import CUTS, GPT_2, is_white, pieces
from neural_net_utils.text._file_section import Section, members, typed
from neural_net_utils.text.word_piece_tokenizer import bert_normalized, bert_words

__all__ = ["read_normalizer", "read_pre_tokenizer"]

Normalizer = Callable[[str], str]
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def read_normalizer(where: str, value: Any, depth: int = 0) -> Normalizer:
    """Return the function that the file has each text go through first."""
    if value is None:
        return lambda text: text
    kinds = (*_FORMS, "BertNormalizer", "Lowercase", "StripAccents", "Sequence")
    kind, part = typed(where, value, kinds)
    made: Normalizer
    if kind == "BertNormalizer":
        made = _bert_normalizer(part)
    elif kind == "Lowercase":
        made = _lowered
    elif kind == "StripAccents":
        made = _stripped
    elif kind == "Sequence":
        made = _chained(
            [read_normalizer(at, one, depth + 1) for at, one in members(part, "normalizers", depth)]
        )
    else:
        made = _composed(kind)
    part.done()
    return made


def _bert_normalizer(part: Section) -> Normalizer:
    clean, spread = part.flag("clean_text"), part.flag("handle_chinese_chars")
    strip, lower = part.take("strip_accents"), part.flag("lowercase")
    strip = lower if strip is None else check_flag(part.where, "strip_accents", strip)
    return lambda text: bert_normalized(text, clean, spread, strip, lower)


def _chained(steps: list[Normalizer]) -> Normalizer:
    def run(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return run


def _composed(form: Any) -> Normalizer:
    return lambda text: unicodedata.normalize(form, text)


def _lowered(text: str) -> str:
    return "".join(map(str.lower, text))


def _stripped(text: str) -> str:
    # Marks of all three kinds; BERT leaves out those alone that take no space.
    return "".join(c for c in text if not unicodedata.category(c).startswith("M"))


# --- how it is cut

Cutter = Callable[[str], list[str]]


def read_pre_tokenizer(where: str, value: Any, bytes_follow: bool) -> Cutter:
    """Return the function that cuts a text into the pieces within which the model looks.

    Args:
        where: the path in the file.
        value: what stands there.
        bytes_follow: whether the model is one of bytes: then the last step must be "ByteLevel".
    """
    steps = _cutters(where, value, 0)
    of_bytes = [isinstance(step, _ByteLevel) for step in steps]
    if bytes_follow and (sum(of_bytes) != 1 or not of_bytes[-1]):
        raise ValueError(f"{where}: byte-level BPE is cut by 'ByteLevel', as the last step")
    if not bytes_follow and any(of_bytes):
        raise ValueError(f"{where}: 'ByteLevel' does not go with a model of words")

    def run(text: str) -> list[str]:
        found = [text]
        for step in steps:
            found = [piece for one in found for piece in step(one) if piece]
        return found

    return run


def _cutters(where: str, value: Any, depth: int) -> list[Cutter]:
    if value is None:
        return []
    kinds = ("BertPreTokenizer", "WhitespaceSplit", "ByteLevel", "Digits", "Split", "Sequence")
    kind, part = typed(where, value, kinds)
    steps: list[Cutter]
    if kind == "Sequence":
        parts = members(part, "pretokenizers", depth)
        steps = [step for at, one in parts for step in _cutters(at, one, depth + 1)]
    elif kind == "BertPreTokenizer":
        steps = [bert_words]
    elif kind == "WhitespaceSplit":
        steps = [_at_white_space]
    elif kind == "Digits":
        steps = [_Digits(alone=part.flag("individual_digits"))]
    elif kind == "Split":
        steps = [_read_split(part)]
    else:
        prefix = part.flag("add_prefix_space")
        part.flag("trim_offsets", True)  # of places in the text, which nobody asks for
        steps = [_ByteLevel(prefix, cut=part.flag("use_regex", True))]
    part.done()
    return steps


def _at_white_space(text: str) -> list[str]:
    return "".join(" " if is_white(c) else c for c in text).split(" ")


def _read_split(part: Section) -> Cutter:
    pattern = Section(f"{part.where}.pattern", part.take("pattern"))
    regex = pattern.text("Regex")
    pattern.done()
    if regex not in CUTS:
        raise ValueError(f"{pattern.where}: only GPT-2's, Llama 3's and Qwen 2's are known, "
                         f"got {shown(regex)}")  # fmt: skip
    how = part.word("behavior", "Isolated", "Removed"), part.flag("invert")
    if how not in (("Isolated", False), ("Removed", True)):  # all of the text is pieces
        raise ValueError(f"{part.where}: {how[0]!r} with invert={how[1]} is not supported")
    return lambda text: list(pieces(text, CUTS[regex]))


@dataclass(frozen=True)
class _Digits:
    """Cuts numbers from what surrounds them, or each digit."""

    alone: bool

    def __call__(self, text: str) -> list[str]:
        kinds = "".join("N" if unicodedata.category(c)[0] == "N" else "O" for c in text)
        pattern = "N|O+" if self.alone else "N+|O+"
        return [text[found.start() : found.end()] for found in re.finditer(pattern, kinds)]


@dataclass(frozen=True)
class _ByteLevel:
    """Puts a space before the text if the file says so, and cuts it as GPT-2 does."""

    prefix: bool
    cut: bool

    def __call__(self, text: str) -> list[str]:
        if self.prefix and not text.startswith(" "):
            text = f" {text}"
        return list(pieces(text, GPT_2)) if self.cut else [text]
