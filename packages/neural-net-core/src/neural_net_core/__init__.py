"""Tensors, automatic differentiation, modules, activations, losses and checkpoints on NumPy."""

# First, because it ties the knot between tensors and operations (see the end of tensor.py).
from neural_net_core.tensor import Buffer, Parameter, Tensor, TensorLike, as_tensor  # isort: skip

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

from neural_net_core import init, linalg, ops
from neural_net_core.activations.celu import CELU, celu
from neural_net_core.activations.elu import ELU, elu
from neural_net_core.activations.gelu import GELU, gelu
from neural_net_core.activations.glu import GLU, SwiGLU, geglu, glu, swiglu
from neural_net_core.activations.gumbel_softmax import gumbel_softmax
from neural_net_core.activations.hardsigmoid import Hardsigmoid, hardsigmoid
from neural_net_core.activations.hardswish import Hardswish, hardswish
from neural_net_core.activations.hardtanh import Hardtanh, ReLU6, hardtanh, relu6
from neural_net_core.activations.identity import Identity
from neural_net_core.activations.leaky_relu import LeakyReLU, leaky_relu
from neural_net_core.activations.logsigmoid import LogSigmoid, logsigmoid
from neural_net_core.activations.mish import Mish, mish
from neural_net_core.activations.prelu import PReLU, prelu
from neural_net_core.activations.relu import ReLU, relu
from neural_net_core.activations.selu import SELU, SELU_ALPHA, SELU_SCALE, selu
from neural_net_core.activations.sigmoid import Sigmoid, sigmoid
from neural_net_core.activations.silu import SiLU, silu
from neural_net_core.activations.softmax import (
    LogSoftmax,
    Softmax,
    Softmin,
    log_softmax,
    softmax,
    softmin,
)
from neural_net_core.activations.softplus import Softplus, softplus
from neural_net_core.activations.softsign import Softsign, softsign
from neural_net_core.activations.swish import Swish, swish
from neural_net_core.activations.tanh import Tanh, tanh
from neural_net_core.activations.thresholding import (
    Hardshrink,
    Softshrink,
    Threshold,
    hardshrink,
    softshrink,
    threshold,
)
from neural_net_core.called_differently import explain_arguments, explain_words, unknown_name
from neural_net_core.detaching import detach
from neural_net_core.drawing import no_init
from neural_net_core.dtypes import Array, default_dtype, get_default_dtype
from neural_net_core.errors import (
    CheckpointError,
    DTypeError,
    GraphError,
    GraphFreedError,
    HistoryError,
    LinAlgError,
    NeuralNetError,
    PositionError,
    ShapeError,
    StateDictError,
    TrainingError,
)
from neural_net_core.files.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from neural_net_core.files.conversion import convert_state
from neural_net_core.files.tensors import (
    load_tensor_metadata,
    load_tensor_shapes,
    load_tensors,
    save_tensors,
)
from neural_net_core.forms import fast_form_of, textbook
from neural_net_core.grad_mode import enable_grad, is_grad_enabled, no_grad
from neural_net_core.init import Initializer
from neural_net_core.losses._loss import Reduction
from neural_net_core.losses.bce import BCELoss, binary_cross_entropy
from neural_net_core.losses.bce_with_logits import (
    BCEWithLogitsLoss,
    binary_cross_entropy_with_logits,
)
from neural_net_core.losses.cosine_embedding import (
    CosineEmbeddingLoss,
    cosine_embedding_loss,
    cosine_similarity,
)
from neural_net_core.losses.cross_entropy import CrossEntropyLoss, cross_entropy
from neural_net_core.losses.ctc import CTCLoss, ctc_loss
from neural_net_core.losses.focal import (
    FocalLoss,
    SigmoidFocalLoss,
    focal_loss,
    sigmoid_focal_loss,
)
from neural_net_core.losses.gaussian_nll import GaussianNLLLoss, gaussian_nll_loss
from neural_net_core.losses.hinge import (
    HingeEmbeddingLoss,
    HingeLoss,
    hinge_embedding_loss,
    hinge_loss,
)
from neural_net_core.losses.huber import HuberLoss, SmoothL1Loss, huber_loss, smooth_l1_loss
from neural_net_core.losses.info_nce import InfoNCELoss, info_nce
from neural_net_core.losses.kl_div import KLDivLoss, kl_div
from neural_net_core.losses.l1 import L1Loss, l1_loss
from neural_net_core.losses.margin_ranking import MarginRankingLoss, margin_ranking_loss
from neural_net_core.losses.mse import MSELoss, mse_loss
from neural_net_core.losses.multi_margin import MultiMarginLoss, multi_margin_loss
from neural_net_core.losses.nll import NLLLoss, nll_loss
from neural_net_core.losses.normalize import normalize
from neural_net_core.losses.poisson_nll import PoissonNLLLoss, poisson_nll_loss
from neural_net_core.losses.soft_margin import (
    MultiLabelSoftMarginLoss,
    SoftMarginLoss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from neural_net_core.losses.triplet_margin import (
    TripletMarginLoss,
    pairwise_distance,
    triplet_margin_loss,
)
from neural_net_core.memory import keep_freed_memory
from neural_net_core.modules.containers import ModuleDict, ModuleList, Sequential
from neural_net_core.modules.dense import Dense
from neural_net_core.modules.feed_forward import FeedForward
from neural_net_core.modules.flatten import Flatten, Unflatten
from neural_net_core.modules.module import Module
from neural_net_core.modules.parameter_vectors import (
    parameters_to_vector,
    vector_to_parameters,
)
from neural_net_core.modules.substitution import functional_call
from neural_net_core.op import Op
from neural_net_core.random import default_rng, seed
from neural_net_core.recomputation import recompute
from neural_net_core.tape import grad
from neural_net_core.tracing import trace

__version__ = "0.1.0"

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "SELU_ALPHA",
    "SELU_SCALE",
    "Array",
    "BCELoss",
    "BCEWithLogitsLoss",
    "Buffer",
    "CTCLoss",
    "Checkpoint",
    "CheckpointError",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "DTypeError",
    "Dense",
    "FeedForward",
    "Flatten",
    "FocalLoss",
    "GaussianNLLLoss",
    "GraphError",
    "GraphFreedError",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HistoryError",
    "HuberLoss",
    "Identity",
    "InfoNCELoss",
    "Initializer",
    "KLDivLoss",
    "L1Loss",
    "LeakyReLU",
    "LinAlgError",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "NeuralNetError",
    "Op",
    "PReLU",
    "Parameter",
    "PoissonNLLLoss",
    "PositionError",
    "ReLU",
    "ReLU6",
    "Reduction",
    "Sequential",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "SigmoidFocalLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "StateDictError",
    "SwiGLU",
    "Swish",
    "Tanh",
    "Tensor",
    "TensorLike",
    "Threshold",
    "TrainingError",
    "TripletMarginLoss",
    "Unflatten",
    "as_tensor",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "convert_state",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "default_dtype",
    "default_rng",
    "detach",
    "elu",
    "enable_grad",
    "fast_form_of",
    "focal_loss",
    "functional_call",
    "gaussian_nll_loss",
    "geglu",
    "gelu",
    "get_default_dtype",
    "glu",
    "grad",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "info_nce",
    "init",
    "is_grad_enabled",
    "keep_freed_memory",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linalg",
    "load_checkpoint",
    "load_tensor_metadata",
    "load_tensor_shapes",
    "load_tensors",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "no_grad",
    "no_init",
    "normalize",
    "ops",
    "pairwise_distance",
    "parameters_to_vector",
    "poisson_nll_loss",
    "prelu",
    "recompute",
    "relu",
    "relu6",
    "save_checkpoint",
    "save_tensors",
    "seed",
    "selu",
    "sigmoid",
    "sigmoid_focal_loss",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "swiglu",
    "swish",
    "tanh",
    "textbook",
    "threshold",
    "trace",
    "triplet_margin_loss",
    "vector_to_parameters",
]

if find_spec("neural_net_core.fast"):  # the package is whole without that folder, only slower
    from neural_net_core.fast import every_form as _every_form  # noqa: F401 (it registers them)

explain_words(sys.modules[__name__], "axis", "low", "pairwise_distance")
explain_arguments(sys.modules[__name__])

if not TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> NoReturn:
        unknown_name(__name__, name)
