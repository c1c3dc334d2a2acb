"""Record what PyTorch computes, so that the packages' own tests can compare without it.

    python tests/parity/freeze.py

writes one file of fixed cases per package, `packages/*/tests/fixtures/pytorch.safetensors`: the
inputs, the results, random gradients that come back into the results, and the gradients of the
inputs, all in float64. Our side of each case stands under the same name in the package's
`test_reference.py`. `test_freeze.py` checks that the files say what PyTorch says today.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)
from freeze_convolution import ROWS as CONVOLUTIONS
from freeze_layers import ROWS as MODULES_OF_LAYERS
from torch import optim

from neural_net_core.testing.reference import Case, save_cases

ROOT = Path(__file__).resolve().parents[2]
Rows = dict[str, tuple[Callable[..., Any], Sequence[Any]]]

rng = np.random.default_rng(20_250_101)


def real(*shape: int) -> Any:
    """Return normal numbers, rounded so that a reader of the file can type them."""
    return rng.normal(size=shape).round(3)


def positive(*shape: int) -> Any:
    """Return numbers between 0.2 and 2."""
    return rng.uniform(0.2, 2, shape).round(3)


def chance(*shape: int) -> Any:
    """Return numbers between 0.05 and 0.95."""
    return rng.uniform(0.05, 0.95, shape).round(3)


def distribution(*shape: int) -> Any:
    """Return probabilities that add up to 1 along axis 1."""
    p = rng.uniform(0.1, 1, shape)
    return p / p.sum(axis=1, keepdims=True)


def signs(*shape: int) -> Any:
    """Return numbers 1 and −1."""
    return rng.choice([-1, 1], shape)


# All kinds of places: far out on both sides, near zero, and either side of ±1, ±3 and 6.
WIDE = np.array([-60, -9, -4, -2.9, -1.2, -0.9, -0.3, -1e-4, 1e-4, 0.2, 0.8, 1.7, 2.8, 3.3, 7, 60])
LABELS = np.array([3, 0, -100, 3, 1])
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 0.25], dtype=torch.float64)
# Other generators, so that the numbers of older rows stay as they are.
MORE = np.random.default_rng(6)
MASK = np.array([[True, False, True], [False, False, True]])


def halves(x: Any) -> Any:
    a, b = x.chunk(2, -1)
    return F.silu(a) * b


def info_nce(q: Any, k: Any, temperature: float = 0.2) -> Any:
    scores = F.normalize(q) @ F.normalize(k).T / temperature
    return F.cross_entropy(scores, torch.arange(len(q)))


def sigmoid_focal_loss(x: Any, t: Any, alpha: float = 0.25, gamma: float = 2.0) -> Any:
    """Return torchvision's function of this name, by its formula."""
    p = x.sigmoid()
    p_t, alpha_t = torch.where(t == 1, p, 1 - p), torch.where(t == 1, alpha, 1 - alpha)
    single = F.binary_cross_entropy_with_logits(x, t.to(x.dtype), reduction="none")
    return (alpha_t * (1 - p_t) ** gamma * single).mean()


def focal_loss(x: Any, t: Any, gamma: float = 1.5) -> Any:
    """Return the loss of the paper with a softmax, divided as PyTorch divides a cross-entropy."""
    single = F.cross_entropy(x, t, reduction="none")
    w = torch.where(t == -100, 0, WEIGHT[t.clamp(min=0)])
    return (w * (1 - torch.exp(-single)) ** gamma * single).sum() / w.sum()


