"""Imports every fast form of the package, which registers it."""

import neural_net_layers.fast.adaptive_max_pool2d
import neural_net_layers.fast.attention
import neural_net_layers.fast.convolution.conv2d
import neural_net_layers.fast.convolution.conv_transpose2d
import neural_net_layers.fast.embedding
import neural_net_layers.fast.embedding_bag
import neural_net_layers.fast.max_pool2d
import neural_net_layers.fast.normalization.batch_norm
import neural_net_layers.fast.normalization.group_norm
import neural_net_layers.fast.normalization.layer_norm
import neural_net_layers.fast.normalization.rms_norm
import neural_net_layers.fast.recurrent.gru
import neural_net_layers.fast.recurrent.gru_paper
import neural_net_layers.fast.recurrent.lstm
import neural_net_layers.fast.recurrent.lstm_cell
import neural_net_layers.fast.recurrent.vanilla_rnn

__all__: list[str] = []
