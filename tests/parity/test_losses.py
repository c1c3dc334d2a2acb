"""Every loss against PyTorch, with every reduction and option, on at least 20 shapes each."""

import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's habit)
from harness import check, unary_shapes

import neural_net_core
from neural_net_core import Tensor
from neural_net_core.testing import op_classes

REDUCTIONS = ("mean", "sum", "none")
RAN = set()


def both(ours, theirs, **fixed):
    """Return our function and PyTorch's with the same options.

    A mean over nothing is NaN there and 0 here: there the sum is taken, which is 0 too.
    Weights come as float64 arrays and become PyTorch tensors of the input's dtype.
    """

    def pytorch(x, *rest, reduction, **options):
        options = {
            k: torch.tensor(v, dtype=x.dtype) if isinstance(v, np.ndarray) else v
            for k, v in (fixed | options).items()
        }
        result = theirs(x, *rest, reduction=reduction, **options)
        if reduction in ("mean", "batchmean") and result.isnan():
            result = theirs(x, *rest, reduction="sum", **options)
            assert result == 0
        return result

    return functools.partial(ours, **fixed), pytorch


def compare(name, functions, shapes, **options):
    """Check under all reductions."""
    ours, theirs = functions
    for reduction in REDUCTIONS:
        RAN.update(
            check(
                f"{name} {reduction}",
                functools.partial(ours, reduction=reduction),
                functools.partial(theirs, reduction=reduction),
                shapes,
                **options,
            )
        )


PAIRS = [(shape, shape) for (shape,) in unary_shapes(22)]


def chances(rng, case):
    return [rng.uniform(0.02, 0.98, shape) for shape in case]


def logits_and_chances(rng, case):
    return [rng.normal(scale=4, size=case[0]), rng.uniform(size=case[1])]


def log_and_chances(rng, case):
    return [np.log(rng.uniform(0.02, 0.98, case[0])), rng.uniform(0.02, 0.98, case[1])]


def numbers_and_signs(rng, case):
    return [*(rng.normal(size=shape) for shape in case[:-1]), rng.choice([-1, 1], case[-1])]


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "options"),
    [
        ("mse_loss", neural_net_core.mse_loss, F.mse_loss, {}),
        ("l1_loss", neural_net_core.l1_loss, F.l1_loss, {}),
        ("huber_loss", neural_net_core.huber_loss, F.huber_loss, {}),
        ("huber_loss 0.5", neural_net_core.huber_loss, F.huber_loss, {"delta": 0.5}),
        ("smooth_l1_loss", neural_net_core.smooth_l1_loss, F.smooth_l1_loss, {}),
        ("smooth_l1_loss 0.5", neural_net_core.smooth_l1_loss, F.smooth_l1_loss, {"beta": 0.5}),
        ("smooth_l1_loss 0", neural_net_core.smooth_l1_loss, F.smooth_l1_loss, {"beta": 0.0}),
    ],
)
def test_regression(name, ours, theirs, options):
    compare(name, both(ours, theirs, **options), PAIRS)


def weight_of_the_last_axis(*names):
    def config(rng, case):
        return {name: rng.uniform(0.2, 3, case[0][-1:]) for name in names}

    return config


def test_binary_cross_entropy():
    functions = both(neural_net_core.binary_cross_entropy, F.binary_cross_entropy)
    compare("binary_cross_entropy", functions, PAIRS, make=chances)
    config = weight_of_the_last_axis("weight")
    compare("binary_cross_entropy weight", functions, PAIRS, make=chances, config=config)


def test_binary_cross_entropy_with_logits():
    name = "binary_cross_entropy_with_logits"
    functions = both(getattr(neural_net_core, name), getattr(F, name))
    compare(name, functions, PAIRS, make=logits_and_chances)
    for names in (("weight",), ("pos_weight",), ("weight", "pos_weight")):
        compare(
            f"{name} {'+'.join(names)}",
            functions,
            PAIRS,
            make=logits_and_chances,
            config=weight_of_the_last_axis(*names),
        )


