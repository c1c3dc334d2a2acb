"""What the tokenizers have in common: special tokens, checks of ids, memory, reading of JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from neural_net_core.checks import check_array, check_items, check_text, shown
from neural_net_core.tensor import TensorLike

__all__ = ["checked_ids", "checked_specials", "parsed", "read_json", "remembered", "special_id"]

# How many pieces are remembered with their ids, and up to how many characters.
MOST_PIECES, LONGEST_PIECE = 1 << 16, 64


def checked_specials(where: str, specials: Any) -> tuple[str, ...]:
    """Return the names as a tuple, or raise ValueError if they are not different strings."""
    items = check_items(where, "specials", specials, "a list of names")
    names = tuple(check_text(where, "specials", name) for name in items)
    if len(set(names)) != len(names):
        raise ValueError(f"{where}: a special is named twice: {shown(names)}")
    return names


def special_id(tokenizer: Any, special: Any) -> int:
    """Return the id of a special token where these come first, or raise KeyError."""
    names: tuple[str, ...] = tokenizer.specials
    return names.index(checked_special(tokenizer, special, names))


def checked_special(tokenizer: Any, special: Any, names: Iterable[str]) -> str:
    """Return the name of a special token, or raise KeyError if it is none of these."""
    names = list(names)
    if not isinstance(special, str) or special not in names:
        raise KeyError(f"{tokenizer}: no special token {shown(special)}, only {names}")
    return special


def checked_ids(tokenizer: Any, ids: TensorLike) -> list[int]:
    """Return ids as a list of ints, or raise ValueError for one outside the vocabulary."""
    where = f"{tokenizer}.decode"
    array = check_array(where, "ids", ids, kinds="iuf")
    if array.size == 0:
        return []
    if array.ndim != 1 or array.dtype.kind == "f":
        raise ValueError(f"{where}: ids must be whole numbers (N,), got {shown(array)}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= len(tokenizer):
        wrong = low if low < 0 else high
        raise ValueError(
            f"{where}: id {wrong} is outside 0 to {len(tokenizer) - 1}, the vocabulary"
        )
    found: list[int] = array.tolist()
    return found


def remembered(
    known: dict[str, list[int]], piece: str, encode: Callable[[str], list[int]]
) -> list[int]:
    """Return the ids of a piece: those known, or those that `encode` finds, known from then on."""
    found = known.get(piece)
    if found is None:
        found = encode(piece)
        if len(piece) <= LONGEST_PIECE:
            if len(known) >= MOST_PIECES:
                known.clear()
            known[piece] = found
    return found


def parsed(where: str, text: str) -> Any:
    """Return what a JSON text holds, or raise ValueError; no key may stand twice in one object."""
    check_text(where, "text", text)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
            raise _TwiceError(f"{where}: {shown(twice)} stands twice in one object")
        return found

    try:
        return json.loads(text, object_pairs_hook=unique)
    except _TwiceError as error:
        raise ValueError(str(error)) from None
    except (ValueError, RecursionError):
        raise ValueError(f"{where}: text is not JSON, got {shown(text)}") from None


class _TwiceError(Exception):
    """A key that stands twice."""


def read_json(tokenizer: Any, text: str, kind: str, field: str, options: Sequence[str] = ()) -> Any:
    """Make the tokenizer whose `to_json` wrote the text, or raise ValueError.

    The file may come from a stranger, so nothing of it is taken for granted: not that it is JSON,
    not what it holds, not the kinds of its numbers (`True == 1.0 == 1` in Python).

    Args:
        tokenizer: the class.
        text: what `to_json` wrote.
        kind: what the file must say that it holds.
        field: the name of the constructor's first argument in the file.
        options: the names of further arguments, which the file holds under the same names.
    """
    where = f"{tokenizer.__name__}.from_json"
    fields = parsed(where, text)
    found = fields.get("kind") if isinstance(fields, dict) else None
    if isinstance(found, str) and found != kind:
        raise ValueError(f"{where}: expected a tokenizer of {kind}, got {shown(found)}")
    if found is None or fields.keys() != {"kind", field, "specials", *options}:
        raise ValueError(f"{where}: this is not what to_json writes: {shown(text)}")
    rest = {name: fields[name] for name in ("specials", *options)}
    made = tokenizer(fields[field], **rest)
    if json.loads(made.to_json()) != fields:
        raise ValueError(f"{where}: this is not what to_json writes: {shown(text)}")
    return made
