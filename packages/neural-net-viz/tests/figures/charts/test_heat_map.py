"""Heat maps: shades by value, the best of each row framed."""

import numpy as np
import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def shades(shown):
    return [e.get("class").split()[0] for e in shown.with_class("crisp")]


def test_shades_go_from_the_lowest_to_the_highest(picture):
    shown = picture(viz.heat_map([[0, 5, 10]]))
    assert shades(shown) == [f"nnv-fill-sequential-{k}" for k in (0, 16, 32)]
    assert {"0", "5", "10"} <= set(shown.words())


def test_logarithmic_shades_take_equal_factors_equally(picture):
    assert shades(picture(viz.heat_map([[1, 10, 100]], log=True)))[1].endswith("-16")


def test_signed_shades_have_zero_in_the_middle(picture):
    got = shades(picture(viz.heat_map([[-1, 0, 4]], colors="signed")))
    assert got == [f"nnv-fill-signed-{k}" for k in (12, 16, 32)]


@pytest.mark.parametrize(("best", "expected"), [("low", [0, 1]), ("high", [2, 0])])
def test_the_best_of_each_row_is_framed_and_bold(picture, best, expected):
    v = np.array([[1.0, 2.0, 3.0], [9.0, 7.0, np.nan]])
    shown = picture(viz.heat_map(v, best=best))
    assert len(shown.with_class("edge")) == 2
    bold = [e.text for e in shown.all("text", font_weight="bold")][1:]  # the first is the title
    assert bold == [f"{v[i, j]:g}" for i, j in enumerate(expected)]


def test_what_is_not_finite_has_a_word_and_no_shade(picture):
    shown = picture(viz.heat_map([[np.nan, np.inf, 1.0]]))
    assert {"NaN", "∞"} <= set(shown.words())
    assert len(shown.with_class("raised")) == 2


def test_own_texts_and_errors():
    assert "54 %" in viz.heat_map([[0.54]], texts=[["54 %"]]).to_string()
    with pytest.raises(ShapeError, match=r"heat_map\(texts\): expected \(1, 1\)"):
        viz.heat_map([[0.5]], texts=[["a", "b"]])
    with pytest.raises(ShapeError, match=r"expected \(rows, columns\), got \(2,\)"):
        viz.heat_map([1, 2])


def test_a_large_matrix_has_a_legend_instead_of_numbers(picture):
    values = np.arange(40.0 * 50).reshape(40, 50)
    shown = picture(viz.heat_map(values, row_labels=[f"r{i}" for i in range(40)], best="high"))
    words = shown.words()
    assert {"0", "1999", "r0"} <= set(words)
    assert len(words) < 40 + 50 + 5
    frame = shown.with_class("frame")[0]
    right = float(frame.get("x")) + float(frame.get("width"))
    framed = shown.with_class("edge")
    assert len(framed) == 40
    ends = [float(e.get("x")) + float(e.get("width")) for e in framed]
    np.testing.assert_allclose(ends, right, atol=0.02)


def test_a_logarithmic_range_begins_above_zero():
    with pytest.raises(ValueError, match=r"value_range\): expected values above 0, got \(0"):
        viz.heat_map([[1.0]], log=True, value_range=(0, 1))


def test_a_long_note_is_broken_and_not_cut(picture):
    names = {"row_title": "activation", "column_title": "learning rate"}
    figure = viz.heat_map([[0.0, 1.0]], value_label="held-out accuracy", **names)
    said = " ".join(picture(figure).words())
    assert "rows: activation; columns: learning rate; cells: held-out accuracy" in said
