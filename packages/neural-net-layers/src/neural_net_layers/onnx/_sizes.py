"""Lengths that follow the free axes: what a number was at a few sizes tells its formula.

A trace holds numbers: 5, where the program says `x.shape[1]`. At another size it holds others, and
from a few sizes it shows that a number is `batch`, `length + 1` or `8 batch length`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neural_net_core.dtypes import Array

__all__ = ["Filled", "Ramp", "Setting", "Size", "Triangle", "fitted"]

# The length of every free axis, by its name, in one run.
Setting = Mapping[str, int]


@dataclass(frozen=True)
class Size:
    """A whole number that follows the free axes; equal to one that is the same at all sizes.

    Attributes:
        values: What it was, run by run.
        terms: Its formula, a factor for each product of free axes; the product of none is 1. None
            if no formula is known.
    """

    values: tuple[int, ...]
    terms: tuple[tuple[tuple[str, ...], int], ...] | None = field(compare=False)

    def __str__(self) -> str:
        if self.terms is None:
            other = next(value for value in self.values if value != self.values[0])
            return f"{self.values[0]} here, {other} elsewhere"
        texts = []
        for names, factor in self.terms:
            letters = " ".join(names)
            texts.append(f"{factor} {letters}".strip() if factor != 1 or not names else letters)
        return " + ".join(texts).replace("+ -", "- ")


@dataclass(frozen=True, eq=False)
class Filled:
    """An array of one number, in a shape that follows the free axes."""

    number: Array
    shape: tuple[int | Size, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The number's dtype."""
        return self.number.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


@dataclass(frozen=True, eq=False)
class Ramp:
    """0, 1, 2, … along one axis, each as often as the others; how many follows a free axis.

    Attributes:
        length: How many different numbers.
        each: How often each stands there before the next one comes.
        axis: Where they stand; all other axes have length 1.
        ndim: The number of axes.
        dtype: Of the numbers.
    """

    length: int | Size
    each: int | Size
    axis: int
    ndim: int
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class Triangle:
    """Booleans that are true at j ≤ offset + i, in the last two axes; all others have length 1."""

    rows: int | Size
    columns: int | Size
    offset: int | Size
    ndim: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of booleans."""
        return np.dtype(bool)


def fitted(values: Sequence[int], settings: Sequence[Setting]) -> int | Size:
    """Return a number that was the same in all runs, or the formula that gives what it was.

    Args:
        values: What it was in each run.
        settings: The free axes in each run: the first is what all others differ from; for each
            axis there is one in which no other differs.
    """
    first = values[0]
    if all(value == first for value in values):
        return first
    for terms in (_sum(values, settings), _product(values, settings)):
        if all(_at(terms, s) == value for s, value in zip(settings, values, strict=True)):
            return Size(tuple(values), terms)
    return Size(tuple(values), None)


Terms = tuple[tuple[tuple[str, ...], int], ...]


def _sum(values: Sequence[int], settings: Sequence[Setting]) -> Terms:
    """Return c + Σ a · axis, each a from the run in which that axis alone is another."""
    base, terms, rest = settings[0], [], values[0]
    for name, value in _alone(values, settings):
        axis, other = base[name], value[1]
        slope, remainder = divmod(value[0] - values[0], other - axis)
        if slope and not remainder:
            terms.append(((name,), slope))
            rest -= slope * axis
    return (*terms, *([((), rest)] if rest else []))


def _product(values: Sequence[int], settings: Sequence[Setting]) -> Terms:
    """Return a · Π of all axes that it depends on."""
    names = tuple(name for name, value in _alone(values, settings) if value[0] != values[0])
    return ((names, values[0] // max(math.prod(settings[0][name] for name in names), 1)),)


def _alone(values: Sequence[int], settings: Sequence[Setting]) -> list[tuple[str, tuple[int, int]]]:
    """Return for each axis the number, and the axis' length, where no other axis differs."""
    base = settings[0]
    found: dict[str, tuple[int, int]] = {}
    for setting, value in zip(settings, values, strict=True):
        changed = [name for name in base if setting[name] != base[name]]
        if len(changed) == 1:
            found.setdefault(changed[0], (value, setting[changed[0]]))
    return list(found.items())


def _at(terms: Terms, setting: Setting) -> int:
    return sum(factor * math.prod(setting[name] for name in names) for names, factor in terms)
