"""What tokenizers ask about a character, and texts cut by kinds of characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["CUTS", "GPT_2", "Cut", "is_mark", "is_punctuation", "is_white", "pieces"]


def is_white(character: str) -> bool:
    """Tell whether a character is white space.

    Python counts four separators of 1963 as white space; the Unicode standard does not.
    """
    return character.isspace() and character not in "\x1c\x1d\x1e\x1f"


def is_punctuation(character: str) -> bool:
    """Tell whether a character is punctuation to BERT: Unicode's, and all signs of ASCII."""
    signs_of_ascii = character.isascii() and character.isprintable() and character != " "
    return (signs_of_ascii and not character.isalnum()) or (
        unicodedata.category(character).startswith("P")
    )


def is_mark(character: str) -> bool:
    """Tell whether a character is a mark that takes no space of its own, such as an accent."""
    return unicodedata.category(character) == "Mn"


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """Return L for a letter, N a number, O another sign, R a line's end, S white space, or " "."""
    if character in " \r\n":
        return " " if character == " " else "R"
    if is_white(character):
        return "S"
    kind = unicodedata.category(character)[0]
    return kind if kind in "LN" else "O"


# A run of white space leaves its last character for the piece that follows.
_SPACE = r"[ SR]+(?![LNO])|[ SR]+"
_CONTRACTION = r"'(?:[stmd]|re|ve|ll)"
Cut = tuple[re.Pattern[str], re.Pattern[str]]
# For each way of cutting: contractions, in the text, come first; then a pattern over kinds.
GPT_2: Cut = re.compile(_CONTRACTION), re.compile(rf" ?L+| ?N+| ?O+|{_SPACE}")
_LLAMA_3: Cut = (
    re.compile(_CONTRACTION, re.IGNORECASE),
    re.compile(rf"[ SO]?L+|N{{1,3}}| ?O+R*|[ SR]*R+|{_SPACE}"),
)
_QWEN_2: Cut = _LLAMA_3[0], re.compile(rf"[ SO]?L+|N| ?O+R*|[ SR]*R+|{_SPACE}")
# By the pattern that a file gives for it. Python knows no \p{L}; and a stranger's pattern could
# take for ever.
CUTS: dict[str, Cut] = {
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": GPT_2,
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+": _LLAMA_3,
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+": _QWEN_2,
}


def pieces(text: str, cut: Cut = GPT_2) -> Iterator[str]:
    """Cut a text into pieces; together they are the text."""
    contraction, piece = cut
    kinds = "".join(map(_kind, text))
    at = 0
    while at < len(text):
        found = contraction.match(text, at) or piece.match(kinds, at)
        assert found is not None  # every kind begins some piece
        yield text[at : found.end()]
        at = found.end()
