"""Activations, each as a function and as a module, one file per idea.

Where an operation and a module share a name, the operation carries the suffix: `TanhOp` is the
derivative's derivation, `tanh` the function, `Tanh` the module.
"""

import sys

from neural_net_core.activations.elu import ELU, ELUOp, elu
from neural_net_core.activations.gelu import GELU, GELUOp, GELUTanhOp, gelu
from neural_net_core.activations.glu import GLU, GLUOp, SwiGLU, SwiGLUOp, glu, swiglu
from neural_net_core.activations.hardsigmoid import Hardsigmoid, HardsigmoidOp, hardsigmoid
from neural_net_core.activations.hardswish import Hardswish, HardswishOp, hardswish
from neural_net_core.activations.hardtanh import Hardtanh, HardtanhOp, ReLU6, hardtanh, relu6
from neural_net_core.activations.identity import Identity
from neural_net_core.activations.leaky_relu import LeakyReLU, LeakyReLUOp, leaky_relu
from neural_net_core.activations.logsigmoid import LogSigmoid, LogSigmoidOp, logsigmoid
from neural_net_core.activations.mish import Mish, MishOp, mish
from neural_net_core.activations.prelu import PReLU, PReLUOp, prelu
from neural_net_core.activations.relu import ReLU, ReLUOp, relu
from neural_net_core.activations.selu import SELU, SELU_ALPHA, SELU_SCALE, selu
from neural_net_core.activations.sigmoid import Sigmoid, SigmoidOp, sigmoid
from neural_net_core.activations.silu import SiLU, SiLUOp, silu
from neural_net_core.activations.softmax import LogSoftmax, Softmax, log_softmax, softmax
from neural_net_core.activations.softplus import Softplus, SoftplusOp, softplus
from neural_net_core.activations.softsign import Softsign, SoftsignOp, softsign
from neural_net_core.activations.swish import Swish, SwishOp, swish
from neural_net_core.activations.tanh import Tanh, TanhOp, tanh
from neural_net_core.called_differently import explain_words

__all__ = [
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "SELU_ALPHA",
    "SELU_SCALE",
    "ELUOp",
    "GELUOp",
    "GELUTanhOp",
    "GLUOp",
    "Hardsigmoid",
    "HardsigmoidOp",
    "Hardswish",
    "HardswishOp",
    "Hardtanh",
    "HardtanhOp",
    "Identity",
    "LeakyReLU",
    "LeakyReLUOp",
    "LogSigmoid",
    "LogSigmoidOp",
    "LogSoftmax",
    "Mish",
    "MishOp",
    "PReLU",
    "PReLUOp",
    "ReLU",
    "ReLU6",
    "ReLUOp",
    "SiLU",
    "SiLUOp",
    "Sigmoid",
    "SigmoidOp",
    "Softmax",
    "Softplus",
    "SoftplusOp",
    "Softsign",
    "SoftsignOp",
    "SwiGLU",
    "SwiGLUOp",
    "Swish",
    "SwishOp",
    "Tanh",
    "TanhOp",
    "elu",
    "gelu",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swiglu",
    "swish",
    "tanh",
]

explain_words(sys.modules[__name__], "axis", "low")
