"""Calls every public function with wrong values in each parameter, and counts what comes of it.

Run by hand, from the repository's root; pytest does not collect it, and it takes minutes:

    .venv/bin/python tests/wrong_arguments.py [--list] [--only NAME] [core optim layers viz utils]

Each call puts one wrong value into one parameter of an otherwise valid call (the recipes below).
An answer is one of

- helpful: an error that names the function, its class or the parameter, and was not raised by
  Python or NumPy over something inside;
- accepted: no error;
- foreign: any other error, also one that a generator raises only when it is used;
- nan: None went in and NaN came out;
- hang: no answer in three seconds of the processor's time, or in a hundred of the clock's.

A public function without a recipe fails the script: a new one gets its line here. What only the
library itself calls (`Optimizer.rule`, the hooks of callbacks) is left out by name.
"""

import argparse
import collections
import datetime
import decimal
import dis
import fractions
import importlib
import inspect
import json
import math
import os
import pkgutil
import re
import resource
import select
import signal
import sys
import tempfile
import types
import warnings
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import neural_net_core as core
import neural_net_layers as layers  # noqa: F401 (the recipes use it)
import neural_net_optim as optim
import neural_net_utils as utils
import neural_net_viz as viz  # noqa: F401
from neural_net_utils.distributed import data_parallel

PACKAGES = ("core", "optim", "layers", "viz", "utils")
SECONDS, SILENCE = 3, 100  # of the processor, which others use as well; of the clock
MEMORY = 3 << 30

# --- wrong values: each a recipe, because generators and lists are used up or changed ------------

WRONG = {
    "None": lambda: None,
    "''": lambda: "",
    "'abc'": lambda: "abc",
    "b'x'": lambda: b"x",
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "-1": lambda: -1,
    "0": lambda: 0,
    "1.5": lambda: 1.5,
    "10**30": lambda: 10**30,
    "2**63": lambda: 2**63,
    "True": lambda: True,
    "[]": list,
    "{}": dict,
    "()": tuple,
    "[None]": lambda: [None],
    "['a']": lambda: ["a"],
    "[nan]": lambda: [math.nan],
    "ragged list": lambda: [[1.0, 2.0], [3.0]],
    "{'a': None}": lambda: {"a": None},
    "{1: 2}": lambda: {1: 2},
    "object()": object,
    "a function": lambda: lambda *_: None,
    "a class": lambda: dict,
    "a module": lambda: math,
    "Ellipsis": lambda: ...,
    "np.float64(nan)": lambda: np.float64(math.nan),
    "np.array([])": lambda: np.array([]),
    "np.array(['a'])": lambda: np.array(["a"]),
    "np.array([None])": lambda: np.array([None]),
    "np.zeros((1,) * 6)": lambda: np.zeros((1,) * 6),
    "np.array(2.5)": lambda: np.array(2.5),
    "np.array([1, 2])": lambda: np.array([1, 2]),
    "np.datetime64": lambda: np.datetime64("2020-01-01"),
    "1j": lambda: 1j,
    "a generator": lambda: (x for x in (1, 2)),
    "a set": lambda: {1, 2},
    "range(3)": lambda: range(3),
    "a date": lambda: datetime.date(2020, 1, 1),
    "Decimal": lambda: decimal.Decimal("0.5"),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "a list in itself": lambda: (lambda a: a.append(a) or a)([]),
}
# What holds None, so that NaN must not come of it.
NONES = ("None", "[None]", "np.array([None])", "{'a': None}")

# --- what the recipes are written with --------------------------------------------------------


def rows(*shape):
    """Return numbers in (0, 1), always the same; (4, 3) if no shape is given."""
    return np.random.default_rng(0).uniform(0.1, 0.9, shape or (4, 3)).astype(np.float32)


def traced(compute):
    """Return what runs in a computation."""
    with core.trace() as calls:
        compute()
    return calls


# Not `rows()`: what was recorded in float16 is another program.
ONES = np.ones((4, 3), np.float32)


def program():
    """Return a recorded step."""
    return utils.record(lambda x: core.ops.sum(x), ONES)


def recorded_step():
    """Return a step of `net` that may be run from a record."""
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return utils.RecordedStep(lambda x: (model(x) ** 2).sum(), model=model, optimizer=optimizer)


def leaf(*shape):
    """Return a Tensor that wants a gradient."""
    return core.Tensor(rows(*shape), requires_grad=True)


def signs(n=4):
    """Return n targets of 1 and -1."""
    return np.where(np.arange(n) % 2, 1.0, -1.0)


def net():
    """Return a small network, 2 -> 3 -> 2."""
    return core.FeedForward((2, 3, 2), rng=np.random.default_rng(0))


def parameters():
    """Return parameters with gradients."""
    model = net()
    (model(rows(4, 2)) ** 2).sum().backward()
    return model.parameters()


def sgd(**options):
    """Return an optimizer over parameters with gradients."""
    return optim.SGD(parameters(), lr=0.1, **options)


def loader():
    """Return four batches for `net`."""
    return utils.DataLoader((rows(8, 2), np.arange(8) % 2), 2)


def alone():
    """Return the communicator of one process."""
    return data_parallel.Alone()


def tensor_file():
    """Return the path of a tensor file."""
    core.save_tensors("tensors.safetensors", {"a": rows()})
    return "tensors.safetensors"


def checkpoint_file():
    """Return the path of a checkpoint."""
    core.save_checkpoint("checkpoint.safetensors", model=net(), metadata={"epoch": 1})
    return "checkpoint.safetensors"


def training():
    """Return a training run before its first step."""
    kept = []

    class Keep(utils.Callback):
        def on_train_end(self, run):
            kept.append(run)

    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    utils.fit(
        model,
        core.CrossEntropyLoss(),
        optimizer,
        loader(),
        epochs=1,
        callbacks=[Keep()],
        progress="off",
    )
    return kept[0]


def characters():
    """Return a character tokenizer."""
    return utils.CharacterTokenizer("abc ", specials=["<end>"])


def byte_pairs():
    """Return a byte-pair tokenizer."""
    return utils.BytePairTokenizer([(97, 98)], specials=["<end>"])


def word_pieces():
    """Return a WordPiece tokenizer."""
    return utils.WordPieceTokenizer(["[UNK]", "a", "##b", "<end>"], specials=["<end>"])


