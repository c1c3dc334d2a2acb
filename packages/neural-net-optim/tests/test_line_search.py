"""The line search: what it returns satisfies the conditions, and it comes back from infinity."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from neural_net_optim.line_search import Place, cubic_minimum, strong_wolfe

C1, C2 = 1e-4, 0.9
FUNCTIONS = {
    "parabola": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    "exponential": (lambda t: math.exp(t) - 4 * t, lambda t: math.exp(t) - 4),
    "barrier": (
        lambda t: -math.log(2 - t) - 3 * t if t < 2 else math.nan,
        lambda t: 1 / (2 - t) - 3 if t < 2 else math.nan,
    ),
    "waves": (
        lambda t: math.cos(3 * t) - t / 2 + t**2 / 50,
        lambda t: -3 * math.sin(3 * t) - 0.5 + t / 25,
    ),
    # Moré & Thuente (1994), their first test function, with β = 2.
    "Moré & Thuente": (lambda t: -t / (t**2 + 2), lambda t: (t**2 - 2) / (t**2 + 2) ** 2),
}


def line(name):
    loss, slope = FUNCTIONS[name]

    def look(t):
        value = loss(t)
        if not math.isfinite(value):
            return Place(t, math.inf, 0.0, np.zeros(1))
        return Place(t, value, slope(t), np.array([slope(t)]))

    return look


@pytest.mark.parametrize("name", FUNCTIONS)
@given(first=st.floats(1e-3, 1e3))
def test_the_conditions_hold(name, first):
    """Decrease and flatness, wherever the search begins."""
    look = line(name)
    start = look(0.0)
    try:
        found, looks = strong_wolfe(look, start, first)
    except OverflowError:
        assume(False)
    assert looks <= 26
    if looks < 26:
        assert found.loss <= start.loss + C1 * found.t * start.slope
        assert abs(found.slope) <= C2 * abs(start.slope)
    assert found.loss < start.loss
    assert found.loss == look(found.t).loss and found.slope == look(found.t).slope


def test_a_barrier_costs_no_more_than_halvings():
    """Every place from 2 on has no loss; the first tried is a thousand times too far."""
    found, looks = strong_wolfe(line("barrier"), line("barrier")(0.0), 2000.0)
    assert 0 < found.t < 2
    assert looks <= 13


def test_nothing_but_infinity_leads_back_to_the_start():
    def look(t):
        return Place(t, math.inf, 0.0, np.zeros(1))

    start = Place(0.0, 1.0, -1.0, np.ones(1))
    found, looks = strong_wolfe(look, start, 1.0)
    assert found is start
    assert looks == 26
    assert strong_wolfe(look, start, 1.0, width=0.01)[1] < 10


@pytest.mark.parametrize("most", [0, 1, 2, 5])
def test_no_more_looks_than_allowed(most):
    """Along a straight line nothing is ever flat; the lowest place seen is returned."""
    seen = []

    def look(t):
        seen.append(t)
        return Place(t, -t, -1.0, np.ones(1))

    found, looks = strong_wolfe(look, look(0.0), 1.0, most=most)
    assert looks == most + 1 == len(seen) - 1
    assert found.t == max(seen)


@given(st.lists(st.floats(-10, 10), min_size=4, max_size=4), st.floats(-5, 5), st.floats(0.1, 5))
def test_the_cubic_through_two_places_is_found(coefficients, left, width):
    """Between two places of a cubic, its own minimum, where it has one there."""
    a, b, c, d = coefficients
    assume(abs(a) > 0.1)
    places = [
        Place(t, ((a * t + b) * t + c) * t + d, (3 * a * t + 2 * b) * t + c, np.zeros(1))
        for t in (left, left + width)
    ]
    found = cubic_minimum(*places, left, left + width)
    assert left <= found <= left + width
    assert cubic_minimum(*places[::-1], left, left + width) == found
    square = b * b - 3 * a * c
    assume(square > 0.1)
    minimum = (-b + math.sqrt(square)) / (3 * a)
    if left + 0.01 < minimum < left + width - 0.01:
        assert found == pytest.approx(minimum, abs=1e-4)


def test_without_a_minimum_the_middle():
    places = [Place(0.0, 0.0, 1.0, np.zeros(1)), Place(1.0, 2.0, 2.0, np.zeros(1))]
    assert cubic_minimum(*places, 0.0, 1.0) in (0.0, 0.5)
    flat = [Place(0.0, 1.0, 0.0, np.zeros(1)), Place(1.0, 1.0, 0.0, np.zeros(1))]
    assert cubic_minimum(*flat, 0.0, 1.0) == 0.5
    high = [Place(0.0, 1.0, -1.0, np.zeros(1)), Place(1.0, math.inf, 0.0, np.zeros(1))]
    assert cubic_minimum(*high, 0.0, 1.0) == 0.5


def scripted(*values):
    """A look that answers with losses and slopes in their order, and the places asked for."""
    asked, answers = [], iter(values)

    def look(t):
        asked.append(t)
        return Place(t, *next(answers), np.zeros(1))

    return look, asked


START = Place(0.0, 10.0, -1.0, np.zeros(1))


def test_from_the_third_place_on_no_loss_may_be_as_high_as_the_one_before():
    """The second may be higher than the first, if it has fallen enough and goes on to fall."""
    look, asked = scripted((9.0, -1.0), (9.5, -0.95), (9.5, -0.95), (8.0, 0.1))
    found, looks = strong_wolfe(look, START, 1.0)
    first, second, third, last = asked
    assert first < second < third
    assert second < last < third
    assert (found.loss, looks) == (8.0, 4)


def test_conditions_that_just_hold():
    """Equality is enough: a decrease of exactly c₁ t φ'(0), and a slope of exactly c₂ φ'(0)."""
    just = START.loss + C1 * 1.0 * START.slope
    for loss, slope, c2 in ((just, -0.5, C2), (9.0, -0.5, 0.5), (9.0, 0.5, 0.5)):
        look, asked = scripted((loss, slope))
        found, looks = strong_wolfe(look, START, 1.0, c2=c2)
        assert (found.t, looks, asked) == (1.0, 1, [1.0])


def test_the_constants_are_those_of_the_book():
    """Between a default and its double, or its half: 1.5 · 10⁻⁴ is enough, 0.5 · 10⁻⁴ is not."""
    look, asked = scripted((10 - 1.5e-4, -0.89))
    assert strong_wolfe(look, START, 1.0)[1] == 1
    look, asked = scripted((10 - 0.5e-4, -0.5), (9.0, 0.0))
    assert strong_wolfe(look, START, 1.0)[1] == 2 and asked[1] < 1
    look, asked = scripted((9.0, -0.91), (8.0, 0.0))
    assert strong_wolfe(look, START, 1.0)[1] == 2 and asked[1] > 1


def test_how_far_it_goes_on():
    """By a hundredth of the newest stride at least, and tenfold at most."""
    look, asked = scripted((10 - 0.9995, -0.999), (0.0, 0.0))  # nearly straight
    strong_wolfe(look, START, 1.0)
    assert asked == [1.0, 10.0]
    look, asked = scripted((9.99, -0.95), (9.9899, -0.95), (0.0, 0.0))  # the cubics turn before 1
    strong_wolfe(look, START, 1.0)
    assert asked == pytest.approx([1.0, 1.01, 1.0101])


def test_within_a_bracket_it_stays_off_the_ends():
    """Twice as close as a tenth to one end, and the second time it goes a tenth away from it."""
    # A high wall on the right: the cubic's minimum lies close to the left end.
    look, asked = scripted((1e6, 1e6), (1e5, 1e5), (9.0, 0.0))
    strong_wolfe(look, START, 1.0)
    assert asked[1] < 0.1
    assert asked[2] == pytest.approx(0.1 * asked[1])


def test_where_the_cubic_has_a_saddle_it_is_taken():
    """d₂ is exactly 0 there: slopes −4 and −1, and a fall of 1 in between."""
    places = [Place(0.0, 1.0, -4.0, np.zeros(1)), Place(1.0, 0.0, -1.0, np.zeros(1))]
    assert cubic_minimum(*places, 0.0, 1.0) == pytest.approx(2 / 3)


def by_the_book(phi, slope, t, most, width):
    """The search once more, with numbers alone; returns every place looked at, and the result."""
    first, asked = (phi(0.0), slope(0.0)), [t]

    def cubic(u, v, low, high):
        u, v = min(u, v), max(u, v)
        d1 = slope(u) + slope(v) - 3 * (phi(u) - phi(v)) / (u - v)
        if d1 * d1 < slope(u) * slope(v):
            return (low + high) / 2
        d2 = math.sqrt(d1 * d1 - slope(u) * slope(v))
        t = v - (v - u) * ((slope(v) + d2 - d1) / (slope(v) - slope(u) + 2 * d2))
        return max(low, min(t, high))

    def enough(t):
        return phi(t) <= first[0] + C1 * t * first[1]

    old, tries = 0.0, 0
    while tries < most:
        if not enough(t) or (tries >= 2 and phi(t) >= phi(old)):
            break
        if abs(slope(t)) <= C2 * abs(first[1]):
            return asked, t
        if slope(t) >= 0:
            break
        old, t = t, cubic(old, t, t + 0.01 * (t - old), 10 * t)
        asked.append(t)
        tries += 1
    best, other = 0.0 if tries == most else old, t
    if phi(other) < phi(best):
        best, other = other, best
    near = False
    while tries < most and abs(best - other) >= width:
        low, high = min(best, other), max(best, other)
        t, tenth = cubic(best, other, low, high), 0.1 * (high - low)
        at_an_end = min(high - t, t - low) < tenth
        if at_an_end and (near or t in (low, high)):
            t = high - tenth if abs(t - high) < abs(t - low) else low + tenth
            near = False
        else:
            near = at_an_end
        asked.append(t)
        tries += 1
        if not enough(t) or phi(t) >= phi(best):
            other = t
            if phi(other) < phi(best):  # low enough for a bracket, and too high for the first bar
                best, other = other, best
            continue
        if abs(slope(t)) <= C2 * abs(first[1]):
            return asked, t
        if slope(t) * (other - best) >= 0:
            other = best
        best = t
    return asked, best


numbers = st.floats(-3, 3)


@given(
    a=st.floats(0.01, 2),
    b=numbers,
    c=numbers,
    d=st.floats(-2, 2),
    w=st.floats(0.5, 30),
    first=st.floats(0.01, 20),
    most=st.integers(0, 25),
    width=st.sampled_from([0.0, 1e-3, 0.3]),
)
@settings(max_examples=400, deadline=None)
def test_it_looks_where_the_book_looks(a, b, c, d, w, first, most, width):
    """Place by place, on functions with many valleys; the first slope is −5."""

    def phi(t):
        return ((a * t + b) * t + c) * t * t - 5 * t + d * (math.cos(w * t) - 1) / w

    def slope(t):
        return ((4 * a * t + 3 * b) * t + 2 * c) * t - 5 - d * math.sin(w * t)

    asked = []

    def look(t):
        asked.append(t)
        return Place(t, phi(t), slope(t), np.zeros(1))

    start = Place(0.0, phi(0.0), slope(0.0), np.zeros(1))
    found, looks = strong_wolfe(look, start, first, most=most, width=width)
    places, result = by_the_book(phi, slope, first, most, width)
    assert asked == pytest.approx(places, rel=1e-6)
    assert found.t == pytest.approx(result, rel=1e-6) and looks == len(places)


def test_losses_that_are_equal():
    """In a bracket, a place as low as its low end becomes its high end; of equal ends the first."""
    look, asked = scripted((11.0, 5.0), (10.0, 1.0), (9.0, 0.0))
    found, _ = strong_wolfe(look, START, 1.0)
    assert asked[2] < asked[1] < 1
    assert found.loss == 9.0
    look, asked = scripted((12.0, 5.0), (11.0, 5.0), (10.0, 5.0))
    assert strong_wolfe(look, START, 1.0, most=2)[0] is START


def test_a_bracket_as_wide_as_the_least_is_divided():
    look, asked = scripted((11.0, 5.0), (9.0, 0.0))
    assert strong_wolfe(look, START, 1.0, width=1.0)[1] == 2
    look, asked = scripted((11.0, 5.0))
    assert strong_wolfe(look, START, 1.0, width=1.0 + 1e-9)[0] is START
    assert asked == [1.0]


def test_the_bar_falls_with_the_slope():
    steep = START._replace(slope=-2.0)
    look, asked = scripted((10 - 1e-4, -0.5), (9.0, 0.0))  # the bar is at 10 − 2 · 10⁻⁴
    assert strong_wolfe(look, steep, 1.0)[1] == 2 and asked[1] < 1


def test_the_bracket_turns_where_the_low_end_rises():
    """The minimum is then between the two low ends, however small slope and width are."""
    look, asked = scripted((11.0, 5.0), (9.0, 0.95), (8.0, 0.0))
    strong_wolfe(look, START, 1.0)
    assert 0 < asked[2] < asked[1] < 1


def test_a_bracket_far_from_the_start():
    """Close to the left end once, then a tenth away from it, then close to it once more."""
    look, asked = scripted((9.0, -1.0), (1e4, 1.0), (1e4, 1.0), (1e4, 1.0), (8.0, 0.0))
    strong_wolfe(look, START, 1.0)
    first, second, third, fourth, fifth = asked
    assert first == 1 < fifth < fourth < third < second
    assert third < 1 + 0.1 * (second - 1)
    assert fourth - 1 == pytest.approx(0.1 * (third - 1), rel=1e-6)
    assert fifth < 1 + 0.09 * (fourth - 1)
