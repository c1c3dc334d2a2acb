"""Tensors, automatic differentiation, modules, activations, losses and checkpoints on NumPy."""

# First, because it ties the knot between tensors and operations (see the end of tensor.py).
from neural_net_core.tensor import Buffer, Parameter, Tensor, TensorLike, as_tensor  # isort: skip

import sys

from neural_net_core import activations, init, losses, ops
from neural_net_core.activations import *  # noqa: F403
from neural_net_core.called_differently import explain_arguments
from neural_net_core.detaching import detach
from neural_net_core.drawing import no_init
from neural_net_core.dtypes import Array, default_dtype, get_default_dtype
from neural_net_core.errors import (
    CheckpointError,
    DTypeError,
    GraphError,
    GraphFreedError,
    HistoryError,
    NeuralNetError,
    PositionError,
    ShapeError,
    StateDictError,
    TrainingError,
)
from neural_net_core.files.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_tensors,
    save_checkpoint,
    save_tensors,
)
from neural_net_core.grad_mode import enable_grad, is_grad_enabled, no_grad
from neural_net_core.init import Initializer
from neural_net_core.losses import *  # noqa: F403
from neural_net_core.memory import keep_freed_memory
from neural_net_core.modules.containers import ModuleDict, ModuleList, Sequential
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.feed_forward import FeedForward
from neural_net_core.modules.flatten import Flatten, Unflatten
from neural_net_core.modules.module import Module
from neural_net_core.op import Op
from neural_net_core.random import default_rng, seed
from neural_net_core.tape import grad

__version__ = "0.1.0"

__all__ = [
    "Array",
    "Buffer",
    "Checkpoint",
    "CheckpointError",
    "DTypeError",
    "Dense",
    "FeedForward",
    "Flatten",
    "GraphError",
    "GraphFreedError",
    "HistoryError",
    "Initializer",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NeuralNetError",
    "Op",
    "Parameter",
    "PositionError",
    "Sequential",
    "ShapeError",
    "StateDictError",
    "Tensor",
    "TensorLike",
    "TrainingError",
    "Unflatten",
    "activations",
    "as_tensor",
    "default_dtype",
    "default_rng",
    "detach",
    "enable_grad",
    "get_default_dtype",
    "grad",
    "init",
    "is_grad_enabled",
    "keep_freed_memory",
    "load_checkpoint",
    "load_tensors",
    "losses",
    "no_grad",
    "no_init",
    "ops",
    "save_checkpoint",
    "save_tensors",
    "seed",
]
__all__ += activations.__all__
__all__ += losses.__all__

explain_arguments(sys.modules[__name__])