OPERATIONS: Rows = {
    "add": (torch.add, [real(2, 3), real(3)]),
    "subtract": (torch.sub, [real(2, 1), real(3)]),
    "multiply": (torch.mul, [real(2, 3), real(1, 3)]),
    "divide": (torch.div, [real(2, 3), positive(3)]),
    "negative": (torch.neg, [real(3)]),
    "power": (torch.pow, [positive(2, 3), real(3)]),
    "power 3": (lambda x: x**3, [real(4)]),
    "power -0.5": (lambda x: x**-0.5, [positive(4)]),
    "sqrt": (torch.sqrt, [positive(4)]),
    "exp": (torch.exp, [real(4)]),
    "expm1": (torch.expm1, [real(4)]),
    "log": (torch.log, [positive(4)]),
    "log1p": (torch.log1p, [positive(4)]),
    "sin": (torch.sin, [real(4)]),
    "cos": (torch.cos, [real(4)]),
    "absolute": (torch.abs, [np.array([-1.5, 0, 2])]),
    "sign": (torch.sign, [np.array([-1.5, 0, 2])]),
    "cast": (lambda x: x.float().double(), [real(4)]),
    "matmul": (torch.matmul, [real(2, 3), real(3, 2)]),
    "matmul vectors": (torch.matmul, [real(3), real(3)]),
    "matmul batches": (torch.matmul, [real(2, 1, 2, 3), real(2, 3, 2)]),
    "linear": (F.linear, [real(2, 2, 3), real(4, 3), real(4)]),
    "linear without bias": (F.linear, [real(2, 3), real(4, 3)]),
    "sum": (torch.sum, [real(2, 3)]),
    "sum axis": (lambda x: x.sum(1, keepdim=True), [real(2, 3)]),
    "mean axes": (lambda x: x.mean((0, -1)), [real(2, 3, 2)]),
    "prod": (lambda x: x.prod(-1), [np.array([[1.5, -2, 0], [2, 0.5, 3]])]),
    "max": (lambda x: x.amax(0), [np.array([[1.0, 2, 3], [1, 5, 0]])]),
    "min": (lambda x: x.amin((0, 1)), [real(2, 3)]),
    "var": (lambda x: x.var(1, correction=0), [real(2, 4)]),
    "var ddof": (lambda x: x.var(0, correction=1), [real(3, 2)]),
    "std": (lambda x: x.std(1, correction=0), [real(2, 4)]),
    "norm": (lambda x: torch.linalg.vector_norm(x, dim=1), [np.array([[3.0, 4], [0, 0]])]),
    "logsumexp": (lambda x: x.logsumexp(1), [np.array([[1.0, -2, 1e3], [0, 1, 2]])]),
    "softmax": (lambda x: x.softmax(-1), [10 * real(2, 3)]),
    "log_softmax": (lambda x: x.log_softmax(0), [10 * real(3, 2)]),
    "cumsum": (lambda x: x.cumsum(1), [real(2, 3)]),
    "reshape": (lambda x: x.reshape(3, 2), [real(2, 3)]),
    "transpose": (lambda x: x.permute(2, 0, 1), [real(2, 3, 2)]),
    "swapaxes": (lambda x: x.swapaxes(0, 2), [real(2, 3, 2)]),
    "moveaxis": (lambda x: x.moveaxis(0, -1), [real(2, 3, 2)]),
    "squeeze": (lambda x: x.squeeze(1), [real(2, 1, 3)]),
    "expand_dims": (lambda x: x.unsqueeze(1), [real(2, 3)]),
    "broadcast_to": (lambda x: x.broadcast_to(2, 3, 2), [real(3, 1)]),
    "flip": (lambda x: x.flip(1), [real(2, 3)]),
    "getitem": (lambda x: x[1:, ::2], [real(3, 4)]),
    "getitem repeated": (lambda x: x[[0, 2, 2], [1, 1, 1]], [real(3, 4)]),
    "take_along_axis": (
        lambda x, i: x.gather(1, i),
        [real(2, 3), np.array([[0, 0], [2, 1]])],
    ),
    "concatenate": (lambda a, b: torch.cat([a, b, a], 1), [real(2, 1), real(2, 2)]),
    "stack": (lambda a, b: torch.stack([a, b], 1), [real(2, 2), real(2, 2)]),
    "split": (lambda x: x.tensor_split([1, 3], 1), [real(2, 4)]),
    "unstack": (lambda x: x.unbind(1), [real(2, 3)]),
    "pad": (lambda x: F.pad(x, [1, 0, 0, 2], value=5), [real(2, 3)]),
    "pad reflect": (lambda x: F.pad(x, [2, 1], "reflect"), [real(1, 4)]),
    "where": (torch.where, [MASK, real(2, 3), real(3)]),
    "maximum": (torch.maximum, [np.array([1.0, 2, 3]), np.array([3.0, 2, 1])]),
    "minimum": (torch.minimum, [np.array([1.0, 2, 3]), np.array([3.0, 2, 1])]),
    "clip": (lambda x: x.clamp(-1, 1), [np.array([-2.0, -1, 0, 0.5, 1, 2])]),
    "einsum": (lambda a, b: torch.einsum("bik,kj->bij", a, b), [real(2, 2, 3), real(3, 2)]),
}

