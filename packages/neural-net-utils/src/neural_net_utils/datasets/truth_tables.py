"""Truth tables of Boolean functions as training data: every input row, every wanted output.

Rows stand in counting order, the first input being the most significant bit, so row `i` of an
`n`-input table is the number `i` written in binary. All arrays are float32, 0.0 or 1.0, and fresh
on every call: change them as you like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from neural_net_core.checks import check_count
from neural_net_core.dtypes import Array

__all__ = [
    "TruthTable",
    "adder",
    "and_gate",
    "full_adder",
    "half_adder",
    "majority",
    "nand_gate",
    "nor_gate",
    "or_gate",
    "parity",
    "xor_gate",
]

# 2**20 rows of 20 inputs are 80 MiB: beyond that somebody mistyped.
MAX_INPUTS = 20


@dataclass(frozen=True, eq=False)
class TruthTable:
    """Inputs and outputs of a Boolean function; unpacks as `x, y = xor_gate()`.

    Attributes:
        inputs: (rows, n) float32.
        outputs: (rows, m) float32.
        input_names: n names, such as `("A", "B")`.
        output_names: m names, such as `("sum", "carry")`.
    """

    inputs: Array
    outputs: Array
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]

    def __iter__(self) -> Iterator[Array]:
        return iter((self.inputs, self.outputs))

    def __len__(self) -> int:
        return len(self.inputs)

    def __str__(self) -> str:
        names = [*self.input_names, "|", *self.output_names]
        lines = [" ".join(names)]
        for x, y in zip(self.inputs, self.outputs, strict=True):
            cells = [str(int(v)) for v in x] + ["|"] + [str(int(v)) for v in y]
            lines.append(
                " ".join(cell.rjust(len(name)) for cell, name in zip(cells, names, strict=True))
            )
        return "\n".join(lines)


def and_gate(n: int = 2) -> TruthTable:
    """1 if every input is 1.

    Args:
        n: number of inputs, 1 to 20.

    Examples:
        >>> print(and_gate())
        A B | AND
        0 0 |   0
        0 1 |   0
        1 0 |   0
        1 1 |   1
    """
    return _table("AND", n, lambda ones: ones == n)


def or_gate(n: int = 2) -> TruthTable:
    """1 if at least one of `n` inputs is 1."""
    return _table("OR", n, lambda ones: ones > 0)


def xor_gate() -> TruthTable:
    """1 if exactly one of two inputs is 1: no straight line separates its rows.

    Examples:
        >>> x, y = xor_gate()
        >>> x.tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> y.ravel().tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    return _table("XOR", 2, lambda ones: ones == 1)


def nand_gate(n: int = 2) -> TruthTable:
    """0 only if each of `n` inputs is 1."""
    return _table("NAND", n, lambda ones: ones < n)


def nor_gate(n: int = 2) -> TruthTable:
    """1 only if each of `n` inputs is 0."""
    return _table("NOR", n, lambda ones: ones == 0)


def parity(n: int = 3) -> TruthTable:
    """1 if an odd number of `n` inputs is 1: XOR of two, the full adder's sum of three."""
    return _table("parity", n, lambda ones: ones % 2 == 1)


def majority(n: int = 3) -> TruthTable:
    """1 if more than half of `n` inputs are 1 (a tie is 0): the full adder's carry of three."""
    return _table("majority", n, lambda ones: 2 * ones > n)


def half_adder() -> TruthTable:
    """Sum and carry of two bits: XOR and AND in one table.

    Examples:
        >>> half_adder().outputs.tolist()
        [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    x = _all_rows(2)
    ones = x.sum(axis=1).astype(int)
    return TruthTable(x, _bits(ones, 2)[:, ::-1].copy(), ("A", "B"), ("sum", "carry"))


def full_adder() -> TruthTable:
    """Sum and carry of two bits and a carry: parity and majority of three in one table."""
    x = _all_rows(3)
    ones = x.sum(axis=1).astype(int)
    names = ("A", "B", "carry in")
    return TruthTable(x, _bits(ones, 2)[:, ::-1].copy(), names, ("sum", "carry out"))


def adder(bits: int = 2) -> TruthTable:
    """The sum of two `bits`-bit numbers, most significant bit first.

    Args:
        bits: width of each number, 1 to 10.

    Returns:
        A table with inputs (4**bits, 2 * bits): number A, then number B; outputs
        (4**bits, bits + 1).

    Examples:
        >>> table = adder(2)
        >>> table.inputs[7].tolist(), table.outputs[7].tolist()  # 01 + 11 = 100
        ([0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 0.0])
    """
    bits = check_count("adder table", "bits", bits, 1, MAX_INPUTS // 2)
    rows = np.arange(4**bits)
    total = (rows >> bits) + (rows & (2**bits - 1))
    names = [f"{letter}{i}" for letter in "AB" for i in reversed(range(bits))]
    outputs = tuple(f"S{i}" for i in reversed(range(bits + 1)))
    return TruthTable(_bits(rows, 2 * bits), _bits(total, bits + 1), tuple(names), outputs)


def _table(name: str, n: int, wanted: Callable[[Array], Array]) -> TruthTable:
    """A one-output table whose output depends on how many inputs are 1."""
    n = check_count(f"{name} table", "n", n, 1, MAX_INPUTS)
    x = _all_rows(n)
    y = wanted(x.sum(axis=1)).astype(np.float32)[:, np.newaxis]  # (rows, 1)
    return TruthTable(x, y, tuple("ABCDEFGHIJKLMNOPQRST"[:n]), (name,))


def _all_rows(n: int) -> Array:
    return _bits(np.arange(2**n), n)


def _bits(numbers: Array, width: int) -> Array:
    """Numbers (rows,) as bits (rows, width), most significant first."""
    places = np.arange(width - 1, -1, -1)
    return ((numbers[:, np.newaxis] >> places) & 1).astype(np.float32)
