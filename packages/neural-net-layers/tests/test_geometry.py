"""Where windows stand, and what is said when they cannot."""

import pytest

from neural_net_core import ShapeError
from neural_net_layers._geometry import Window, as_pair, check_fits, resolve_padding


def test_places_of_a_window_worked_by_hand():
    assert Window((3, 3)).places((5, 4)) == (3, 2)
    assert Window((3, 3), (2, 2), ((1, 1), (1, 1))).places((5, 4)) == (3, 2)
    assert Window((3, 2), dilation=(2, 3)).places((5, 4)) == (1, 1)
    assert Window((3, 3), padding=((1, 0), (0, 2))).places((5, 4)) == (4, 4)
    assert Window((3, 3)).places((2, 4)) == (0, 2)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (2, ((2, 2), (2, 2))),
        ((1, 0), ((1, 1), (0, 0))),
        (((1, 2), (3, 4)), ((1, 2), (3, 4))),
        (((0, 1), (2, 0)), ((0, 1), (2, 0))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((1, 1), (1, 2))),  # an even kernel: the odd one comes last, as in PyTorch
    ],
)
def test_padding_is_given_in_five_ways(padding, expected):
    assert resolve_padding("Conv2D", padding, Window((3, 4))) == expected


@pytest.mark.parametrize("padding", ["same", [(1, 2)]])
def test_of_a_sequence_the_second_axis_has_no_padding(padding):
    assert resolve_padding("Conv1D", padding, Window((4, 1)), axes=1) == ((1, 2), (0, 0))


def test_same_padding_counts_the_dilation():
    assert resolve_padding("Conv2D", "same", Window((3, 2), dilation=(2, 3))) == ((2, 2), (1, 2))


@pytest.mark.parametrize(
    "padding", ["some", -1, (1, 2, 3), 1.5, ((1, 2),), ((1, -2), (0, 0)), None]
)
def test_other_padding_is_refused(padding):
    with pytest.raises(ValueError, match=r"^Conv2D: .*padding"):
        resolve_padding("Conv2D", padding, Window((3, 3)))


@pytest.mark.parametrize("value", [0, (1, 2, 3), "12", 1.5, (2, 0), ()])
def test_sizes_that_are_no_pair_are_refused(value):
    with pytest.raises(ValueError, match=r"Conv2D: stride must be an int >= 1"):
        as_pair("Conv2D", "stride", value)


def test_the_message_says_how_many_integers_there_may_be():
    with pytest.raises(ValueError, match=r"stride must be an int >= 1, or 2 of them, got 0$"):
        as_pair("Conv2D", "stride", 0)
    with pytest.raises(ValueError, match=r"stride must be an int >= 1, got 0$"):
        as_pair("Conv1D", "stride", 0, axes=1)


def test_a_window_may_fit_exactly_once():
    check_fits("L", Window((3, 2), padding=((0, 1), (0, 0))), (2, 2))


def test_a_window_that_does_not_fit_is_named_with_all_sizes():
    window = Window((3, 2), padding=((0, 1), (0, 0)), dilation=(2, 1))
    expected = (
        r"^L: the window of 5×2 \(the kernel with its dilation\) does not fit into the input of "
        r"3×3, 4×3 with its padding$"
    )
    with pytest.raises(ShapeError, match=expected):
        check_fits("L", window, (3, 3))
    with pytest.raises(ShapeError, match=r"^L: the window of 5 does not fit into the input of 4$"):
        check_fits("L", Window((5, 1)), (4, 1), axes=1)
