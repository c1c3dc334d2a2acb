"""The learning-rate range test: raise the rate step by step, and watch the loss."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neural_net_core import Module
from neural_net_core.checks import check_count, check_instance, check_number
from neural_net_utils.loading.loader import Batch
from neural_net_utils.training._parts import needs_closure
from neural_net_utils.training.callbacks._weights import copy_weights, restore_weights
from neural_net_utils.training.evaluate import (
    LossFunction,
    check_batch,
    check_loader,
    loss_function,
    loss_value,
)
from neural_net_utils.training.seeding import named_generators

__all__ = ["LearningRateSearch", "find_learning_rate"]


@dataclass(frozen=True)
class LearningRateSearch:
    """What the range test saw; draw `smoothed` over `rates` on a logarithmic axis.

    Attributes:
        rates: the learning rates tried, rising.
        losses: the loss that each step began with.
        smoothed: their running average, corrected for its start at zero.
        suggestion: where the smoothed loss falls most steeply per decade; None if it never falls.
        diverged: whether the loss exploded before the last rate.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None
    diverged: bool


def find_learning_rate(
    model: Module,
    loss_fn: LossFunction | None,
    optimizer: Any,
    train_loader: Iterable[Batch],
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    smoothing: float = 0.9,
    explosion: float = 4.0,
) -> LearningRateSearch:
    r"""Train a few steps with rising rates, suggest one, and put everything back.

    $$ \eta_i = \eta_{low} (\eta_{high} / \eta_{low})^{i / (n - 1)} $$

    Model, optimizer, gradients, loader and generators are afterwards as before. All parameter
    groups run at the same rate.

    Args:
        model: called as `model(*inputs)`.
        loss_fn: `loss_fn(output, target)` gives a scalar Tensor; None as in `fit`.
        optimizer: with `param_groups`, `state_dict()` and `load_state_dict()`.
        train_loader: batches `(*inputs, target)`, read again from the start as often as needed.
        lowest: first rate.
        highest: last rate.
        steps: how many rates, evenly spaced on a logarithmic scale.
        smoothing: weight of the past in the running average, 0 to < 1.
        explosion: end when the smoothed loss exceeds so many times its smallest value, or a loss is
            not finite.

    Returns:
        Rates, losses and the suggestion.

    Raises:
        ValueError: for arguments out of range, an empty loader, or an optimizer that finds the
            length of its steps itself.
        TypeError: if the optimizer's state cannot be saved.

    Source: Smith (2017), Cyclical Learning Rates for Training Neural Networks,
        arXiv:1506.01186, section 3.3; the steepest-fall rule is common practice since.
    """
    where = "find_learning_rate"
    check_instance(where, "model", model, Module)
    lowest = check_number(where, "lowest", lowest, above=0)
    highest = check_number(where, "highest", highest, above=lowest)
    smoothing = check_number(where, "smoothing", smoothing, 0, below=1)
    explosion = check_number(where, "explosion", explosion, above=1)
    count = check_count(where, "steps", steps, 5)
    if not all(hasattr(optimizer, a) for a in ("param_groups", "state_dict", "load_state_dict")):
        raise TypeError(
            "find_learning_rate: needs an optimizer with param_groups, state_dict() and "
            f"load_state_dict(), got {type(optimizer).__name__}"
        )
    if needs_closure(optimizer):
        raise ValueError(
            f"find_learning_rate: {type(optimizer).__name__} finds the length of its steps itself"
        )
    loss_of, with_target = loss_function("find_learning_rate", loss_fn, None)
    check_loader("find_learning_rate: train_loader", train_loader, with_target)
    rates = np.geomspace(lowest, highest, count).tolist()
    restore = _remember(model, loss_fn, optimizer, train_loader)
    losses: list[float] = []
    smoothed: list[float] = []
    average = 0.0
    diverged = False
    try:
        model.train()
        batches = _forever(train_loader, with_target)
        for rate in rates:
            for group in optimizer.param_groups:
                group["lr"] = rate
            *inputs, target = next(batches)
            optimizer.zero_grad()
            with np.errstate(all="ignore"):  # the test goes on until it breaks
                loss = loss_of(model(*inputs), target)
                value = loss_value(loss)
                if not math.isfinite(value):
                    diverged = True
                    break
                losses.append(value)
                average = smoothing * average + (1 - smoothing) * value
                smoothed.append(average / (1 - smoothing ** len(losses)))
                if smoothed[-1] > explosion * min(smoothed) > 0:
                    diverged = True
                    break
                loss.backward()
                optimizer.step()
    finally:
        restore()
    rates = rates[: len(losses)]
    return LearningRateSearch(rates, losses, smoothed, _steepest(rates, smoothed), diverged)


def _steepest(rates: list[float], smoothed: list[float]) -> float | None:
    """The rate at which the smoothed loss falls fastest, up to its lowest point."""
    end = int(np.argmin(smoothed)) + 1 if smoothed else 0
    if end < 3:
        return None
    slopes = np.gradient(np.array(smoothed[:end]), np.log(rates[:end]))
    steepest = int(np.argmin(slopes))
    return rates[steepest] if slopes[steepest] < 0 else None


def _forever(loader: Iterable[Batch], with_target: bool) -> Iterator[Batch]:
    while True:
        empty = True
        for batch in loader:
            empty = False
            yield check_batch("find_learning_rate", batch, with_target)
        if empty:
            raise ValueError("find_learning_rate: the loader gave no batch")


def _remember(model: Module, loss_fn: Any, optimizer: Any, loader: Any) -> Any:
    """A function that puts everything that training changes back to how it is now."""
    weights = copy_weights(model)
    gradients = [(p, None if p.grad is None else p.grad.copy()) for p in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    state = copy.deepcopy(optimizer.state_dict())
    generators = [*named_generators(model=model, loss_fn=loss_fn).values()]
    if isinstance(getattr(loader, "rng", None), np.random.Generator):
        generators.append(loader.rng)
    bits = [(g, copy.deepcopy(g.bit_generator.state)) for g in generators]
    place = loader.state_dict() if hasattr(loader, "state_dict") else None

    def restore() -> None:
        optimizer.load_state_dict(state)
        restore_weights(model, weights)
        for parameter, gradient in gradients:
            parameter.grad = gradient
        for module, training in modes:
            module.training = training
        for generator, former in bits:
            generator.bit_generator.state = former
        if place is not None:
            loader.load_state_dict(place)

    return restore
