"""The shared checks: right values come back plain, wrong ones give an error that names them."""

import datetime
import decimal
import inspect
import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import DTypeError, ShapeError, Tensor, checks
from neural_net_core.checks import (
    check_array,
    check_axis,
    check_callable,
    check_count,
    check_counts,
    check_dtype,
    check_flag,
    check_fraction,
    check_instance,
    check_items,
    check_number,
    check_path,
    check_text,
    check_word,
    shown,
)

ITSELF = []
ITSELF.append(ITSELF)


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no text")


WRONG = [
    None,
    b"x",
    math.nan,
    math.inf,
    -math.inf,
    10**400,
    [None],
    [[1.0, 2.0], [3.0]],
    ITSELF,
    {},
    {1, 2},
    object(),
    math,
    ...,
    1j,
    np.float64("nan"),
    np.array(["a"]),
    np.array([None]),
    np.array(None),
    np.datetime64("2020-01-01"),
    np.timedelta64(3, "D"),
    datetime.date(2020, 1, 1),
    decimal.Decimal("0.5"),
    (x for x in ()),
    Unshowable(),
]
# Every check, asked about something that is right for no value of WRONG.
CHECKS = {
    "check_number": lambda value: check_number("Adam", "size", value),
    "check_fraction": lambda value: check_fraction("Adam", "size", value),
    "check_count": lambda value: check_count("Adam", "size", value),
    "check_counts": lambda value: check_counts("Adam", "size", value, length=3),
    "check_flag": lambda value: check_flag("Adam", "size", value),
    "check_word": lambda value: check_word("Adam", "size", value, ["a", "b"]),
    "check_path": lambda value: check_path("Adam", "size", value),
    "check_text": lambda value: check_text("Adam", "size", value),
    "check_callable": lambda value: check_callable("Adam", "size", value),
    "check_instance": lambda value: check_instance("Adam", "size", value, Tensor),
    "check_dtype": lambda value: check_dtype("Adam", value),
    "check_axis": lambda value: check_axis("Adam", value, 3, "size"),
    "check_array": lambda value: check_array("Adam", "size", value, ndim=3),
}


def test_the_table_above_holds_every_check():
    named = {name for name in checks.__all__ if name.startswith("check_")}
    assert CHECKS.keys() == named - {"check_items"}  # that takes some of the values below
    assert all(
        inspect.isfunction(getattr(checks, name)) for name in checks.__all__ if not name.isupper()
    )


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("check", CHECKS)
def test_a_wrong_value_of_any_type_gives_an_error_that_names_who_and_what(check, value):
    name = "dtype" if check == "check_dtype" else "size"
    with pytest.raises((ValueError, DTypeError), match=rf"^Adam: {name} (must|holds)") as caught:
        CHECKS[check](value)
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [int, *map(np.dtype, "bhilqBHILQ")], ids=str)
def test_every_integer_is_a_count_and_comes_back_as_an_int(kind):
    value = kind(3) if kind is int else kind.type(3)
    assert type(check_count("f", "n", value)) is int
    assert check_counts("f", "n", [value, value]) == (3, 3)
    assert type(check_number("f", "n", value)) is int


@pytest.mark.parametrize("kind", [float, *map(np.dtype, "efdg")], ids=str)
def test_every_float_is_a_number_and_comes_back_as_a_float(kind):
    value = kind(0.5) if kind is float else kind.type(0.5)
    assert type(check_fraction("f", "p", value)) is float
    with pytest.raises(ValueError, match="f: n must be an int"):
        check_count("f", "n", value)


@pytest.mark.parametrize("value", [True, np.True_])
def test_true_is_a_flag_and_neither_a_number_nor_a_count(value):
    assert check_flag("f", "flag", value) is True
    for check in (check_number, check_count, check_fraction):
        with pytest.raises(ValueError, match="got True"):
            check("f", "n", value)
    with pytest.raises(ShapeError):
        check_axis("f", value, 2)


@pytest.mark.parametrize("value", [np.array(1), np.array(1.0), np.array([1])])
def test_an_array_is_no_number_even_with_one_element(value):
    for check in (check_number, check_count, check_fraction):
        with pytest.raises(ValueError, match="an array of shape"):
            check("f", "n", value)


@given(st.floats(), st.floats(-9, 9), st.floats(-9, 9))
def test_a_number_passes_where_the_plain_comparison_says_so(value, low, high):
    for inside, limits in (
        (low <= value <= high, {"low": low, "high": high}),
        (low < value < high, {"above": low, "below": high}),
        (low <= value < math.inf, {"low": low}),
        (-math.inf < value < high, {"below": high}),
    ):
        if inside:
            assert check_number("f", "x", value, **limits) == value
        else:
            with pytest.raises(ValueError, match=r"f: x must be a (finite )?number"):
                check_number("f", "x", value, **limits)


