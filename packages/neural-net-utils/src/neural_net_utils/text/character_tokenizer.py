"""Every character is a token: the simplest way from text to numbers and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np

from neural_net_core.checks import check_flag, check_items, check_text, shown
from neural_net_core.dtypes import Array
from neural_net_core.tensor import TensorLike
from neural_net_utils.text._tokens import checked_ids, checked_specials, read_json, special_id

__all__ = ["CharacterTokenizer"]


class CharacterTokenizer:
    """One token for every different character of an alphabet, in the order of Unicode.

    Short vocabulary, long sequences: a model has to learn to spell before it can learn words.

    Args:
        alphabet: the characters; a whole text will do, each character counts once.
        specials: names of tokens that no text contains, such as `"<pad>"`; they get the first
            ids, in the given order, and are put between texts by hand, with `tokenizer.id(name)`.

    Attributes:
        vocabulary: tuple of all tokens, specials first; a token's place is its id.

    Raises:
        ValueError: for an empty alphabet, or a special named twice.

    Examples:
        >>> tokenizer = CharacterTokenizer("hello", specials=["<pad>"])
        >>> tokenizer.vocabulary
        ('<pad>', 'e', 'h', 'l', 'o')
        >>> tokenizer.encode("hole").tolist()
        [2, 4, 3, 1]
        >>> tokenizer.decode([2, 1, 3, 3, 4, 0])
        'hello'
    """

    def __init__(self, alphabet: str | Iterable[str], *, specials: Sequence[str] = ()) -> None:
        where = "CharacterTokenizer"
        tokens = alphabet
        if not isinstance(alphabet, str):
            tokens = check_items(where, "alphabet", alphabet, "a str, or several characters")
        different = {check_text(where, "alphabet", token) for token in tokens}
        characters = sorted(different)
        if not characters:
            raise ValueError("CharacterTokenizer: alphabet must hold at least one character")
        if long := [token for token in characters if len(token) != 1]:
            raise ValueError(
                f"CharacterTokenizer: alphabet must hold single characters, got {shown(long[0])}"
            )
        self.specials = checked_specials("CharacterTokenizer", specials)
        self.vocabulary = (*self.specials, *characters)
        self._ids = {c: i for i, c in enumerate(characters, start=len(self.specials))}

    def __len__(self) -> int:
        """Return the number of tokens V."""
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"CharacterTokenizer({len(self)} tokens)"

    def id(self, special: str) -> int:
        """Return the id of a special token.

        Raises:
            KeyError: if there is none of this name.
        """
        return special_id(self, special)

    def encode(self, text: str) -> Array:
        """Turn text into ids; what looks like a special token is read as plain characters.

        Args:
            text: any characters of the alphabet.

        Returns:
            Ids (N,), int64.

        Raises:
            ValueError: for a character outside the alphabet, with its place.
        """
        check_text(f"{self}.encode", "text", text)
        try:
            return np.array([self._ids[c] for c in text], dtype=np.int64)
        except KeyError:
            place = next(i for i, c in enumerate(text) if c not in self._ids)
            raise ValueError(
                f"{self}.encode: character {text[place]!r} at place {place} "
                "is not in the alphabet that the tokenizer was made from"
            ) from None

    def decode(self, ids: TensorLike, *, keep_specials: bool = False) -> str:
        """Turn ids back into text.

        Args:
            ids: (N,).
            keep_specials: whether special tokens appear, by their name; otherwise they vanish.

        Raises:
            ValueError: for an id outside the vocabulary.
        """
        check_flag(f"{self}.decode", "keep_specials", keep_specials)
        first = 0 if keep_specials else len(self.specials)
        return "".join(self.vocabulary[i] for i in checked_ids(self, ids) if i >= first)

    def to_json(self) -> str:
        """Write the tokenizer as a JSON text; `from_json` reads it back."""
        characters = "".join(self.vocabulary[len(self.specials) :])
        return json.dumps({"kind": "characters", "alphabet": characters, "specials": self.specials})

    @classmethod
    def from_json(cls, text: str) -> CharacterTokenizer:
        """Make the tokenizer that `to_json` wrote.

        Raises:
            ValueError: if the text is not what `to_json` writes. A file from a stranger raises
                nothing else.
        """
        made: CharacterTokenizer = read_json(cls, text, "characters", "alphabet")
        return made
