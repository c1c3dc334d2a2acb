"""Cutting the history of whatever holds Tensors: a state that is carried from step to step."""

import copy
from typing import Any, TypeVar

import numpy as np

from neural_net_core.tensor import Tensor

__all__ = ["detach"]

State = TypeVar("State")


def detach(state: State) -> State:
    """Return a state without its history: what comes before gets no gradient from what follows.

    Train on a long sequence piece by piece: the state goes on, the gradient stops at the pieces'
    borders, and memory and time per step stay bounded (truncated back-propagation). A module that
    refines its own answer carries it from round to round in the same way.

    Args:
        state: A Tensor, or a tuple (named ones too), list or dictionary of states. Arrays, which
            have no history, and None stay what they are.

    Returns:
        The same structure, with Tensors that share the data.

    Raises:
        TypeError: If something else is in it, or it is in itself.

    Source:
        Williams & Peng (1990), An efficient gradient-based algorithm for on-line training of
        recurrent network trajectories.

    Examples:
        >>> from neural_net_core import Tensor
        >>> h = Tensor([1.0], requires_grad=True) * 2
        >>> cut = detach({"h": h, "cells": (h, None)})
        >>> cut["h"].requires_grad, cut["cells"][0].data
        (False, array([2.], dtype=float32))
    """
    try:
        return _detached(state)
    except RecursionError:
        raise TypeError("detach: expected a state that ends, got one that is in itself") from None


def _detached(state: Any) -> Any:
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, tuple | list):
        parts = [_detached(part) for part in state]
        return state._make(parts) if hasattr(state, "_make") else type(state)(parts)
    if isinstance(state, dict):
        cut = copy.copy(state)  # of the same type, such as an ordered or a default dict
        for name, part in state.items():
            cut[name] = _detached(part)
        return cut
    if state is None or isinstance(state, np.ndarray):
        return state
    raise TypeError(
        "detach: expected Tensors, or tuples, lists or dictionaries of them, got "
        f"{type(state).__name__}"
    )
