"""Every operation, activation and loss against PyTorch's recorded results, without PyTorch.

`tests/parity/freeze.py` writes the cases; a case has the same name here and there.
"""

from pathlib import Path

import numpy as np
import pytest

import neural_net_core
from neural_net_core import (
    Dense,
    FeedForward,
    Tanh,
    Tensor,
    functional_call,
    linalg,
    ops,
    recompute,
)
from neural_net_core.activations import GumbelSoftmaxOp
from neural_net_core.losses._loss import ReduceOp
from neural_net_core.testing import op_classes
from neural_net_core.testing.reference import (
    Case,
    check_case,
    load_cases,
    relative_error,
    save_cases,
)

CASES = load_cases(Path(__file__).parent / "fixtures" / "pytorch.safetensors")
WEIGHT = [0.5, 2.0, 1.0, 0.25]


def plain(module, *names):
    """Return, under the names of the cases, functions called just as they are."""
    return {name: getattr(module, name) for name in names}


OPERATIONS = {
    **plain(ops, "add", "subtract", "multiply", "divide", "negative", "power", "sqrt", "exp"),
    **plain(ops, "expm1", "log", "log1p", "sin", "cos", "absolute", "sign", "matmul", "linear"),
    **plain(ops, "sum", "softmax", "where", "maximum", "minimum"),
    "power 3": lambda x: x**3,
    "power -0.5": lambda x: x**-0.5,
    "cast": lambda x: x.astype(np.float64).astype(np.float32).astype(x.dtype),
    "matmul vectors": ops.matmul,
    "matmul batches": ops.matmul,
    "linear without bias": ops.linear,
    "sum axis": lambda x: ops.sum(x, 1, keepdims=True),
    "mean axes": lambda x: ops.mean(x, (0, -1)),
    "prod": lambda x: ops.prod(x, -1),
    "max": lambda x: ops.max(x, 0),
    "min": ops.min,
    "var": lambda x: ops.var(x, 1),
    "var ddof": lambda x: ops.var(x, 0, ddof=1),
    "std": lambda x: ops.std(x, 1),
    "norm": lambda x: ops.norm(x, 1),
    "logsumexp": lambda x: ops.logsumexp(x, 1),
    "log_softmax": lambda x: ops.log_softmax(x, 0),
    "cumsum": lambda x: ops.cumsum(x, 1),
    "reshape": lambda x: ops.reshape(x, (3, 2)),
    "transpose": lambda x: ops.transpose(x, (2, 0, 1)),
    "swapaxes": lambda x: ops.swapaxes(x, 0, 2),
    "moveaxis": lambda x: ops.moveaxis(x, 0, -1),
    "squeeze": lambda x: ops.squeeze(x, 1),
    "expand_dims": lambda x: ops.expand_dims(x, 1),
    "broadcast_to": lambda x: ops.broadcast_to(x, (2, 3, 2)),
    "flip": lambda x: ops.flip(x, 1),
    "getitem": lambda x: x[1:, ::2],
    "getitem repeated": lambda x: x[[0, 2, 2], [1, 1, 1]],
    "take_along_axis": lambda x, i: ops.take_along_axis(x, i, 1),
    "concatenate": lambda a, b: ops.concatenate([a, b, a], 1),
    "stack": lambda a, b: ops.stack([a, b], 1),
    "split": lambda x: ops.split(x, [1, 3], 1),
    "unstack": lambda x: ops.unstack(x, 1),
    "pad": lambda x: ops.pad(x, ((0, 2), (1, 0)), value=5.0),
    "pad reflect": lambda x: ops.pad(x, ((0, 0), (2, 1)), "reflect"),
    "clip": lambda x: ops.clip(x, -1, 1),
    "einsum": lambda a, b: ops.einsum("bik,kj->bij", a, b),
    **plain(ops, "floor", "ceil", "round", "round_straight_through", "erf", "arctan2", "logaddexp"),
    "cumprod": lambda x: ops.cumprod(x, 1),
    "logcumsumexp": lambda x: ops.logcumsumexp(x, 0),
    "sort": lambda x: ops.sort(x, 1)[0],
    "sort descending": lambda x: ops.sort(x, descending=True),
    "topk": lambda x: ops.topk(x, 2, 0),
    "topk smallest": lambda x: ops.topk(x, 3, largest=False)[0],
    "tril": lambda x: ops.tril(x, -1),
    "triu": lambda x: ops.triu(x, 1),
    "outer": ops.outer,
    "tile": lambda x: ops.tile(x, (2, 1, 3)),
    "repeat_interleave": lambda x: ops.repeat_interleave(x, 3, 1),
    "roll": lambda x: ops.roll(x, (1, -2), (0, 1)),
    "index_add": lambda x, i, s: ops.index_add(x, i, s, 1),
    "scatter_add": lambda x, i, s: ops.scatter_add(x, i, s, 1),
    "put_along_axis": lambda x, i, v: ops.put_along_axis(x, i, v, 1),
}