def scores_shapes(least=1, most=4):
    """Return shapes (C,), (N, C), (N, C, d1, …), among them empty batches and single classes."""
    fixed = [(4,), (1,), (0, 3), (5, 1), (1, 4), (0, 3, 2), (2, 3, 1), (2, 3, 0), (40, 30)]
    shapes = [shape for shape in fixed if least <= len(shape) <= most]
    rng = np.random.default_rng(7)
    while len(shapes) < 26:
        shapes.append(tuple(int(n) for n in rng.integers(1, 6, rng.integers(least, most + 1))))
    return [(shape,) for shape in shapes]


def class_axis(shape):
    return 0 if len(shape) == 1 else 1


def without_classes(shape):
    axis = class_axis(shape)
    return shape[:axis] + shape[axis + 1 :]


def labelled(rng, case, ignored=0.0):
    (shape,) = case
    labels = rng.integers(0, shape[class_axis(shape)], without_classes(shape))
    labels = np.where(rng.random(labels.shape) < ignored, -100, labels)
    return [rng.normal(size=shape), labels]


def all_ignored(rng, case):
    x, labels = labelled(rng, case)
    return [x, np.full_like(labels, -100)]


def class_weight(rng, case):
    return {"weight": rng.uniform(0.2, 3, case[0][class_axis(case[0])])}


MAKES = {
    "": labelled,
    " some ignored": functools.partial(labelled, ignored=0.4),
    " all ignored": all_ignored,
}
CONFIGS = {"": None, " weight": class_weight}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_of_class_indices(make, config, smoothing):
    functions = both(neural_net_core.cross_entropy, F.cross_entropy, label_smoothing=smoothing)
    name = f"cross_entropy{make}{config}" + (f" smoothing {smoothing}" if smoothing else "")
    # Of a single class the gradient is 0 here, and there what rounding leaves of ε + (1 − ε) − 1.
    shapes = [
        (shape,) for (shape,) in scores_shapes() if not smoothing or shape[class_axis(shape)] > 1
    ]
    compare(name, functions, shapes, make=MAKES[make], config=CONFIGS[config])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_of_a_confident_prediction_ours_keeps_the_digits_that_float32_allows(smoothing):
    logits = np.array([[12.0, 0.0, -3.0], [1.0, 20.0, 2.0], [-5.0, 0.0, 9.5]], np.float32)
    labels = np.array([0, 1, 2])
    x = Tensor(logits, requires_grad=True)
    y = neural_net_core.cross_entropy(x, labels, label_smoothing=smoothing, reduction="none")
    y.sum().backward()
    z = torch.tensor(logits.astype(np.float64), requires_grad=True)
    w = F.cross_entropy(z, torch.tensor(labels), label_smoothing=smoothing, reduction="none")
    w.sum().backward()
    np.testing.assert_allclose(y.data, w.detach().numpy(), rtol=3e-6)
    np.testing.assert_allclose(x.grad, z.grad.numpy(), rtol=3e-6, atol=3e-8 if smoothing else 0)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_of_probabilities(config, smoothing):
    def make(rng, case):
        q = rng.uniform(0.05, 1, case[0])
        return [
            rng.normal(size=case[0]),
            q / q.sum(axis=class_axis(case[0]), keepdims=True),
        ]

    functions = both(neural_net_core.cross_entropy, F.cross_entropy, label_smoothing=smoothing)
    name = f"cross_entropy of probabilities{config}" + (
        f" smoothing {smoothing}" if smoothing else ""
    )
    compare(name, functions, scores_shapes(), make=make, config=CONFIGS[config])


def test_another_ignored_index():
    functions = both(neural_net_core.cross_entropy, F.cross_entropy, ignore_index=1)
    compare("cross_entropy ignore 1", functions, scores_shapes(), make=labelled)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("make", MAKES)
def test_nll_loss(make, config):
    functions = both(neural_net_core.nll_loss, F.nll_loss)
    compare(
        f"nll_loss{make}{config}",
        functions,
        scores_shapes(),
        make=MAKES[make],
        config=CONFIGS[config],
    )


