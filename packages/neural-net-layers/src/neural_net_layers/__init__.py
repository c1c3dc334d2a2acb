"""Recurrent, convolutional, attention and normalization layers for neural-net-core."""

from neural_net_layers.alpha_dropout import AlphaDropout, alpha_dropout
from neural_net_layers.batch_norm import BatchNorm1D, BatchNorm2D, batch_norm
from neural_net_layers.drop_path import DropPath, drop_path
from neural_net_layers.dropout import Dropout, dropout
from neural_net_layers.dropout2d import Dropout2D, dropout2d
from neural_net_layers.group_norm import GroupNorm, group_norm
from neural_net_layers.instance_norm import InstanceNorm2D, instance_norm
from neural_net_layers.layer_norm import LayerNorm, layer_norm
from neural_net_layers.modulation import AdaptiveLayerNorm, modulate
from neural_net_layers.residual import Residual, ResidualBlock
from neural_net_layers.rms_norm import RMSNorm, rms_norm

__version__ = "0.1.0"

__all__ = [
    "AdaptiveLayerNorm",
    "AlphaDropout",
    "BatchNorm1D",
    "BatchNorm2D",
    "DropPath",
    "Dropout",
    "Dropout2D",
    "GroupNorm",
    "InstanceNorm2D",
    "LayerNorm",
    "RMSNorm",
    "Residual",
    "ResidualBlock",
    "alpha_dropout",
    "batch_norm",
    "drop_path",
    "dropout",
    "dropout2d",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "modulate",
    "rms_norm",
]