ACTIVATIONS = {
    **plain(neural_net_core, "sigmoid", "tanh", "relu", "leaky_relu", "selu", "gelu", "silu"),
    **plain(neural_net_core, "swish", "softplus", "mish", "prelu", "softsign", "logsigmoid"),
    **plain(neural_net_core, "hardtanh", "relu6", "hardsigmoid", "hardswish", "glu", "swiglu"),
    "elu": lambda x: neural_net_core.elu(x, 0.5),
    "gelu tanh": lambda x: neural_net_core.gelu(x, "tanh"),
    "softplus sharp": lambda x: neural_net_core.softplus(x, 2.5, 3.0),
    **plain(neural_net_core, "hardshrink", "softshrink", "softmin"),
    "celu": lambda x: neural_net_core.celu(x, 0.5),
    "threshold": lambda x: neural_net_core.threshold(x, 0.8, -1.5),
    "gumbel_softmax": lambda x, g: GumbelSoftmaxOp.apply(
        x, g, temperature=0.5, hard=False, axis=-1
    ),
    "gumbel_softmax hard": lambda x, g: GumbelSoftmaxOp.apply(
        x, g, temperature=2.0, hard=True, axis=0
    ),
}

LOSSES = {
    **plain(neural_net_core, "mse_loss", "l1_loss", "binary_cross_entropy", "cosine_similarity"),
    **plain(neural_net_core, "binary_cross_entropy_with_logits", "cross_entropy", "hinge_loss"),
    **plain(neural_net_core, "hinge_embedding_loss", "normalize", "pairwise_distance"),
    "mse_loss none": lambda x, t: neural_net_core.mse_loss(x, t, reduction="none"),
    "huber_loss": lambda x, t: neural_net_core.huber_loss(x, t, delta=0.5),
    "smooth_l1_loss": lambda x, t: neural_net_core.smooth_l1_loss(x, t, beta=0.5),
    "binary_cross_entropy_with_logits pos_weight": lambda x, t: (
        neural_net_core.binary_cross_entropy_with_logits(x, t, pos_weight=WEIGHT)
    ),
    "cross_entropy sum": lambda x, t: neural_net_core.cross_entropy(x, t, reduction="sum"),
    "cross_entropy weight smoothing": lambda x, t: neural_net_core.cross_entropy(
        x, t, weight=WEIGHT, label_smoothing=0.1
    ),
    "cross_entropy images": lambda x, t: neural_net_core.cross_entropy(x, t, reduction="none"),
    "cross_entropy probabilities": lambda x, q: neural_net_core.cross_entropy(
        x, q, weight=WEIGHT, label_smoothing=0.1
    ),
    "nll_loss": lambda x, t: neural_net_core.nll_loss(x, t, weight=WEIGHT),
    "kl_div": lambda x, t: neural_net_core.kl_div(x, t, reduction="batchmean"),
    "kl_div log_target": lambda x, t: neural_net_core.kl_div(
        x, t, log_target=True, reduction="sum"
    ),
    "cosine_embedding_loss": lambda a, b, t: neural_net_core.cosine_embedding_loss(
        a, b, t, margin=0.1
    ),
    "multi_margin_loss": lambda x, t: neural_net_core.multi_margin_loss(
        x, t, p=2, margin=0.8, weight=WEIGHT
    ),
    "triplet_margin_loss": lambda a, p, n: neural_net_core.triplet_margin_loss(a, p, n, swap=True),
    "gaussian_nll_loss": lambda x, t, v: neural_net_core.gaussian_nll_loss(x, t, v, full=True),
    "gaussian_nll_loss one variance": neural_net_core.gaussian_nll_loss,
    "poisson_nll_loss": lambda x, t: neural_net_core.poisson_nll_loss(x, t, full=True),
    "poisson_nll_loss rates": lambda x, t: neural_net_core.poisson_nll_loss(
        x, t, log_input=False, eps=1e-3
    ),
    "margin_ranking_loss": lambda a, b, t: neural_net_core.margin_ranking_loss(a, b, t, margin=0.5),
    **plain(neural_net_core, "soft_margin_loss", "sigmoid_focal_loss"),
    "multilabel_soft_margin_loss": lambda x, t: neural_net_core.multilabel_soft_margin_loss(
        x, t, weight=WEIGHT
    ),
    "focal_loss": lambda x, t: neural_net_core.focal_loss(x, t, gamma=1.5, weight=WEIGHT),
    "info_nce": lambda q, k: neural_net_core.info_nce(q, k, temperature=0.2),
    "ctc_loss": lambda u, *rest: neural_net_core.ctc_loss(
        neural_net_core.log_softmax(u, -1), *rest
    ),
}