@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
def test_kl_div(log_target):
    functions = both(neural_net_core.kl_div, F.kl_div, log_target=log_target)
    name = "kl_div log_target" if log_target else "kl_div"
    compare(name, functions, PAIRS, make=log_and_chances)
    ours, theirs = functions
    check(
        f"{name} batchmean",
        functools.partial(ours, reduction="batchmean"),
        functools.partial(theirs, reduction="batchmean"),
        [(shape, shape) for (shape,) in unary_shapes(24, least=1) if shape[0]],
        make=log_and_chances,
    )


VECTORS = [(*shape, 4) for (shape,) in unary_shapes(22) if len(shape) < 2]
VECTORS += [(n, d) for n in (0, 1, 2, 7) for d in (1, 2, 3, 5, 16)]


def test_cosine_embedding_loss():
    # In one dimension every cosine is ±1 and the gradient nothing but rounding.
    shapes = [(shape, shape, shape[:-1]) for shape in VECTORS if shape[-1] > 1]
    shapes += [((n, 4), (n, 4), (n,)) for n in range(1, 8)]
    for margin in (0.0, 0.3):
        functions = both(
            neural_net_core.cosine_embedding_loss, F.cosine_embedding_loss, margin=margin
        )
        compare(
            f"cosine_embedding_loss {margin}",
            functions,
            shapes,
            make=numbers_and_signs,
            # PyTorch adds 1e-12 to the squared lengths; here only a zero vector is special.
            tolerance={"float64": 1e-10},
        )


def test_cosine_similarity_and_normalize():
    shapes = [(shape, shape) for shape in VECTORS if shape[-1] > 1]
    shapes += [((n, 1, 4), (5, 4)) for n in range(8)]

    def theirs(a, b):
        return F.cosine_similarity(a, b, dim=-1)

    RAN.update(check("cosine_similarity", neural_net_core.cosine_similarity, theirs, shapes))
    RAN.update(
        check(
            "normalize",
            neural_net_core.normalize,
            lambda x: F.normalize(x, dim=-1),
            [(shape,) for (shape,) in unary_shapes(40, least=1) if shape[-1] != 1],
        )
    )


def test_hinge_loss():
    shapes = [(shape, shape) for (shape,) in unary_shapes()]

    def theirs(x, t, reduction, squared, margin):
        single = F.relu(margin - t * x) ** (2 if squared else 1)
        return single if reduction == "none" else getattr(single, reduction)()

    for squared in (False, True):
        functions = both(neural_net_core.hinge_loss, theirs, squared=squared, margin=0.7)
        compare(f"hinge_loss squared={squared}", functions, shapes, make=numbers_and_signs)


def test_hinge_embedding_loss():
    functions = both(neural_net_core.hinge_embedding_loss, F.hinge_embedding_loss, margin=0.7)
    compare("hinge_embedding_loss", functions, PAIRS, make=numbers_and_signs)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("p", [1, 2])
def test_multi_margin_loss(p, config):
    functions = both(neural_net_core.multi_margin_loss, F.multi_margin_loss, p=p, margin=0.8)
    name = f"multi_margin_loss p={p}{config}"
    # PyTorch returns memory that it never wrote for an empty batch.
    shapes = [(shape,) for (shape,) in scores_shapes(most=2) if 0 not in shape]
    compare(name, functions, shapes, make=labelled, config=CONFIGS[config])


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_triplet_margin_loss(p, swap):
    functions = both(neural_net_core.triplet_margin_loss, F.triplet_margin_loss, p=p, swap=swap)
    # In one dimension both distances' gradients cancel but for rounding.
    shapes = [(shape,) * 3 for shape in [*VECTORS, (3, 2), (1, 7)] if shape[-1] > 1]
    compare(f"triplet_margin_loss p={p} swap={swap}", functions, shapes)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_pairwise_distance(p):
    shapes = [(shape, shape) for shape in VECTORS]
    ours = functools.partial(neural_net_core.pairwise_distance, p=p)
    RAN.update(
        check(f"pairwise_distance p={p}", ours, functools.partial(F.pairwise_distance, p=p), shapes)
    )