def file_of_a_tokenizer():
    """Return what a small tokenizer.json holds."""
    names = ("version", "truncation", "padding", "added_tokens", "normalizer", "post_processor")
    added = {"id": 3, "content": "<end>", "special": True, "normalized": False}
    added |= dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
    model |= {"max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}
    fields = {"version": "1.0", "added_tokens": [added], "model": model, "decoder": None}
    return {**dict.fromkeys(names), **fields, "pre_tokenizer": {"type": "BertPreTokenizer"}}


def foreign():
    """Return a tokenizer of a small tokenizer.json."""
    return utils.HuggingFaceTokenizer(file_of_a_tokenizer())


def foreign_file():
    """Return the path of a small tokenizer.json."""
    path = Path(tempfile.mkdtemp()) / "tokenizer.json"
    path.write_text(foreign().to_json(), encoding="utf-8")
    return path


def next_logits(tokens):
    """Return the logits of five next tokens for each row."""
    return np.tile(np.arange(5.0), (len(np.atleast_2d(tokens)), 1))


def words(text):
    """Return the words of a text."""
    return text.split()


def each(names, recipe):
    """Return one recipe under several names."""
    return dict.fromkeys(names.split(), recipe)


# --- recipes: the arguments of one valid call; of a method "object | arguments" -----------------

ONE = "rows()"
PAIR = "rows(), rows()"
IMAGES = "rows(2, 4, 8, 8)"
STEPS = "rows(2, 5, 4)"

RECIPES = {
    "core": {
        "detach": "leaf()",
        "Buffer": ONE,
        "Parameter": ONE,
        "Tensor": ONE,
        "Checkpoint": "",
        "convert_state": "{'a.w': rows(), 'b.w': rows(), 'c': rows(), 'd': rows()}, drop=['d'], "
        "transpose=['c'], join={'e.w': ['a.w', 'b.w']}, rename=[('e', 'f')]",
        "Dense": "3, 2",
        "FeedForward": "(2, 3, 1)",
        "Flatten": "",
        "Unflatten": "1, (1, 3)",
        "Module": "",
        "ModuleDict": "{'a': net()}",
        "ModuleList": "[net()]",
        "Sequential": "net()",
        "as_tensor": ONE,
        "default_dtype": "np.float64",
        "enable_grad": "",
        "fast_form_of": "type('AnOp', (core.Op,), {})",
        "textbook": "",
        "trace": "",
        "no_grad": "",
        "no_init": "",
        "default_rng": "",
        "get_default_dtype": "",
        "is_grad_enabled": "",
        "grad": "(p := leaf()).sum(), p",
        "functional_call": "net(), {'layers.0.bias': np.zeros(3)}, rows(4, 2), strict=False",
        "recompute": "core.relu, rows()",
        "parameters_to_vector": "parameters()",
        "vector_to_parameters": "rows(17), net().parameters()",
        "keep_freed_memory": "64",
        "load_checkpoint": "checkpoint_file(), model=net()",
        "load_tensor_metadata": "tensor_file()",
        "load_tensor_shapes": "tensor_file()",
        "load_tensors": "tensor_file(), keys=['a']",
        "save_checkpoint": "'new.safetensors', model=net(), metadata={'epoch': 1}",
        "save_tensors": "'new.safetensors', {'a': rows()}, metadata={'by': 'Ada'}",
        "seed": "3",
        # activations
        **each(
            "CELU GELU GLU ELU SELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU "
            "LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SiLU Sigmoid Softmax Softmin Softplus "
            "Softshrink Softsign Swish Tanh",
            "",
        ),
        "SwiGLU": "4, 6",
        "Threshold": "0.3, -2.0",
        **each(
            "celu elu gelu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_softmax "
            "logsigmoid mish relu relu6 selu sigmoid silu softmax softmin softplus softshrink "
            "softsign swish tanh",
            ONE,
        ),
        "geglu": "rows(4, 4)",
        "glu": "rows(4, 4)",
        "gumbel_softmax": ONE,
        "swiglu": "rows(4, 4)",
        "prelu": "rows(), 0.2",
        "threshold": "rows(), 0.3, -2.0",
        # losses
        **each(
            "BCELoss BCEWithLogitsLoss CosineEmbeddingLoss CrossEntropyLoss CTCLoss FocalLoss "
            "GaussianNLLLoss HingeEmbeddingLoss MarginRankingLoss MultiLabelSoftMarginLoss "
            "PoissonNLLLoss SigmoidFocalLoss SoftMarginLoss "
            "HingeLoss HuberLoss InfoNCELoss KLDivLoss L1Loss MSELoss MultiMarginLoss NLLLoss "
            "SmoothL1Loss TripletMarginLoss",
            "",
        ),
        "binary_cross_entropy": PAIR,
        "binary_cross_entropy_with_logits": PAIR,
        "cosine_embedding_loss": "rows(), rows(), signs()",
        "cosine_similarity": PAIR,
        "cross_entropy": "rows(), [0, 1, 2, 0]",
        "ctc_loss": "rows(2, 4, 3), [[1, 2], [2, 2]], [4, 3], [1, 2]",
        "focal_loss": "rows(), [0, 1, 2, 0]",
        "gaussian_nll_loss": "rows(), rows(), rows()",
        "hinge_embedding_loss": "rows(4), signs()",
        "hinge_loss": "rows(4), signs()",
        "huber_loss": PAIR,
        "info_nce": PAIR,
        "kl_div": PAIR,
        "l1_loss": PAIR,
        "margin_ranking_loss": "rows(4), rows(4), signs()",
        "mse_loss": PAIR,
        "multi_margin_loss": "rows(), [0, 1, 2, 0]",
        "multilabel_soft_margin_loss": PAIR,
        "nll_loss": "rows(), [0, 1, 2, 0]",
        "normalize": ONE,
        "pairwise_distance": PAIR,
        "poisson_nll_loss": PAIR,
        "sigmoid_focal_loss": "rows(4), [0, 1, 1, 0]",
        "smooth_l1_loss": PAIR,
        "soft_margin_loss": "rows(4), signs()",
        "triplet_margin_loss": "rows(), rows(), rows()",
        # init
        "calculate_gain": "'relu'",
        "constant": "(3, 2), 0.5",
        **each(
            "fans identity kaiming_normal kaiming_uniform lecun_normal lecun_uniform normal ones "
            "orthogonal truncated_normal uniform xavier_normal xavier_uniform zeros",
            "(3, 2)",
        ),
        # ops
        **each(
            "absolute ceil clip cos erf exp expm1 flip floor log log1p logsumexp max mean min "
            "negative norm prod round round_straight_through sign sin sort sqrt squeeze std sum "
            "transpose tril triu unstack var",
            ONE,
        ),
        **each(
            "add arctan2 divide logaddexp maximum minimum multiply power subtract",
            PAIR,
        ),
        "broadcast_to": "rows(), (2, 4, 3)",
        "cast": "rows(), np.float64",
        "concatenate": "[rows(), rows()]",
        **each("cumprod cumsum logcumsumexp", "rows(), 1"),
        "einsum": "'ij,kj->ik', rows(), rows()",
        "expand_dims": "rows(), 0",
        "getitem": "rows(), 1",
        "linear": "rows(), rows(2, 3), rows(2)",
        # linalg
        **each("cholesky det inv slogdet", "np.eye(3)"),
        "solve": "np.eye(3), rows(3, 2)",
        "SlogdetResult": "leaf(), leaf()",
        "matmul": "rows(), rows(3, 2)",
        "moveaxis": "rows(), 0, 1",
        "pad": "rows(), 1",
        "index_add": "rows(), [0, 1], rows(2, 3)",
        "outer": "rows(4), rows(3)",
        "put_along_axis": "rows(), np.zeros((4, 1), int), 1.0, 1",
        "repeat_interleave": "rows(), 2, 1",
        "reshape": "rows(), (3, 4)",
        "roll": "rows(), 1, 0",
        "scatter_add": "rows(), np.zeros((4, 1), int), 1.0, 1",
        "split": "rows(), 2",
        "stack": "[rows(), rows()]",
        "swapaxes": "rows(), 0, 1",
        "tile": "rows(), 2",
        "topk": "rows(), 2",
        "take_along_axis": "rows(), np.zeros((4, 1), int), 1",
        "where": "rows() > 0.5, rows(), rows()",
        # methods
        "Tensor.__getitem__": "leaf() | 1",
        "Tensor.__matmul__": "leaf() | rows(3, 2)",
        "Tensor.argmax": "leaf() | 1",
        "Tensor.argmin": "leaf() | 1",
        "Tensor.astype": "leaf() | np.float64",
        "Tensor.backward": "leaf() * 2.0 | rows()",
        "Tensor.broadcast_to": "leaf() | (2, 4, 3)",
        "Tensor.clip": "leaf() | 0.0, 1.0",
        "Tensor.flip": "leaf() | 0",
        "Tensor.moveaxis": "leaf() | 0, 1",
        "Tensor.norm": "leaf() | 0, keepdims=False",
        "Tensor.pad": "leaf() | 1, 'constant', value=0.0",
        "Tensor.prod": "leaf() | 0, keepdims=False",
        "Tensor.split": "leaf(4, 2) | 2, 0",
        "Tensor.unstack": "leaf() | 0",
        **{
            f"Tensor.{name}": "leaf() | 1"
            for name in words("cumprod cumsum logcumsumexp roll tile topk tril triu")
        },
        "Tensor.repeat_interleave": "leaf() | 2, 1",
        "Tensor.sort": "leaf() | 1, descending=True",
        "Tensor.expand_dims": "leaf() | 0",
        **{
            f"Tensor.{name}": "leaf() | 1"
            for name in words("log_softmax logsumexp max mean min softmax std sum var")
        },
        "Tensor.squeeze": "leaf(4, 1) | 1",
        "Tensor.transpose": "leaf() | (1, 0)",
        "Tensor.requires_grad_": "leaf() | True",
        "Tensor.reshape": "leaf() | (3, 4)",
        "Tensor.swapaxes": "leaf() | 0, 1",
        "Decorating.__call__": "core.no_grad() | print",
        "Module.__call__": "net() | rows(4, 2)",
        "Module.apply": "net() | print",
        "Module.astype": "net() | np.float64",
        "Module.load_state_dict": "net() | net().state_dict()",
        "Module.named_buffers": "net() | ",
        "Module.named_modules": "net() | ",
        "Module.named_parameters": "net() | ",
        "Module.num_parameters": "net() | ",
        "Module.register_forward_hook": "net() | print",
        "Module.requires_grad_": "net() | True",
        "Module.summary": "net() | (4, 2)",
        "Module.train": "net() | True",
        "Dense.forward": "core.Dense(3, 2) | rows()",
        "FeedForward.forward": "net() | rows(4, 2)",
        "Flatten.forward": "core.Flatten() | rows(2, 3, 4)",
        "Unflatten.forward": "core.Unflatten(1, (1, 3)) | rows()",
        "ModuleDict.__getitem__": "core.ModuleDict({'a': net()}) | 'a'",
        "ModuleDict.__setitem__": "core.ModuleDict({'a': net()}) | 'b', net()",
        "ModuleList.__getitem__": "core.ModuleList([net()]) | 0",
        "ModuleList.__setitem__": "core.ModuleList([net()]) | 0, net()",
        "ModuleList.append": "core.ModuleList([net()]) | net()",
        "ModuleList.extend": "core.ModuleList([net()]) | [net()]",
        "ModuleList.insert": "core.ModuleList([net()]) | 0, net()",
        "Sequential.__getitem__": "core.Sequential(net()) | 0",
        "Sequential.append": "core.Sequential(net()) | net()",
        "Sequential.forward": "core.Sequential(net()) | rows(4, 2)",
        **{
            f"{name}.forward": f"core.{name}() | rows(4, 4)"
            for name in words(
                "CELU ELU GELU GLU SELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity "
                "LeakyReLU LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SiLU Sigmoid Softmax "
                "Softmin Softplus Softshrink Softsign Swish Tanh"
            )
        },
        "SwiGLU.forward": "core.SwiGLU(4) | rows(2, 4)",
        "Threshold.forward": "core.Threshold(0.3, -2.0) | rows()",
        **{
            f"{name}.forward": f"core.{name}() | rows(), rows()"
            for name in words(
                "BCELoss BCEWithLogitsLoss HuberLoss InfoNCELoss KLDivLoss L1Loss MSELoss "
                "MultiLabelSoftMarginLoss PoissonNLLLoss SmoothL1Loss"
            )
        },
        **{
            f"{name}.forward": f"core.{name}() | rows(), [0, 1, 2, 0]"
            for name in words("CrossEntropyLoss FocalLoss MultiMarginLoss NLLLoss")
        },
        "CTCLoss.forward": "core.CTCLoss() | rows(2, 4, 3), [[1, 2], [2, 2]], [4, 3], [1, 2]",
        "CosineEmbeddingLoss.forward": "core.CosineEmbeddingLoss() | rows(), rows(), signs()",
        "GaussianNLLLoss.forward": "core.GaussianNLLLoss() | rows(), rows(), rows()",
        "MarginRankingLoss.forward": "core.MarginRankingLoss() | rows(4), rows(4), signs()",
        "SigmoidFocalLoss.forward": "core.SigmoidFocalLoss() | rows(4), [0, 1, 1, 0]",
        "SoftMarginLoss.forward": "core.SoftMarginLoss() | rows(4), signs()",
        "HingeEmbeddingLoss.forward": "core.HingeEmbeddingLoss() | rows(4), signs()",
        "HingeLoss.forward": "core.HingeLoss() | rows(4), signs()",
        "TripletMarginLoss.forward": "core.TripletMarginLoss() | rows(), rows(), rows()",
    },
    "optim": {
        **each(
            "LAMB LBFGS SGD Adadelta Adafactor Adagrad Adam AdamW Adamax Lion Muon NAdam RAdam "
            "RMSprop Rprop",
            "parameters(), 0.01",
        ),
        "EMA": "net()",
        "SWA": "net()",
        "WeightAverage": "net()",
        "GradientAccumulator": "sgd(), 2",
        "Lookahead": "sgd()",
        "adaptive_clip_grad": "parameters()",
        "clip_grad_norm": "parameters(), 1.0",
        "clip_grad_value": "parameters(), 1.0",
        "grad_norm": "parameters()",
        "fast_update_of": "type('Rule', (optim.ElementwiseOptimizer,), {})",
        "elastic_penalty": "net(), 0.1",
        "l1_penalty": "net(), 0.1",
        "l2_penalty": "net(), 0.1",
        "layer_wise_decay": "net(), 0.1",
        "orthogonalize": ONE,
        "update_batch_norm": "core.Sequential(layers.BatchNorm1D(2)), [rows(4, 2)]",
        "weight_decay_groups": "net(), 0.1",
        "SWALR": "sgd(), 0.05",
        "ChainedScheduler": "[optim.StepLR(sgd(), 3)]",
        "ConstantLR": "sgd()",
        "CosineAnnealingLR": "sgd(), 10",
        "CosineAnnealingWarmRestarts": "sgd(), 10",
        "CyclicLR": "sgd(momentum=0.9), 0.01, 0.1",
        "ExponentialLR": "sgd(), 0.9",
        "InverseSqrtLR": "sgd(), 10",
        "LambdaLR": "sgd(), lambda step: 0.5",
        "LinearLR": "sgd()",
        "MultiStepLR": "sgd(), [2, 4]",
        "MultiplicativeLR": "sgd(), lambda step: 0.5",
        "OneCycleLR": "sgd(momentum=0.9), 0.1, 10",
        "PolynomialLR": "sgd()",
        "ReduceLROnPlateau": "sgd()",
        "SequentialLR": "(o := sgd()), [optim.StepLR(o, 2), optim.StepLR(o, 3)], [4]",
        "StepLR": "sgd(), 3",
        "WarmupLR": "sgd(), 3",
        "constant_lr": "3, 0.1",
        "cosine_annealing_lr": "3, 0.1, 10",
        "cosine_annealing_warm_restarts": "3, 0.1, 10",
        "cyclic_lr": "3, 0.1, 0.2",
        "exponential_lr": "3, 0.1, 0.9",
        "inverse_sqrt_lr": "3, 0.1, 10",
        "linear_lr": "3, 0.1",
        "multi_step_lr": "3, 0.1, [2, 4]",
        "one_cycle_lr": "3, 0.1, 10",
        "polynomial_lr": "3, 0.1",
        "step_lr": "3, 0.1, 2",
        "warmup_lr": "3, 0.1, 2",
        "Optimizer.add_param_group": "sgd() | {'params': [core.Parameter(rows())]}",
        "Optimizer.load_state_dict": "sgd() | sgd().state_dict()",
        "Optimizer.zero_grad": "sgd() | ",
        "Optimizer.step": "sgd() | ",
        "ElementwiseOptimizer.step": "sgd() | ",
        "LBFGS.step": "optim.LBFGS(parameters()) | lambda: 1.0",
        "WeightAverage.load_state_dict": "optim.EMA(net()) | optim.EMA(net()).state_dict()",
        "GradientAccumulator.backward": "optim.GradientAccumulator(sgd(), 2) | leaf().sum()",
        "Lookahead.add_param_group": "optim.Lookahead(sgd()) | "
        "{'params': [core.Parameter(rows())]}",
        "Lookahead.load_state_dict": "optim.Lookahead(sgd()) | optim.Lookahead(sgd()).state_dict()",
        "Lookahead.step": "optim.Lookahead(sgd()) | ",
        "Lookahead.zero_grad": "optim.Lookahead(sgd()) | ",
        "LRScheduler.load_state_dict": "optim.StepLR(sgd(), 3) | "
        "optim.StepLR(sgd(), 3).state_dict()",
        "LRScheduler.lr_at": "optim.StepLR(sgd(), 3) | 4",
        "ReduceLROnPlateau.load_state_dict": "optim.ReduceLROnPlateau(sgd()) | "
        "optim.ReduceLROnPlateau(sgd()).state_dict()",
        "ReduceLROnPlateau.step_metric": "optim.ReduceLROnPlateau(sgd()) | 0.5",
        # limits
        "Limit": "'a number', lambda value: True",
        "above": "1.0",
        "at_least": "1.0",
        "at_most": "1.0",
        "between": "0.0, 1.0",
        "choice": "'a'",
        "numbers": "2",
        "optional": "optim.base.limits.flag",
        "several": "optim.base.limits.flag",
        "whole": "1",
        "Limit.check": "optim.base.limits.flag | 'Adam', 'amsgrad', True",
    },
    "layers": {
        **each("GRU LSTM VanillaRNN GRUCell LSTMCell RNNCell", "4, 3"),
        **each("AdaptiveAvgPool1D AdaptiveAvgPool2D AdaptiveMaxPool1D AdaptiveMaxPool2D", "2"),
        "AdaptiveLayerNorm": "4, 3",
        **each(
            "AlphaDropout DropPath Dropout Dropout2D DecoderCache KeyValueCache "
            "GlobalAvgPool1D GlobalAvgPool2D GlobalMaxPool1D GlobalMaxPool2D",
            "",
        ),
        "Upsample": "scale_factor=2",
        **each("PixelShuffle PixelUnshuffle Unfold", "2"),
        **each("ZeroPad1D ZeroPad2D ReflectionPad1D ReflectionPad2D ReplicationPad1D", "2"),
        **each("ReplicationPad2D CircularPad1D CircularPad2D", "2"),
        **each("ConstantPad1D ConstantPad2D", "2, 1.5"),
        "Fold": "4, 2",
        **each("AvgPool1D AvgPool2D MaxPool1D MaxPool2D MaxUnpool2D", "2"),
        **each("BatchNorm1D BatchNorm2D InstanceNorm1D InstanceNorm2D LayerNorm RMSNorm", "4"),
        **each("Conv1D Conv2D ConvTranspose1D ConvTranspose2D", "4, 6, 3"),
        "Embedding": "7, 4",
        "EmbeddingBag": "7, 4",
        "GroupNorm": "2, 4",
        "LearnedPositionalEmbedding": "4, 8",
        "MultiHeadAttention": "4, 2",
        "SelfAttention": "4, 2",
        "PositionalEncoding": "4",
        "RotaryEmbedding": "4",
        "Residual": "core.Dense(4, 4)",
        "ResidualBlock": "4",
        "to_onnx": "net().eval(), rows(4, 2), names=['x'], output_names=['y'], "
        "dynamic={'x': {0: 'batch'}}",
        "TimestepEmbedding": "4",
        "Transformer": "4, 2, 1, 1",
        "TransformerDecoder": "1, 4, 2",
        "TransformerEncoder": "1, 4, 2",
        "TransformerDecoderLayer": "4, 2",
        "TransformerEncoderLayer": "4, 2",
        "adaptive_avg_pool1d": f"{STEPS}, 2",
        "adaptive_avg_pool2d": f"{IMAGES}, 2",
        "adaptive_max_pool1d": f"{STEPS}, 2",
        "adaptive_max_pool2d": f"{IMAGES}, 2",
        "alibi_bias": "2, 5",
        "alibi_slopes": "2",
        "alpha_dropout": ONE,
        "drop_path": ONE,
        "dropout": ONE,
        "dropout2d": IMAGES,
        "avg_pool1d": f"{STEPS}, 2",
        "max_pool1d": f"{STEPS}, 2",
        "avg_pool2d": f"{IMAGES}, 2",
        "max_pool2d": f"{IMAGES}, 2",
        "max_unpool2d": "rows(1, 1, 1, 2), [[[[1, 6]]]], 2",
        "batch_norm": "rows(), rows(3), rows(3)",
        "causal_keep": "4",
        "conv1d": "rows(2, 4, 9), rows(6, 4, 3)",
        "conv2d": f"{IMAGES}, rows(6, 4, 3, 3)",
        "conv_transpose1d": "rows(2, 4, 9), rows(4, 6, 3)",
        "conv_transpose2d": f"{IMAGES}, rows(4, 6, 3, 3)",
        "embedding": "[1, 2], rows(7, 4)",
        "embedding_bag": "[[1, 2]], rows(7, 4)",
        **each("global_avg_pool1d global_max_pool1d", STEPS),
        **each("global_avg_pool2d global_max_pool2d", IMAGES),
        "fold": "rows(2, 12, 9), 4, 2",
        "pixel_shuffle": f"{IMAGES}, 2",
        "pixel_unshuffle": f"{IMAGES}, 2",
        "unfold": f"{IMAGES}, 2",
        "group_norm": f"{IMAGES}, 2",
        "instance_norm": IMAGES,
        "layer_norm": "rows(), 3",
        "rms_norm": "rows(), 3",
        "modulate": "rows(), rows(), rows()",
        "padding_keep": "[2, 3]",
        "unroll": f"layers.LSTM(4, 3), {STEPS}",
        "weight_norm": "core.Dense(4, 3), 'weight', 0",
        "spectral_norm": "core.Dense(4, 3), 'weight', 1, 1e-12, 0",
        "remove_parametrizations": "layers.weight_norm(core.Dense(4, 3)), 'weight'",
        "scaled_dot_product_attention": "rows(2, 5, 4), rows(2, 5, 4), rows(2, 5, 4)",
        "sinusoidal_positions": "5, 4",
        "timestep_embedding": "[1.0, 2.0], 4",
        "upsample": f"{IMAGES}, scale_factor=2",
        # methods
        **{f"{name}.forward": f"layers.{name}(4, 3) | {STEPS}" for name in ("GRU", "LSTM")},
        "VanillaRNN.forward": f"layers.VanillaRNN(4, 3) | {STEPS}",
        **{
            f"{name}.forward": f"layers.{name}(4, 3) | rows(2, 4)"
            for name in ("GRUCell", "LSTMCell", "RNNCell")
        },
        "AdaptiveAvgPool1D.forward": f"layers.AdaptiveAvgPool1D(2) | {STEPS}",
        "AdaptiveAvgPool2D.forward": f"layers.AdaptiveAvgPool2D(2) | {IMAGES}",
        "AdaptiveMaxPool1D.forward": f"layers.AdaptiveMaxPool1D(2) | {STEPS}",
        "AdaptiveMaxPool2D.forward": f"layers.AdaptiveMaxPool2D(2) | {IMAGES}",
        "AdaptiveLayerNorm.forward": "layers.AdaptiveLayerNorm(4, 3) | rows(2, 5, 4), rows(2, 3)",
        "AlphaDropout.forward": "layers.AlphaDropout() | rows()",
        "AvgPool1D.forward": f"layers.AvgPool1D(2) | {STEPS}",
        "AvgPool2D.forward": f"layers.AvgPool2D(2) | {IMAGES}",
        "MaxPool1D.forward": f"layers.MaxPool1D(2) | {STEPS}",
        "MaxPool2D.forward": f"layers.MaxPool2D(2) | {IMAGES}",
        "BorderPad.forward": f"layers.ReflectionPad2D(2) | {IMAGES}",
        "MaxUnpool2D.forward": "layers.MaxUnpool2D(2) | rows(1, 1, 1, 2), [[[[1, 6]]]]",
        "ChannelNorm.forward": "layers.BatchNorm1D(3) | rows()",
        "Conv1D.forward": "layers.Conv1D(4, 6, 3) | rows(2, 4, 9)",
        "Conv2D.forward": f"layers.Conv2D(4, 6, 3) | {IMAGES}",
        "ConvTranspose1D.forward": "layers.ConvTranspose1D(4, 6, 3) | rows(2, 4, 9)",
        "ConvTranspose2D.forward": f"layers.ConvTranspose2D(4, 6, 3) | {IMAGES}",
        "DecoderCache.select": "layers.DecoderCache() | [0]",
        "DropPath.forward": "layers.DropPath(0.2) | rows()",
        "Dropout.forward": "layers.Dropout() | rows()",
        "Dropout2D.forward": f"layers.Dropout2D() | {IMAGES}",
        "Embedding.forward": "layers.Embedding(7, 4) | [1, 2]",
        "Embedding.from_pretrained": "layers.Embedding | rows(7, 4)",
        "Embedding.tied_output": "layers.Embedding(7, 4) | ",
        "EmbeddingBag.forward": "layers.EmbeddingBag(7, 4) | [[1, 2]]",
        "EmbeddingBag.from_pretrained": "layers.EmbeddingBag | rows(7, 4)",
        "GlobalAvgPool1D.forward": f"layers.GlobalAvgPool1D() | {STEPS}",
        "GlobalAvgPool2D.forward": f"layers.GlobalAvgPool2D() | {IMAGES}",
        "GlobalMaxPool1D.forward": f"layers.GlobalMaxPool1D() | {STEPS}",
        "GlobalMaxPool2D.forward": f"layers.GlobalMaxPool2D() | {IMAGES}",
        "Fold.forward": "layers.Fold(4, 2) | rows(2, 12, 9)",
        "PixelShuffle.forward": f"layers.PixelShuffle(2) | {IMAGES}",
        "PixelUnshuffle.forward": f"layers.PixelUnshuffle(2) | {IMAGES}",
        "Unfold.forward": f"layers.Unfold(2) | {IMAGES}",
        "GroupNorm.forward": f"layers.GroupNorm(2, 4) | {IMAGES}",
        "KeyValueCache.append": "layers.KeyValueCache() | core.Tensor(rows(2, 1, 3, 4)), "
        "core.Tensor(rows(2, 1, 3, 4))",
        "KeyValueCache.select": "layers.KeyValueCache() | [0]",
        "KeyValueCache.truncate": "layers.KeyValueCache() | 0",
        "LayerNorm.forward": "layers.LayerNorm(3) | rows()",
        "RMSNorm.forward": "layers.RMSNorm(3) | rows()",
        "LearnedPositionalEmbedding.forward": f"layers.LearnedPositionalEmbedding(4, 8) | {STEPS}",
        "MultiHeadAttention.forward": "layers.MultiHeadAttention(4, 2) | "
        f"{STEPS}, {STEPS}, {STEPS}",
        "SelfAttention.forward": f"layers.SelfAttention(4, 2) | {STEPS}",
        "PositionalEncoding.forward": f"layers.PositionalEncoding(4) | {STEPS}",
        "RotaryEmbedding.forward": f"layers.RotaryEmbedding(4) | {STEPS}",
        "Residual.forward": "layers.Residual(core.Dense(4, 4)) | rows(2, 4)",
        "ResidualBlock.forward": "layers.ResidualBlock(4) | rows(2, 4)",
        "TimestepEmbedding.forward": "layers.TimestepEmbedding(4) | [1.0, 2.0]",
        "Transformer.forward": f"layers.Transformer(4, 2, 1, 1) | {STEPS}, {STEPS}",
        "TransformerDecoder.forward": f"layers.TransformerDecoder(1, 4, 2) | {STEPS}, {STEPS}",
        "TransformerDecoderLayer.forward": f"layers.TransformerDecoderLayer(4, 2) | "
        f"{STEPS}, {STEPS}",
        "TransformerEncoder.forward": f"layers.TransformerEncoder(1, 4, 2) | {STEPS}",
        "TransformerEncoderLayer.forward": f"layers.TransformerEncoderLayer(4, 2) | {STEPS}",
        "Upsample.forward": f"layers.Upsample(scale_factor=2) | {IMAGES}",
    },
    "viz": {
        "Figure": "'<svg/>', title='a', description='b', width=10, height=10",
        "activation_histograms": "{'layer 1': rows(9, 4)}",
        "alignment_animation": "{0: np.eye(2), 2: np.eye(2)}, 'ab', 'cd', [0.3, 0.2, 0.1]",
        "alignment_map": "np.eye(3), 'abc', 'def'",
        "ctc_lattice": "rows(4, 5), 'ab'",
        "attention_diagram": "rows(3, 2), rows(3, 2), rows(3, 2)",
        "attention_maps": "np.tile(np.eye(3), (2, 1, 1))",
        "backward_graph": "traced(lambda: (leaf() * leaf()).sum().backward())",
        "bar_chart": "{'MLP': 9610, 'CNN': 1210}",
        "computation_graph": "traced(lambda: (leaf() * leaf()).sum())",
        "dataflow": "program()",
        "confusion_matrix": "np.eye(3)",
        "decision_boundary": "net(), rows(4, 2), [0, 1, 1, 0], resolution=8",
        "feature_maps": "rows(3, 5, 5)",
        "filter_grid": "rows(3, 1, 5, 5)",
        "flame_graph": "{'forward': {'conv': 2.0}, 'optimizer': 1.2}",
        "gradient_flow": "{'layer 1': [0.1, 1.0]}",
        "gradient_norms": "{'RNN': [1.0, 2.0]}",
        "heat_map": ONE,
        "image_grid": "rows(3, 5, 5)",
        "line_plot": "{'a': [1, 2, 4]}",
        "lstm_diagram": "{'f': 0.5}",
        "gru_diagram": "{'z': 0.5}",
        "rnn_diagram": "{'h': 0.5}",
        "convolution_diagram": "rows(4, 4), rows(2, 2)",
        "multi_head_diagram": "rows(3, 4), rows(3, 4), rows(3, 4)",
        "gradient_step": "np.square, 1.0, lr=0.1",
        "text_animation": "'abc', [1, 0.5, 0.5]",
        "memory_plot": "{'plain': ([1, 2, 4], [1, 4, 16])}",
        "network_diagram": "net()",
        "optimizer_paths": "'beale', {'SGD': np.linspace([1, 1], [3, 0.5], 5)}",
        "parameter_counts": "net()",
        "raster_plot": "np.eye(3)",
        "run_comparison": "{'SGD': [10, 20]}",
        "saliency_map": "rows(5, 5), rows(5, 5)",
        "scatter_map": "rows(6, 2)",
        "schedule_plot": "{'step': [1.0, 0.5]}",
        "sequence_heat_map": "rows(6, 3)",
        "similarity_matrix": "rows(4, 3)",
        "train_test_gap": "rows(5), rows(5)",
        "training_animation": "core.FeedForward((2, 3, 1)), "
        "{0: core.FeedForward((2, 3, 1)).state_dict()}, "
        "rows(4, 2), [0, 1, 1, 0], [0.3, 0.2, 0.1]",
        "training_curves": "{'SGD': [1.0, 0.5]}",
        "transformer_diagram": "",
        "truth_table": "[[0], [1]], [[1], [0]]",
        "unrolled_diagram": "'abc'",
        "Figure.save": "viz.line_plot([1, 2]) | 'figure.svg'",
        "Figure.to_html": "viz.line_plot([1, 2]) | ",
    },
    "utils": {
        "ArrayDataset": PAIR,
        "Augment": "shift=1",
        "BytePairTokenizer": "[(97, 98)]",
        "CharacterTokenizer": "'abc'",
        "HuggingFaceTokenizer": "file_of_a_tokenizer()",
        "WordPieceTokenizer": "['[UNK]', 'a', '##b']",
        "CSVLogger": "'log.csv'",
        "JSONLinesLogger": "'log.jsonl'",
        "Callback": "",
        "ModelCheckpoint": "'runs'",
        "BucketSampler": "[3, 1, 2], 2",
        "DataLoader": "(rows(), rows())",
        **each(
            "EarlyStopping GradientFlow History LearningRateLogger PlainProgress RichProgress "
            "Standardizer StopOnNaN StreamingMetric",
            "",
        ),
        "LabelEncoder": "['a', 'b']",
        "Table": "'epoch'",
        "TimeLimit": "60.0",
        "Tracked": "loader(), 'epoch 1', 'off'",
        "Training": "(m := net()), core.CrossEntropyLoss(), "
        "optim.SGD(m.parameters(), lr=0.1), loader(), epochs=1, max_steps=None, "
        "validation=None, metrics=None, scheduler=None, accumulate=1",
        "WeightAveraging": "optim.EMA(net())",
        "WeightedSampler": "[1.0, 3.0]",
        "Mean": "utils.accuracy",
        "Gathered": "utils.accuracy",
        "Ratio": "lambda outputs, targets: (1.0, 2.0)",
        "as_streaming": "utils.accuracy",
        "accuracy": "rows(), [0, 1, 2, 0]",
        "add_noise": "rows(2, 8, 8)",
        "shift": "rows(2, 8, 8)",
        "rotate": "rows(2, 8, 8)",
        "adder": "",
        "adding_problem": "4, 6",
        "average_precision": "rows(4), [0, 1, 1, 0]",
        "roc_auc": "rows(4), [0, 1, 1, 0]",
        "beam_search": "next_logits, [1], 3",
        "from_hugging_face": "foreign_file()",
        "generate": "next_logits, [1], 3",
        "binary_accuracy": "rows(4), [0, 1, 1, 0]",
        **each("blobs circles moons two_spirals xor_points", "8"),
        **each("and_gate or_gate nand_gate nor_gate majority parity", ""),
        **each("xor_gate half_adder full_adder mnist_1d_templates", ""),
        "class_weights": "[0, 1, 1]",
        "code_lines": "3",
        "confusion_matrix": "rows(), [0, 1, 2, 0]",
        "copy_task": "3, 4",
        "copy_task_baseline": "4",
        "counting_task": "3",
        "doctor": "measure=False",
        "examine": "{}, measure=False",
        "profile_step": "lambda: leaf().sum().backward(), repeats=1",
        "evaluate": "net(), core.CrossEntropyLoss(), loader()",
        "exact_match": "rows() > 0.5, rows() > 0.5",
        "expected_calibration_error": "[[0.3, 0.7], [0.9, 0.1]], [0, 1]",
        **each("f1_score precision recall", "rows(), [0, 1, 2, 0]"),
        "find_learning_rate": "(m := net()), core.CrossEntropyLoss(), "
        "optim.SGD(m.parameters(), lr=0.1), loader(), steps=5",
        "fit": "(m := net()), core.CrossEntropyLoss(), optim.SGD(m.parameters(), lr=0.1), "
        "loader(), epochs=1, progress='off'",
        "k_fold": "10, 5",
        "latest_checkpoint": "'runs'",
        "load_digits": "",
        "load_text": "",
        "mean_absolute_error": PAIR,
        "mean_squared_error": PAIR,
        "r2_score": PAIR,
        "mixup": PAIR,
        "mnist_1d": "4",
        "named_generators": "",
        "one_hot": "[0, 1, 1]",
        "order_task": "3",
        "pad_pairs": "[([1, 2], [3]), ([1], [2, 3])]",
        "pad_samples": "[([1, 2], 3), ([1], 2)]",
        "pad_sequences": "[[1, 2], [3]]",
        "parity_task": "3",
        "pattern_task": "3",
        "perplexity": "rows(), [0, 1, 2, 0]",
        "track": "loader()",
        "predict": "net(), rows(4, 2)",
        "random_windows": "np.arange(20), 3, 5",
        "recall_task": "3",
        "record": "lambda x: core.ops.sum(x), rows()",
        "RecordedStep": "lambda x: core.ops.sum(x), model=net(), optimizer=sgd()",
        "RecordedStep.__call__": "recorded_step() | rows(4, 2)",
        "RecordedStep.gradients": "recorded_step() | rows(4, 2)",
        "renaming_task": "3, 2",
        "reverse_task": "3",
        "sample_token": "rows()",
        "token_probabilities": "rows()",
        "save_vectors": "'vectors', rows()",
        "seed_everything": "3",
        "spawn_generators": "3, 2",
        "split_pieces": "'some text'",
        "stack_samples": "[(1, 2), (3, 4)]",
        "ctc_beam_decode": "rows(2, 4, 3)",
        "ctc_greedy_decode": "rows(2, 4, 3)",
        "edit_distance": "[1, 2], [1]",
        "label_error_rate": "[[1, 2], [1]], [[1], [2]]",
        "top_k_accuracy": "rows(), [0, 1, 2, 0], k=2",
        "train_test_split": "rows(), rows()",
        # methods
        "ArrayDataset.__getitem__": "utils.ArrayDataset(rows(), rows()) | 1",
        "Augment.__call__": "utils.Augment(shift=1) | (rows(2, 8, 8), np.arange(2)), "
        "np.random.default_rng(0)",
        "BytePairTokenizer.decode": "byte_pairs() | [97, 98]",
        "BytePairTokenizer.encode": "byte_pairs() | 'abc'",
        "BytePairTokenizer.from_json": "utils.BytePairTokenizer | byte_pairs().to_json()",
        "BytePairTokenizer.id": "byte_pairs() | '<end>'",
        "BytePairTokenizer.train": "utils.BytePairTokenizer | 'ab ab ab', 258",
        "CharacterTokenizer.decode": "characters() | [0, 1]",
        "CharacterTokenizer.encode": "characters() | 'abc'",
        "CharacterTokenizer.from_json": "utils.CharacterTokenizer | characters().to_json()",
        "CharacterTokenizer.id": "characters() | '<end>'",
        "HuggingFaceTokenizer.decode": "foreign() | [0, 1]",
        "HuggingFaceTokenizer.encode": "foreign() | 'ab'",
        "HuggingFaceTokenizer.encode_pair": "foreign() | 'ab', 'a'",
        "HuggingFaceTokenizer.from_json": "utils.HuggingFaceTokenizer | foreign().to_json()",
        "HuggingFaceTokenizer.id": "foreign() | '<end>'",
        "WordPieceTokenizer.decode": "word_pieces() | [0, 1]",
        "WordPieceTokenizer.encode": "word_pieces() | 'ab'",
        "WordPieceTokenizer.from_json": "utils.WordPieceTokenizer | word_pieces().to_json()",
        "WordPieceTokenizer.id": "word_pieces() | '<end>'",
        "WordPieceTokenizer.train": "utils.WordPieceTokenizer | 'ab ab ab', 20",
        "WordPieceTokenizer.words": "word_pieces() | 'ab a'",
        "Callback.load_state_dict": "utils.Callback() | {}",
        "ModelCheckpoint.load_state_dict": "utils.ModelCheckpoint('runs') | "
        "utils.ModelCheckpoint('runs').state_dict()",
        "DataLoader.load_state_dict": "loader() | loader().state_dict()",
        "DataLoader.shares": "loader() | 0, 2",
        "BucketSampler.order": "utils.BucketSampler([3, 1, 2], 2) | np.random.default_rng(0)",
        "WeightedSampler.balanced": "utils.WeightedSampler | [0, 1, 1]",
        "WeightedSampler.order": "utils.WeightedSampler([1.0]) | np.random.default_rng(0)",
        "Gathered.merge": "utils.metrics.Gathered(max) | {}",
        "Ratio.merge": "utils.metrics.Mean(max) | {'numerator': 1.0, 'denominator': 2.0}",
        "average_gradients": "sgd(), alone()",
        "broadcast_weights": "net(), alone()",
        **each("Shard shard", "loader(), alone()"),
        "EarlyStopping.load_state_dict": "utils.EarlyStopping() | "
        "utils.EarlyStopping().state_dict()",
        "GradientFlow.load_state_dict": "utils.GradientFlow() | utils.GradientFlow().state_dict()",
        "Table.add": "(lambda t: t.append(1, {'loss': 0.5}) or t)(utils.Table('epoch')) | "
        "'loss', 0.5",
        "Table.append": "utils.Table('epoch') | 1, {'loss': 0.5}",
        "Table.to_csv": "utils.Table('epoch') | 'table.csv'",
        "Table.to_json_lines": "utils.Table('epoch') | 'table.jsonl'",
        "Table.load_state_dict": "utils.Table('epoch') | utils.Table('epoch').state_dict()",
        "History.load_state_dict": "utils.History() | utils.History().state_dict()",
        "LabelEncoder.decode": "utils.LabelEncoder(['a', 'b']) | [0, 1]",
        "LabelEncoder.encode": "utils.LabelEncoder(['a', 'b']) | ['a']",
        "Program.cost": "program() | 1",
        "Program.namespace": "program() | ",
        "Program.run": "program() | x=ONES",
        "Standardizer.fit": "utils.Standardizer() | rows()",
        "Standardizer.inverse": "utils.Standardizer().fit(rows()) | rows()",
        "Standardizer.transform": "utils.Standardizer().fit(rows()) | rows()",
        "Standardizer.load_state_dict": "utils.Standardizer() | "
        "utils.Standardizer().fit(rows()).state_dict()",
        "Training.save": "training() | 'run.safetensors'",
        "Training.stop": "training() | 'enough'",
        "Tracked.show": "utils.track(loader(), progress='off') | loss=0.5",
        "WeightAveraging.load_state_dict": "utils.WeightAveraging(optim.EMA(net())) | "
        "utils.WeightAveraging(optim.EMA(net())).state_dict()",
        **{
            f"{name}.{method}": f"utils.metrics.{name}({recipe}) | {arguments}"
            for name, recipe in {
                "Gathered": "utils.accuracy",
                "Ratio": "lambda outputs, targets: (1.0, 2.0)",
            }.items()
            for method, arguments in {
                "update": "rows(), [0, 1, 2, 0]",
                "load_state_dict": f"utils.metrics.{name}({recipe}).state_dict()",
            }.items()
        },
    },
}

# What the library calls, not its user: a subclass's formulas, hooks, and what records hold.
INTERNAL = re.compile(
    r".*\.(rule|coefficients|update|init_state|initial_state|state_names|advance|check_group|weight|lr|momentum|"
    r"normalize|from_op|on_\w+|restore)$|ReduceLROnPlateau\.step$|"
    r"(Callback|ModelCheckpoint|EarlyStopping|WeightAveraging)\.check$|"
    r"StreamingMetric\..*|Tensor\.__setitem__|((Elementwise|Tensorwise)?Optimizer|LRScheduler|Beam|Digits|"
    r"Cost|Finding|LearningRateSearch|Line|LineCost|NonFiniteError|OperationTime|Program|Renaming|"
    r"RenamingTask|StepProfile|TruthTable)$"
)

# --- what is walked -----------------------------------------------------------------------------


def public_modules(root):
    """Return a package, its documented subpackages, and the modules that they list as names."""
    modules = [root]
    # Tools for tests are called by tests alone.
    left_out = {"fast", "testing"}
    modules += [
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
        if info.ispkg and left_out.isdisjoint(info.name.split("."))
    ]
    return modules + [
        value
        for module in modules
        for name in module.__all__
        if inspect.ismodule(value := getattr(module, name)) and value not in modules
    ]


def public_callables(package):
    """Yield (name, callable): functions, constructors and methods with a parameter, once each."""
    root = importlib.import_module(f"neural_net_{package}")
    seen = set()
    for module in public_modules(root):
        for name in module.__all__:
            found = getattr(module, name)
            if id(found) in seen or not (inspect.isfunction(found) or inspect.isclass(found)):
                continue
            seen.add(id(found))
            if not inspect.isclass(found):
                yield name, found
            elif not issubclass(found, (core.NeuralNetError, core.Op)) and not vars(found).get(
                "_is_protocol"
            ):
                yield name, found
                for method in _methods(found):
                    if id(method) not in seen and method.__module__.startswith(root.__name__):
                        seen.add(id(method))
                        yield method.__qualname__, method


SPECIAL = ("__call__", "__getitem__", "__setitem__", "__matmul__")


def _methods(cls):
    for name in dir(cls):
        if name.startswith("_") and name not in SPECIAL:
            continue
        method = inspect.getattr_static(cls, name)
        method = getattr(method, "__func__", method)
        if inspect.isfunction(method) and len(inspect.signature(method).parameters) > 1:
            yield method


def prepare(package, name):
    """Return a function that makes (callable, bound arguments), both new at each call."""
    recipe = RECIPES[package].get(name)
    if recipe is None and "." in name:
        # Methods of Module and others that a second package's classes inherit.
        recipe = next((r[name] for r in RECIPES.values() if name in r), None)
    if recipe is None:
        return None
    owner, _, arguments = recipe.partition(" | ") if "." in name else ("", "", recipe)

    def made():
        if "." in name:
            call = getattr(_evaluated(owner), name.rpartition(".")[2])
        else:
            call = _find(package, name)
        args, kwargs = _evaluated(f"(lambda *args, **kwargs: (args, kwargs))({arguments})")
        return call, inspect.signature(call).bind(*args, **kwargs)

    return made


def _evaluated(text):
    return eval(text, globals())  # noqa: S307 (the recipes above)


def _find(package, name):
    for module in public_modules(importlib.import_module(f"neural_net_{package}")):
        if name in module.__all__ and not inspect.ismodule(getattr(module, name)):
            return getattr(module, name)
    raise LookupError(name)


# --- one call ------------------------------------------------------------------------------------


class Late(BaseException):
    """The time is over; no `except Exception` on the way swallows it."""


def _alarm(*_):
    raise Late


# What Python and NumPy say of themselves. Such a message is foreign even where a word of it
# happens to be a parameter's name ("The truth value of an array", "int() argument").
FOREIGN = re.compile(
    r"truth value of|not supported between|has no attribute|object is not|unsupported operand|"
    r"inhomogeneous|ufunc '|\(\) argument|must be real number|object of type|can't multiply|"
    r"cannot be interpreted as|could not convert|cannot convert|unhashable|too many values|"
    r"not enough values|not all arguments converted|unsupported format|Cannot interpret|"
    r"no matching signature|expected str, bytes or os.PathLike|can only concatenate|"
    r"positional argument"
)


def classify(error, name, parameter):
    """Return "helpful" or "foreign" for what a call raised."""
    if isinstance(error, core.NeuralNetError):
        return "helpful"
    if not isinstance(error, (ValueError, TypeError, IndexError, KeyError, OSError)):
        return "foreign"
    text = str(error)
    if not _on_purpose(error) and FOREIGN.search(text):
        return "foreign"
    names = {parameter, *name.split(".")}
    named = any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) for one in names)
    return (
        "helpful"
        if named or (isinstance(error, OSError) and error.filename is not None)
        else "foreign"
    )


