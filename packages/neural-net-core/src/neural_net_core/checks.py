"""Checks of arguments that all packages share: the type is asked before the value is compared.

`if not 0 <= p <= 1` answers `p=None` with "'<=' not supported between instances of 'int' and
'NoneType'", an array with "the truth value of an array is ambiguous", and lets NaN or True pass
where nobody meant them. Each function here takes the name of who asks, the name of the parameter
and what came; it returns the value as plain Python, or raises a ValueError that says all three:
"Dropout: p must be a number from 0 to 1, got None".

NumPy's scalars are fine numbers; True is no number, and an array is none either, not even one of
no axes.
"""

import math
import operator
import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from neural_net_core.errors import DTypeError, HistoryError, PositionError, ShapeError
from neural_net_core.plain import plain_array

__all__ = [
    "NOT_COMPUTED",
    "check_array",
    "check_axis",
    "check_callable",
    "check_count",
    "check_counts",
    "check_dtype",
    "check_flag",
    "check_fraction",
    "check_instance",
    "check_items",
    "check_number",
    "check_path",
    "check_text",
    "check_word",
    "is_number",
    "is_whole",
    "shown",
]

T = TypeVar("T")
# NumPy's codes of what nothing is computed with: float16, long double, complex numbers, texts,
# objects, dates. A hot path looks here before it calls `check_dtype`.
NOT_COMPUTED = "egFDGSUTOVMmc"
# Python counts True among the ints, and NumPy a span of time among its integers.
_NONE = (bool, np.timedelta64)


def shown(value: Any) -> str:
    """Return how an error message shows a value: on one line, and arrays by shape and dtype.

    Args:
        value: Anything.

    Examples:
        >>> import numpy as np
        >>> shown(np.zeros((2, 3)))
        'an array of shape (2, 3) and dtype float64'
        >>> shown([1.5] * 1000)
        '[1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5...'
    """
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind in "biufc" else value
    elif isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "dtype"):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, (list, tuple)) and len(value) > 20:
        text = repr(value[:20])
    else:
        try:
            text = repr(value)
        except Exception:  # a value that cannot be shown must not hide the message
            text = f"a {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 73 else f"{text[:70]}..."


def is_number(value: Any) -> bool:
    """Tell whether a value is a real number: a Python or NumPy int or float, no bool, no array."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, _NONE)


def is_whole(value: Any) -> bool:
    """Tell whether a value is a Python or NumPy integer; True and 3.0 are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, _NONE)


def check_number(
    where: str,
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: float | None = None,
    below: float | None = None,
    finite: bool = True,
) -> Any:
    """Return a number that is not NaN, as an int or float of Python.

    Args:
        where: Who asks: a function or class.
        name: The parameter's name.
        value: What came.
        low: The least that is allowed.
        high: The most that is allowed.
        above: A number that the value must exceed, instead of `low`.
        below: A number that the value must stay under, instead of `high`.
        finite: Whether infinity is refused.

    Raises:
        ValueError: If it is no number, NaN, infinite or out of range.

    Examples:
        >>> import numpy as np
        >>> check_number("ELU", "alpha", np.float32(0.5), above=0)
        0.5
        >>> check_number("ELU", "alpha", None, above=0)
        Traceback (most recent call last):
            ...
        ValueError: ELU: alpha must be a finite number > 0, got None
    """
    if is_number(value):
        number = int(value) if isinstance(value, (int, np.integer)) else float(value)
        if sys.maxsize < abs(number) <= _LARGEST:
            number = float(number)  # an int that NumPy could not take
        if (
            # False for NaN; an int that is larger has no float.
            (-_LARGEST <= number <= _LARGEST or (not finite and number in (math.inf, -math.inf)))
            and low <= number <= high
            and (above is None or number > above)
            and (below is None or number < below)
        ):
            return number
    raise ValueError(
        f"{where}: {name} must be a {_number(low, high, above, below, finite)}, got {shown(value)}"
    )


def _number(low: float, high: float, above: float | None, below: float | None, finite: bool) -> str:
    if above is None and below is None and math.isfinite(low) and math.isfinite(high):
        return f"number from {low} to {high}"
    parts = [
        f"> {above}" if above is not None else f">= {low}" if low > -math.inf else "",
        f"< {below}" if below is not None else f"<= {high}" if high < math.inf else "",
    ]
    text = " and ".join(part for part in parts if part)
    return f"{'finite ' if finite else ''}number {text}".rstrip()


_LARGEST = sys.float_info.max


def check_fraction(where: str, name: str, value: Any, low: float = 0.0, high: float = 1.0) -> float:
    """Return a number from `low` to `high`, both included; NaN never is.

    Raises:
        ValueError: If it is no such number.
    """
    number: float = check_number(where, name, value, low, high)
    return number


