"""One object of a `tokenizer.json`: understood to its last field, or refused by its name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from neural_net_core.checks import check_count, check_flag, check_text, check_word, shown

__all__ = ["Section", "members", "typed"]

# How deep a file may nest sequences in sequences, and how many parts one may have. Each part goes
# through every text; real files have two or three, one deep.
DEEPEST, MOST_PARTS = 3, 16


class Section:
    """One object of the file, whose fields are taken one by one; what is left over is an error.

    Args:
        where: the path of the object in the file.
        value: what stands there.
    """

    def __init__(self, where: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{where}: expected an object, got {shown(value)}")
        self.where = where
        self.fields = dict(value)

    def take(self, name: str) -> Any:
        """Return a field that must be there."""
        if name not in self.fields:
            raise ValueError(f"{self.where}: the field {name!r} is missing")
        return self.fields.pop(name)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Return True or False; with a default, the field may be absent."""
        value = self.take(name) if default is None else self.fields.pop(name, default)
        return check_flag(self.where, name, value)

    def text(self, name: str) -> str:
        """Return a text."""
        return check_text(self.where, name, self.take(name))

    def count(self, name: str, low: int = 0, high: int | None = None) -> int:
        """Return a whole number."""
        return check_count(self.where, name, self.take(name), low, high)

    def word(self, name: str, *allowed: str) -> str:
        """Return one of several words."""
        found: str = check_word(self.where, name, self.take(name), allowed)
        return found

    def items(self, name: str) -> list[Any]:
        """Return a list."""
        value = self.take(name)
        if not isinstance(value, list):
            raise ValueError(f"{self.where}.{name}: expected a list, got {shown(value)}")
        return value

    def only(self, name: str, *values: Any) -> None:
        """Take a field that may be absent, null or one of some values, all without effect."""
        value = self.fields.pop(name, None)
        if value is not None and not any(value is v or (v == "" == value) for v in values):
            raise ValueError(f"{self.where}.{name}: {shown(value)} is not supported")

    def done(self) -> None:
        """Refuse what nobody has taken."""
        if self.fields:
            name = next(iter(self.fields))
            raise ValueError(f"{self.where}: the field {shown(name)} is not known")


def typed(where: str, value: Any, kinds: Iterable[str]) -> tuple[str, Section]:
    """Return the type of a part, one of those that are understood, and its other fields."""
    part = Section(where, value)
    kind = part.text("type")
    if kind not in kinds:
        raise ValueError(f"{where}: the type {shown(kind)} is not one of {', '.join(kinds)}")
    return kind, part


def members(part: Section, name: str, depth: int) -> list[tuple[str, Any]]:
    """Return the parts of a sequence, each with its place."""
    if depth >= DEEPEST:
        raise ValueError(f"{part.where}: sequences stand more than {DEEPEST} deep in each other")
    items = part.items(name)
    if len(items) > MOST_PARTS:
        raise ValueError(f"{part.where}.{name}: more than {MOST_PARTS} parts, {len(items)}")
    return [(f"{part.where}.{name}[{i}]", one) for i, one in enumerate(items)]