def made_positive(x):
    return x @ x.swapaxes(-1, -2) + np.eye(3)


LINEAR_ALGEBRA = {
    **plain(linalg, "solve", "inv", "slogdet", "det"),
    "solve vectors": linalg.solve,
    "cholesky": lambda x: linalg.cholesky(made_positive(x)),
    "cholesky upper": lambda x: linalg.cholesky(made_positive(x), upper=True),
}


def dense(x, weight, bias):
    layer = Dense(4, 2)
    vars(layer).update(weight=weight, bias=bias)
    return layer(x)


def feed_forward(x, w0, b0, w1, b1):
    net = FeedForward((2, 4, 1), Tanh)
    first, second = net.layers
    vars(first).update(weight=w0, bias=b0)
    vars(second).update(weight=w1, bias=b1)
    return net(x)


FUNCTIONS = {
    **{f"ops {k}": v for k, v in OPERATIONS.items()},
    **{f"activations {k}": v for k, v in ACTIVATIONS.items()},
    **{f"losses {k}": v for k, v in LOSSES.items()},
    **{f"linalg {k}": v for k, v in LINEAR_ALGEBRA.items()},
    "Dense": dense,
    "FeedForward": feed_forward,
}


def test_here_and_in_the_file_are_the_same_cases():
    assert set(FUNCTIONS) == set(CASES)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_what_pytorch_computed(name, dtype):
    check_case(CASES[name], FUNCTIONS[name], dtype)


def recomputed(x, *weights):
    return recompute(feed_forward, x, *weights)


def with_other_weights(x, *weights):
    net = FeedForward((2, 4, 1), Tanh)
    names = [name for name, _ in net.named_parameters()]
    return functional_call(net, dict(zip(names, weights, strict=True)), x)


@pytest.mark.parametrize("call", [recomputed, with_other_weights])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_network_called_in_other_ways_agrees_too(call, dtype):
    check_case(CASES["FeedForward"], call, dtype)


def test_every_operation_is_recorded():
    ran = set().union(*(check_case(case, FUNCTIONS[name]) for name, case in CASES.items()))
    # ReduceOp, the mean of a composed loss, is the last step of three of the cases.
    assert ReduceOp in ran
    assert [op.__name__ for op in op_classes("neural_net_core") if op not in ran] == []


def test_a_wrong_result_gradient_shape_or_dtype_is_found():
    case = CASES["activations tanh"]
    for wrong, text in [
        (lambda x: neural_net_core.tanh(x) * (1 + 1e-9), "result 0: relative error 1.0e-09"),
        (lambda x: neural_net_core.tanh(x.detach()) + 0 * x, "gradient 0: relative error"),
        (lambda x: neural_net_core.tanh(x)[:-1], "result 0: expected shape"),
        (lambda x: neural_net_core.tanh(x).astype(np.float32), "result 0: expected dtype float64"),
        (lambda x: [x, x], "expected 1 results, got 2"),
    ]:
        with pytest.raises(AssertionError, match=text):
            check_case(case, wrong)


def test_the_relative_error_sees_infinities_and_nan():
    one, inf, nan = (np.array([v, 1.0]) for v in (1.0, np.inf, np.nan))
    assert relative_error(one, one + 1e-6) == pytest.approx(1e-6, rel=1e-3)
    assert relative_error(inf, inf) == relative_error(nan, nan) == 0
    for found, expected in [(one, inf), (inf, one), (nan, one), (one, nan), (inf, -inf)]:
        assert relative_error(found, expected) == np.inf
    assert relative_error(np.zeros(0), np.zeros(0)) == 0


def test_cases_survive_the_file(tmp_path):
    case = Case([np.arange(12.0), np.array([1, 2])], [np.array(3.0)] * 11, [], [])
    save_cases(tmp_path / "some.safetensors", {"a b": case, "c": CASES["ops add"]})
    loaded = load_cases(tmp_path / "some.safetensors")
    assert set(loaded) == {"a b", "c"}
    for ours, theirs in zip(case, loaded["a b"], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


def test_a_function_without_gradients_is_compared_by_its_values():
    case = Case([np.array([1.0, 2.0])], [np.array([2.0, 4.0])], [], [])
    assert check_case(case, lambda x: x.data * 2) == set()
    assert check_case(case, lambda x: Tensor(x.data * 2)) == set()
