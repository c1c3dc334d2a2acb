"""Optimizers, learning-rate schedules, clipping, penalties and weight averages on NumPy."""

import sys
from importlib.util import find_spec

from neural_net_core.called_differently import explain_arguments
from neural_net_optim import schedules
from neural_net_optim.accumulation import GradientAccumulator
from neural_net_optim.adadelta import Adadelta
from neural_net_optim.adafactor import Adafactor
from neural_net_optim.adagrad import Adagrad
from neural_net_optim.adam import Adam
from neural_net_optim.adamax import Adamax
from neural_net_optim.adamw import AdamW
from neural_net_optim.averaging import EMA, SWA, WeightAverage, update_batch_norm
from neural_net_optim.base.elementwise import ElementwiseOptimizer, fast_update_of
from neural_net_optim.base.optimizer import Optimizer
from neural_net_optim.base.tensorwise import TensorwiseOptimizer
from neural_net_optim.clipping import (
    adaptive_clip_grad,
    clip_grad_norm,
    clip_grad_value,
    grad_norm,
)
from neural_net_optim.lamb import LAMB
from neural_net_optim.layer_wise import layer_wise_decay
from neural_net_optim.lbfgs import LBFGS
from neural_net_optim.lion import Lion
from neural_net_optim.lookahead import Lookahead
from neural_net_optim.muon import Muon, orthogonalize
from neural_net_optim.nadam import NAdam
from neural_net_optim.penalties import (
    elastic_penalty,
    l1_penalty,
    l2_penalty,
    weight_decay_groups,
)
from neural_net_optim.radam import RAdam
from neural_net_optim.rmsprop import RMSprop
from neural_net_optim.rprop import Rprop
from neural_net_optim.schedules import *  # noqa: F403
from neural_net_optim.sgd import SGD

__version__ = "0.1.0"

__all__ = [
    "EMA",
    "LAMB",
    "LBFGS",
    "SGD",
    "SWA",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ElementwiseOptimizer",
    "GradientAccumulator",
    "Lion",
    "Lookahead",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "TensorwiseOptimizer",
    "WeightAverage",
    "adaptive_clip_grad",
    "clip_grad_norm",
    "clip_grad_value",
    "elastic_penalty",
    "fast_update_of",
    "grad_norm",
    "l1_penalty",
    "l2_penalty",
    "layer_wise_decay",
    "orthogonalize",
    "schedules",
    "update_batch_norm",
    "weight_decay_groups",
]
__all__ += schedules.__all__

# The package is whole without these folders, only slower.
if find_spec("neural_net_core.fast") and find_spec("neural_net_optim.fast"):
    from neural_net_optim.fast import every_form as _every_form  # noqa: F401 (it registers them)

explain_arguments(sys.modules[__name__])
