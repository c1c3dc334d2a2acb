"""What a `tokenizer.json` does to the ids: a template around them, cut and filled up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neural_net_core.checks import check_count, check_text, shown
from neural_net_utils.text._file_section import Section, members, typed

__all__ = [
    "Padding",
    "Template",
    "Truncation",
    "read_padding",
    "read_template",
    "read_truncation",
]

# A template or padding of a stranger's file could ask for any number of tokens.
MOST_TOKENS = 1 << 20


@dataclass(frozen=True)
class Template:
    """Ids around one text and around two.

    Attributes:
        single: for one text: pairs of "A", or of ids, and of the type of these tokens.
        pair: for two texts, "A" and "B".
    """

    single: tuple[tuple[str | tuple[int, ...], int], ...] = (("A", 0),)
    pair: tuple[tuple[str | tuple[int, ...], int], ...] = (("A", 0), ("B", 1))

    def added(self, pair: bool) -> int:
        """Return how many ids are added to those of the texts."""
        parts = self.pair if pair else self.single
        return sum(len(what) for what, _ in parts if not isinstance(what, str))


def read_template(where: str, value: Any, size: int) -> Template:
    """Return what the post-processor adds; `size` is the number of tokens."""
    found = [one for one in _templates(where, value, size, 0) if one is not None]
    if len(found) > 1:
        raise ValueError(f"{where}: two steps that add tokens are not supported")
    return found[0] if found else Template()


def _templates(where: str, value: Any, size: int, depth: int) -> list[Template | None]:
    if value is None:
        return []
    kinds = ("BertProcessing", "RobertaProcessing", "TemplateProcessing", "ByteLevel", "Sequence")
    kind, part = typed(where, value, kinds)
    made: list[Template | None]
    if kind == "Sequence":
        parts = members(part, "processors", depth)
        made = [t for at, one in parts for t in _templates(at, one, size, depth + 1)]
    elif kind == "TemplateProcessing":
        made = [_read_pieces(part, size)]
    elif kind == "ByteLevel":
        for name in ("add_prefix_space", "trim_offsets", "use_regex"):
            part.flag(name, True)  # of places in the text, which nobody asks for
        made = [None]
    else:
        end, begin = (_read_named(part, name, size) for name in ("sep", "cls"))
        if kind == "BertProcessing":
            single = ((begin, 0), ("A", 0), (end, 0))
            made = [Template(single, (*single, ("B", 1), (end, 1)))]
        else:
            part.flag("trim_offsets")
            part.flag("add_prefix_space")
            single = ((begin, 0), ("A", 0), (end, 0))
            made = [Template(single, (*single, (end, 0), ("B", 0), (end, 0)))]
    part.done()
    return made


def _read_named(part: Section, name: str, size: int) -> tuple[int, ...]:
    """Return the id of a pair [token, id]."""
    pair = part.items(name)
    if len(pair) != 2:
        raise ValueError(f"{part.where}.{name}: expected a token and its id, got {shown(pair)}")
    check_text(part.where, name, pair[0])
    return (check_count(part.where, f"the id of {name}", pair[1], 0, size - 1),)


def _read_pieces(part: Section, size: int) -> Template:
    """Return a template that is written piece by piece."""
    named: dict[str, tuple[int, ...]] = {}
    specials = part.take("special_tokens")
    if not isinstance(specials, dict):
        raise ValueError(f"{part.where}.special_tokens: expected an object, got {shown(specials)}")
    for name, value in specials.items():
        special = Section(f"{part.where}.special_tokens[{shown(name)}]", value)
        if special.text("id") != name:
            raise ValueError(f"{special.where}: id must be the name")
        ids, tokens = special.items("ids"), special.items("tokens")
        special.done()
        named[name] = tuple(check_count(special.where, "ids", i, 0, size - 1) for i in ids)
        if len(tokens) != len(ids):
            raise ValueError(f"{special.where}: {len(ids)} ids, but {len(tokens)} tokens")
        for token in tokens:
            check_text(special.where, "tokens", token)

    def read(field: str, texts: list[str]) -> tuple[tuple[str | tuple[int, ...], int], ...]:
        found: list[tuple[str | tuple[int, ...], int]] = []
        for place, one in enumerate(part.items(field)):
            piece = Section(f"{part.where}.{field}[{place}]", one)
            kind = "Sequence" if "Sequence" in piece.fields else "SpecialToken"
            inner = Section(f"{piece.where}.{kind}", piece.take(kind))
            piece.done()
            name, type_id = inner.text("id"), inner.count("type_id")
            inner.done()
            if kind == "SpecialToken" and name not in named:
                raise ValueError(f"{inner.where}: special_tokens holds no {shown(name)}")
            found.append((name if kind == "Sequence" else named[name], type_id))
        if sorted(name for name, _ in found if isinstance(name, str)) != texts:
            raise ValueError(f"{part.where}.{field}: expected each of {', '.join(texts)} once")
        return tuple(found)

    made = Template(read("single", ["A"]), read("pair", ["A", "B"]))
    if max(made.added(False), made.added(True)) > MOST_TOKENS:
        raise ValueError(f"{part.where}: adds more than {MOST_TOKENS} tokens")
    return made


# --- lengths


@dataclass(frozen=True)
class Truncation:
    """How many ids there may be, and which ones go."""

    length: int
    strategy: str
    left: bool


@dataclass(frozen=True)
class Padding:
    """With which id what is too short is filled up, and where.

    Attributes:
        length: how many ids there are at least.
        multiple: their number is a multiple of this.
        id: what is added.
        type: the type of what is added.
        left: whether it stands before the text.
    """

    length: int
    multiple: int
    id: int
    type: int
    left: bool


def read_truncation(value: Any, template: Template) -> Truncation | None:
    """Return how the file cuts what is too long."""
    if value is None:
        return None
    part = Section("truncation", value)
    strategy = part.word("strategy", "LongestFirst", "OnlyFirst", "OnlySecond")
    least = max(template.added(False), template.added(True)) + 1
    made = Truncation(part.count("max_length", least), strategy, _is_left(part))
    part.count("stride")  # of what is cut off, which nobody asks for
    part.done()
    return made


def read_padding(value: Any, size: int) -> Padding | None:
    """Return how the file fills up what is too short."""
    if value is None:
        return None
    part = Section("padding", value)
    strategy, length = part.take("strategy"), 0
    if strategy != "BatchLongest":  # of one text, the longest of the batch is itself
        fixed = Section("padding.strategy", strategy)
        length = fixed.count("Fixed", 0, MOST_TOKENS)
        fixed.done()
    multiple = part.fields.pop("pad_to_multiple_of", None)
    if multiple is not None:
        multiple = check_count("padding", "pad_to_multiple_of", multiple, 1, MOST_TOKENS)
    pad = part.count("pad_id", 0, size - 1)
    part.text("pad_token")
    made = Padding(length, multiple or 1, pad, part.count("pad_type_id"), _is_left(part))
    part.done()
    return made


def _is_left(part: Section) -> bool:
    part.fields.setdefault("direction", "Right")  # files of the first years do not have it
    return part.word("direction", "Left", "Right") == "Left"