@given(st.integers(), st.integers(-9, 9), st.integers(-9, 9))
def test_a_count_passes_where_the_plain_comparison_says_so(value, low, high):
    for inside, limits in (
        (low <= value <= sys.maxsize, (low,)),
        (low <= value <= high, (low, high)),
    ):
        if inside:
            assert check_count("f", "n", value, *limits) == value
        else:
            with pytest.raises(ValueError, match="f: n must be an int"):
                check_count("f", "n", value, *limits)


@given(st.integers(0, 5), st.integers(-9, 9))
def test_an_axis_is_counted_from_the_front_as_numpy_does(ndim, axis):
    shape = tuple(range(2, 2 + ndim))
    if -ndim <= axis < ndim:
        assert shape[check_axis("f", axis, ndim)] == shape[axis]
    else:
        with pytest.raises(ShapeError, match=f"axis must be an int .*, got {axis}$"):
            check_axis("f", axis, ndim)


def test_items_come_back_as_a_list():
    for value in ([1, 2], (1, 2), {1: 0, 2: 0}, iter([1, 2]), np.array([1, 2]), range(1, 3)):
        assert check_items("f", "x", value) == [1, 2]
    for wrong in ("ab", b"ab", np.array(3), 3, None):
        with pytest.raises(ValueError, match="f: x must be a list, got"):
            check_items("f", "x", wrong)


def test_a_whole_number_that_numpy_cannot_take_becomes_a_float():
    assert check_number("f", "x", 10**30) == 1e30
    assert type(check_number("f", "x", -(2**63) - 1)) is float
    assert type(check_number("f", "x", sys.maxsize)) is int


def test_a_path_is_a_text_or_what_stands_for_one(tmp_path):
    assert check_path("save", "path", tmp_path) == str(tmp_path)
    assert check_path("save", "path", "a b") == "a b"
    for wrong in ("", "a\0b", b"a", 3, True):
        with pytest.raises(ValueError, match="save: path must be the path of a file"):
            check_path("save", "path", wrong)


def test_none_is_a_word_where_it_is_among_them():
    assert check_word("load", "split", None, ["train", None]) is None
    with pytest.raises(ValueError, match="load: split must be 'train' or None, got 3"):
        check_word("load", "split", 3, ["train", None])


def test_a_lone_surrogate_is_named_with_its_place():
    assert check_text("encode", "text", "aé€😀\0") == "aé€😀\0"
    with pytest.raises(ValueError, match=r"text holds half .* at character 2, '\\udc80'"):
        check_text("encode", "text", "ab\udc80")


def test_an_array_keeps_its_dtype_and_its_memory():
    x = np.arange(3, dtype=np.uint8)
    assert check_array("f", "x", x) is x
    assert check_array("f", "x", Tensor([1.0])).dtype == np.float32
    assert check_array("f", "x", [], kinds="iu").dtype == np.intp
    with pytest.raises(DTypeError, match="f: x must be integers, got"):
        check_array("f", "x", [0.5], kinds="iu")
    with pytest.raises(ShapeError, match="f: x must have 1 axis, got an array of shape"):
        check_array("f", "x", np.zeros((2, 2)), ndim=1)
    with pytest.raises(ShapeError, match="f: x must be an array or lists of equal lengths"):
        check_array("f", "x", [[1], [2, 3]])


@pytest.mark.parametrize("dtype", ["float32", np.float64, np.dtype("float64"), "<f4", float])
def test_whatever_numpy_takes_for_a_floating_dtype_is_one(dtype):
    assert check_dtype("f", dtype) == np.dtype(dtype)


@pytest.mark.parametrize("dtype", ["float16", np.longdouble, np.dtype("e")])
def test_dtypes_for_storage_are_refused_with_the_way_out(dtype):
    with pytest.raises(DTypeError, match=r"f: expected float32 or float64, got .*astype"):
        check_dtype("f", dtype)


@pytest.mark.parametrize("dtype", ["int32", int, bool, "S3", "U", object, "f4,f4", "abc", "", dict])
def test_other_dtypes_are_refused_by_name(dtype):
    with pytest.raises(DTypeError, match="f: dtype must be a floating dtype"):
        check_dtype("f", dtype)


def test_what_is_shown_is_one_short_line():
    assert shown("a\nb") == r"'a\nb'"
    assert shown(np.float32(0.5)) == "0.5"
    assert shown(Tensor([1.0, 2.0])) == "an array of shape (2,) and dtype float32"
    assert len(shown(list(range(10**6)))) <= 73
    assert shown(Unshowable()) == "a Unshowable"


@pytest.mark.parametrize("char", np.typecodes["All"])
def test_every_dtype_is_computed_with_or_known_not_to_be(char):
    """Hot paths look into NOT_COMPUTED only, so it must hold whatever `check_dtype` refuses."""
    try:
        checks.check_dtype("here", np.dtype(char), "fiub")
    except DTypeError:
        assert np.dtype(char).char in checks.NOT_COMPUTED
    else:
        assert np.dtype(char).char not in checks.NOT_COMPUTED
