"""The parts of a run: what they hold, and whether they can train together."""

import inspect
import platform
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence, Sized
from os import PathLike
from typing import Any

import numpy as np

import neural_net_core
from neural_net_core import Module
from neural_net_core.checks import check_callable, shown

__all__ = [
    "Checks",
    "check_names",
    "check_options",
    "check_parts",
    "close_all",
    "facts_of",
    "named_callbacks",
    "needs_closure",
    "parameters_held",
    "parameters_of",
    "state_of",
]


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


def needs_closure(optimizer: Any) -> bool:
    """Tell whether an optimizer computes the loss itself, several times in a step."""
    return bool(getattr(optimizer, "needs_closure", False))


def check_options(optimizer: Any, clip: Any, resume_from: Any, callbacks: Any) -> None:
    """Raise for options of `fit` of the wrong kind, or that do not go with the optimizer."""
    if clip is not None:
        check_callable("fit", "clip", clip)
        if needs_closure(optimizer):
            raise ValueError(
                f"fit: {type(optimizer).__name__} compares the loss with its gradients along the "
                "way, so they must not be clipped: leave out clip"
            )
    if not isinstance(resume_from, str | PathLike | None):
        raise TypeError(f"fit: resume_from must be the path of a file, got {shown(resume_from)}")
    if not isinstance(callbacks, Sequence):
        raise TypeError(
            f"fit: callbacks must be a list of Callback objects, got {shown(callbacks)}"
        )


def check_parts(model: Any, loss_fn: Any, optimizer: Any, scheduler: Any) -> None:
    """Raise for parts that cannot train, or would train something else without a word."""
    if not isinstance(model, Module):
        raise TypeError(f"fit: expected a Module as model, got {shown(model)}")
    for method in ("step", "zero_grad"):
        if isinstance(optimizer, type) or not callable(getattr(optimizer, method, None)):
            raise TypeError(f"fit: the optimizer must have {method}(), got {shown(optimizer)}")
    try:
        called = [None] if needs_closure(optimizer) else []
        inspect.signature(optimizer.step).bind(*called)
    except TypeError:
        raise TypeError(
            f"fit: it calls the optimizer's step() without arguments, and {shown(optimizer)} needs "
            "some; one that computes the loss itself says needs_closure = True, and gets step("
            "closure)"
        ) from None
    except ValueError:  # a builtin, whose arguments nobody knows
        pass
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


def facts_of(training: Any) -> dict[str, str]:
    """Everything that ranks which train together must have alike, by name."""
    ranked = [type(c).__name__ for c in training.callbacks if not c.first_rank_only]
    facts: dict[str, Any] = {
        "the version of Python": platform.python_version(),
        "the version of NumPy": np.__version__,
        "the version of neural-net-core": neural_net_core.__version__,
        "the model": training.model,
        "the loss": training.loss_fn,
        "the optimizer": type(training.optimizer).__name__,
        "the schedule": (type(training.scheduler).__name__, state_of(training.scheduler)),
        **{name: getattr(training, name) for name in ("epochs", "max_steps", "accumulate")},
        "the metrics": list(training.totals.metrics),
        "the callbacks": ranked,
    }
    for name, tensor in (*training.model.named_parameters(), *training.model.named_buffers()):
        kind = "" if tensor.requires_grad else " without gradient"
        facts[name] = f"{tensor.dtype} {tensor.shape}{kind}"
    names = {id(p): name for name, p in training.model.named_parameters()}
    for i, group in enumerate(getattr(training.optimizer, "param_groups", ())):
        for key, value in group.items():
            held = [names.get(id(p), "of no model") for p in value] if key == "params" else value
            facts[f"{key} of the optimizer's group {i}"] = held
    facts["the optimizer's state"] = _checksum(state_of(training.optimizer))
    for where in ("train_loader", "validation"):
        loader = getattr(training, where)
        place = state_of(loader)
        if isinstance(place, Mapping):  # seeds are rank 0's
            place = {key: value for key, value in place.items() if key != "seed"}
        data = getattr(loader, "dataset", None)
        facts[f"batches in {where}"] = len(loader) if isinstance(loader, Sized) else None
        facts[f"samples in {where}"] = len(data) if isinstance(data, Sized) else None
        facts[f"the batch size of {where}"] = getattr(loader, "batch_size", None)
        facts[f"the place in {where}"] = place
        sampler = getattr(loader, "sampler", None)
        values = _checksum(vars(sampler)) if hasattr(sampler, "__dict__") else None
        facts[f"the sampler of {where}"] = (type(sampler).__name__, values)
    # Functions show where they lie in memory, which differs.
    return {name: re.sub(r" at 0x[0-9a-fA-F]+", "", str(value)) for name, value in facts.items()}


def _checksum(state: Any) -> Any:
    """A state with numbers in place of arrays; they differ where the arrays' bits differ."""
    if isinstance(state, Mapping):
        return zlib.crc32(repr([(key, _checksum(value)) for key, value in state.items()]).encode())
    return zlib.crc32(state.tobytes()) if isinstance(state, np.ndarray) else state


def named_callbacks(callbacks: Iterable[Any]) -> dict[str, Any]:
    """Return callbacks by class name; a second one of a class is `Class.1`."""
    found: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for callback in callbacks:
        name = type(callback).__name__
        number = counts.get(name, 0)
        counts[name] = number + 1
        found[f"{name}.{number}" if number else name] = callback
    return found


def close_all(callbacks: Iterable[Any], error: BaseException | None) -> None:
    """Close every callback, whatever another one says; raise what was raised first, if it is new.

    Args:
        callbacks: The callbacks.
        error: What has ended the run, or None.
    """
    first = error
    for callback in callbacks:
        try:
            callback.close()
        except BaseException as failure:
            if first is None:
                first = failure
            else:
                first.add_note(f"{type(callback).__name__}.close() failed, too: {failure!r}")
    if first is not error and first is not None:
        raise first
