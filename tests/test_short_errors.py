"""What refuses the state of a large network says so in a few lines, whoever refuses it."""

from typing import Any

import numpy as np
import pytest

import neural_net_optim as optim
from neural_net_core import Dense, Sequential, StateDictError

OPTIMIZERS = [
    cls
    for cls in (getattr(optim, name) for name in optim.__all__)
    if isinstance(cls, type)
    and issubclass(cls, optim.Optimizer)
    and cls not in {optim.Optimizer, optim.ElementwiseOptimizer, optim.TensorwiseOptimizer}
]


def stepped(make: Any, prefix: str = "") -> Any:
    """An optimizer of four hundred parameters after one step, and nothing it shares."""
    model = Sequential(*[Dense(2, 2) for _ in range(200)])
    optimizer = make([(prefix + name, p) for name, p in model.named_parameters()])
    for p in model.parameters():
        p.grad = np.ones_like(p.data)
    optimizer.step(lambda: 1.0)
    return optimizer


def refusal(thing: Any, state: Any) -> str:
    with pytest.raises(StateDictError) as caught:
        thing.load_state_dict(state)
    return str(caught.value)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_an_optimizer_refuses_in_a_few_lines(make: Any) -> None:
    optimizer, renamed = stepped(make), stepped(make, "module.")
    other = stepped(optim.Adadelta if make is not optim.Adadelta else optim.Adam)
    good = optimizer.state_dict()
    halves = {key: {"step": 1, "odd": 2} for key in good["state"]}
    for state in (
        renamed.state_dict(),
        other.state_dict(),
        {**good, "state": halves},
        {**good, "state": dict.fromkeys(good["state"], 3)},
        {**good, "param_groups": good["param_groups"] * 50},
        {"w" * 10_000: 1},
    ):
        assert len(refusal(optimizer, state)) < 1_500


@pytest.mark.parametrize("make", [optim.EMA, optim.SWA])
def test_an_average_refuses_in_a_few_lines_and_names_a_prefix_that_differs(make: Any) -> None:
    average = make(Sequential(*[Dense(2, 2) for _ in range(200)]))
    good = average.state_dict()
    renamed = {f"module.{key}": value for key, value in good["average"].items()}
    text = refusal(average, {**good, "average": renamed})
    assert len(text) < 1_500
    assert "(400 in all)" in text
    code = text.splitlines()[-1].strip()
    mended = eval(code, {"state": {"average": renamed}})  # noqa: S307
    average.load_state_dict({**good, "average": mended})
    unfit = {key: np.zeros(7) for key in good["average"]}
    assert len(refusal(average, {**good, "average": unfit})) < 1_500


def test_lookahead_refuses_in_a_few_lines() -> None:
    lookahead = stepped(lambda pairs: optim.Lookahead(optim.SGD(pairs)))
    state = lookahead.state_dict()
    assert len(refusal(lookahead, {**state, "slow": [np.ones(3)] * 400})) < 1_500
