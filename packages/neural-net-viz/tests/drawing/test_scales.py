"""Scales and numbers: round ticks inside the range, whatever the range."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neural_net_viz.drawing.number_text import coordinate, format_tick, format_value
from neural_net_viz.drawing.scales import Scale, linear_ticks, log_ticks, make_scale

FINITE = st.floats(-1e300, 1e300)


@given(st.lists(st.floats(), max_size=20), st.booleans(), st.booleans())
@example([2.3e-308, 2.3e-313], True, False)  # apart, but both beyond what is drawn
def test_a_scale_shows_all_that_can_be_shown(values, log, whole):
    scale = make_scale(values, log=log, whole=whole and not log)
    assert scale.low < scale.high and math.isfinite(scale.high - scale.low)
    fractions = scale.fraction(values)
    shown = np.isfinite(values) & (np.array(values) > 0 if log else True)
    inside = np.array([1e-290 < abs(v) < 1e290 or v == 0 for v in values], bool)
    assert np.isfinite(fractions[shown & inside]).all()
    assert np.isnan(fractions[~shown]).all()
    good = fractions[shown & inside]
    assert ((good >= -1e-6) & (good <= 1 + 1e-6)).all()


@given(FINITE, FINITE, st.integers(2, 10))
def test_linear_ticks_are_few_rising_and_inside(a, b, count):
    scale = make_scale([a, b])
    ticks = scale.ticks(count)
    values = [tick.value for tick in ticks]
    assert 1 <= len(ticks) <= 3 * count
    assert values == sorted(values)
    span = scale.high - scale.low
    assert all(scale.low - 1e-6 * span <= v <= scale.high + 1e-6 * span for v in values)
    assert len({tick.label for tick in ticks}) == len(ticks)


@given(st.floats(-290, 280), st.floats(0.05, 20), st.integers(2, 8))
def test_log_ticks_are_rising_inside_and_told_apart(exponent, decades, count):
    low, high = 10.0**exponent, 10.0 ** min(exponent + decades, 299.0)
    ticks = log_ticks(low, high, count)
    values = [tick.value for tick in ticks]
    assert values == sorted(values)
    assert all(low * (1 - 1e-6) <= v <= high * (1 + 1e-6) for v in values)
    labels = [tick.label for tick in ticks if tick.label]
    assert len(labels) == len(set(labels)) <= 4 * count


def test_ticks_of_steps_are_whole():
    assert [tick.label for tick in linear_ticks(0, 3, 8, whole=True)] == ["0", "1", "2", "3"]


def test_decades_are_thinned_when_there_are_many():
    labels = [tick.label for tick in log_ticks(1e-12, 1, 4)]
    assert labels.count("") > 4 and "10⁻⁹" in labels


def test_ends_that_must_be_there_have_no_room_beyond_them():
    assert make_scale([3.0, 10.0], include=(0.0,)).low == 0.0


def test_constant_data_get_room():
    assert make_scale([5.0, 5.0], padding=0) == Scale(4.5, 5.5)
    assert make_scale([0.0], padding=0) == Scale(-0.5, 0.5)
    assert make_scale([0.1], log=True, padding=0).low < 0.1


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_coordinates_have_two_decimals_at_most_and_no_exponent(value):
    text = coordinate(value)
    assert "e" not in text and len(text.partition(".")[2]) <= 2 and text != "-0"
    assert float(text) == pytest.approx(value, abs=0.00501)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (1234.5, "1234"),
        (99999.0, "99999"),
        (0.00012345, "0.000123"),
        (1.2345e-7, "1.23×10⁻⁷"),
        (-1e300, "−1×10³⁰⁰"),
    ],
)
def test_values_as_a_reader_expects_them(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(0.3, 0.1, "0.3"), (2.5, 2.5, "2.5"), (1e7, 5e6, "1×10⁷"), (3e-8, 1e-8, "3×10⁻⁸")],
)
def test_ticks_have_the_decimals_of_their_step(value, step, text):
    assert format_tick(value, step) == text