ACTIVATIONS: Rows = {
    "sigmoid": (torch.sigmoid, [WIDE]),
    "tanh": (torch.tanh, [WIDE]),
    "relu": (F.relu, [WIDE]),
    "leaky_relu": (F.leaky_relu, [WIDE]),
    "elu": (lambda x: F.elu(x, 0.5), [WIDE]),
    "selu": (F.selu, [WIDE]),
    "gelu": (F.gelu, [WIDE]),
    "gelu tanh": (lambda x: F.gelu(x, approximate="tanh"), [WIDE]),
    "silu": (F.silu, [WIDE]),
    "swish": (lambda x, beta: x * torch.sigmoid(beta * x), [WIDE, np.array(0.7)]),
    "softplus": (F.softplus, [WIDE]),
    "softplus sharp": (lambda x: F.softplus(x, 2.5, 3.0), [WIDE]),
    "mish": (F.mish, [WIDE]),
    "prelu": (F.prelu, [real(2, 3, 2), real(3)]),
    "softsign": (F.softsign, [WIDE]),
    "logsigmoid": (F.logsigmoid, [WIDE]),
    "hardtanh": (F.hardtanh, [WIDE]),
    "relu6": (F.relu6, [WIDE]),
    # By its formula: PyTorch's own slope is 1/6 rounded to float32.
    "hardsigmoid": (lambda x: F.relu6(x + 3) / 6, [WIDE]),
    "hardswish": (F.hardswish, [WIDE]),
    "glu": (F.glu, [real(2, 4)]),
    "swiglu": (halves, [real(2, 4)]),
    "celu": (lambda x: F.celu(x, 0.5), [WIDE]),
    "hardshrink": (F.hardshrink, [WIDE]),
    "softshrink": (F.softshrink, [WIDE]),
    "threshold": (lambda x: F.threshold(x, 0.8, -1.5), [WIDE]),
    "softmin": (lambda x: F.softmin(x, -1), [WIDE.reshape(4, 4)]),
}

