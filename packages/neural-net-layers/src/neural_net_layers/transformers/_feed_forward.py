"""The widths of a transformer's feed-forward part, and its activation by name."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from neural_net_core import geglu, gelu, relu, silu, swiglu
from neural_net_core.checks import check_count, shown

__all__: list[str] = []

Activation = (
    Literal["relu", "gelu", "gelu_tanh", "silu", "swiglu", "geglu", "geglu_tanh"]
    | Callable[[Any], Any]
)

_KNOWN: dict[str, tuple[Callable[[Any], Any], int]] = {
    "relu": (relu, 1),
    "gelu": (gelu, 1),
    "gelu_tanh": (partial(gelu, approximate="tanh"), 1),
    "silu": (silu, 1),
    "swiglu": (swiglu, 2),
    "geglu": (geglu, 2),
    "geglu_tanh": (partial(geglu, approximate="tanh"), 2),
}


def widths(layer: str, features: int, hidden_features: int | None) -> tuple[int, int]:
    """Return the width outside, D, and inside, 4 D unless it is given."""
    features = check_count(layer, "features", features)
    if hidden_features is None:
        return features, 4 * features
    return features, check_count(layer, "hidden_features", hidden_features)


def resolve_activation(layer: str, activation: Activation) -> tuple[Callable[[Any], Any], int]:
    """Return the function, and how many times as wide as its result its input is."""
    if callable(activation):
        return activation, 1
    word: Any = activation  # what is no str may have no hash
    if not isinstance(word, str) or word not in _KNOWN:
        known = ", ".join(map(repr, _KNOWN))
        raise ValueError(
            f"{layer}: activation must be {known} or a function, got {shown(activation)}"
        )
    return _KNOWN[activation]
