"""Which public class of ours stands beside which of PyTorch's, and where a default differs.

`PAIRS` has every class that PyTorch has too, made with the arguments that both require and nothing
else. `NONE` has the others, with the reason. `DIFFERENT` has every default that differs on
purpose; the table on docs/how-to/called-differently.md says the same to readers.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

import neural_net_core as core
import neural_net_layers as layers
import neural_net_optim as optim

Make = Callable[[np.random.Generator], tuple[Any, ...]]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A class of ours and one of PyTorch's.

    Attributes:
        theirs: PyTorch's class.
        arguments: What ours requires, by position.
        inputs: Makes what both are called with.
        their_arguments: What PyTorch's requires, where that differs.
        options: Given to ours by name: PyTorch's default, where ours is another.
        their_options: Given to PyTorch's by name: our default, where PyTorch's is another.
        call: Given to ours in the call, likewise.
        their_call: Given to PyTorch's in the call, likewise.
        renamed: PyTorch's names of our arguments, of constructor and call.
        random: Whether a default draws in training; compared in evaluation, and in training with
            dropout 0 where that is an argument.
    """

    theirs: Any
    arguments: tuple[Any, ...] = ()
    inputs: Make | None = None
    their_arguments: tuple[Any, ...] | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    their_options: dict[str, Any] = dataclasses.field(default_factory=dict)
    call: dict[str, Any] = dataclasses.field(default_factory=dict)
    their_call: dict[str, Any] = dataclasses.field(default_factory=dict)
    renamed: dict[str, str] = dataclasses.field(default_factory=dict)
    random: bool = False
    tolerance: float = 1e-9  # in float64; the two add in another order


def normal(*shapes: tuple[int, ...]) -> Make:
    """Return a maker of normal numbers."""
    return lambda rng: tuple(rng.normal(size=shape) for shape in shapes)


def ids(high: int, *shape: int) -> Make:
    """Return a maker of integers."""
    return lambda rng: (rng.integers(high, size=shape),)


def scores(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(5, 4)), rng.integers(4, size=5)


