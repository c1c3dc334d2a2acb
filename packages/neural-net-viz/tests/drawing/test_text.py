"""Text: widths on the safe side, cut and wrapped labels, characters that XML can hold."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_viz.drawing.text import clean_text, fit_text, text_width, wrap_text


def test_widths_of_known_strings_in_dejavu_sans():
    # Advance widths read from the font: i 278, W 989, 0 636 thousandths.
    assert text_width("iW0", 100) == pytest.approx(190.3)
    assert text_width("", 12) == 0


@pytest.mark.parametrize(
    ("text", "least"), [("漢字", 2.0), ("é", 0.61), ("Ж", 0.8), ("∑", 0.67), ("😀", 1.2)]
)
def test_other_scripts_are_given_enough_room(text, least):
    assert text_width(text, 1) >= least


def test_accents_take_no_room_of_their_own():
    assert text_width("e\u0301", 10) == text_width("e", 10)


@given(st.text(max_size=60), st.floats(20, 400))
def test_a_fitted_label_fits_and_keeps_its_beginning(text, width):
    shown = fit_text(text, width, 12)
    assert text_width(shown, 12) <= width
    clean = clean_text(text)
    assert shown == clean or clean.startswith(shown.removesuffix("…"))


@given(st.text(max_size=120), st.floats(40, 300))
def test_wrapped_lines_fit_and_hold_all_words_in_order(text, width):
    lines = wrap_text(text, width, 12, max_lines=4)
    assert len(lines) <= 4
    assert all(text_width(line, 12) <= width for line in lines)
    if not any(line.endswith("…") for line in lines):
        assert " ".join(lines) == clean_text(text)


@given(st.text())
def test_cleaned_text_survives_xml(text):
    clean = clean_text(text)
    element = ElementTree.Element("a")
    element.text = clean
    assert (ElementTree.fromstring(ElementTree.tostring(element)).text or "") == clean
    assert "\n" not in clean


def test_a_label_may_be_anything():
    assert clean_text(3) == "3" and clean_text(None) == "None"
