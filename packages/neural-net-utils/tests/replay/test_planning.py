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