def check_count(where: str, name: str, value: Any, low: int = 1, high: int | None = None) -> int:
    """Return a whole number as an int of Python.

    Args:
        where: Who asks.
        name: The parameter's name.
        value: What came; True and 3.0 are no counts.
        low: The least that is allowed.
        high: The most that is allowed; None means what an index of this machine can hold.

    Raises:
        ValueError: If it is no whole number, or out of range.

    Examples:
        >>> import numpy as np
        >>> check_count("Dense", "in_features", np.int64(3))
        3
        >>> check_count("Dense", "in_features", True)
        Traceback (most recent call last):
            ...
        ValueError: Dense: in_features must be an int >= 1, got True
    """
    top = sys.maxsize if high is None else high
    if is_whole(value) and low <= value <= top:
        return int(value)
    if (high is not None and high <= sys.maxsize) or (is_whole(value) and value > top):
        allowed = f"from {low} to {top}"
    else:
        allowed = f">= {low}"
    raise ValueError(f"{where}: {name} must be an int {allowed}, got {shown(value)}")


def check_counts(
    where: str, name: str, value: Any, low: int = 1, length: int | None = None
) -> tuple[int, ...]:
    """Return a sequence of whole numbers as a tuple, such as a shape.

    Args:
        where: Who asks.
        name: The parameter's name.
        value: A tuple, list, range or array of one axis.
        low: The least that each may be.
        length: How many there must be; None means any number, also none.

    Raises:
        ValueError: If it is no sequence of such numbers.
    """
    items: Any = value.tolist() if isinstance(value, np.ndarray) and value.ndim == 1 else value
    if (
        isinstance(items, Sequence)
        and not isinstance(items, (str, bytes))
        and all(is_whole(item) and low <= item <= sys.maxsize for item in items)
        and (length is None or len(items) == length)
    ):
        return tuple(map(int, items))
    many = "" if length is None else f"{length} "
    raise ValueError(
        f"{where}: {name} must be a sequence of {many}ints >= {low}, got {shown(value)}"
    )


