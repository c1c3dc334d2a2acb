"""A number that was seen at a few sizes is told as a formula of these, or as none that is known."""

from collections.abc import Callable

import pytest

from neural_net_layers.onnx._sizes import Size, fitted

SETTINGS = [
    {"batch": 3, "length": 5},
    {"batch": 3, "length": 5},  # other numbers, the same sizes
    {"batch": 5, "length": 5},
    {"batch": 3, "length": 7},
    {"batch": 8, "length": 10},
]


def at_all(formula: Callable[[int, int], int]) -> list[int]:
    return [formula(s["batch"], s["length"]) for s in SETTINGS]


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (lambda b, t: b, "batch"),
        (lambda b, t: t - 1, "length - 1"),
        (lambda b, t: 2 * t + 3, "2 length + 3"),
        (lambda b, t: b + t, "batch + length"),
        (lambda b, t: 4 * b * t, "4 batch length"),
    ],
)
def test_a_formula_is_found(formula: Callable[[int, int], int], text: str) -> None:
    size = fitted(at_all(formula), SETTINGS)
    assert isinstance(size, Size)
    assert str(size) == text
    assert size == fitted(at_all(formula), SETTINGS)
    assert size != fitted(at_all(lambda b, t: formula(b, t) + 1), SETTINGS)


def test_what_never_changes_is_a_number() -> None:
    assert fitted([4] * len(SETTINGS), SETTINGS) == 4


@pytest.mark.parametrize(
    "formula", [lambda b, t: t // 2, lambda b, t: t * t, lambda b, t: b * t + 1]
)
def test_what_has_no_such_formula_says_what_it_was(formula: Callable[[int, int], int]) -> None:
    size = fitted(at_all(formula), SETTINGS)
    assert isinstance(size, Size)
    assert size.terms is None
    here = formula(3, 5)
    elsewhere = next(n for n in at_all(formula) if n != here)
    assert str(size) == f"{here} here, {elsewhere} elsewhere"
