"""Recurrent, convolutional, attention and normalization layers for neural-net-core."""

import sys

from neural_net_core.called_differently import explain_arguments
from neural_net_layers.adaptive_avg_pool2d import AdaptiveAvgPool2D, adaptive_avg_pool2d
from neural_net_layers.alibi import alibi_bias, alibi_slopes
from neural_net_layers.alpha_dropout import AlphaDropout, alpha_dropout
from neural_net_layers.attention_mask import causal_keep, padding_keep
from neural_net_layers.avg_pool1d import AvgPool1D, avg_pool1d
from neural_net_layers.avg_pool2d import AvgPool2D, avg_pool2d
from neural_net_layers.batch_norm import BatchNorm1D, BatchNorm2D, batch_norm
from neural_net_layers.conv1d import Conv1D, conv1d
from neural_net_layers.conv2d import Conv2D, conv2d
from neural_net_layers.conv_transpose2d import ConvTranspose2D, conv_transpose2d
from neural_net_layers.drop_path import DropPath, drop_path
from neural_net_layers.dropout import Dropout, dropout
from neural_net_layers.dropout2d import Dropout2D, dropout2d
from neural_net_layers.embedding import Embedding, embedding
from neural_net_layers.embedding_bag import EmbeddingBag, embedding_bag
from neural_net_layers.global_avg_pool2d import GlobalAvgPool2D, global_avg_pool2d
from neural_net_layers.group_norm import GroupNorm, group_norm
from neural_net_layers.gru import GRU, GRUCell
from neural_net_layers.instance_norm import InstanceNorm2D, instance_norm
from neural_net_layers.key_value_cache import DecoderCache, KeyValueCache
from neural_net_layers.layer_norm import LayerNorm, layer_norm
from neural_net_layers.learned_positions import LearnedPositionalEmbedding
from neural_net_layers.lstm import LSTM, LSTMCell
from neural_net_layers.max_pool1d import MaxPool1D, max_pool1d
from neural_net_layers.max_pool2d import MaxPool2D, max_pool2d
from neural_net_layers.modulation import AdaptiveLayerNorm, modulate
from neural_net_layers.multi_head_attention import MultiHeadAttention
from neural_net_layers.positional_encoding import PositionalEncoding, sinusoidal_positions
from neural_net_layers.replay import replay
from neural_net_layers.residual import Residual, ResidualBlock
from neural_net_layers.rms_norm import RMSNorm, rms_norm
from neural_net_layers.rotary_embedding import RotaryEmbedding
from neural_net_layers.scaled_dot_product_attention import scaled_dot_product_attention
from neural_net_layers.self_attention import SelfAttention
from neural_net_layers.timestep_embedding import TimestepEmbedding, timestep_embedding
from neural_net_layers.transformer_decoder import TransformerDecoder, TransformerDecoderLayer
from neural_net_layers.transformer_encoder import TransformerEncoder, TransformerEncoderLayer
from neural_net_layers.upsample import Upsample, upsample
from neural_net_layers.vanilla_rnn import RNNCell, VanillaRNN

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "AdaptiveAvgPool2D",
    "AdaptiveLayerNorm",
    "AlphaDropout",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm1D",
    "BatchNorm2D",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "DecoderCache",
    "DropPath",
    "Dropout",
    "Dropout2D",
    "Embedding",
    "EmbeddingBag",
    "GRUCell",
    "GlobalAvgPool2D",
    "GroupNorm",
    "InstanceNorm2D",
    "KeyValueCache",
    "LSTMCell",
    "LayerNorm",
    "LearnedPositionalEmbedding",
    "MaxPool1D",
    "MaxPool2D",
    "MultiHeadAttention",
    "PositionalEncoding",
    "RMSNorm",
    "RNNCell",
    "Residual",
    "ResidualBlock",
    "RotaryEmbedding",
    "SelfAttention",
    "TimestepEmbedding",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "Upsample",
    "VanillaRNN",
    "adaptive_avg_pool2d",
    "alibi_bias",
    "alibi_slopes",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "causal_keep",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "drop_path",
    "dropout",
    "dropout2d",
    "embedding",
    "embedding_bag",
    "global_avg_pool2d",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "max_pool1d",
    "max_pool2d",
    "modulate",
    "padding_keep",
    "replay",
    "rms_norm",
    "scaled_dot_product_attention",
    "sinusoidal_positions",
    "timestep_embedding",
    "upsample",
]

explain_arguments(sys.modules[__name__])
