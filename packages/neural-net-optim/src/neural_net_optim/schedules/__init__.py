"""Learning-rate schedules: pure functions of the step, and classes that apply them."""

from neural_net_optim.schedules.combined import ChainedScheduler, SequentialLR, WarmupLR, warmup_lr
from neural_net_optim.schedules.constant import ConstantLR, constant_lr
from neural_net_optim.schedules.cosine import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    cosine_annealing_lr,
    cosine_annealing_warm_restarts,
)
from neural_net_optim.schedules.cyclic import CyclicLR, cyclic_lr
from neural_net_optim.schedules.exponential import ExponentialLR, exponential_lr
from neural_net_optim.schedules.functions import LambdaLR, MultiplicativeLR
from neural_net_optim.schedules.inverse_sqrt import InverseSqrtLR, inverse_sqrt_lr
from neural_net_optim.schedules.linear import LinearLR, linear_lr
from neural_net_optim.schedules.one_cycle import OneCycleLR, one_cycle_lr
from neural_net_optim.schedules.plateau import ReduceLROnPlateau
from neural_net_optim.schedules.polynomial import PolynomialLR, polynomial_lr
from neural_net_optim.schedules.scheduler import LRScheduler
from neural_net_optim.schedules.step import MultiStepLR, StepLR, multi_step_lr, step_lr
from neural_net_optim.schedules.swa_lr import SWALR

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "InverseSqrtLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "WarmupLR",
    "constant_lr",
    "cosine_annealing_lr",
    "cosine_annealing_warm_restarts",
    "cyclic_lr",
    "exponential_lr",
    "inverse_sqrt_lr",
    "linear_lr",
    "multi_step_lr",
    "one_cycle_lr",
    "polynomial_lr",
    "step_lr",
    "warmup_lr",
]
