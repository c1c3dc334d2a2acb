"""The options that attention is called with, for the overloads that say when weights come too."""

from typing import TypedDict

from neural_net_core.tensor import TensorLike
from neural_net_layers.attention.key_value_cache import KeyValueCache

__all__: list[str] = []


class Masks(TypedDict, total=False):
    """What may be attended to."""

    keep: TensorLike | None
    key_keep: TensorLike | None
    bias: TensorLike | None


class SelfOptions(Masks, total=False):
    """Of `SelfAttention`."""

    cache: KeyValueCache | None


class AttentionOptions(SelfOptions, total=False):
    """Of `MultiHeadAttention`."""

    causal: bool
    offset: int | None
    average_weights: bool