def _on_purpose(error):
    """Tell whether a `raise` statement of ours raised it."""
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    code = last.tb_frame.f_code
    if "neural_net" not in code.co_filename:
        return False
    at = {i.offset: i.opname for i in dis.get_instructions(code)}
    return at.get(last.tb_lasti) in ("RAISE_VARARGS", "RERAISE")


def holds_nan(value, depth=0):
    """Tell whether an answer holds NaN anywhere a user would look."""
    if depth > 4:
        return False
    if isinstance(value, core.Module):
        return any(holds_nan(p.data, depth + 1) for p in value.parameters())
    if isinstance(value, core.Tensor):
        value = value.data
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fc" and bool(np.isnan(value).any())
    if isinstance(value, (float, np.floating)):
        return math.isnan(value)
    if isinstance(value, dict):
        return any(holds_nan(v, depth + 1) for v in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_nan(v, depth + 1) for v in value)
    return False


def try_call(made, parameter, wrong, name):
    """Make one wrong call and return (category, text)."""
    call, bound = made()
    kind = bound.signature.parameters[parameter].kind
    value = WRONG[wrong]()
    if kind is kind.VAR_POSITIONAL:
        value = (value, *bound.arguments.get(parameter, ())[1:])
    bound.arguments[parameter] = value
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        answer = call(*bound.args, **bound.kwargs)
        if isinstance(answer, types.GeneratorType):
            try:
                answer = next(answer, None)
            except Exception as error:
                return "foreign", f"only at the first next: {_line(error)}"
    except Late:
        return "hang", ""
    except Exception as error:
        return classify(error, name, parameter), _line(error)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if wrong in NONES and holds_nan(answer):
        return "nan", ""
    return "accepted", ""


