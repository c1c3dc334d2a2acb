"""The options that attention is called with, for the overloads that say when weights come too."""

from typing import Generic, TypedDict, TypeVar

from neural_net_core.tensor import TensorLike
from neural_net_layers.attention.key_value_cache import KeyValueCache

__all__: list[str] = []

Cache = TypeVar("Cache")


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


class EncoderOptions(Masks, Generic[Cache], total=False):
    """Of `TransformerEncoder` and its layers."""

    causal: bool
    cache: Cache | None


class DecoderOptions(Masks, Generic[Cache], total=False):
    """Of `TransformerDecoder` and its layers."""

    causal: bool
    memory_keep: TensorLike | None
    memory_key_keep: TensorLike | None
    cache: Cache | None