LOSSES: Rows = {
    "mse_loss": (F.mse_loss, [real(2, 3), real(2, 3)]),
    "mse_loss none": (lambda x, t: F.mse_loss(x, t, reduction="none"), [real(2, 3), real(2, 3)]),
    "l1_loss": (F.l1_loss, [real(2, 3), real(2, 3)]),
    "huber_loss": (lambda x, t: F.huber_loss(x, t, delta=0.5), [real(2, 3), real(2, 3)]),
    "smooth_l1_loss": (lambda x, t: F.smooth_l1_loss(x, t, beta=0.5), [real(2, 3), real(2, 3)]),
    "binary_cross_entropy": (F.binary_cross_entropy, [chance(2, 3), chance(2, 3)]),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits,
        [WIDE, chance(16)],
    ),
    "binary_cross_entropy_with_logits pos_weight": (
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, pos_weight=WEIGHT),
        [3 * real(2, 4), chance(2, 4)],
    ),
    "cross_entropy": (F.cross_entropy, [3 * real(5, 4), LABELS]),
    "cross_entropy sum": (
        lambda x, t: F.cross_entropy(x, t, reduction="sum"),
        [real(5, 4), LABELS],
    ),
    "cross_entropy weight smoothing": (
        lambda x, t: F.cross_entropy(x, t, WEIGHT, label_smoothing=0.1),
        [real(5, 4), LABELS],
    ),
    "cross_entropy images": (
        lambda x, t: F.cross_entropy(x, t, reduction="none"),
        [real(2, 3, 2, 2), rng.integers(0, 3, (2, 2, 2))],
    ),
    "cross_entropy probabilities": (
        lambda x, q: F.cross_entropy(x, q, WEIGHT, label_smoothing=0.1),
        [real(3, 4), distribution(3, 4)],
    ),
    "nll_loss": (lambda x, t: F.nll_loss(x, t, WEIGHT), [-positive(5, 4), LABELS]),
    "kl_div": (
        lambda x, t: F.kl_div(x, t, reduction="batchmean"),
        [-positive(3, 4), distribution(3, 4)],
    ),
    "kl_div log_target": (
        lambda x, t: F.kl_div(x, t, reduction="sum", log_target=True),
        [-positive(3, 4), -positive(3, 4)],
    ),
    "cosine_similarity": (lambda a, b: F.cosine_similarity(a, b, -1), [real(3, 4), real(3, 4)]),
    "cosine_embedding_loss": (
        lambda a, b, t: torch.where(
            t > 0,
            1 - F.cosine_similarity(a, b),
            F.relu(F.cosine_similarity(a, b) - 0.1),
        ).mean(),
        [real(5, 4), real(5, 4), signs(5)],
    ),
    "hinge_loss": (lambda x, t: F.relu(1 - t * x).mean(), [real(6), signs(6)]),
    "hinge_embedding_loss": (F.hinge_embedding_loss, [positive(6), signs(6)]),
    "multi_margin_loss": (
        lambda x, t: F.multi_margin_loss(x, t, p=2, margin=0.8, weight=WEIGHT),
        [real(4, 4), np.array([3, 0, 2, 2])],
    ),
    "normalize": (lambda x: F.normalize(x, dim=-1), [real(3, 4)]),
    "pairwise_distance": (F.pairwise_distance, [real(3, 4), real(3, 4)]),
    "triplet_margin_loss": (
        lambda a, p, n: F.triplet_margin_loss(a, p, n, swap=True),
        [real(4, 3), real(4, 3), real(4, 3)],
    ),
    "info_nce": (info_nce, [real(4, 3), real(4, 3)]),
    # Numbers of its own, so that those of the cases after it stay.
    "ctc_loss": (
        lambda u, t, n, m: F.ctc_loss(u.log_softmax(2).transpose(0, 1), t, n, m),
        [
            np.random.default_rng(5).normal(size=(4, 7, 4)).round(3),
            np.array([[1, 2, 3], [2, 2, 0], [3, 3, 3], [0, 0, 0]]),
            np.array([7, 5, 5, 3]),
            np.array([3, 2, 3, 0]),
        ],
    ),
    "gaussian_nll_loss": (
        lambda x, t, v: F.gaussian_nll_loss(x, t, v, full=True),
        [MORE.normal(size=(3, 4)), MORE.normal(size=(3, 4)), MORE.uniform(0, 2, (3, 4))],
    ),
    "gaussian_nll_loss one variance": (
        F.gaussian_nll_loss,
        [MORE.normal(size=(3, 4)), MORE.normal(size=(3, 4)), np.array([[0.5], [0.0], [2.0]])],
    ),
    "poisson_nll_loss": (
        lambda x, t: F.poisson_nll_loss(x, t, full=True),
        [MORE.normal(size=6), np.array([0.5, 1, 2, 3, 9, 40])],
    ),
    "poisson_nll_loss rates": (
        lambda x, t: F.poisson_nll_loss(x, t, log_input=False, eps=1e-3),
        [MORE.uniform(0, 3, 6), np.array([0.5, 1, 2, 3, 9, 40])],
    ),
    "margin_ranking_loss": (
        lambda a, b, t: F.margin_ranking_loss(a, b, t, margin=0.5),
        [np.array([1.0, 2, 3, 1.5]), np.array([1.0, 0, 1, 1]), np.array([-1, 1, -1, 1])],
    ),
    "soft_margin_loss": (F.soft_margin_loss, [WIDE, np.tile([1, -1, -1, 1], 4)]),
    "multilabel_soft_margin_loss": (
        lambda x, t: F.multilabel_soft_margin_loss(x, t, WEIGHT),
        [WIDE.reshape(4, 4), np.array([[1.0, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 1]])],
    ),
    "sigmoid_focal_loss": (sigmoid_focal_loss, [WIDE / 4, np.tile([1, 0, 0, 1], 4)]),
    "focal_loss": (focal_loss, [2 * MORE.normal(size=(5, 4)), LABELS]),
}

