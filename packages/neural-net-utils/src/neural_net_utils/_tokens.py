"""What the two tokenizers have in common: special tokens, checks of ids, reading of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["checked_ids", "checked_specials", "json_fields", "special_id"]


def checked_specials(where: str, specials: Sequence[str]) -> tuple[str, ...]:
    """Return the names as a tuple, or raise ValueError if they are not different strings."""
    names = tuple(specials)
    if isinstance(specials, str) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{where}: specials must be a list of names, got {specials!r}")
    if len(set(names)) != len(names):
        raise ValueError(f"{where}: a special is named twice: {list(names)}")
    return names


def special_id(tokenizer: Any, special: str) -> int:
    """Return the id of a special token, or raise KeyError."""
    names: tuple[str, ...] = tokenizer.specials
    if special not in names:
        raise KeyError(f"{tokenizer}: no special token {special!r}, only {list(names)}")
    return names.index(special)


def checked_ids(tokenizer: Any, ids: npt.ArrayLike) -> list[int]:
    """Return ids as a list of ints, or raise ValueError for one outside the vocabulary."""
    array = np.asarray(ids)
    if array.size == 0:
        return []
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{tokenizer}.decode: expected whole numbers (N,), got {array.dtype} {array.shape}"
        )
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= len(tokenizer):
        wrong = low if low < 0 else high
        raise ValueError(
            f"{tokenizer}.decode: id {wrong} is outside 0 to {len(tokenizer) - 1}, the vocabulary"
        )
    found: list[int] = array.tolist()
    return found


def json_fields(where: str, text: str, kind: str) -> dict[str, Any]:
    """Parse what `to_json` of a tokenizer wrote, or raise ValueError."""
    try:
        fields = json.loads(text)
        found = fields["kind"]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{where}.from_json: this is not what to_json writes") from None
    if found != kind:
        raise ValueError(f"{where}.from_json: expected a tokenizer of {kind}, got {found!r}")
    return dict(fields)
