"""Optimizers and learning-rate schedules for neural-net-core."""

from neural_net_optim.elementwise import ElementwiseOptimizer
from neural_net_optim.optimizer import Optimizer
from neural_net_optim.sgd import SGD

__all__ = ["SGD", "ElementwiseOptimizer", "Optimizer"]

__version__ = "0.1.0"