def chances(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.uniform(0.1, 0.9, (5, 4)), rng.uniform(0, 1, (5, 4))


def signs(*shapes: tuple[int, ...]) -> Make:
    """Return a maker of normal numbers, and of −1 and 1."""
    return lambda rng: (*(rng.normal(size=s) for s in shapes), rng.choice([-1.0, 1.0], 5))


def answers(*shapes: tuple[int, ...]) -> Make:
    """Return a maker of the same, whose −1 and 1 are whole numbers: they get no gradient."""
    return lambda rng: (*(rng.normal(size=s) for s in shapes), rng.choice([-1, 1], 5))


def log_chances(rng: np.random.Generator) -> tuple[Any, ...]:
    p, q = (rng.dirichlet(np.ones(4), 5) for _ in range(2))
    return np.log(p), q


def means_and_variances(rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(5, 4)), rng.normal(size=(5, 4)), rng.uniform(0, 2, (5, 4))


def rates_and_counts(rng: np.random.Generator) -> tuple[Any, ...]:
    # No count is 0, of which PyTorch's Stirling gives NaN to the count's gradient.
    return rng.uniform(0.1, 3, (5, 4)), rng.poisson(2.0, (5, 4)) + 0.5


EACH, TWO = normal((5, 4)), normal((5, 4), (5, 4))
ROWS, IMAGES, WAVES = normal((6, 3)), normal((4, 3, 6, 6)), normal((4, 3, 8))
SEQUENCE, STEPS = normal((2, 5, 8)), normal((2, 5, 3))
HEADS = {"features": "embed_dim", "key_features": "kdim", "value_features": "vdim"}
BLOCK = {
    "features": "d_model",
    "num_heads": "nhead",
    "hidden_features": "dim_feedforward",
    "eps": "layer_norm_eps",
    "causal": "tgt_is_causal",
}
BATCH = {"batch_first": True}
WIDE = {"hidden_features": 2048}


def of_layers(kind: Any) -> Callable[..., Any]:
    """Return a maker of PyTorch's stack, which wants a layer to copy."""
    layer, stack = kind
    quiet = {} if stack is nn.TransformerDecoder else {"enable_nested_tensor": False}

    def make(*arguments: Any, **options: Any) -> Any:
        return stack(layer(*arguments, **options), 2, **quiet)

    return make


PAIRS: dict[type, Pair] = {
    # core
    core.Dense: Pair(nn.Linear, (4, 3), EACH),
    core.Flatten: Pair(
        nn.Flatten, (), IMAGES, renamed={"start_axis": "start_dim", "end_axis": "end_dim"}
    ),
    core.Unflatten: Pair(
        nn.Unflatten, (1, (2, 2)), EACH, renamed={"axis": "dim", "shape": "unflattened_size"}
    ),
    core.CELU: Pair(nn.CELU, (), EACH, tolerance=1e-7),  # its gradient's 1/α is a float32
    core.ELU: Pair(nn.ELU, (), EACH),
    core.GELU: Pair(nn.GELU, (), EACH),
    core.GLU: Pair(nn.GLU, (), EACH, renamed={"axis": "dim"}),
    core.SELU: Pair(nn.SELU, (), EACH),
    core.Hardshrink: Pair(nn.Hardshrink, (), EACH),
    core.Hardsigmoid: Pair(nn.Hardsigmoid, (), EACH, tolerance=1e-7),  # its 1/6 is a float32
    core.Hardswish: Pair(nn.Hardswish, (), EACH),
    core.Hardtanh: Pair(nn.Hardtanh, (), EACH, renamed={"low": "min_val", "high": "max_val"}),
    core.Identity: Pair(nn.Identity, (), EACH),
    core.LeakyReLU: Pair(nn.LeakyReLU, (), EACH),
    core.LogSigmoid: Pair(nn.LogSigmoid, (), EACH),
    core.LogSoftmax: Pair(
        nn.LogSoftmax, (), SEQUENCE, their_options={"dim": -1}, renamed={"axis": "dim"}
    ),
    core.Mish: Pair(nn.Mish, (), EACH),
    core.PReLU: Pair(nn.PReLU, (), EACH),
    core.ReLU: Pair(nn.ReLU, (), EACH),
    core.ReLU6: Pair(nn.ReLU6, (), EACH),
    core.SiLU: Pair(nn.SiLU, (), EACH),
    core.Sigmoid: Pair(nn.Sigmoid, (), EACH),
    core.Softmax: Pair(
        nn.Softmax, (), SEQUENCE, their_options={"dim": -1}, renamed={"axis": "dim"}
    ),
    core.Softmin: Pair(
        nn.Softmin, (), SEQUENCE, their_options={"dim": -1}, renamed={"axis": "dim"}
    ),
    core.Softplus: Pair(nn.Softplus, (), EACH),
    core.Softshrink: Pair(nn.Softshrink, (), EACH),
    core.Softsign: Pair(nn.Softsign, (), EACH),
    core.Tanh: Pair(nn.Tanh, (), EACH),
    core.Threshold: Pair(nn.Threshold, (0.3, -2.0), EACH),
    core.BCELoss: Pair(nn.BCELoss, (), chances),
    core.BCEWithLogitsLoss: Pair(nn.BCEWithLogitsLoss, (), chances),
    core.CosineEmbeddingLoss: Pair(nn.CosineEmbeddingLoss, (), signs((5, 4), (5, 4))),
    core.CrossEntropyLoss: Pair(nn.CrossEntropyLoss, (), scores),
    core.HingeEmbeddingLoss: Pair(nn.HingeEmbeddingLoss, (), signs((5,))),
    core.HuberLoss: Pair(nn.HuberLoss, (), TWO),
    core.KLDivLoss: Pair(nn.KLDivLoss, (), log_chances),
    core.L1Loss: Pair(nn.L1Loss, (), TWO),
    core.MSELoss: Pair(nn.MSELoss, (), TWO),
    core.MultiMarginLoss: Pair(nn.MultiMarginLoss, (), scores),
    core.NLLLoss: Pair(nn.NLLLoss, (), scores),
    core.SmoothL1Loss: Pair(nn.SmoothL1Loss, (), TWO),
    core.GaussianNLLLoss: Pair(nn.GaussianNLLLoss, (), means_and_variances),
    core.PoissonNLLLoss: Pair(nn.PoissonNLLLoss, (), rates_and_counts),
    core.MarginRankingLoss: Pair(nn.MarginRankingLoss, (), answers((5,), (5,))),
    core.SoftMarginLoss: Pair(nn.SoftMarginLoss, (), answers((5,))),
    core.MultiLabelSoftMarginLoss: Pair(nn.MultiLabelSoftMarginLoss, (), chances),
    core.TripletMarginLoss: Pair(nn.TripletMarginLoss, (), normal((5, 4), (5, 4), (5, 4))),
    # layers
    layers.Conv1D: Pair(nn.Conv1d, (3, 4, 3), WAVES),
    layers.Conv2D: Pair(nn.Conv2d, (3, 4, 3), IMAGES),
    layers.ConvTranspose1D: Pair(nn.ConvTranspose1d, (3, 4, 3), WAVES),
    layers.ConvTranspose2D: Pair(nn.ConvTranspose2d, (3, 4, 3), IMAGES),
    layers.MaxPool1D: Pair(nn.MaxPool1d, (2,), WAVES),
    layers.MaxPool2D: Pair(nn.MaxPool2d, (2,), IMAGES),
    # Places that the smallest output has, too.
    layers.MaxUnpool2D: Pair(
        nn.MaxUnpool2d,
        (2,),
        lambda rng: (rng.normal(size=(1, 1, 2, 2)), np.array([[[[3, 0], [1, 2]]]])),
    ),
    layers.AvgPool1D: Pair(nn.AvgPool1d, (2,), WAVES),
    layers.AvgPool2D: Pair(nn.AvgPool2d, (2,), IMAGES),
    layers.AdaptiveAvgPool1D: Pair(nn.AdaptiveAvgPool1d, (3,), WAVES),
    layers.AdaptiveMaxPool1D: Pair(nn.AdaptiveMaxPool1d, (3,), WAVES),
    layers.AdaptiveMaxPool2D: Pair(nn.AdaptiveMaxPool2d, (4,), IMAGES),
    layers.AdaptiveAvgPool2D: Pair(nn.AdaptiveAvgPool2d, (4,), IMAGES),
    layers.ZeroPad1D: Pair(nn.ZeroPad1d, (2,), WAVES),
    layers.ZeroPad2D: Pair(nn.ZeroPad2d, (2,), IMAGES),
    layers.ConstantPad1D: Pair(nn.ConstantPad1d, (2, 1.5), WAVES),
    layers.ConstantPad2D: Pair(nn.ConstantPad2d, (2, 1.5), IMAGES),
    layers.ReflectionPad1D: Pair(nn.ReflectionPad1d, (2,), WAVES),
    layers.ReflectionPad2D: Pair(nn.ReflectionPad2d, (2,), IMAGES),
    layers.ReplicationPad1D: Pair(nn.ReplicationPad1d, (2,), WAVES),
    layers.ReplicationPad2D: Pair(nn.ReplicationPad2d, (2,), IMAGES),
    layers.CircularPad1D: Pair(nn.CircularPad1d, (2,), WAVES),
    layers.CircularPad2D: Pair(nn.CircularPad2d, (2,), IMAGES),
    layers.Unfold: Pair(nn.Unfold, (2,), IMAGES),
    layers.Fold: Pair(nn.Fold, (4, 2), normal((2, 12, 9))),
    layers.PixelShuffle: Pair(nn.PixelShuffle, (2,), normal((2, 8, 3, 4))),
    layers.PixelUnshuffle: Pair(nn.PixelUnshuffle, (2,), normal((2, 3, 4, 6))),
    layers.Upsample: Pair(nn.Upsample, (9,), IMAGES),
    layers.BatchNorm1D: Pair(nn.BatchNorm1d, (3,), ROWS),
    layers.BatchNorm2D: Pair(nn.BatchNorm2d, (3,), IMAGES),
    layers.InstanceNorm1D: Pair(nn.InstanceNorm1d, (3,), WAVES),
    layers.InstanceNorm2D: Pair(nn.InstanceNorm2d, (3,), IMAGES),
    layers.GroupNorm: Pair(nn.GroupNorm, (2, 4), EACH),
    layers.LayerNorm: Pair(nn.LayerNorm, (4,), EACH),
    layers.RMSNorm: Pair(nn.RMSNorm, (4,), EACH),
    layers.Dropout: Pair(nn.Dropout, (), EACH, random=True),
    layers.Dropout2D: Pair(nn.Dropout2d, (), IMAGES, random=True),
    layers.AlphaDropout: Pair(nn.AlphaDropout, (), EACH, random=True),
    layers.Embedding: Pair(nn.Embedding, (7, 4), ids(7, 5, 3)),
    layers.EmbeddingBag: Pair(nn.EmbeddingBag, (7, 4), ids(7, 5, 3)),
    layers.VanillaRNN: Pair(nn.RNN, (3, 4), STEPS, their_options=BATCH),
    layers.LSTM: Pair(nn.LSTM, (3, 4), STEPS, their_options=BATCH),
    layers.GRU: Pair(nn.GRU, (3, 4), STEPS, their_options=BATCH),
    layers.RNNCell: Pair(nn.RNNCell, (3, 4), ROWS),
    layers.LSTMCell: Pair(nn.LSTMCell, (3, 4), ROWS),
    layers.GRUCell: Pair(nn.GRUCell, (3, 4), ROWS),
    layers.MultiHeadAttention: Pair(
        nn.MultiheadAttention,
        (8, 2),
        normal((2, 5, 8), (2, 4, 8), (2, 4, 8)),
        their_options=BATCH,
        call={"need_weights": True, "average_weights": True},
        renamed=HEADS | {"average_weights": "average_attn_weights"},
    ),
    layers.TransformerEncoderLayer: Pair(
        nn.TransformerEncoderLayer,
        (8, 2),
        SEQUENCE,
        options=WIDE,
        their_options=BATCH,
        renamed=BLOCK,
        random=True,
    ),
    layers.TransformerDecoderLayer: Pair(
        nn.TransformerDecoderLayer,
        (8, 2),
        normal((2, 5, 8), (2, 4, 8)),
        options=WIDE,
        their_options=BATCH,
        call={"causal": False},
        renamed=BLOCK,
        random=True,
    ),
    layers.Transformer: Pair(
        nn.Transformer,
        (8, 2, 2, 2),
        normal((2, 5, 8), (2, 4, 8)),
        options=WIDE,
        their_options=BATCH,
        call={"tgt_causal": False},
        renamed=BLOCK | {"tgt_causal": "tgt_is_causal"},
        random=True,
    ),
    layers.TransformerEncoder: Pair(
        of_layers((nn.TransformerEncoderLayer, nn.TransformerEncoder)),
        (2, 8, 2),
        SEQUENCE,
        their_arguments=(8, 2),
        options=WIDE,
        their_options=BATCH,
        random=True,
    ),
    layers.TransformerDecoder: Pair(
        of_layers((nn.TransformerDecoderLayer, nn.TransformerDecoder)),
        (2, 8, 2),
        normal((2, 5, 8), (2, 4, 8)),
        their_arguments=(8, 2),
        options=WIDE,
        their_options=BATCH,
        call={"causal": False},
        random=True,
    ),
}

# Containers hold what they are given: compared in a test of their own.
CONTAINERS: dict[type, Any] = {
    core.Sequential: nn.Sequential,
    core.ModuleList: nn.ModuleList,
    core.ModuleDict: nn.ModuleDict,
}

PARAMETERS = [np.linspace(-1, 1, 6).reshape(2, 3), np.array([0.5, -0.25, 2.0])]


OPTIMIZERS: dict[type, Pair] = {
    kind: Pair(getattr(torch.optim, kind.__name__))
    for kind in (
        optim.SGD, optim.Adadelta, optim.Adafactor, optim.Adagrad, optim.Adam, optim.AdamW,
        optim.Adamax, optim.Muon, optim.NAdam, optim.RAdam, optim.RMSprop,
        optim.Rprop,
    )
}  # fmt: skip

schedules = torch.optim.lr_scheduler
SCHEDULES: dict[type, Pair] = {
    optim.ConstantLR: Pair(schedules.ConstantLR),
    optim.CosineAnnealingLR: Pair(schedules.CosineAnnealingLR, (5,)),
    optim.CosineAnnealingWarmRestarts: Pair(schedules.CosineAnnealingWarmRestarts, (4,)),
    optim.CyclicLR: Pair(schedules.CyclicLR, (0.1, 0.5)),
    optim.ExponentialLR: Pair(schedules.ExponentialLR, (0.9,)),
    optim.LambdaLR: Pair(schedules.LambdaLR, (lambda step: 0.9**step,)),
    optim.LinearLR: Pair(schedules.LinearLR),
    optim.MultiStepLR: Pair(schedules.MultiStepLR, ([3, 6],)),
    optim.MultiplicativeLR: Pair(schedules.MultiplicativeLR, (lambda step: 0.9,)),
    optim.OneCycleLR: Pair(schedules.OneCycleLR, (0.5, 20)),
    optim.PolynomialLR: Pair(schedules.PolynomialLR),
    optim.StepLR: Pair(schedules.StepLR, (3,)),
    optim.SWALR: Pair(torch.optim.swa_utils.SWALR, (0.05,)),
}
# Moved by something else than a step, or made of others: compared in test_schedules.py. A loss
# whose gradient in PyTorch is right behind a log-softmax only: so compared in test_losses.py. What
# wants a closure: test_lbfgs.py.
COMPARED_ELSEWHERE: dict[type, Any] = {
    core.CTCLoss: nn.CTCLoss,
    optim.LBFGS: torch.optim.LBFGS,
    optim.ReduceLROnPlateau: schedules.ReduceLROnPlateau,
    optim.ChainedScheduler: schedules.ChainedScheduler,
    optim.SequentialLR: schedules.SequentialLR,
}

NONE: dict[type, str] = {
    core.Module: "the base class",
    core.FeedForward: "several dense layers in one line; each is compared",
    core.SwiGLU: "three dense layers and `silu`; each is compared",
    core.Swish: "`SiLU` with a factor; compared at factor 1",
    core.HingeLoss: "a `MultiMarginLoss` of one score, in the binary form",
    core.FocalLoss: "compared with the formula",
    core.SigmoidFocalLoss: "torchvision has it as a function; compared with the formula",
    core.InfoNCELoss: "`CrossEntropyLoss` of similarities",
    layers.AdaptiveLayerNorm: "a `LayerNorm` and a `Dense` layer; each is compared",
    layers.DropPath: "torchvision has it, under another name",
    layers.GlobalAvgPool1D: "`AdaptiveAvgPool1D(1)`, which is compared",
    layers.GlobalAvgPool2D: "`AdaptiveAvgPool2D(1)`, which is compared",
    layers.GlobalMaxPool1D: "`max` over the steps, which is compared",
    layers.GlobalMaxPool2D: "`max` over the image, which is compared",
    layers.LearnedPositionalEmbedding: "a sum with a table",
    layers.PositionalEncoding: "in tutorials only",
    layers.RotaryEmbedding: "in torchtune only",
    layers.Residual: "a sum",
    layers.ResidualBlock: "compared with one written in PyTorch",
    layers.SelfAttention: "`MultiHeadAttention` of one input, which is compared",
    layers.TimestepEmbedding: "in diffusers only",
    optim.Optimizer: "the base class",
    optim.ElementwiseOptimizer: "a base class",
    optim.TensorwiseOptimizer: "a base class",
    optim.WeightAverage: "a base class",
    optim.LRScheduler: "the base class",
    optim.LAMB: "compared with the paper's lines",
    optim.Lion: "compared with the paper's lines",
    optim.Lookahead: "compared with the paper's lines",
    optim.EMA: "`AveragedModel` needs a function for it; compared with the formula",
    optim.SWA: "`AveragedModel` wraps the model; compared with the formula",
    optim.GradientAccumulator: "a loop in PyTorch",
    optim.InverseSqrtLR: "compared with the formula",
    optim.WarmupLR: "compared with the formula",
}

# (class, argument): (default here, PyTorch's default). Written as on the page.
DIFFERENT: dict[tuple[str, str], tuple[str, str]] = {
    ("VanillaRNN", "batch_first"): ("True", "False"),
    ("LSTM", "batch_first"): ("True", "False"),
    ("GRU", "batch_first"): ("True", "False"),
    ("MultiHeadAttention", "batch_first"): ("always", "False"),
    ("MultiHeadAttention", "need_weights"): ("False", "True"),
    ("MultiHeadAttention", "average_weights"): ("False", "True"),
    ("TransformerEncoderLayer", "batch_first"): ("always", "False"),
    ("TransformerEncoderLayer", "hidden_features"): ("4 · features", "2048"),
    ("TransformerDecoderLayer", "batch_first"): ("always", "False"),
    ("TransformerDecoderLayer", "hidden_features"): ("4 · features", "2048"),
    ("TransformerDecoderLayer", "causal"): ("True", "False"),
    ("Transformer", "batch_first"): ("always", "False"),
    ("Transformer", "hidden_features"): ("4 · features", "2048"),
    ("Transformer", "tgt_causal"): ("True", "None"),
    ("Softmax", "axis"): ("-1", "None"),
    ("Softmin", "axis"): ("-1", "None"),
    ("LogSoftmax", "axis"): ("-1", "None"),
    ("alpha_dropout", "training"): ("True", "False"),
}
