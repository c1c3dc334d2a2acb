"""What turns out otherwise only for numbers that come late is no other in a replay, either."""

import contextlib
import cProfile
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from neural_net_core import Dense, Tensor, mse_loss
from neural_net_utils import RecordedStep

# Positive and small while the step is recorded and proven; from the ninth on negative and large.
X = np.abs(np.random.default_rng(1).normal(size=(16, 8, 5))).astype(np.float32) + np.float32(0.1)
X[9:] -= 1
X[10] *= 5
X[12, 0, 0] = np.nan
X[13] = np.inf
X[14] = -0.0
Y = np.random.default_rng(2).normal(size=(16, 8, 3)).astype(np.float32)

# Each returns what the network is given, or by what its loss is multiplied.
Part = Callable[[Any], Any]
PARTS: dict[str, tuple[Part, str | None]] = {}


def part(reason: str | None = None) -> Callable[[Part], Part]:
    def note(function: Part) -> Part:
        PARTS[function.__name__] = function, reason
        return function

    return note


# Errors that the step catches.


@part("cholesky raises LinAlgError, and other numbers may not")
def fails_at_first(x):
    try:
        np.linalg.cholesky(np.eye(5) * -x.min())
    except np.linalg.LinAlgError:
        return 1.0
    return 2.0


@part("int raises ValueError, and other numbers may not")
def is_no_number_at_first(x):
    with contextlib.suppress(ValueError), np.errstate(invalid="ignore"):
        return float(int(np.minimum(x.min(), 0) / np.minimum(x.min(), 0)))
    return 2.0


@part("getitem raises IndexError, and other numbers may not")
def is_out_of_range_at_first(x):
    try:
        return float(x[np.where(x.min() < 0, [0], [9])].size)
    except IndexError:
        return 2.0


# Functions that write into what they are given.


@part("it cannot be recorded: ValueError: assignment destination is read-only")
def is_changed_in_place(x):
    x = x.copy()
    np.nan_to_num(x, copy=False)
    return x


@part("it cannot be recorded: ValueError: partition array is read-only")
def is_partitioned_in_place(x):
    x = np.maximum.accumulate(x.copy())
    np.median(x, axis=0, overwrite_input=True)
    return x


# Numbers of NumPy's, which are no arrays of zero dimensions.


@part()
def number_apart_from_its_array(x):
    x = x.copy()
    first = x[0, 0]
    np.maximum(x, 0, out=x)
    return first


@part()
def number_that_is_added_to(x):
    x = x.copy()
    first = x[0, 0]
    first += np.minimum(x.min(), 0)
    return x


@part()
def number_under_two_names(x):
    best = total = x.max()
    total += np.minimum(x.min(), 0)
    return best * total


@part("chooses by a number what is written afterwards")
def row_chosen_by_a_number(x):
    x = x.copy()
    row = x[x.sum(axis=1).argmin()]
    np.maximum(row, 0, out=row)
    return x


@part()
def row_chosen_by_a_number_and_read(x):
    return x[x.sum(axis=1).argmin()]


@part()
def mean_of_halves(x):
    return np.where(x > 0, np.float16(1), np.float16(600)).mean()


@part()
def mean_of_halves_by_function(x):
    return np.mean(np.where(x > 0, np.float16(1), np.float16(600)))


# Ways to read an array that are not noted.


@part("uses np.as_strided, whose use a record does not see")
def is_read_by_other_strides(x):
    return 2.0 if as_strided(x, (4, 5), (40, 4)).max() > 5 else 1.0


@part("uses .__array_namespace__ of an array, which is not seen")
def is_read_by_its_namespace(x):
    return 2.0 if x.__array_namespace__().asarray(x).max() > 5 else 1.0


@part("uses .__array__ of an array, which is not seen")
def is_read_as_plain_array(x):
    return 2.0 if x.__array__().max() > 5 else 1.0


@part("uses .base of an array, which is not seen")
def is_read_by_its_base(x):
    return 2.0 if x.copy()[:].base.max() > 5 else 1.0


@part("uses .flags of an array, which is not seen")
def is_read_only(x):
    return 2.0 if x.flags.writeable else 1.0


@part("uses .__dlpack__ of an array, which is not seen")
def is_read_by_an_exchange(x):
    return 2.0 if np.from_dlpack(x.copy()).max() > 5 else 1.0


@part("uses np.True_, whose use a record does not see")
def is_true_itself(x):
    return 2.0 if (x.min() < 0) is np.True_ else 1.0


@part("uses np.isscalar, whose use a record does not see")
def is_a_number(x):
    return 2.0 if np.isscalar(x.min()) and x.min() < 0 else 1.0


