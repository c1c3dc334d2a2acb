"""Small programs whose variables are to be renamed: "x = y + z" becomes "a = b + c"."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from neural_net_core.checks import check_count, check_word
from neural_net_core.random import resolve_rng

__all__ = ["Renaming", "RenamingTask", "renaming_task"]

VARIABLES = "xyzuvwmnpqrs"
NAMES = "abcdefghijkl"
OPERATORS = "+-*/"


class Renaming(NamedTuple):
    """A program before and after renaming, as texts with as many tokens, parted by spaces."""

    source: str
    target: str


class RenamingTask(NamedTuple):
    """Programs for training, and other ones that training never sees."""

    train: list[Renaming]
    held_out: list[Renaming]


def renaming_task(
    train: int,
    held_out: int,
    *,
    statements: int = 1,
    naming: Literal["table", "order"] = "table",
    rng: np.random.Generator | None = None,
) -> RenamingTask:
    """Draw different programs at random, and rename the variables in each.

    A program is one or more statements like `x = y + z`, joined by ` ; `, with 12 variables and 4
    operators: 6,912 programs of one statement, 48 million of two.

    Args:
        train: number of programs for training.
        held_out: number of programs that are held out. No program is drawn twice, so none of
            these is among the first.
        statements: per program, 1 to 4.
        naming: "table" gives each variable its own new name (x → a, y → b, z → c, u → d, …), so
            that a new name depends on one place of the program. "order" takes the next name for
            each variable not seen before, so that it depends on all that stands before, and what
            matters is which variables are equal: `z = x + z` becomes `a = b + a`.
        rng: None means the library's generator.

    Returns:
        Pairs of source and target.

    Raises:
        ValueError: if there are not as many different programs, or for an unknown naming.

    Examples:
        >>> task = renaming_task(2, 1, rng=np.random.default_rng(5))
        >>> for source, target in task.train:
        ...     print(f"{source}   {target}")
        n = n * q   h = h * j
        u = z + p   d = c + i
        >>> len(task.held_out)
        1
    """
    where = "renaming_task"
    train = check_count(where, "train", train, 0)
    held_out = check_count(where, "held_out", held_out, 0)
    statements = check_count(where, "statements", statements, 1, 4)  # 6,912⁵ is beyond int64
    check_word(where, "naming", naming, ("table", "order"))
    one = len(VARIABLES) ** 3 * len(OPERATORS)
    possible = one**statements
    if train + held_out > possible:
        raise ValueError(
            f"{where}: only {possible:,} programs of {statements} statement(s) exist, "
            f"got train={train} and held_out={held_out}"
        )
    numbers = resolve_rng(rng).choice(possible, train + held_out, replace=False)
    programs = [_program(int(number), statements) for number in numbers]
    pairs = [Renaming(source, _renamed(source, naming)) for source in programs]
    return RenamingTask(pairs[:train], pairs[train:])


def _program(number: int, statements: int) -> str:
    """Return the program with this number, by writing the number in mixed radix."""
    lines = []
    for _ in range(statements):
        parts = []
        for letters in (VARIABLES, VARIABLES, OPERATORS, VARIABLES):
            number, digit = divmod(number, len(letters))
            parts.append(letters[digit])
        lines.append("{} = {} {} {}".format(*parts))
    return " ; ".join(lines)


def _renamed(source: str, naming: str) -> str:
    names = dict(zip(VARIABLES, NAMES, strict=True)) if naming == "table" else {}
    tokens = []
    for token in source.split():
        if token.isalpha() and token not in names:
            names[token] = NAMES[len(names)]
        tokens.append(names.get(token, token))
    return " ".join(tokens)
