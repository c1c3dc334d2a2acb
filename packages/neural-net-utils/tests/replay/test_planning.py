"""Which calls a record leaves out, and that what they would have warned of is not lost."""

from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, mse_loss

X = np.random.default_rng(1).normal(size=(14, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(14, 8, 3)).astype(np.float32)
LARGE = np.float32(1e30)


def _unused(x: Any) -> Any:
    np.exp(x)
    return x


def _unused_sum(x: Any) -> Any:
    np.square(x).sum()
    return x


def _constant(x: Any) -> Any:
    return x + np.minimum(np.exp(np.full(5, 100, np.float32)), np.float32(1))


def _constant_quotient(x: Any) -> Any:
    return x + np.minimum(np.ones(5, np.float32) / np.zeros(5, np.float32), np.float32(1))


@pytest.mark.parametrize("settings", ["warn", "raise"])
@pytest.mark.parametrize("function", [_unused, _unused_sum, _constant, _constant_quotient])
def test_what_nobody_needs_warns_all_the_same(
    function: Any, settings: Any, side_by_side: Any, case: Any
) -> None:
    """A result that is dropped, and one that never changes, overflow in every step."""

    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            return mse_loss(model(np.clip(function(x), -1, 1)), y)

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        with np.errstate(all=settings if i > 8 else "warn"):
            return step.gradients(X[i] * (LARGE if i in (7, 10) else 1), Y[i])

    reasons = side_by_side(make, script, 14)
    assert reasons[4:9] == [None] * 5


def _outer(x: Any) -> Any:
    np.outer(x[0], x[1])  # a function, not the method of a universal one
    np.multiply.outer(x[0], x[1])
    np.add.reduce(x, axis=0)
    np.add.at(np.zeros(3, np.float32), [0, 0], x[0, 0])
    return x


def test_functions_whose_names_are_those_of_methods(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model = Dense(5, 3)
        return case(lambda x, y: mse_loss(model(_outer(x)), y), model)

    assert side_by_side(make, lambda step, i, _: step.gradients(X[i], Y[i]), 6)[-1] is None


def _in_two_parts(x: Any) -> Any:
    c = np.zeros(5, np.float32)
    c[:2], c[2:] = 0.5, -0.0
    return x * c + c


def _in_place(x: Any) -> Any:
    c = np.ones((8, 1), np.float32)
    c += 1
    c[3] -= 2.5
    return c - x / c


def _seen_before_it_is_whole(x: Any) -> Any:
    c = np.ones(5, np.float32)
    y = x * c
    c[1:] = 3
    return y + c


def _of_another(x: Any) -> Any:
    c = np.ones(5, np.float32)
    d = c * 2
    c[...] = 5
    return x * d - c


def _not_a_number(x: Any) -> Any:
    c = np.full(5, 2, np.float32)
    c[1:3] = np.array([np.nan, -np.nan], np.float32)
    return np.where(x > 0, c - x, x + c)


def _partly_of_the_argument(x: Any) -> Any:
    c = np.ones(5, np.float32)
    c[2:] = x[0, 2:]
    return x * c


# How many calls write a constant in every step anew: that of which something is not constant.
CONSTANTS: dict[Any, int] = {
    _in_two_parts: 0, _in_place: 0, _seen_before_it_is_whole: 2, _of_another: 0, _not_a_number: 0,
    _partly_of_the_argument: 2,
}  # fmt: skip


@pytest.mark.parametrize("function", CONSTANTS)
def test_constants_that_several_calls_write(function: Any, side_by_side: Any, case: Any) -> None:
    """They are written once, however often, unless somebody sees them in between."""
    written = None

    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            z = function(x)
            return mse_loss(model(z), y), z

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        nonlocal written
        x = X[i].copy()
        x[1, 1:4] = [np.nan, -np.nan, np.inf] if i > 7 else -0.0
        result = step.gradients(x, Y[i])
        if hasattr(step, "_records"):
            (records,) = step._records.values()
            calls = [f for v in records.proven for f, *_ in (*v.forward, *v.backward)]
            written = sum(f is np.copyto for f in calls)
        return result

    with np.errstate(invalid="ignore"):
        assert side_by_side(make, script, 14)[-1] is None
    assert written == CONSTANTS[function]
