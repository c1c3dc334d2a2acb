"""What a replay hands out has the bits and the layout that the step as it is written gives it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, Module, Op, Parameter, Tensor, mse_loss
from neural_net_core.op import returns_new_arrays

X = np.random.default_rng(1).normal(size=(12, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(12, 8, 3)).astype(np.float32)

# The gradient of a weight (5, 3): dw of the operation and dy.
GRADIENTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "product": lambda x, w, dy: x.T @ dy,
    "copied to C's order": lambda x, w, dy: (dy.T @ x).T.copy(),
    "copied in its order": lambda x, w, dy: (dy.T @ x).T.copy("K"),
    "copied to Fortran's order": lambda x, w, dy: (x.T @ dy).copy("F"),
    "made Fortran's": lambda x, w, dy: np.asfortranarray(x.T @ dy),
    "transposed": lambda x, w, dy: (dy.T @ x).T,
    "backwards": lambda x, w, dy: (x.T @ dy)[::-1],
    "with gaps": lambda x, w, dy: np.repeat(x.T @ dy, 2, axis=1)[:, ::2],
    "repeated": lambda x, w, dy: np.broadcast_to((x.T @ dy)[:1], (5, 3)),
    "too large": lambda x, w, dy: np.broadcast_to(x.T @ dy, (4, 5, 3)),
    "float64": lambda x, w, dy: (x.T @ dy).astype(np.float64),
    "constant": lambda x, w, dy: np.ones((5, 3), np.float32),
    "what was saved": lambda x, w, dy: w,
    "filled": lambda x, w, dy: np.full((5, 3), dy.sum()),
}


NOT_NEW = ("what was saved", "repeated")


@pytest.mark.parametrize("accumulated", [False, True])
@pytest.mark.parametrize(
    ("kind", "is_new"),
    [(kind, new) for kind in GRADIENTS for new in (False, True) if not (new and kind in NOT_NEW)],
)
def test_gradients_in_every_layout(
    kind: str, accumulated: bool, is_new: bool, side_by_side: Any, case: Any
) -> None:
    class ProductOp(Op):
        def forward(self, w: Any, x: Any) -> Any:
            self.w, self.x = w, x
            return x @ w

        def backward(self, dy: Any) -> Any:
            return GRADIENTS[kind](self.x, self.w, dy), None

    if is_new:
        returns_new_arrays(ProductOp.backward)
        ProductOp.new_arrays = True

    class Layer(Module):
        def __init__(self) -> None:
            self.weight = Parameter(np.random.default_rng(0).normal(size=(5, 3)), np.float32)

        def forward(self, x: Any) -> Tensor:
            return ProductOp.apply(self.weight, x)

    def make() -> Any:
        model = Layer()
        return case(lambda x, y: mse_loss(model(x), y), model)

    def script(step: Any, i: int, its: Any) -> Any:
        if not accumulated:
            its.model.zero_grad()
        return step.gradients(X[i], Y[i])

    assert side_by_side(make, script, 8)[-1] is None


RESULTS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda y: y,
    "transposed": lambda y: y.T,
    "backwards": lambda y: y[::-1],
    "with gaps": lambda y: y[:, ::2],
    "repeated": lambda y: np.broadcast_to(y[:1], y.shape),
    "single": lambda y: y.sum(),
    "element": lambda y: y[0, 0],
    "empty": lambda y: y[:0],
    "constant": lambda y: np.ones((5, 3)),
    "no dimension": lambda y: np.sum(y, keepdims=True).reshape(()),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_results_in_every_layout(kind: str, side_by_side: Any, case: Any) -> None:
    class Layer(Module):
        def __init__(self) -> None:
            self.weight = Parameter(np.ones((5, 3)), np.float32)

    def make() -> Any:
        model = Layer()

        def loss_of(x: Any, y: Any) -> Any:
            z = Tensor(x) @ model.weight
            return mse_loss(z, y), RESULTS[kind](z.data)

        return case(loss_of, model)

    def script(step: Any, i: int, _: Any) -> Any:
        loss, result = step.gradients(X[i], Y[i])
        return loss, result, result.strides, result.sum()

    assert side_by_side(make, script, 8)[-1] is None


def test_a_large_result_that_several_calls_fill(side_by_side: Any, case: Any) -> None:
    """Large gradients are filled in memory of their own; what is returned beside them is copied."""

    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            table = np.zeros((200, 200), np.float32)
            table[0, :3] = y[0]
            np.add.at(table, np.array([3, 3]), x.max())
            return mse_loss(model(x), y), table

        return case(loss_of, model)

    assert side_by_side(make, lambda step, i, _: step.gradients(X[i], Y[i]), 8)[-1] is None
