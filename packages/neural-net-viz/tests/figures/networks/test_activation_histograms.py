"""Histograms: heights are counts, facts are right, trouble is named."""

import numpy as np
import pytest

import neural_net_viz as viz


def outline(shown):
    (path,) = shown.with_class("fill-series-0")
    return path.get("d")


def test_bars_are_as_high_as_their_counts(picture):
    values = [0.0] * 4 + [1.0] * 2 + [2.0] * 1 + [3.0] * 1
    shown = picture(viz.activation_histograms({"a": values}, bins=4, value_range=(0, 4)))
    numbers = [
        float(n)
        for n in outline(shown).replace("H", " ").replace("Z", "").split("V")[0][1:].split()
    ]
    bottom = numbers[1]
    tops = [float(part.split("H")[0]) for part in outline(shown).rstrip("Z").split("V")[1:-1]]
    heights = bottom - np.array(tops)
    # The tallest fills its row of 62 below 20 for the words and above 2 of space.
    np.testing.assert_allclose(heights, 40 * np.array([1.0, 0.5, 0.25, 0.25]), atol=0.02)


def test_bars_span_the_axis(picture):
    shown = picture(viz.activation_histograms({"a": [0.0, 1.0]}, bins=2, value_range=(0, 1)))
    (axis,) = [e for e in shown.with_class("axis") if e.get("d")]
    left = axis.get("d")[1:].split()[0]
    right = axis.get("d").split("L")[-1].split()[0]
    assert outline(shown).startswith(f"M{left} ")
    assert f"H{right}V" in outline(shown)


def test_facts_count_zeros_and_what_is_not_finite(picture):
    figure = viz.activation_histograms({"relu": [0.0, 0.0, 0.0, 4.0, np.nan, np.inf]})
    assert "mean 1, standard deviation 1.73, 75 % zero, 2 not finite" in picture(figure).words()


def test_what_lies_beyond_the_axis_is_told(picture):
    words = picture(viz.activation_histograms({"a": [0.5, 9.0]}, value_range=(0, 1))).words()
    assert "The outermost bars hold what lies beyond the axis." in words


def test_all_layers_share_one_axis(picture):
    shown = picture(viz.activation_histograms({"a": [0.0, 1.0], "b": [10.0, 11.0]}, bins=10))
    first, second = (e.get("d") for e in shown.with_class("fill-series-0"))
    assert first.split()[0] == second.split()[0]  # both outlines start at the axis's left end


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"bins": 0}, r"activation_histograms\(bins\): expected 1 or more, got 0"),
        ({"value_range": (1, 1)}, r"activation_histograms\(value_range\): expected low < high"),
    ],
)
def test_bad_settings(arguments, text):
    with pytest.raises(ValueError, match=text):
        viz.activation_histograms({"a": [1.0]}, **arguments)
