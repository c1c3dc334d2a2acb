"""Memory against length, with lines to compare it with."""

import pytest

import neural_net_viz as viz
from neural_net_core import ShapeError


def test_it_says_with_which_power_each_curve_grows():
    figure = viz.memory_plot(
        {"square": ([10, 40], [3, 48]), "line": ([10, 20, 40], [3, 6, 12]), "short": ([5], [1])},
        x_label="tokens",
        y_label="bytes",
    )
    assert figure.description == (
        "Bytes against tokens. square: 3 at 10, 48 at 40, growing with power 2. line: 3 at 10, 12 "
        "at 40, growing with power 1. short: 1 measured."
    )


def test_the_guides_lie_on_curves_that_grow_like_them(picture):
    """Slopes of 1 and 2: the curve that grows with the square covers its guide."""
    shown = picture(viz.memory_plot({"square": ([10, 20, 40], [3, 12, 48])}))
    texts = {t.content for t in shown.texts()}
    assert {"as the length", "as its square", "square"} <= texts


def test_without_two_points_there_is_nothing_to_compare_with(picture):
    shown = picture(viz.memory_plot({"one": ([10], [3])}))
    assert "as the length" not in {t.content for t in shown.texts()}


@pytest.mark.parametrize("pair", [[1, 2], ([1, 2], [1]), ([1, 2],), 3])
def test_what_is_no_pair_of_equal_lengths_is_named(pair):
    with pytest.raises(ShapeError, match=r"memory_plot\(measured\['a'\]\): expected"):
        viz.memory_plot({"a": pair})