MODULES: Rows = {
    "Dense": (F.linear, [real(3, 4), real(2, 4), real(2)]),
    "FeedForward": (
        lambda x, w0, b0, w1, b1: F.linear(torch.tanh(F.linear(x, w0, b0)), w1, b1),
        [real(3, 2), real(4, 2), real(4), real(1, 4), real(1)],
    ),
}

# Sorted, joined, drawn: from a generator of its own, and last among the cases of core, so that the
# numbers of other rows stay as they are.
_rng = np.random.default_rng(11)
TIES = np.array([[1.0, -2, 1, 0.5], [0, 0, -1, -3]])
ZEROS = np.array([[2.0, 0, 3, -1], [1.5, -2, 0, 0], [0.5, 3, -1, 2]])
LINES = np.array([[2, 0, 2, 1], [1, 1, 0, 0]])


def some(*shape: int) -> Any:
    """Return normal numbers, as `real` does."""
    return _rng.normal(size=shape).round(3)


ARRAYS: Rows = {
    "floor": (torch.floor, [np.array([-1.5, -1, 0.25, 2.75])]),
    "ceil": (torch.ceil, [np.array([-1.5, -1, 0.25, 2.75])]),
    "round": (torch.round, [np.array([-1.5, -0.5, 0.5, 1.5, 2.6])]),
    "round_straight_through": (
        lambda x: x + (x.round() - x).detach(),
        [np.array([-1.5, -0.5, 0.5, 1.5, 2.6])],
    ),
    "erf": (torch.erf, [np.array([-6, -2.5, -1.1, -0.7, -1e-4, 0, 0.3, 0.99, 1.4, 3])]),
    "arctan2": (torch.atan2, [np.array([[1.0], [-2], [0]]), np.array([-1.0, 0, 3])]),
    "logaddexp": (torch.logaddexp, [np.array([1e3, -1e3, 0.5]), np.array([[1e3], [-1e3]])]),
    "cumprod": (lambda x: x.cumprod(1), [ZEROS]),
    "logcumsumexp": (lambda x: x.logcumsumexp(0), [100 * some(4, 2)]),
    "sort": (lambda x: x.sort(1)[0], [some(2, 5)]),
    "sort descending": (lambda x: x.sort(dim=1, descending=True, stable=True), [TIES]),
    "topk": (lambda x: x.topk(2, 0), [some(4, 3)]),
    "topk smallest": (lambda x: x.topk(3, largest=False)[0], [some(2, 5)]),
    "tril": (lambda x: x.tril(-1), [some(2, 3, 3)]),
    "triu": (lambda x: x.triu(1), [some(3, 4)]),
    "outer": (torch.outer, [some(3), some(2)]),
    "tile": (lambda x: x.tile(2, 1, 3), [some(2, 2)]),
    "repeat_interleave": (lambda x: x.repeat_interleave(3, 1), [some(2, 3)]),
    "roll": (lambda x: x.roll((1, -2), (0, 1)), [some(2, 3)]),
    "index_add": (
        lambda x, i, s: x.index_add(1, i, s),
        [some(2, 3), np.array([2, 0, 2, 2]), some(2, 4)],
    ),
    "scatter_add": (lambda x, i, s: x.scatter_add(1, i, s), [some(2, 3), LINES, some(2, 4)]),
    "put_along_axis": (
        lambda x, i, v: x.scatter(1, i, v),
        [some(2, 3), LINES[:, 1:3], some(2, 2)],
    ),
}

# Of the noise as it is: PyTorch's own function draws it inside.
GUMBEL: Rows = {
    "gumbel_softmax": (lambda x, g: ((x + g.detach()) / 0.5).softmax(-1), [some(2, 4), some(2, 4)]),
    "gumbel_softmax hard": (
        lambda x, g: hard((x + g.detach()).div(2).softmax(0)),
        [some(3, 2), some(3, 2)],
    ),
}


