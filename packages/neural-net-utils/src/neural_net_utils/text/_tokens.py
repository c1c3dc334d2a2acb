"""What the two tokenizers have in common: special tokens, checks of ids, reading of JSON."""

from __future__ import annotations

import json
from typing import Any

from neural_net_core.checks import check_array, check_items, check_text, shown
from neural_net_core.tensor import TensorLike

__all__ = ["checked_ids", "checked_specials", "read_json", "special_id"]


def checked_specials(where: str, specials: Any) -> tuple[str, ...]:
    """Return the names as a tuple, or raise ValueError if they are not different strings."""
    items = check_items(where, "specials", specials, "a list of names")
    names = tuple(check_text(where, "specials", name) for name in items)
    if len(set(names)) != len(names):
        raise ValueError(f"{where}: a special is named twice: {shown(names)}")
    return names


def special_id(tokenizer: Any, special: Any) -> int:
    """Return the id of a special token, or raise KeyError."""
    names: tuple[str, ...] = tokenizer.specials
    if not isinstance(special, str) or special not in names:
        raise KeyError(f"{tokenizer}: no special token {shown(special)}, only {list(names)}")
    return names.index(special)


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


def read_json(tokenizer: Any, text: str, kind: str, field: str) -> Any:
    """Make the tokenizer whose `to_json` wrote the text, or raise ValueError.

    The file may come from a stranger, so nothing of it is taken for granted: not that it is JSON,
    not what it holds, not the kinds of its numbers (`True == 1.0 == 1` in Python).

    Args:
        tokenizer: the class.
        text: what `to_json` wrote.
        kind: what the file must say that it holds.
        field: the name of the constructor's first argument in the file.
    """
    where = f"{tokenizer.__name__}.from_json"
    check_text(where, "text", text)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{where}: text is not JSON, got {shown(text)}") from None
    found = fields.get("kind") if isinstance(fields, dict) else None
    if isinstance(found, str) and found != kind:
        raise ValueError(f"{where}: expected a tokenizer of {kind}, got {shown(found)}")
    if found is None or fields.keys() != {"kind", field, "specials"}:
        raise ValueError(f"{where}: this is not what to_json writes: {shown(text)}")
    made = tokenizer(fields[field], specials=fields["specials"])
    if json.loads(made.to_json()) != fields:
        raise ValueError(f"{where}: this is not what to_json writes: {shown(text)}")
    return made
