"""The parts of a run: what they hold, and whether they can train together."""

import re
from collections.abc import Mapping
from typing import Any

from neural_net_core import Module
from neural_net_core.checks import shown

__all__ = ["Checks", "check_names", "check_parts", "parameters_held", "parameters_of", "state_of"]


class Checks:
    """The callbacks' checks as the last part of loading, so that a refusal puts all back."""

    def __init__(self, training: Any) -> None:
        self.training = training

    def state_dict(self) -> None:
        return None

    def load_state_dict(self, _: None) -> None:
        self.training.check()


def state_of(loader: Any) -> Any:
    """Return a loader's state, None if it keeps none."""
    return loader.state_dict() if hasattr(loader, "state_dict") else None


def parameters_of(part: Any) -> list[Any]:
    """Return a module's parameters; nothing else has any."""
    return list(part.parameters()) if isinstance(part, Module) else []


def parameters_held(optimizer: Any) -> list[Any]:
    """Return an optimizer's parameters, if it has groups."""
    groups = getattr(optimizer, "param_groups", ())
    return [p for group in groups if isinstance(group, Mapping) for p in group.get("params", ())]


def check_parts(model: Any, loss_fn: Any, optimizer: Any, scheduler: Any) -> None:
    """Raise for parts that cannot train, or would train something else without a word."""
    if not isinstance(model, Module):
        raise TypeError(f"fit: expected a Module as model, got {shown(model)}")
    for method in ("step", "zero_grad"):
        if isinstance(optimizer, type) or not callable(getattr(optimizer, method, None)):
            raise TypeError(f"fit: the optimizer must have {method}(), got {shown(optimizer)}")
    held = parameters_held(optimizer)
    own = [*parameters_of(model), *parameters_of(loss_fn)]
    if held and own and not {id(p) for p in held} & {id(p) for p in own}:
        raise ValueError(
            f"fit: the optimizer ({type(optimizer).__name__}) holds no parameter of the model "
            f"({type(model).__name__}), so that nothing would be trained: make it from "
            "model.parameters(), after the model's last change"
        )
    if scheduler is None:
        return
    steps = (getattr(scheduler, name, None) for name in ("step", "step_metric"))
    if isinstance(scheduler, type) or not any(map(callable, steps)):
        raise TypeError(
            f"fit: the scheduler must have step() or step_metric(), got {shown(scheduler)}"
        )
    groups = [
        getattr(o, "param_groups", None) for o in (optimizer, getattr(scheduler, "optimizer", None))
    ]
    if None not in groups and groups[0] is not groups[1]:
        raise ValueError(
            f"fit: the scheduler ({type(scheduler).__name__}) sets the rates of another optimizer "
            "than the one that trains: make it from the same"
        )


def check_names(metrics: Any) -> None:
    """Raise for metrics whose columns in the history would be somebody else's."""
    for name in metrics if isinstance(metrics, Mapping) else ():
        if isinstance(name, str) and re.fullmatch(r"epoch|lr(_\d+)?|val_.*", name, re.DOTALL):
            raise ValueError(
                f"metrics: the name {name!r} is taken: columns of the validation begin with "
                '"val_", "epoch" numbers the rows, "lr" is the learning rate'
            )