def hard(soft: Any) -> Any:
    return F.one_hot(soft.argmax(0), len(soft)).T + soft - soft.detach()


# From a generator of its own, so that the numbers of other rows stay as they are.
matrices = np.random.default_rng(6)
SQUARES = matrices.normal(size=(2, 3, 3)).round(3)
RIGHT_SIDES = matrices.normal(size=(3, 2)).round(3)


def made_positive(x: Any) -> Any:
    return x @ x.mT + torch.eye(3)


LINEAR_ALGEBRA: Rows = {
    "solve": (torch.linalg.solve, [SQUARES, RIGHT_SIDES]),
    "solve vectors": (torch.linalg.solve, [SQUARES, RIGHT_SIDES.T]),
    "inv": (torch.linalg.inv, [SQUARES]),
    "slogdet": (torch.linalg.slogdet, [SQUARES]),
    "det": (torch.linalg.det, [SQUARES]),
    "cholesky": (lambda x: torch.linalg.cholesky(made_positive(x)), [SQUARES]),
    "cholesky upper": (lambda x: torch.linalg.cholesky(made_positive(x), upper=True), [SQUARES]),
}

# From a generator of its own, so that the numbers of other rows stay as they are.
TABLE = np.random.default_rng(5).normal(size=(5, 3)).round(3)

LAYERS: Rows = {
    "LayerNorm": (
        lambda x, w, b: F.layer_norm(x, (4,), w, b),
        [real(2, 3, 4), real(4), real(4)],
    ),
    "LayerNorm two axes": (
        lambda x, w, b: F.layer_norm(x, (3, 4), w, b, eps=1e-3),
        [real(2, 3, 4), real(3, 4), real(3, 4)],
    ),
    "LayerNorm plain": (lambda x: F.layer_norm(x, (4,)), [real(2, 4)]),
    "RMSNorm": (lambda x, w: F.rms_norm(x, (4,), w, eps=1e-6), [real(2, 3, 4), real(4)]),
    "GroupNorm": (
        lambda x, w, b: F.group_norm(x, 2, w, b),
        [real(2, 4, 3), real(4), real(4)],
    ),
    "BatchNorm1D training": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [real(5, 3), real(3), real(3)],
    ),
    "Embedding": (
        lambda ids, w: F.embedding(ids, w, padding_idx=2),
        [np.array([[0, 2], [4, 0]]), TABLE],
    ),
    "Embedding frequency": (
        lambda ids, w: F.embedding(ids, w, scale_grad_by_freq=True),
        [np.array([0, 2, 4, 0]), TABLE],
    ),
    "EmbeddingBag mean": (
        lambda ids, w: F.embedding_bag(ids, w, padding_idx=2),
        [np.array([[0, 2, 4], [0, 1, 1]]), TABLE],
    ),
    "EmbeddingBag max": (
        lambda ids, w: F.embedding_bag(ids, w, mode="max"),
        [np.array([[0, 2, 4], [0, 1, 1]]), TABLE],
    ),
}


def training(name: str, **options: Any) -> tuple[Callable[..., Any], Sequence[Any]]:
    """Return a row: a parameter, and what it becomes under five gradients one after another."""

    def run(start: Any, *gradients: Any) -> list[Any]:
        parameter = torch.nn.Parameter(start.detach().clone())
        optimizer = getattr(optim, name)([parameter], **options)
        after = []
        for gradient in gradients:
            parameter.grad = gradient.detach().clone()
            optimizer.step()
            after.append(parameter.detach().clone())
        return after

    return run, [real(2, 3) for _ in range(6)]