def check_flag(where: str, name: str, value: Any) -> bool:
    """Return True or False.

    Raises:
        ValueError: If it is anything else; "no", 0 and arrays are not guessed at.
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ValueError(f"{where}: {name} must be True or False, got {shown(value)}")


def check_word(where: str, name: str, value: Any, allowed: Collection[str | None]) -> Any:
    """Return one of the allowed words; None may be among them.

    Raises:
        ValueError: If it is none of them; the message lists them.

    Examples:
        >>> check_word("mse_loss", "reduction", "men", ["none", "mean", "sum"])
        Traceback (most recent call last):
            ...
        ValueError: mse_loss: reduction must be 'none', 'mean' or 'sum', got 'men'
    """
    if (isinstance(value, str) or value is None) and value in allowed:
        return value
    *others, last = map(repr, allowed)
    words = f"{', '.join(others)} or {last}" if others else last
    raise ValueError(f"{where}: {name} must be {words}, got {shown(value)}")


def check_text(where: str, name: str, value: Any) -> str:
    """Return a str without lone surrogates, which no file and no encoding can hold.

    Raises:
        ValueError: If it is no str, or holds a lone surrogate; the message says where.
    """
    if not isinstance(value, str):
        raise ValueError(f"{where}: {name} must be a str, got {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{where}: {name} holds half a surrogate pair at character {error.start}, "
            f"{value[error.start]!r}, which is no character; "
            "text.encode('utf-8', 'replace').decode() replaces such"
        ) from None
    return value


def check_path(where: str, name: str, value: Any) -> str:
    """Return the path of a file or folder as a str.

    Args:
        where: Who asks.
        name: The parameter's name.
        value: A str or an `os.PathLike` of one, such as a `pathlib.Path`; no bytes, and no number,
            which Python would take for an open file.

    Raises:
        ValueError: If it is none, empty, or holds a character that no path can hold.
    """
    if isinstance(value, (str, os.PathLike)):
        path = os.fspath(value)
        if isinstance(path, str) and path and "\0" not in path:
            return path
    raise ValueError(f"{where}: {name} must be the path of a file or folder, got {shown(value)}")


def check_items(where: str, name: str, value: Any, what: str = "a list") -> list[Any]:
    """Return what can be gone through, as a list.

    Args:
        where: Who asks.
        name: The parameter's name.
        value: Anything with items: a list, a set, a generator; no text, whose items are letters,
            and no array without axes, which has none.
        what: How the message calls it.

    Raises:
        ValueError: If it has no items.
    """
    without = isinstance(value, (str, bytes)) or (isinstance(value, np.ndarray) and not value.ndim)
    if isinstance(value, Iterable) and not without:
        return list(value)
    raise ValueError(f"{where}: {name} must be {what}, got {shown(value)}")


def check_callable(
    where: str, name: str, value: Callable[..., T], what: str = "a function"
) -> Callable[..., T]:
    """Return what can be called.

    Raises:
        ValueError: If it cannot be called.
    """
    if callable(value):
        return value
    raise ValueError(f"{where}: {name} must be {what}, got {shown(value)}")


def check_instance(where: str, name: str, value: Any, kind: type[T], what: str = "") -> T:
    """Return what is of a class.

    Args:
        where: Who asks.
        name: The parameter's name.
        value: What came.
        kind: The class.
        what: How the message calls it; empty means "a" and the class's name.

    Raises:
        ValueError: If it is not.
    """
    if isinstance(value, kind):
        return value
    expected = what or f"a {kind.__name__}"
    raise ValueError(f"{where}: {name} must be {expected}, got {shown(value)}")


def check_dtype(where: str, dtype: Any, kinds: str = "f") -> np.dtype[Any]:
    """Return a dtype to compute with; of the floating ones these are float32 and float64.

    Args:
        where: Who asks.
        dtype: A dtype, or what NumPy makes one of, such as "float32".
        kinds: The allowed kinds: "f" floating, "i" and "u" integers, "b" bool.

    Raises:
        DTypeError: If it is no dtype, of another kind, float16 or long double.

    Examples:
        >>> check_dtype("Dense", "float64")
        dtype('float64')
    """
    wanted = "a floating dtype" if kinds == "f" else "a dtype of numbers"
    found = None
    if isinstance(dtype, (np.dtype, type, str)):
        try:
            found = np.dtype(dtype)
        except (TypeError, ValueError):  # no dtype's name
            found = None
    if found is None or found.kind not in kinds:
        raise DTypeError(f"{where}: dtype must be {wanted}, such as np.float32, got {shown(dtype)}")
    if found.char in NOT_COMPUTED:
        raise DTypeError(
            f"{where}: expected float32 or float64, got {found}, which is for storage and not for "
            "computing; astype(np.float32) converts it"
        )
    return found


def check_axis(where: str, axis: Any, ndim: int, name: str = "axis") -> int:
    """Return one axis, counted from the front.

    Raises:
        PositionError: If it is no whole number, or the array has no such axis.

    Examples:
        >>> check_axis("softmax", -1, 3)
        2
    """
    try:
        # NumPy 2.0 takes its own True for 1.
        i = ndim if isinstance(axis, bool | np.bool_) else operator.index(axis)
    except TypeError:
        i = ndim
    if not -ndim <= i < ndim:
        raise PositionError(
            f"{where}: {name} must be an int from {-ndim} to {ndim - 1}, for an array of {ndim} "
            f"axes, got {shown(axis)}"
        )
    return i % ndim


def check_array(
    where: str, name: str, value: Any, *, ndim: int | None = None, kinds: str = "biuf"
) -> np.ndarray[Any, np.dtype[Any]]:
    """Return data as an array of numbers to compute with; a Tensor gives its array.

    float16, which is for storage, comes as float32, and long double as float64.

    Args:
        where: Who asks.
        name: The parameter's name.
        value: An array, a Tensor, a number, or nested sequences of numbers.
        ndim: How many axes it must have; None means any number.
        kinds: The kinds of dtype that are allowed: "b" bool, "i" and "u" integers, "f" floating.

    Raises:
        ShapeError: If the rows of nested lists differ in length, or the axes are not so many.
        DTypeError: If the data are no numbers, or not of these kinds.

    Examples:
        >>> check_array("accuracy", "targets", [1, None])
        Traceback (most recent call last):
            ...
        neural_net_core.errors.DTypeError: accuracy: targets must be numbers, got [1, None]
    """
    try:
        array = plain_array(value)
    except (DTypeError, HistoryError) as error:  # something hidden, or a history that would be lost
        raise type(error)(f"{where}: {name}: {error}") from None
    except ValueError:
        raise ShapeError(
            f"{where}: {name} must be an array or lists of equal lengths, got {shown(value)}"
        ) from None
    if not array.size and not isinstance(value, np.ndarray) and "f" not in kinds:
        array = array.astype(np.intp)  # an empty list has no dtype of its own
    if array.dtype.kind not in kinds:
        what = "numbers" if "f" in kinds else "integers"
        raise DTypeError(f"{where}: {name} must be {what}, got {shown(value)}")
    if ndim is not None and array.ndim != ndim:
        raise ShapeError(
            f"{where}: {name} must have {ndim} {'axis' if ndim == 1 else 'axes'}, "
            f"got {shown(value)}"
        )
    if array.dtype.char in NOT_COMPUTED:
        array = array.astype(np.float32 if array.itemsize == 2 else np.float64)
    return array
