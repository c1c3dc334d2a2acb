"""Truth tables against Python's own integer arithmetic."""

import numpy as np
import pytest

from neural_net_utils.datasets import truth_tables as tt


def as_int(bits):
    return int("".join(str(int(b)) for b in bits), 2)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (tt.and_gate, [0, 0, 0, 1]),
        (tt.or_gate, [0, 1, 1, 1]),
        (tt.xor_gate, [0, 1, 1, 0]),
        (tt.nand_gate, [1, 1, 1, 0]),
        (tt.nor_gate, [1, 0, 0, 0]),
    ],
)
def test_two_input_gates(make, wanted):
    """Each gate's four rows, written out."""
    x, y = make()
    assert x.dtype == y.dtype == np.float32
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y[:, 0].tolist() == wanted
    assert y.shape == (4, 1)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_parity_and_majority_count_ones(n):
    """Parity is the last bit of the count, majority is a strict majority, for every row."""
    x, y = tt.parity(n)
    _, m = tt.majority(n)
    assert len(x) == 2**n
    for i in range(2**n):
        assert as_int(x[i]) == i
        ones = i.bit_count()
        assert y[i, 0] == ones % 2
        assert m[i, 0] == (ones > n / 2)


def test_wide_gates():
    """The gates of n inputs have one odd row out."""
    assert tt.and_gate(5).outputs.sum() == 1
    assert tt.nand_gate(5).outputs.sum() == 31
    assert tt.or_gate(5).outputs.sum() == 31
    assert tt.nor_gate(5).outputs.sum() == 1


def test_half_and_full_adder_add():
    """sum + 2 carry is the number of ones; the full adder joins parity and majority."""
    for table in (tt.half_adder(), tt.full_adder()):
        x, y = table
        assert np.array_equal(y[:, 0] + 2 * y[:, 1], x.sum(axis=1))
    full = tt.full_adder().outputs
    assert np.array_equal(full[:, :1], tt.parity(3).outputs)
    assert np.array_equal(full[:, 1:], tt.majority(3).outputs)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_adder_adds(bits):
    """Every row of the n-bit adder, read back as integers."""
    table = tt.adder(bits)
    assert table.inputs.shape == (4**bits, 2 * bits)
    assert table.outputs.shape == (4**bits, bits + 1)
    assert len(table.input_names) == 2 * bits
    assert len(table.output_names) == bits + 1
    for x, y in zip(table.inputs, table.outputs, strict=True):
        assert as_int(y) == as_int(x[:bits]) + as_int(x[bits:])


def test_arrays_are_fresh():
    """A caller who scales its table does not change the next caller's."""
    x, _ = tt.xor_gate()
    x *= 7
    assert tt.xor_gate().inputs.max() == 1
    assert tt.half_adder().outputs.flags.c_contiguous


@pytest.mark.parametrize("n", [0, -1, 21, 2.0, True, "3"])
def test_bad_width_is_named(n):
    """A width out of range says the table, the range and what came."""
    with pytest.raises(ValueError, match=r"parity table: n must be an int from 1 to 20, got "):
        tt.parity(n)
    with pytest.raises(ValueError, match=r"adder table: bits must be an int from 1 to 10"):
        tt.adder(n if n != 21 else 11)


def test_prints_as_a_table():
    """str() lines cells up under their names."""
    lines = str(tt.full_adder()).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0] == "A B carry in | sum carry out"