# The name of a case begins with that of the class.
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.1}),
    "SGD momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "SGD dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    "SGD nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "SGD weight_decay": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    "SGD maximize": ("SGD", {"lr": 0.1, "maximize": True}),
    "Adam": ("Adam", {"lr": 0.01}),
    "Adam weight_decay": ("Adam", {"lr": 0.01, "weight_decay": 0.1}),
    "Adam amsgrad": ("Adam", {"lr": 0.01, "amsgrad": True}),
    "AdamW": ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
    "RMSprop": ("RMSprop", {"lr": 0.01}),
    "RMSprop centered momentum": ("RMSprop", {"lr": 0.01, "momentum": 0.9, "centered": True}),
    "Adagrad": ("Adagrad", {"lr": 0.1, "lr_decay": 0.1}),
    "Adadelta": ("Adadelta", {"lr": 1.0}),
    "Adamax": ("Adamax", {"lr": 0.01}),
    "NAdam": ("NAdam", {"lr": 0.01}),
    "RAdam": ("RAdam", {"lr": 0.01}),
    "Rprop": ("Rprop", {"lr": 0.1}),
}


def searching(**options: Any) -> tuple[Callable[..., Any], Sequence[Any]]:
    """Return a row: a start in Rosenbrock's valley, and where L-BFGS is after each of 5 steps."""

    def run(start: Any) -> list[Any]:
        parameter = torch.nn.Parameter(start.detach().clone())
        optimizer = optim.LBFGS([parameter], **options)

        def closure() -> Any:
            optimizer.zero_grad()
            p = parameter
            loss = (100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2).sum()
            loss.backward()
            return loss.detach()

        after = []
        for _ in range(5):
            optimizer.step(closure)
            after.append(parameter.detach().clone())
        return after

    return run, [np.array([-1.2, 1.0, -0.5, 0.8])]


OPTIMIZATION: Rows = {
    **{name: training(cls, **options) for name, (cls, options) in OPTIMIZERS.items()},
    "LBFGS": searching(lr=0.01, max_iter=2),
    "LBFGS strong_wolfe": searching(max_iter=3, history_size=4, line_search_fn="strong_wolfe"),
}

PACKAGES: dict[str, Rows] = {
    "core": {
        **{f"ops {k}": v for k, v in OPERATIONS.items()},
        **{f"activations {k}": v for k, v in ACTIVATIONS.items()},
        **{f"losses {k}": v for k, v in LOSSES.items()},
        **MODULES,
        **{f"linalg {k}": v for k, v in LINEAR_ALGEBRA.items()},
        **{f"ops {k}": v for k, v in ARRAYS.items()},
        **{f"activations {k}": v for k, v in GUMBEL.items()},
    },
    "layers": {**LAYERS, **MODULES_OF_LAYERS, **CONVOLUTIONS},
    "optim": OPTIMIZATION,
}


def record(fn: Callable[..., Any], inputs: Sequence[Any], seed: int) -> Case:
    """Run PyTorch once in float64."""
    arrays = [np.asarray(x) for x in inputs]
    tensors = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    result = fn(*tensors)
    outputs = list(result) if isinstance(result, tuple | list) else [result]
    values = [y.detach().numpy() for y in outputs]
    if not any(y.requires_grad for y in outputs):
        return Case(arrays, values, [], [])
    generator = np.random.default_rng(seed)
    dys = [generator.normal(size=y.shape).round(3) for y in values]
    loss = sum((y * torch.tensor(dy)).sum() for y, dy in zip(outputs, dys, strict=True))
    leaves = [x for x in tensors if x.requires_grad]
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    dxs = [
        np.zeros(x.shape) if dx is None else dx.numpy()
        for x, dx in zip(leaves, gradients, strict=True)
    ]
    return Case(arrays, values, dys, dxs)


def fixture(package: str) -> Path:
    """Return the file of a package's cases."""
    return ROOT / f"packages/neural-net-{package}/tests/fixtures/pytorch.safetensors"


def record_package(package: str) -> dict[str, Case]:
    """Return all cases of a package."""
    return {
        name: record(fn, inputs, seed)
        for seed, (name, (fn, inputs)) in enumerate(PACKAGES[package].items())
    }


def main() -> None:
    """Write the files of all packages."""
    for package in PACKAGES:
        path = fixture(package)
        path.parent.mkdir(exist_ok=True)
        cases = record_package(package)
        save_cases(path, cases)
        print(f"{path.relative_to(ROOT)}: {len(cases)} cases, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
