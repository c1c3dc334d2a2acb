"""The options that attention is called with, for the overloads that say when weights come too."""

from typing import TypedDict

from neural_net_core.tensor import TensorLike
from neural_net_layers.attention.key_value_cache import DecoderCache, KeyValueCache

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


class LayerOptions(SelfOptions, total=False):
    """Of `TransformerEncoderLayer`."""

    causal: bool


class EncoderOptions(Masks, total=False):
    """Of `TransformerEncoder`."""

    causal: bool
    cache: list[KeyValueCache] | None


class MemoryMasks(Masks, total=False):
    """What may be attended to, in the sequence itself and in the memory."""

    causal: bool
    memory_keep: TensorLike | None
    memory_key_keep: TensorLike | None


class DecoderLayerOptions(MemoryMasks, total=False):
    """Of `TransformerDecoderLayer`."""

    cache: DecoderCache | None


class DecoderOptions(MemoryMasks, total=False):
    """Of `TransformerDecoder`."""

    cache: list[DecoderCache] | None
