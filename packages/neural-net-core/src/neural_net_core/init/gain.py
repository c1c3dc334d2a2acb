"""What an activation takes away from the signal, and weights make up for."""

import math
from typing import Literal

from neural_net_core.checks import check_number, check_word

__all__ = ["Nonlinearity", "calculate_gain"]

Nonlinearity = Literal[
    "linear",
    "identity",
    "sigmoid",
    "softmax",
    "tanh",
    "relu",
    "leaky_relu",
    "selu",
    "gelu",
    "silu",
]

_GAINS = {
    "linear": 1.0,
    "identity": 1.0,
    "sigmoid": 1.0,
    "softmax": 1.0,
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
    # The two below keep E[f(z)²] of a unit normal z at 1; computed by numerical integration.
    "gelu": 1.5335304412,
    "silu": 1.6765324703,
}


def calculate_gain(nonlinearity: Nonlinearity, param: float | None = None) -> float:
    """Return by how much weights must grow to make up for what an activation takes away.

    Args:
        nonlinearity: linear, identity, sigmoid, softmax, tanh, relu, leaky_relu, selu, gelu, silu.
            The values are PyTorch's where it has one.
        param: The negative slope of leaky_relu; None means 0.01.

    Returns:
        The factor on the standard deviation.

    Raises:
        ValueError: If the name is not one of these.

    Examples:
        >>> calculate_gain("tanh")
        1.6666666666666667
    """
    check_word("calculate_gain", "nonlinearity", nonlinearity, sorted([*_GAINS, "leaky_relu"]))
    slope = 0.01 if param is None else check_number("calculate_gain", "param", param)
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + slope * slope))
    return _GAINS[nonlinearity]