def _line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}"


# --- every call of one function, in a process of its own -----------------------------------------


def child(package, name, skip, out):
    """Write a line of JSON for each call but the first `skip`."""
    signal.signal(signal.SIGPROF, _alarm)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    made = prepare(package, name)
    call, bound = made()
    plan = [
        (parameter, wrong)
        for parameter, p in bound.signature.parameters.items()
        if p.kind is not p.VAR_KEYWORD
        for wrong in WRONG
    ]
    if not skip:
        call(*bound.args, **bound.kwargs)
        out.write(json.dumps(["planned", len(plan)]) + "\n")
    for parameter, wrong in plan[skip:]:
        out.write(json.dumps(["trying", parameter, wrong]) + "\n")
        out.flush()
        category, text = try_call(made, parameter, wrong, name)
        out.write(json.dumps([category, parameter, wrong, text]) + "\n")


def run_child(package, name, skip):
    """Return (lines, whether the child came to its end), stopping it when it is silent."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            with Path(os.devnull).open("r+") as null:
                for fd in (0, 1, 2):
                    os.dup2(null.fileno(), fd)
            with os.fdopen(writing, "w") as out:
                try:
                    child(package, name, skip, out)
                except BaseException as error:
                    out.write(json.dumps(["broken", "", "", _line(error)]) + "\n")
        finally:
            os._exit(0)
    os.close(writing)
    text = b""
    while select.select([reading], [], [], SILENCE)[0]:
        some = os.read(reading, 1 << 16)
        if not some:
            break
        text += some
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(reading)
    os.waitpid(pid, 0)
    return [json.loads(line) for line in text.decode().splitlines() if line.endswith("]")]


def measure(package, name):
    """Return [(category, parameter, wrong value, text)] of all calls of one function."""
    results, planned, tries = [], 0, 0
    while tries < 40:
        lines = run_child(package, name, len(results))
        tries += 1
        last = None
        for line in lines:
            if line[0] == "planned":
                planned = line[1]
            elif line[0] == "trying":
                last = line
            elif line[0] == "broken":
                if len(results) == 0 and last is None:
                    return [tuple(line)]
                break
            else:
                results.append(tuple(line))
                last = None
        if last is not None:
            broken = lines and lines[-1][0] == "broken"
            text = lines[-1][3] if broken else "the process ended or was silent"
            results.append(("hang", last[1], last[2], text))
        if len(results) >= planned:
            break
    return results


def main():
    """Measure the packages asked for, print the counts, and fail where a recipe is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", help="core, optim, layers, viz, utils")
    parser.add_argument("--list", action="store_true", help="print foreign calls, one a line")
    parser.add_argument("--accepted", action="store_true", help="print accepted calls as well")
    parser.add_argument("--only", help="a regular expression for the functions' names")
    options = parser.parse_args()
    if unknown := set(options.packages) - set(PACKAGES):
        parser.error(f"no such package: {', '.join(unknown)}")
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    missing, broken = [], []
    print(f"{'':8}{'functions':>10}{'calls':>8}  " + "".join(f"{c:>16}" for c in CATEGORIES))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("runs").mkdir()
        for package in options.packages or PACKAGES:
            counts, listing, functions = collections.Counter(), [], 0
            for name, _ in public_callables(package):
                if INTERNAL.match(name) or (options.only and not re.search(options.only, name)):
                    continue
                if prepare(package, name) is None:
                    missing.append(f"{package}: {name}")
                    continue
                functions += 1
                for category, parameter, wrong, text in measure(package, name):
                    if category == "broken":
                        broken.append(f"{package}: {name}: {text}")
                        continue
                    counts[category] += 1
                    if category in ("foreign", "hang", "nan") or (
                        options.accepted and category == "accepted"
                    ):
                        listing.append(f"  {category:9}{name}({parameter}={wrong}) {text}")
            total = sum(counts.values()) or 1
            print(
                f"{package:8}{functions:10}{total:8}  "
                + "".join(f"{counts[c]:8}{counts[c] / total:8.1%}" for c in CATEGORIES),
                flush=True,
            )
            if options.list:
                print(*listing, sep="\n")
    for title, names in (("no recipe", missing), ("a recipe that fails", broken)):
        if names:
            print(f"{title}:", *names, sep="\n  ")
    return 1 if missing or broken else 0


CATEGORIES = ("helpful", "accepted", "foreign", "hang", "nan")

if __name__ == "__main__":
    sys.exit(main())
