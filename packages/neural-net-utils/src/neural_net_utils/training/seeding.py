"""Randomness that repeats: seed it in one place, find every generator that a model draws from."""

from __future__ import annotations

import random

import numpy as np

from neural_net_core import Module, default_rng, seed
from neural_net_core.checks import check_count

__all__ = ["named_generators", "seed_everything", "spawn_generators"]


def seed_everything(number: int) -> np.random.Generator:
    """Restart the library's generator and Python's own `random`.

    NumPy's global generator is left alone: nothing here draws from it.

    Args:
        number: any integer from 0 up.

    Returns:
        The library's generator, to draw from or to pass on.

    Examples:
        >>> first = seed_everything(7).random()
        >>> first == seed_everything(7).random()
        True
    """
    number = check_count("seed_everything", "number", number, 0, 2**128 - 1)
    seed(number)
    random.seed(number)
    return default_rng()


def spawn_generators(number: int, count: int) -> list[np.random.Generator]:
    """Independent generators from one seed: one for the data, one for the weights, …

    Drawing more from one leaves the others' numbers as they were, so that a change of the model
    does not reshuffle the data.

    Args:
        number: any integer from 0 up.
        count: how many.

    Examples:
        >>> data, weights = spawn_generators(0, 2)
        >>> data.random() == weights.random()
        False
    """
    number = check_count("spawn_generators", "number", number, 0, 2**128 - 1)
    count = check_count("spawn_generators", "count", count, 1)
    return [np.random.default_rng(child) for child in np.random.SeedSequence(number).spawn(count)]


def named_generators(**modules: object) -> dict[str, np.random.Generator]:
    """Every generator that training draws from: the library's, and those that modules hold.

    Args:
        **modules: modules by name, such as `model=model`; what is not a module is passed over.

    Returns:
        Generators by path, such as `"model.layers.1.rng"`; each once, the library's as `"library"`.
    """
    found = {"library": default_rng()}
    seen = {id(found["library"])}
    for name, module in modules.items():
        if not isinstance(module, Module):
            continue
        for path, part in module.named_modules():
            for attribute, value in vars(part).items():
                if isinstance(value, np.random.Generator) and id(value) not in seen:
                    seen.add(id(value))
                    found[".".join(filter(None, (name, path, attribute)))] = value
    return found