def test_gaussian_nll_loss():
    shapes = [(shape,) * 3 for (shape,) in unary_shapes(22)]
    shapes += [(shape, shape, (*shape[:-1], 1)) for shape, _, _ in shapes if shape]
    shapes += [(shape, shape, shape[:-1]) for shape, _, _ in shapes if len(shape) > 1]

    def make(rng, case):
        x, t = rng.normal(size=case[0]), rng.normal(size=case[1])
        return [x, t, rng.uniform(0, 2, case[2])]  # some are below eps

    for full in (False, True):
        functions = both(neural_net_core.gaussian_nll_loss, F.gaussian_nll_loss, full=full, eps=0.1)
        compare(f"gaussian_nll_loss full={full}", functions, shapes, make=make)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("log_input", [True, False])
def test_poisson_nll_loss(log_input, full):
    def make(rng, case):
        # No count is 0, of which PyTorch's Stirling gives NaN to the count's gradient.
        return [rng.uniform(0.02, 3, case[0]), rng.poisson(2.0, case[1]) + 0.5]

    functions = both(
        neural_net_core.poisson_nll_loss, F.poisson_nll_loss, log_input=log_input, full=full
    )
    compare(f"poisson_nll_loss log={log_input} full={full}", functions, PAIRS, make=make)


def test_margin_ranking_loss():
    shapes = [(shape,) * 3 for (shape,) in unary_shapes(22)]
    for margin in (0.0, 0.7):
        functions = both(neural_net_core.margin_ranking_loss, F.margin_ranking_loss, margin=margin)
        compare(f"margin_ranking_loss {margin}", functions, shapes, make=numbers_and_signs)


