"""Averages of a model's weights over training: exponential, and plain."""

from neural_net_optim.averaging.ema import EMA
from neural_net_optim.averaging.swa import SWA, update_batch_norm
from neural_net_optim.averaging.weights import WeightAverage

__all__ = ["EMA", "SWA", "WeightAverage", "update_batch_norm"]