# What nobody needs, and what fails or warns all the same.


@part()
def choice_that_nobody_needs(x):
    np.arange(9)[np.where(x.min() < -2, [99], [0])]
    return x


@part()
def counts_that_nobody_needs(x):
    np.bincount(np.where(x.min() < 0, [-1], [1]), minlength=4)
    return x


@part()
def cast_that_nobody_needs(x):
    x.astype(np.int64)
    return x


@part()
def quotient_that_nobody_needs(x):
    np.arange(5) // (x.min() > 0)
    return x


@part()
def power_that_nobody_needs(x):
    np.arange(5) ** np.where(x.min() < 0, -1, 1)
    return x


@pytest.mark.parametrize("name", PARTS)
def test_numbers_that_come_late(name: str, side_by_side: Any, case: Any) -> None:
    function, reason = PARTS[name]

    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            found = function(x)
            if np.ndim(found) == 2:
                return mse_loss(model(found), y)
            return (
                mse_loss(model(x), y) * found.sum()
                if np.ndim(found)
                else mse_loss(model(x), y) * found
            )

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        with np.errstate(all="warn", under="ignore"):
            return step.gradients(X[i].copy(), Y[i])

    reasons = side_by_side(make, script, 16)
    if reason is None:
        assert reasons[5:9] == [None] * 4
    else:
        assert reason in str(reasons[5])


# Arguments ---------------------------------------------------------------------------------------


def test_one_array_as_two_arguments(side_by_side: Any, case: Any) -> None:
    """The step can ask whether they are one, and decide by that."""

    def make() -> Any:
        model = Dense(5, 5)
        return case(lambda x, y: mse_loss(model(x), y) * (2.0 if x is y else 1.0), model)

    def script(step: Any, i: int, _: Any) -> Any:
        x = X[i % 8]
        return step.gradients(x, x if i in (7, 9) else X[i % 8 - 1])

    reasons = side_by_side(make, script, 12)
    assert reasons[6] is reasons[8] is None
    assert reasons[7] == reasons[9] == "an argument shares memory with another"


def test_an_argument_that_lies_askew_only_later(side_by_side: Any, case: Any) -> None:
    """Sums of what is not aligned are made in other pieces, and come out otherwise."""
    large = np.random.default_rng(3).normal(size=(12, 300, 50)).astype(np.float32)

    def make() -> Any:
        model = Dense(50, 3)
        return case(lambda x: (model(x) ** 2).mean() * x.sum(), model)

    def script(step: Any, i: int, _: Any) -> Any:
        x = large[i]
        if i in (7, 9):
            x = np.frombuffer(b"1" + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
        return step.gradients(x)

    reasons = side_by_side(make, script, 12)
    assert reasons[7] == reasons[9] == "an argument is not aligned in memory"
    assert reasons[8] is reasons[10] is None


def test_an_argument_whose_array_is_replaced(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            x.data = np.clip(x.data, -9, 9)
            return mse_loss(model(x), y)

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        x = Tensor(X[i] * np.float32(1 if i < 6 else 20))
        return step.gradients(x, Y[i]), x.data

    reasons = side_by_side(make, script, 9)
    assert reasons[-1] == "it replaces the array of an argument, a parameter or a buffer"


def objects(x: Any) -> Any:
    return np.array([1, None, x.sum()], dtype=object)


@pytest.mark.parametrize("inside", [False, True])
def test_objects_of_python(inside: bool, side_by_side: Any, case: Any) -> None:
    """Their addresses are no numbers that could lie in a block of memory."""

    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any, z: Any) -> Any:
            z = x[0].astype(object) if inside else z
            return mse_loss(model(x), y) * (1.0 + (z == 1).sum())

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i], Y[i], X[i, 0].copy() if inside else objects(X[i]))

    reason = side_by_side(make, script, 8)[-1]
    assert "objects of Python's" in str(reason)


def test_under_a_profiler_it_runs_as_it_is_written() -> None:
    """A profiler of C cannot be put aside and taken up again."""
    model = Dense(5, 3)
    step = RecordedStep(lambda x, y: mse_loss(model(x), y), model=model)
    step.weigh = lambda returned: 1.0
    profiler = cProfile.Profile()
    for i in range(12):
        if i in (2, 8):
            profiler.enable()
        if i in (5, 9):
            profiler.disable()
        loss = step.gradients(X[i % 8], Y[i % 8])
        assert loss.data.tobytes() == mse_loss(model(X[i % 8]), Y[i % 8]).data.tobytes()
        if i == 3 and sys.version_info < (3, 12):
            assert str(step.why_eager).startswith("a profiler is at work")
    assert step.why_eager is None
