"""Activations, one file per idea: the operation, its function and its module side by side.

The functions and modules (`tanh`, `Tanh`) stand at the root of the package. Here stand the
operations, such as `TanhOp`, each with the derivation of its gradient.
"""

from neural_net_core.activations.celu import CELUOp
from neural_net_core.activations.elu import ELUOp
from neural_net_core.activations.gelu import GELUOp, GELUTanhOp
from neural_net_core.activations.glu import GLUOp, SwiGLUOp
from neural_net_core.activations.gumbel_softmax import GumbelSoftmaxOp
from neural_net_core.activations.hardsigmoid import HardsigmoidOp
from neural_net_core.activations.hardswish import HardswishOp
from neural_net_core.activations.hardtanh import HardtanhOp
from neural_net_core.activations.leaky_relu import LeakyReLUOp
from neural_net_core.activations.logsigmoid import LogSigmoidOp
from neural_net_core.activations.mish import MishOp
from neural_net_core.activations.prelu import PReLUOp
from neural_net_core.activations.relu import ReLUOp
from neural_net_core.activations.sigmoid import SigmoidOp
from neural_net_core.activations.silu import SiLUOp
from neural_net_core.activations.softplus import SoftplusOp
from neural_net_core.activations.softsign import SoftsignOp
from neural_net_core.activations.swish import SwishOp
from neural_net_core.activations.tanh import TanhOp
from neural_net_core.activations.thresholding import HardshrinkOp, SoftshrinkOp, ThresholdOp

__all__ = [
    "CELUOp",
    "ELUOp",
    "GELUOp",
    "GELUTanhOp",
    "GLUOp",
    "GumbelSoftmaxOp",
    "HardshrinkOp",
    "HardsigmoidOp",
    "HardswishOp",
    "HardtanhOp",
    "LeakyReLUOp",
    "LogSigmoidOp",
    "MishOp",
    "PReLUOp",
    "ReLUOp",
    "SiLUOp",
    "SigmoidOp",
    "SoftplusOp",
    "SoftshrinkOp",
    "SoftsignOp",
    "SwiGLUOp",
    "SwishOp",
    "TanhOp",
    "ThresholdOp",
]