def test_at_the_margin_two_scores_come_apart_as_in_pytorch():
    a, b = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    neural_net_core.margin_ranking_loss(a, b, [1, -1]).backward()
    c, d = (torch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    F.margin_ranking_loss(c, d, torch.tensor([1, -1])).backward()
    np.testing.assert_array_equal(a.grad, c.grad.numpy())
    np.testing.assert_array_equal(b.grad, d.grad.numpy())


def test_soft_margins():
    functions = both(neural_net_core.soft_margin_loss, F.soft_margin_loss)
    compare("soft_margin_loss", functions, PAIRS, make=numbers_and_signs)
    functions = both(neural_net_core.multilabel_soft_margin_loss, F.multilabel_soft_margin_loss)
    # PyTorch divides by the number of labels, 0 too.
    shapes = [pair for pair in PAIRS if pair[0] and pair[0][-1]]
    shapes += [((n, c), (n, c)) for n in (1, 3) for c in (1, 2, 5)]
    for name, config in (("", None), (" weight", weight_of_the_last_axis("weight"))):
        compare(
            f"multilabel_soft_margin_loss{name}",
            functions,
            shapes,
            make=logits_and_chances,
            config=config,
        )


def reduced(single, reduction, count=None):
    """Reduce as PyTorch does; a mean over nothing is NaN."""
    if reduction == "none":
        return single
    return single.sum() if reduction == "sum" else single.sum() / (count or single.numel())


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_sigmoid_focal_loss(alpha, gamma):
    """As torchvision's function of this name; as its formula says for gamma < 1."""

    def theirs(x, t, reduction, alpha, gamma):
        t, p = t.to(x.dtype), x.sigmoid()
        single = F.binary_cross_entropy_with_logits(x, t, reduction="none")
        single = single * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
        if alpha is not None:
            single = (alpha * t + (1 - alpha) * (1 - t)) * single
        return reduced(single, reduction)

    def make(rng, case):
        return [rng.normal(size=case[0]), rng.integers(0, 2, case[1])]

    functions = both(neural_net_core.sigmoid_focal_loss, theirs, alpha=alpha, gamma=gamma)
    name = f"sigmoid_focal_loss alpha={alpha} gamma={gamma}"
    compare(name, functions, PAIRS, make=make)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss(make, config, gamma):
    def theirs(x, t, reduction, gamma, weight=None):
        axis = class_axis(x.shape)
        single = F.cross_entropy(x, t, reduction="none")
        w = torch.ones(x.shape[axis], dtype=x.dtype) if weight is None else weight
        w_t = torch.where(t == -100, 0, w[t.clamp(min=0)])
        # Of a single class 1 − p is 0, and a power of it has no slope.
        r = torch.where(single > 0, -torch.expm1(-single), 1)
        single = torch.where(single > 0, w_t * r**gamma * single, 0)
        return reduced(single, reduction, float(w_t.sum()))

    functions = both(neural_net_core.focal_loss, theirs, gamma=gamma)
    shapes = [(shape,) for (shape,) in scores_shapes() if shape[class_axis(shape)] > 1]
    name = f"focal_loss{make}{config} gamma={gamma}"
    compare(name, functions, shapes, make=MAKES[make], config=CONFIGS[config])


def test_info_nce():
    def theirs(q, k, *negatives, reduction, temperature, symmetric=False):
        q, k = F.normalize(q), F.normalize(k)
        scores, targets = q @ k.T / temperature, torch.arange(len(q))
        if negatives:
            right = (q * k).sum(1, keepdim=True)
            wrong = q @ F.normalize(negatives[0]).T
            scores, targets = torch.cat([right, wrong], 1) / temperature, torch.zeros_like(targets)
        loss = F.cross_entropy(scores, targets, reduction=reduction)
        if symmetric:
            loss = (loss + F.cross_entropy(scores.T, targets, reduction=reduction)) / 2
        return loss

    sizes = [(n, d) for n in (1, 2, 3, 5, 8) for d in (2, 3, 4, 7)]
    batch = [(size, size) for size in sizes]
    for symmetric in (False, True):
        functions = both(neural_net_core.info_nce, theirs, temperature=0.2, symmetric=symmetric)
        compare(f"info_nce symmetric={symmetric}", functions, batch)
    functions = both(neural_net_core.info_nce, theirs, temperature=0.2)
    compare("info_nce negatives", functions, [((n, d), (n, d), (6, d)) for n, d in sizes])


def spelled(rng, case):
    """Scores, labels that often repeat, and lengths of all kinds."""
    batch, steps, classes, most = case
    blank = classes - 1 if steps % 2 else 0
    names = np.delete(np.arange(classes), blank)[:3]
    labels = rng.choice(names, (batch, most))
    frames, lengths = rng.integers(0, steps + 1, batch), rng.integers(0, most + 1, batch)
    frames[: batch // 2 + 1], lengths[:1] = steps, min(most, steps // 2)
    return [3 * rng.normal(size=(batch, steps, classes)), labels, frames, lengths]


def ours_and_theirs(zero_infinity, one_after_another=False):
    """Return both losses of scores; PyTorch's frames come first."""

    def ours(u, labels, frames, lengths, reduction):
        if one_after_another:
            labels = np.concatenate([row[:n] for row, n in zip(labels, lengths, strict=True)])
        return neural_net_core.ctc_loss(
            neural_net_core.log_softmax(u, -1),
            labels,
            frames,
            lengths,
            blank=u.shape[2] - 1 if u.shape[1] % 2 else 0,
            reduction=reduction,
            zero_infinity=zero_infinity,
        )

    def theirs(u, labels, frames, lengths, reduction):
        y = u.log_softmax(2).transpose(0, 1)
        blank = u.shape[2] - 1 if u.shape[1] % 2 else 0
        return F.ctc_loss(y, labels, frames, lengths, blank, reduction, zero_infinity)

    return ours, theirs


@pytest.mark.parametrize("one_after_another", [False, True])
def test_ctc_loss(one_after_another):
    shapes = [(1, 1, 2, 1), (1, 4, 3, 0), (3, 2, 4, 1), (2, 20, 5, 9)]
    rng = np.random.default_rng(3)
    while len(shapes) < 30:
        shapes.append(tuple(int(n) for n in rng.integers((1, 1, 2, 0), (6, 14, 7, 7))))
    functions = ours_and_theirs(zero_infinity=True, one_after_another=one_after_another)
    compare("ctc_loss", functions, shapes, make=spelled)


def test_of_long_sequences_ours_keeps_more_digits_of_float32():
    """α and β are brought to one size in each frame; PyTorch's go on growing."""
    case = spelled(np.random.default_rng(2), (2, 2000, 10, 60))
    ours, theirs = ours_and_theirs(zero_infinity=False)
    found = {}
    for dtype in ("float32", "float64"):
        x = Tensor(case[0], dtype, requires_grad=True)
        z = torch.tensor(case[0].astype(dtype), requires_grad=True)
        for name, leaf, fn, rest in (
            ("ours", x, ours, case[1:]),
            ("theirs", z, theirs, [torch.tensor(a) for a in case[1:]]),
        ):
            y = fn(leaf, *rest, reduction="sum")
            y.backward()
            found[name, dtype] = y.item(), np.asarray(leaf.grad)
    (loss, exact), (whole, gradient) = found["theirs", "float64"], found["ours", "float64"]
    assert whole == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(gradient, exact, atol=1e-11)
    (loss32, ours32), (_, theirs32) = found["ours", "float32"], found["theirs", "float32"]
    assert loss32 == pytest.approx(loss, rel=1e-6)
    assert np.abs(ours32 - exact).max() < 1e-4 < np.abs(theirs32 - exact).max()


def test_ctc_losses_without_a_path_are_infinite_as_in_pytorch():
    """Ours have the gradient 0 there, PyTorch's NaN; those beside them have the same."""
    ours, theirs = ours_and_theirs(zero_infinity=False)
    u = np.random.default_rng(0).normal(size=(3, 4, 3))
    rest = np.array([[1, 1, 1], [1, 2, 1], [2, 2, 0]]), np.array([4, 4, 2]), np.array([3, 3, 2])
    x, z = Tensor(u, requires_grad=True), torch.tensor(u, requires_grad=True)
    y = ours(x, *rest, reduction="none")
    w = theirs(z, *map(torch.tensor, rest), reduction="none")
    assert y.data.tolist() == pytest.approx(w.tolist())
    assert np.isinf(y.data).tolist() == [True, False, True]
    y.backward(np.ones(3))
    w.backward(torch.ones(3, dtype=w.dtype))
    np.testing.assert_allclose(x.grad[1], z.grad[1], rtol=1e-5)
    assert z.grad[[0, 2]].isnan().any()
    assert not x.grad[[0, 2]].any()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (neural_net_core.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits),
        (neural_net_core.mse_loss, F.mse_loss),
        (neural_net_core.l1_loss, F.l1_loss),
        (neural_net_core.huber_loss, F.huber_loss),
    ],
)
def test_far_out_as_in_pytorch(ours, theirs):
    points = [-1e4, -100.0, -20.0, 0.0, 20.0, 100.0, 1e4]
    for target in (0.0, 1.0):
        x, z = Tensor(points, requires_grad=True), torch.tensor(points, requires_grad=True)
        y = ours(x, np.full(7, target), reduction="none")
        w = theirs(z, torch.full((7,), target), reduction="none")
        np.testing.assert_allclose(y.data, w.detach().numpy(), rtol=1e-6, atol=1e-7)
        y.sum().backward()
        w.sum().backward()
        np.testing.assert_allclose(x.grad, z.grad.numpy(), rtol=1e-6, atol=1e-7)


def test_certain_probabilities_as_in_pytorch():
    p, t = [0.0, 1.0, 0.0, 1.0, 1e-30], [0.0, 1.0, 1.0, 0.0, 1.0]
    x, z = Tensor(p, requires_grad=True), torch.tensor(p, requires_grad=True)
    y = neural_net_core.binary_cross_entropy(x, t, reduction="none")
    w = F.binary_cross_entropy(z, torch.tensor(t), reduction="none")
    np.testing.assert_allclose(y.data, w.detach().numpy(), rtol=1e-6)
    y.sum().backward()
    w.sum().backward()
    np.testing.assert_allclose(x.grad, z.grad.numpy(), rtol=1e-6)


def test_every_loss_was_compared():
    # Last in the file, and only meaningful when the whole file ran.
    if len(RAN) > 3:
        missing = [op for op in op_classes("neural_net_core.losses") if op not in RAN]
        assert missing == []
