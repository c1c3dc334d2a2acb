"""Optimizers and learning-rate schedules for neural-net-core."""

from neural_net_optim.adadelta import Adadelta
from neural_net_optim.adafactor import Adafactor
from neural_net_optim.adagrad import Adagrad
from neural_net_optim.adam import Adam
from neural_net_optim.adamax import Adamax
from neural_net_optim.adamw import AdamW
from neural_net_optim.elementwise import ElementwiseOptimizer
from neural_net_optim.lamb import LAMB
from neural_net_optim.lion import Lion
from neural_net_optim.muon import Muon
from neural_net_optim.nadam import NAdam
from neural_net_optim.optimizer import Optimizer
from neural_net_optim.radam import RAdam
from neural_net_optim.rmsprop import RMSprop
from neural_net_optim.sgd import SGD
from neural_net_optim.tensorwise import TensorwiseOptimizer

__all__ = [
    "LAMB",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ElementwiseOptimizer",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "TensorwiseOptimizer",
]

__version__ = "0.1.0"
