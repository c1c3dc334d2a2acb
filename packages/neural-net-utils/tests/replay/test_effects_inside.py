"""What a step does through the packages' own functions happens in every step, too."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_net_core import Dense, default_rng, mse_loss, save_tensors, seed
from neural_net_utils import RecordedStep, seed_everything

X = np.random.default_rng(1).normal(size=(16, 8, 5)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(16, 8, 3)).astype(np.float32)


def test_a_file_that_is_written_by_ours(side_by_side: Any, case: Any, tmp_path: Path) -> None:
    path = os.path.join(tmp_path, "x.safetensors")  # noqa: PTH118 (a text, as a Path is refused)

    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            save_tensors(path, {"x": x})
            return mse_loss(model(x), y)

        return case(loss_of, model, sees=lambda: Path(path).read_bytes())

    reasons = side_by_side(make, lambda step, i, _: step.gradients(X[i], Y[i]), 8)
    assert str(reasons[-1]).endswith("(), which a record would leave out")


def _at_last(model: Any) -> Callable[[Any, Any], Any]:
    def loss_of(x: Any, y: Any) -> Any:
        loss = mse_loss(model(x), y)
        seed(3)
        return loss

    return loss_of


def _everything(model: Any) -> Callable[[Any, Any], Any]:
    def loss_of(x: Any, y: Any) -> Any:
        seed_everything(3)
        return mse_loss(model(x), y)

    return loss_of


@pytest.mark.parametrize("seeded", [_at_last, _everything])
def test_a_generator_that_is_seeded_in_the_step(seeded: Any, side_by_side: Any, case: Any) -> None:
    """It is where the record leaves it as long as nobody else draws."""

    def make() -> Any:
        model = Dense(5, 3)
        return case(seeded(model), model)

    def script(step: Any, i: int, _: Any) -> Any:
        return step.gradients(X[i], Y[i]), default_rng().random() if i > 6 else 0

    assert "a random generator" in side_by_side(make, script, 10)[-1]


def test_a_gradient_whose_name_is_not_written(side_by_side: Any, case: Any) -> None:
    def make() -> Any:
        model = Dense(5, 3)

        def loss_of(x: Any, y: Any) -> Any:
            held = getattr(model.weight, "gr" + "ad")
            return mse_loss(model(x), y) * (1.0 if held is None else 2.0)

        return case(loss_of, model)

    def script(step: Any, i: int, its: Any) -> Any:
        if i < 7:
            its.model.zero_grad()
        return step.gradients(X[i], Y[i])

    reasons = side_by_side(make, script, 10)
    assert reasons[-1] == "with other numbers its record does not give the same: result 0"


@pytest.mark.parametrize("what", ["loss_of", "also"])
def test_what_a_step_is_made_of_may_be_replaced(what: str) -> None:
    model, box = Dense(5, 3), [1.0]
    step = RecordedStep(lambda x, y: mse_loss(model(x), y), model=model)

    def other(x: Any, y: Any) -> Any:
        return mse_loss(model(x), y) * 2

    for i in range(14):
        if i == 7:
            if what == "loss_of":
                step.loss_of = other
            else:
                step.also = (box,)
        loss = step.gradients(X[i], Y[i])
        wanted = (step.loss_of)(X[i], Y[i])
        assert loss.data.tobytes() == wanted.data.tobytes()
        if i in (6, 12, 13):
            assert step.why_eager is None
        if i == 13 and what == "also":
            box[0] = 2.0
    if what == "also":
        step.gradients(X[0], Y[0])
    assert step.why_eager == ("the step has changed" if what == "also" else None)
