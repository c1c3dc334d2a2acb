"""Recurrent, convolutional, attention and normalization layers for neural-net-core."""

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

from neural_net_core.called_differently import explain_arguments, explain_words, unknown_name
from neural_net_layers.attention.attention_mask import causal_keep, padding_keep
from neural_net_layers.attention.key_value_cache import DecoderCache, KeyValueCache
from neural_net_layers.attention.multi_head_attention import MultiHeadAttention
from neural_net_layers.attention.scaled_dot_product_attention import scaled_dot_product_attention
from neural_net_layers.attention.self_attention import SelfAttention
from neural_net_layers.convolution.conv1d import Conv1D, conv1d
from neural_net_layers.convolution.conv2d import Conv2D, conv2d
from neural_net_layers.convolution.conv_transpose1d import ConvTranspose1D, conv_transpose1d
from neural_net_layers.convolution.conv_transpose2d import ConvTranspose2D, conv_transpose2d
from neural_net_layers.convolution.fold import Fold, fold
from neural_net_layers.convolution.unfold import Unfold, unfold
from neural_net_layers.embeddings.embedding import Embedding, embedding
from neural_net_layers.embeddings.embedding_bag import EmbeddingBag, embedding_bag
from neural_net_layers.normalization.batch_norm import BatchNorm1D, BatchNorm2D, batch_norm
from neural_net_layers.normalization.group_norm import GroupNorm, group_norm
from neural_net_layers.normalization.instance_norm import (
    InstanceNorm1D,
    InstanceNorm2D,
    instance_norm,
)
from neural_net_layers.normalization.layer_norm import LayerNorm, layer_norm
from neural_net_layers.normalization.modulation import AdaptiveLayerNorm, modulate
from neural_net_layers.normalization.rms_norm import RMSNorm, rms_norm
from neural_net_layers.padding.circular_pad import CircularPad1D, CircularPad2D
from neural_net_layers.padding.constant_pad import ConstantPad1D, ConstantPad2D
from neural_net_layers.padding.reflection_pad import ReflectionPad1D, ReflectionPad2D
from neural_net_layers.padding.replication_pad import ReplicationPad1D, ReplicationPad2D
from neural_net_layers.padding.zero_pad import ZeroPad1D, ZeroPad2D
from neural_net_layers.parametrization.parametrization import remove_parametrizations
from neural_net_layers.parametrization.spectral_norm import spectral_norm
from neural_net_layers.parametrization.weight_norm import weight_norm
from neural_net_layers.pooling.adaptive_avg_pool1d import AdaptiveAvgPool1D, adaptive_avg_pool1d
from neural_net_layers.pooling.adaptive_avg_pool2d import AdaptiveAvgPool2D, adaptive_avg_pool2d
from neural_net_layers.pooling.adaptive_max_pool1d import AdaptiveMaxPool1D, adaptive_max_pool1d
from neural_net_layers.pooling.adaptive_max_pool2d import AdaptiveMaxPool2D, adaptive_max_pool2d
from neural_net_layers.pooling.avg_pool1d import AvgPool1D, avg_pool1d
from neural_net_layers.pooling.avg_pool2d import AvgPool2D, avg_pool2d
from neural_net_layers.pooling.global_avg_pool1d import GlobalAvgPool1D, global_avg_pool1d
from neural_net_layers.pooling.global_avg_pool2d import GlobalAvgPool2D, global_avg_pool2d
from neural_net_layers.pooling.global_max_pool1d import GlobalMaxPool1D, global_max_pool1d
from neural_net_layers.pooling.global_max_pool2d import GlobalMaxPool2D, global_max_pool2d
from neural_net_layers.pooling.max_pool1d import MaxPool1D, max_pool1d
from neural_net_layers.pooling.max_pool2d import MaxPool2D, max_pool2d
from neural_net_layers.pooling.max_unpool2d import MaxUnpool2D, max_unpool2d
from neural_net_layers.pooling.pixel_shuffle import (
    PixelShuffle,
    PixelUnshuffle,
    pixel_shuffle,
    pixel_unshuffle,
)
from neural_net_layers.pooling.upsample import Upsample, upsample
from neural_net_layers.positions.alibi import alibi_bias, alibi_slopes
from neural_net_layers.positions.learned_positions import LearnedPositionalEmbedding
from neural_net_layers.positions.positional_encoding import PositionalEncoding, sinusoidal_positions
from neural_net_layers.positions.rotary_embedding import RotaryEmbedding
from neural_net_layers.positions.timestep_embedding import TimestepEmbedding, timestep_embedding
from neural_net_layers.recurrent.gru import GRU
from neural_net_layers.recurrent.gru_cell import GRUCell
from neural_net_layers.recurrent.lstm import LSTM
from neural_net_layers.recurrent.lstm_cell import LSTMCell
from neural_net_layers.recurrent.rnn_cell import RNNCell
from neural_net_layers.recurrent.unroll import unroll
from neural_net_layers.recurrent.vanilla_rnn import VanillaRNN
from neural_net_layers.regularization.alpha_dropout import AlphaDropout, alpha_dropout
from neural_net_layers.regularization.drop_path import DropPath, drop_path
from neural_net_layers.regularization.dropout import Dropout, dropout
from neural_net_layers.regularization.dropout2d import Dropout2D, dropout2d
from neural_net_layers.residual import Residual, ResidualBlock
from neural_net_layers.transformers.transformer import Transformer
from neural_net_layers.transformers.transformer_decoder import (
    TransformerDecoder,
    TransformerDecoderLayer,
)
from neural_net_layers.transformers.transformer_encoder import (
    TransformerEncoder,
    TransformerEncoderLayer,
)

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "AdaptiveAvgPool1D",
    "AdaptiveAvgPool2D",
    "AdaptiveLayerNorm",
    "AdaptiveMaxPool1D",
    "AdaptiveMaxPool2D",
    "AlphaDropout",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm1D",
    "BatchNorm2D",
    "CircularPad1D",
    "CircularPad2D",
    "ConstantPad1D",
    "ConstantPad2D",
    "Conv1D",
    "Conv2D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "DecoderCache",
    "DropPath",
    "Dropout",
    "Dropout2D",
    "Embedding",
    "EmbeddingBag",
    "Fold",
    "GRUCell",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GroupNorm",
    "InstanceNorm1D",
    "InstanceNorm2D",
    "KeyValueCache",
    "LSTMCell",
    "LayerNorm",
    "LearnedPositionalEmbedding",
    "MaxPool1D",
    "MaxPool2D",
    "MaxUnpool2D",
    "MultiHeadAttention",
    "PixelShuffle",
    "PixelUnshuffle",
    "PositionalEncoding",
    "RMSNorm",
    "RNNCell",
    "ReflectionPad1D",
    "ReflectionPad2D",
    "ReplicationPad1D",
    "ReplicationPad2D",
    "Residual",
    "ResidualBlock",
    "RotaryEmbedding",
    "SelfAttention",
    "TimestepEmbedding",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "Unfold",
    "Upsample",
    "VanillaRNN",
    "ZeroPad1D",
    "ZeroPad2D",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "alibi_bias",
    "alibi_slopes",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "causal_keep",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "drop_path",
    "dropout",
    "dropout2d",
    "embedding",
    "embedding_bag",
    "fold",
    "global_avg_pool1d",
    "global_avg_pool2d",
    "global_max_pool1d",
    "global_max_pool2d",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "max_pool1d",
    "max_pool2d",
    "max_unpool2d",
    "modulate",
    "padding_keep",
    "pixel_shuffle",
    "pixel_unshuffle",
    "remove_parametrizations",
    "rms_norm",
    "scaled_dot_product_attention",
    "sinusoidal_positions",
    "spectral_norm",
    "timestep_embedding",
    "unfold",
    "unroll",
    "upsample",
    "weight_norm",
]

# The package is whole without these folders, only slower.
if find_spec("neural_net_core.fast") and find_spec("neural_net_layers.fast"):
    from neural_net_layers.fast import every_form as _every_form  # noqa: F401 (it registers them)

explain_words(sys.modules[__name__], "axis")
explain_arguments(sys.modules[__name__])

if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> NoReturn:
        unknown_name(__name__, name)
