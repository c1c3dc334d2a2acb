"""The cells of the three recurrences: their letters, their paths, and the values of one step."""

import math
import re

import numpy as np
import pytest

import neural_net_viz as viz

DRAW = {"rnn": viz.rnn_diagram, "gru": viz.gru_diagram, "lstm": viz.lstm_diagram}
LETTERS = {
    "rnn": ("x", "h_before", "z", "h"),
    "gru": ("x", "h_before", "r", "z", "n", "h"),
    "lstm": ("x", "h_before", "c_before", "f", "i", "g", "o", "c", "h"),
}


def one_step(cell):
    """One step of one unit, worked out by the formulas."""
    x, h, c, w, u = 0.7, -0.5, 0.9, 0.8, -1.2
    a = w * x + u * h

    def sigma(z):
        return 1 / (1 + math.exp(-z))

    if cell == "rnn":
        return {"x": x, "h_before": h, "z": a, "h": math.tanh(a)}
    if cell == "gru":
        r, z = sigma(a), sigma(2 * a)
        n = math.tanh(w * x + r * u * h)
        return {"x": x, "h_before": h, "r": r, "z": z, "n": n, "h": z * h + (1 - z) * n}
    f, i, g, o = sigma(a), sigma(2 * a), math.tanh(a), sigma(-a)
    new = f * c + i * g
    gates = {"f": f, "i": i, "g": g, "o": o}
    return {"x": x, "h_before": h, "c_before": c, **gates, "c": new, "h": o * math.tanh(new)}


@pytest.mark.parametrize("cell", DRAW)
def test_every_value_stands_there(picture, cell):
    words = " ".join(picture(DRAW[cell](one_step(cell))).words())
    for letter, value in one_step(cell).items():
        assert f"{value:.2f}".replace("-", "−") in words, letter


@pytest.mark.parametrize("cell", DRAW)
def test_the_sum_below_is_true(picture, cell):
    """The line of the last formula, computed again from the numbers in it."""
    *_, last = [w for w in picture(DRAW[cell](one_step(cell))).words() if w.startswith("h = ")]
    *_, work, result = last.split(" = ")
    work = work.replace("·", "*").replace("−", "-")
    work = re.sub(r"tanh (\S+)", r"math.tanh(\1)", work)
    value = eval(work, {"math": math})  # noqa: S307 -- a line of our own figure
    assert value == pytest.approx(float(result.replace("−", "-")), abs=0.02)


@pytest.mark.parametrize("cell", DRAW)
def test_without_values_there_are_formulas_only(picture, cell):
    words = " ".join(picture(DRAW[cell]()).words())
    assert "h = " in words and not re.search(r"\d\.\d", words)


@pytest.mark.parametrize("cell", DRAW)
def test_of_several_units_the_first_is_worked_out(picture, cell):
    first = one_step(cell)
    words = picture(DRAW[cell]({k: [v, 9.87, 9.87] for k, v in first.items()})).words()
    assert "(the numbers of the first unit)" in words
    assert any(w.startswith("h = ") and f"{first['h']:.2f}".replace("-", "−") in w for w in words)
    assert not any(w.startswith("h = ") and "9.87" in w for w in words)


@pytest.mark.parametrize("cell", DRAW)
def test_only_letters_of_the_formula_are_taken(cell):
    for letter in LETTERS[cell]:
        DRAW[cell]({letter: 1.0})
    with pytest.raises(ValueError, match=rf"{cell}_diagram\(values\).*'q'"):
        DRAW[cell]({"q": 1.0})
    with pytest.raises(ValueError, match=r"values\['h'\]"):
        DRAW[cell]({"h": np.zeros((2, 2))})


@pytest.mark.parametrize("cell", DRAW)
def test_every_line_lies_on_the_page(picture, cell):
    shown = picture(DRAW[cell](one_step(cell)))
    for path in shown.all("path"):
        for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d")):
            assert 0 <= float(x) <= shown.width and 0 <= float(y) <= shown.height


def test_signs_of_the_three(picture):
    """One sum in the plain cell; one and three products in the GRU and in the LSTM."""
    signs = {"rnn": 1, "gru": 4, "lstm": 4}
    for cell, count in signs.items():
        circles = [c for c in picture(DRAW[cell]()).all("circle") if float(c.get("r")) > 5]
        assert len(circles) == count
