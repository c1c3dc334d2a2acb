"""Cutting the history of recurrent states, for truncated back-propagation through time."""

from typing import Any

from neural_net_core.tensor import Tensor

__all__ = ["detach"]


def detach(state: Any) -> Any:
    """Return a state without its history: what comes before gets no gradient from what follows.

    Train on a long sequence piece by piece: the state goes on, the gradient stops at the pieces'
    borders, and memory and time per step stay bounded (truncated back-propagation).

    Args:
        state: A Tensor, or a tuple, list or dictionary of states; None stays None.

    Returns:
        The same structure, with Tensors that share the data.

    Source:
        Williams & Peng (1990), An efficient gradient-based algorithm for on-line training of
        recurrent network trajectories.

    Examples:
        >>> import numpy as np
        >>> from neural_net_layers import LSTM
        >>> lstm, state = LSTM(2, 3), None
        >>> for piece in np.split(np.zeros((1, 12, 2)), 3, axis=1):
        ...     y, state = lstm(piece, detach(state))
        ...     (y**2).sum().backward()  # goes back 4 steps, not to the beginning
    """
    if isinstance(state, Tensor):
        return state.detach()
    if isinstance(state, tuple | list):
        return type(state)(detach(part) for part in state)
    if isinstance(state, dict):
        return {name: detach(part) for name, part in state.items()}
    if state is None:
        return None
    raise TypeError(
        "detach: expected Tensors, or tuples, lists or dictionaries of them, got "
        f"{type(state).__name__}"
    )
