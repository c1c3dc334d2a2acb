"""What all losses have in common: reductions, shapes, dtypes, modules."""

from inspect import signature

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import neural_net_core
from neural_net_core import DTypeError, Module, ShapeError, Tensor, enable_grad, no_grad

rng = np.random.default_rng(0)
N, C = 5, 4
LABELS = np.array([3, 0, 2, 3, 1])
SIGNS = np.array([1, -1, 1, 1, -1])
CHANCES = rng.uniform(0.1, 0.9, (N, C))

# function -> (inputs, module); the first input is the one that is learned.
CASES = {
    neural_net_core.mse_loss: ((rng.normal(size=(N, C)), CHANCES), neural_net_core.MSELoss),
    neural_net_core.l1_loss: ((rng.normal(size=(N, C)), CHANCES), neural_net_core.L1Loss),
    neural_net_core.huber_loss: ((rng.normal(size=(N, C)), CHANCES), neural_net_core.HuberLoss),
    neural_net_core.smooth_l1_loss: (
        (rng.normal(size=(N, C)), CHANCES),
        neural_net_core.SmoothL1Loss,
    ),
    neural_net_core.binary_cross_entropy: ((CHANCES, CHANCES[::-1]), neural_net_core.BCELoss),
    neural_net_core.binary_cross_entropy_with_logits: (
        (rng.normal(size=(N, C)), CHANCES),
        neural_net_core.BCEWithLogitsLoss,
    ),
    neural_net_core.cross_entropy: (
        (rng.normal(size=(N, C)), LABELS),
        neural_net_core.CrossEntropyLoss,
    ),
    neural_net_core.nll_loss: ((np.log(CHANCES), LABELS), neural_net_core.NLLLoss),
    neural_net_core.kl_div: ((np.log(CHANCES), CHANCES[::-1]), neural_net_core.KLDivLoss),
    neural_net_core.cosine_embedding_loss: (
        (rng.normal(size=(N, C)), rng.normal(size=(N, C)), SIGNS),
        neural_net_core.CosineEmbeddingLoss,
    ),
    neural_net_core.hinge_loss: ((rng.normal(size=N), SIGNS), neural_net_core.HingeLoss),
    neural_net_core.hinge_embedding_loss: (
        (CHANCES[:, 0], SIGNS),
        neural_net_core.HingeEmbeddingLoss,
    ),
    neural_net_core.multi_margin_loss: (
        (rng.normal(size=(N, C)), LABELS),
        neural_net_core.MultiMarginLoss,
    ),
    neural_net_core.triplet_margin_loss: (
        tuple(rng.normal(size=(3, N, C))),
        neural_net_core.TripletMarginLoss,
    ),
    neural_net_core.info_nce: (tuple(rng.normal(size=(2, N, C))), neural_net_core.InfoNCELoss),
    # One label each, since the mean is that of the losses per label.
    neural_net_core.ctc_loss: (
        (
            np.log(rng.dirichlet(np.ones(C), (N, 3))),
            np.array([[3], [1], [2], [3], [1]]),
            np.array([3, 2, 3, 1, 3]),
            np.ones(N, int),
        ),
        neural_net_core.CTCLoss,
    ),
    neural_net_core.gaussian_nll_loss: (
        (rng.normal(size=(N, C)), CHANCES, CHANCES[::-1]),
        neural_net_core.GaussianNLLLoss,
    ),
    neural_net_core.poisson_nll_loss: (
        (rng.normal(size=(N, C)), 4 * CHANCES),
        neural_net_core.PoissonNLLLoss,
    ),
    neural_net_core.margin_ranking_loss: (
        (*rng.normal(size=(2, N)), SIGNS),
        neural_net_core.MarginRankingLoss,
    ),
    neural_net_core.soft_margin_loss: (
        (rng.normal(size=N), SIGNS),
        neural_net_core.SoftMarginLoss,
    ),
    neural_net_core.multilabel_soft_margin_loss: (
        (rng.normal(size=(N, C)), CHANCES.round()),
        neural_net_core.MultiLabelSoftMarginLoss,
    ),
    neural_net_core.sigmoid_focal_loss: (
        (rng.normal(size=(N, C)), CHANCES.round()),
        neural_net_core.SigmoidFocalLoss,
    ),
    neural_net_core.focal_loss: ((rng.normal(size=(N, C)), LABELS), neural_net_core.FocalLoss),
}
every_loss = pytest.mark.parametrize(
    ("fn", "inputs", "module"),
    [(fn, inputs, module) for fn, (inputs, module) in CASES.items()],
    ids=[fn.__name__ for fn in CASES],
)


@every_loss
def test_mean_and_sum_are_those_of_the_single_losses(fn, inputs, module):
    single = fn(*inputs, reduction="none").data
    assert single.ndim > 0
    np.testing.assert_allclose(fn(*inputs, reduction="sum").data, single.sum(), rtol=1e-6)
    np.testing.assert_allclose(fn(*inputs).data, single.mean(), rtol=1e-6)
    assert fn(*inputs).shape == ()


@every_loss
def test_gradients_of_mean_and_sum_are_those_of_the_single_losses(fn, inputs, module):
    gradients = {}
    for reduction in ("none", "sum", "mean"):
        x = Tensor(inputs[0], requires_grad=True)
        y = fn(x, *inputs[1:], reduction=reduction)
        y.backward(np.ones_like(y.data))
        gradients[reduction] = x.grad
        count = fn(*inputs, reduction="none").size
    np.testing.assert_allclose(gradients["sum"], gradients["none"], rtol=1e-6)
    np.testing.assert_allclose(gradients["mean"] * count, gradients["sum"], rtol=1e-5, atol=1e-7)


@every_loss
def test_float32_stays_float32_beside_float64_targets(fn, inputs, module):
    x = Tensor(inputs[0], np.float32, requires_grad=True)
    y = fn(x, *inputs[1:])
    y.backward()
    assert y.dtype == x.grad.dtype == np.float32
    z = Tensor(inputs[0], np.float64, requires_grad=True)
    w = fn(z, *inputs[1:])
    w.backward()
    assert w.dtype == z.grad.dtype == np.float64
    np.testing.assert_allclose(y.data, w.data, rtol=1e-5)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-4, atol=1e-6)


@every_loss
def test_a_mean_over_an_empty_batch_is_zero(fn, inputs, module):
    x = Tensor(inputs[0][:0], requires_grad=True)
    y = fn(x, *(other[:0] for other in inputs[1:]))
    y.backward()
    assert y.item() == 0
    assert x.grad.shape == x.shape


@every_loss
@pytest.mark.parametrize("recorded", [True, False])
def test_a_mean_says_what_it_divided_by(fn, inputs, module, recorded):
    """So batches of unequal counts can be joined; also without a graph, as in evaluation."""
    with enable_grad() if recorded else no_grad():
        x = Tensor(inputs[0], requires_grad=True)
        mean, total = (fn(x, *inputs[1:], reduction=reduction) for reduction in ("mean", "sum"))
        assert mean.item() * mean.counted == pytest.approx(total.item(), rel=1e-6)
        assert module()(x, *inputs[1:]).counted == mean.counted
        assert total.counted is None
        assert total.counts == (None,)
        assert fn(x, *inputs[1:], reduction="none").counted is None
        empty = fn(x[:0], *(other[:0] for other in inputs[1:]))
        assert empty.counted == 0


KEEPS = {
    "2 * l": lambda l: 2 * l,
    "l * 2": lambda l: l * np.float32(2),
    "np * l": lambda l: np.float64(2) * l,
    "l * array": lambda l: np.array(2.0) * l,
    "multiply": lambda l: neural_net_core.ops.multiply(2, l),
    "l / 3": lambda l: l / 3,
    "-l": lambda l: -l,
    "l + 1": lambda l: 1 + l + 1,
    "1 - l": lambda l: 1 - l - 1,
    "l + penalty": lambda l: l + Tensor([1.0, 2.0]).sum(),
    "penalty + l": lambda l: Tensor(1.0, requires_grad=True) + l,
    "penalty - l": lambda l: Tensor(1.0) - l,
    "learned weight": lambda l: Tensor(0.5, requires_grad=True) * l / Tensor(3.0),
    "l + l": lambda l: (l + l) * 0.5,
    "sum": lambda l: sum([l, l, l]),
    "l + 0 * other": lambda l: l + 0 * neural_net_core.mse_loss(np.ones(99), np.ones(99)),
    "0 * other + l": lambda l: neural_net_core.mse_loss(np.ones(99), np.ones(99)) * 0.0 + l,
}


@every_loss
@pytest.mark.parametrize("keeps", KEEPS.values(), ids=KEEPS)
@pytest.mark.parametrize("recorded", [True, False])
def test_arithmetic_that_leaves_a_loss_a_mean_keeps_its_count(fn, inputs, module, keeps, recorded):
    """With a graph and without; of a sum, too, which divided by n is a mean over n."""
    with enable_grad() if recorded else no_grad():
        mean = fn(inputs[0], *inputs[1:])
        assert keeps(mean).counted == mean.counted > 0
        total = fn(inputs[0], *inputs[1:], reduction="sum")
        if keeps not in (KEEPS["l / 3"], KEEPS["learned weight"]):
            assert keeps(total).counts == (None,)
        assert (total / 3).counted == (total / -Tensor(3)).counted == 3


def test_what_is_no_mean_any_more_has_no_count():
    """Products of losses, powers, parts of a loss by sample."""
    x, t = np.ones((3, 2)), np.array([0, 1, 1])
    loss = neural_net_core.cross_entropy(x, t)
    each = neural_net_core.cross_entropy(x, t, reduction="none")
    for other in (
        loss * loss,
        loss / loss,
        1 / loss,
        loss**2,
        each + 1,
        loss * np.ones(2),
        0 * loss,
    ):
        assert other.counted is None
        assert other.counts == ()


def test_losses_that_count_differently_keep_all_counts():
    """The first decides; equal ones stand once."""
    three = neural_net_core.mse_loss(np.ones(3), np.zeros(3))
    two = neural_net_core.mse_loss(np.ones(2), np.zeros(2))
    total = neural_net_core.mse_loss(np.ones(2), np.zeros(2), reduction="sum")
    assert (three + two - three).counts == (3, 2)
    assert (2 * two + three * 3).counts == (2, 3)
    assert (total + three).counts == (None, 3)
    assert (three + two).counted == 3


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.sampled_from(["cross_entropy", "nll_loss"]),
    st.booleans(),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_class_losses_of_unequal_batches_join_to_the_loss_of_all(
    sizes, name, weighted, smoothing, seed
):
    """What counted is the sum of the targets' weights, ignored targets left out."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(sum(sizes), C))
    labels = rng.choice([*range(C), -100], size=sum(sizes))
    options = {"weight": rng.uniform(0.1, 2, C)} if weighted else {}
    if name == "cross_entropy":
        options["label_smoothing"] = smoothing
    fn = getattr(neural_net_core, name)
    whole = fn(Tensor(scores, np.float64), labels, **options)
    cuts = np.cumsum(sizes)[:-1]
    parts = [
        fn(Tensor(x, np.float64), t, **options)
        for x, t in zip(np.split(scores, cuts), np.split(labels, cuts), strict=True)
    ]
    assert sum(part.counted for part in parts) == pytest.approx(whole.counted)
    joined = sum(part.counted * part.item() for part in parts)
    assert joined == pytest.approx(whole.counted * whole.item(), abs=1e-12)


# What is ignored takes part in nothing ----------------------------------------------------------

BAD = [np.nan, np.inf, -np.inf]


@pytest.mark.filterwarnings("error")
@given(
    st.sampled_from(["cross_entropy", "nll_loss", "multi_margin_loss", "focal_loss"]),
    st.sampled_from(["ignored", "weight 0"]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from(["mean", "sum", "none"]),
    st.lists(st.sampled_from([*BAD, 7.0]), min_size=C, max_size=C),
    st.lists(st.booleans(), min_size=N, max_size=N),
    st.booleans(),
)
def test_rows_that_are_ignored_take_part_in_nothing(
    name, how, smoothing, reduction, junk, left_out, in_axis_form
):
    """By `ignore_index`, or because their class weighs 0: whatever stands there."""
    assume(not (name == "multi_margin_loss" and how == "ignored"))
    assume(not (how == "weight 0" and smoothing))  # then such a row has a share
    out = np.array(left_out)
    scores = np.random.default_rng(1).normal(size=(N, C))
    options = {"label_smoothing": smoothing} if name == "cross_entropy" else {}
    if how == "ignored":
        labels = np.where(out, -100, LABELS)
        options |= {"weight": [0.5, 1.0, 2.0, 3.0]} if smoothing else {}
    else:
        labels = np.where(out, 0, np.maximum(LABELS, 1))
        options["weight"] = [0.0, 1.0, 2.0, 3.0]
    fn = getattr(neural_net_core, name)
    found = []
    for filling in (junk, [0.0] * C):
        x = Tensor(np.where(out[:, None], filling, scores), np.float64, requires_grad=True)
        given, t = x, labels
        if in_axis_form and name != "multi_margin_loss":
            given, t, options = x.reshape(1, N, C), labels[None], {**options, "axis": -1}
        y = fn(given, t, reduction=reduction, **options)
        y.backward(np.ones_like(y.data))
        assert not x.grad[out].any()
        found.append((y.data, x.grad, y.counted))
    for junked, clean in zip(*found, strict=True):
        np.testing.assert_array_equal(junked, clean)
    assert np.isfinite(found[0][0]).all()


@pytest.mark.filterwarnings("error")
@given(
    st.sampled_from(
        [
            neural_net_core.binary_cross_entropy,
            neural_net_core.binary_cross_entropy_with_logits,
            neural_net_core.multilabel_soft_margin_loss,
        ]
    ),
    st.sampled_from(["mean", "sum", "none"]),
    st.sampled_from([*BAD, -7.0, 7.0]),
    st.sampled_from([*BAD, -7.0, 7.0]),
    st.lists(st.booleans(), min_size=N, max_size=N),
    st.booleans(),
)
def test_elements_of_weight_0_take_part_in_nothing(fn, reduction, x_junk, t_junk, out, by_row):
    """So a missing label may be NaN; a row's weight leaves out all of it."""
    out = np.array(out)[:, None]
    weight = np.where(out, 0.0, 2.0)
    if not by_row:
        weight = np.broadcast_to(weight, (N, C)).copy()
    found = []
    for x_filling, t_filling in ((x_junk, t_junk), (0.5, 0.5)):
        x = Tensor(np.where(out, x_filling, CHANCES), np.float64, requires_grad=True)
        t = Tensor(np.where(out, t_filling, CHANCES[::-1]), np.float64, requires_grad=True)
        y = fn(x, t, weight=weight, reduction=reduction)
        y.backward(np.ones_like(y.data))
        assert not x.grad[out[:, 0]].any()
        assert not t.grad[out[:, 0]].any()
        found.append((y.data, x.grad, t.grad))
    for junked, clean in zip(*found, strict=True):
        np.testing.assert_array_equal(junked, clean)


# Zero times infinity -----------------------------------------------------------------------------


@pytest.mark.filterwarnings("error")
def test_what_has_no_share_costs_nothing_however_unlikely():
    """0 · ∞ is 0 in every loss that multiplies a target with a logarithm."""
    inf = np.inf
    x = Tensor([-inf, np.log(0.4), np.log(0.6)], np.float64, requires_grad=True)
    for log_target, t in ((False, [0.0, 0.4, 0.6]), (True, [-inf, np.log(0.4), np.log(0.6)])):
        t = Tensor(t, np.float64, requires_grad=True)
        y = neural_net_core.kl_div(x, t, log_target=log_target, reduction="none")
        np.testing.assert_allclose(y.data, 0, atol=1e-15)
        y.backward(np.ones(3))
        assert t.grad[0] == 0
    np.testing.assert_array_equal(x.grad, [0, -0.8, -1.2])

    z = Tensor([[-inf, 0.0, 0.0]], np.float64, requires_grad=True)
    q = Tensor([[0.0, 0.5, 0.5]], np.float64, requires_grad=True)
    y = neural_net_core.cross_entropy(z, q)
    y.backward()
    assert y.item() == pytest.approx(np.log(2))
    np.testing.assert_allclose(z.grad, 0, atol=1e-15)
    assert np.isfinite(q.grad).all()
    assert neural_net_core.cross_entropy([[-inf, 0.0]], [[0.5, 0.5]]).item() == inf
    weighted = neural_net_core.cross_entropy(
        [[-inf, 0.0, 0.0]], [[0.2, 0.4, 0.4]], weight=[0.0, 1.0, 1.0]
    )
    assert weighted.item() == pytest.approx(0.8 * np.log(2))

    for fn in (neural_net_core.nll_loss, neural_net_core.cross_entropy):
        y = fn([[-inf, -1.0], [-inf, -1.0]], [0, 1], weight=[0.0, 1.0], reduction="none")
        assert y.data[0] == 0
        assert np.isfinite(y.data).all()
    smoothed = {"weight": [0.0, 1.0, 1.0], "label_smoothing": 0.3}
    y = neural_net_core.cross_entropy([[-inf, 0.0, 0.0]] * 2, [0, 1], reduction="none", **smoothed)
    np.testing.assert_allclose(y.data, [0.2 * np.log(2), 0.9 * np.log(2)], rtol=1e-6)
    y = neural_net_core.cross_entropy(
        [[0.0, 0.0, -inf]], [2], label_smoothing=1.0, weight=[1.0, 1.0, 0.0]
    )
    assert y.item() == pytest.approx(2 / 3 * np.log(2))  # no target counts: the plain sum


@pytest.mark.filterwarnings("error")
def test_certain_logits():
    """Infinite ones on the right side cost nothing, on the wrong side infinitely much."""
    inf = np.inf
    x = Tensor([inf, -inf, inf, -inf, inf, -inf], requires_grad=True)
    t = [1.0, 0.0, 0.0, 1.0, 0.5, 0.5]
    y = neural_net_core.binary_cross_entropy_with_logits(x, t, reduction="none")
    assert y.data.tolist() == [0, 0, inf, inf, inf, inf]
    y.backward(np.ones(6))
    assert x.grad.tolist() == [0, 0, 1, -1, 0.5, -0.5]
    y = neural_net_core.binary_cross_entropy_with_logits([-inf, inf], [1.0, 0.0], pos_weight=0.0)
    assert y.item() == inf
    assert (
        neural_net_core.binary_cross_entropy_with_logits([-inf], [1.0], pos_weight=[0.0]).item()
        == 0
    )


# What no target can be ---------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [-0.1, 2.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "fn",
    [
        neural_net_core.binary_cross_entropy,
        neural_net_core.binary_cross_entropy_with_logits,
        neural_net_core.multilabel_soft_margin_loss,
    ],
)
def test_targets_that_are_no_probabilities_are_refused(fn, wrong):
    with pytest.raises(ValueError, match=rf"{fn.__name__}: expected targets in \[0, 1\]"):
        fn([0.5, 0.5], [1.0, wrong])


@pytest.mark.parametrize("wrong", [-0.1, np.nan, -np.inf])
def test_negative_targets_are_refused(wrong):
    with pytest.raises(ValueError, match="kl_div: expected target probabilities >= 0"):
        neural_net_core.kl_div([-1.0, -1.0], [wrong, 1.0])
    with pytest.raises(ValueError, match="cross_entropy: expected target probabilities >= 0"):
        neural_net_core.cross_entropy([[1.0, 2.0]], [[wrong, 1.0]])


CLASS_LOSSES = [
    neural_net_core.cross_entropy,
    neural_net_core.nll_loss,
    neural_net_core.multi_margin_loss,
    neural_net_core.focal_loss,
]


@pytest.mark.parametrize("dtype", "bhilqBHILQ")
@pytest.mark.parametrize("fn", CLASS_LOSSES, ids=lambda fn: fn.__name__)
def test_class_ids_of_every_integer_dtype(fn, dtype):
    """The same loss; a number that is no class is named, and never taken for another one."""
    scores = np.random.default_rng(0).normal(size=(3, C))
    expected = fn(scores, [0, 3, 1]).item()
    assert fn(scores, np.array([0, 3, 1], dtype)).item() == expected
    info = np.iinfo(dtype)
    for wrong in {C, -1, info.min, info.max, info.max - 99}:
        if info.min <= wrong <= info.max and not 0 <= wrong < C:
            with pytest.raises(IndexError, match=f"{fn.__name__}: class index .* for 4 classes"):
                fn(scores, np.array([0, wrong, 1], dtype))


@pytest.mark.parametrize("fn", CLASS_LOSSES, ids=lambda fn: fn.__name__)
@pytest.mark.parametrize(
    "labels", [[0.0, 1.0], [True, False], [None, 0], ["0", "1"], [np.nan, 0.0], [0j, 1]]
)
def test_class_ids_that_are_no_integers(fn, labels):
    with pytest.raises((DTypeError, ShapeError), match=fn.__name__):
        fn(np.zeros((2, C)), labels)


@pytest.mark.parametrize(
    "fn", [neural_net_core.cross_entropy, neural_net_core.nll_loss, neural_net_core.focal_loss]
)
def test_the_axis_of_the_classes(fn):
    """Scores (B, T, C), also where T = C, which no shape tells apart."""
    rng = np.random.default_rng(0)
    for shape in [(2, 3, 5), (2, 5, 5)]:
        scores, labels = np.log(rng.dirichlet(np.ones(5), shape[:2])), rng.integers(0, 5, shape[:2])
        expected = fn(scores.reshape(-1, 5), labels.reshape(-1)).item()
        for axis, x in ((-1, scores), (2, scores), (1, np.moveaxis(scores, 2, 1))):
            assert fn(x, labels, axis=axis).item() == pytest.approx(expected)
        assert fn(np.moveaxis(scores, 2, 0), labels, axis=0).item() == pytest.approx(expected)
        single = fn(scores, labels, axis=-1, reduction="none")
        assert single.shape == labels.shape
        module = {
            neural_net_core.cross_entropy: neural_net_core.CrossEntropyLoss,
            neural_net_core.nll_loss: neural_net_core.NLLLoss,
            neural_net_core.focal_loss: neural_net_core.FocalLoss,
        }
        assert module[fn](axis=-1)(scores, labels).item() == pytest.approx(expected)
    with pytest.raises(ShapeError, match=r"taken to stand on axis 1, axis=-1 takes the last one"):
        fn(np.zeros((2, 3, 5)), np.zeros((2, 3), int))
    assert fn(np.zeros(5), 1, axis=0).shape == ()
    for axis in (3, 1.5, "x", [1]):
        with pytest.raises(ShapeError, match=f"{fn.__name__}: axis must be an int"):
            fn(np.zeros((2, 3, 5)), np.zeros((2, 3), int), axis=axis)
    q = rng.dirichlet(np.ones(5), (2, 3))
    along = neural_net_core.cross_entropy(np.log(q), q, axis=-1).item()
    assert along == pytest.approx(
        neural_net_core.cross_entropy(np.log(q[0:]).reshape(6, 5), q.reshape(6, 5)).item()
    )


# Wrong settings ----------------------------------------------------------------------------------

NONSENSE = [None, "x", [], [1.0], {}, object(), np.ones(2), np.array(0.5), 1j, np.nan, b"mean"]


@every_loss
def test_settings_are_asked_for_their_type(fn, inputs, module):
    """In the function and in the module alike, by name, and never NaN from None."""
    for name, parameter in signature(module).parameters.items():
        if name in ("weight", "pos_weight", "axis"):
            continue
        for wrong in NONSENSE:
            if wrong is parameter.default or (name == "alpha" and wrong is None):
                continue
            with pytest.raises(ValueError, match=f"{fn.__name__}: .*{name}"):
                fn(*inputs, **{name: wrong})
            with pytest.raises(ValueError, match=f"{module.__name__}: .*{name}"):
                module(**{name: wrong})


@every_loss
def test_inputs_that_are_no_numbers_are_refused_by_name(fn, inputs, module):
    for i in range(len(inputs)):
        for wrong in (None, "x", [None], ["a"], [[1.0], [1.0, 2.0]], object(), np.array([None])):
            given = [*inputs[:i], wrong, *inputs[i + 1 :]]
            with pytest.raises((DTypeError, ShapeError), match=fn.__name__):
                fn(*given)


def test_batchmean_counts_samples_and_symmetric_info_nce_queries():
    x = np.log(CHANCES)
    assert neural_net_core.kl_div(x, CHANCES, reduction="batchmean").counted == N
    assert neural_net_core.info_nce(x, CHANCES, symmetric=True).counted == N


def test_what_a_loss_of_ones_own_counted_can_be_said():
    loss = Tensor([1.0, 3.0]).mean()
    loss.counted = np.float32(2)
    assert loss.counted == 2
    loss.counted = None
    assert loss.counted is None


@every_loss
def test_nothing_is_written_to_the_inputs(fn, inputs, module):
    arrays = [Tensor(inputs[0], requires_grad=True), *(np.array(x) for x in inputs[1:])]
    for x in arrays:
        (x.data if isinstance(x, Tensor) else x).flags.writeable = False
    fn(*arrays).backward()


@every_loss
def test_a_second_backward_pass_gives_the_same(fn, inputs, module):
    x = Tensor(inputs[0], requires_grad=True)
    y = fn(x, *inputs[1:])
    y.backward(retain_graph=True)
    first, x.grad = x.grad, None
    y.backward()
    np.testing.assert_array_equal(x.grad, first)


@every_loss
def test_the_module_is_the_function(fn, inputs, module):
    for reduction in ("mean", "sum", "none"):
        loss = module(reduction=reduction)
        np.testing.assert_array_equal(loss(*inputs).data, fn(*inputs, reduction=reduction).data)
        assert f"reduction='{reduction}'" in repr(loss)
        assert not list(loss.parameters())


@every_loss
def test_the_modules_defaults_are_the_functions(fn, inputs, module):
    """Whoever leaves a setting out gets the same loss either way."""
    defaults = {
        name: parameter.default
        for name, parameter in signature(fn).parameters.items()
        if parameter.default is not parameter.empty
    }
    defaults.pop("negatives", None)  # of info_nce: data, not a setting
    assert {n: p.default for n, p in signature(module).parameters.items()} == defaults


def test_a_module_shows_the_settings_that_it_has():
    """Nothing that was left out, and of an array its shape."""
    plain = neural_net_core.CrossEntropyLoss()
    plain.eval()
    text = "reduction='mean', {}ignore_index=-100, label_smoothing=0.0"
    assert plain.extra_repr() == text.format("")
    assert neural_net_core.CrossEntropyLoss(np.ones(7)).extra_repr() == text.format("weight=(7,), ")


@every_loss
def test_an_unknown_reduction_names_those_allowed(fn, inputs, module):
    text = r".*reduction must be 'none', 'mean'.*, got 'avg'"
    with pytest.raises(ValueError, match=f"{fn.__name__}: {text}"):
        fn(*inputs, reduction="avg")
    with pytest.raises(ValueError, match=f"{module.__name__}: {text}"):
        module(reduction="avg")


@every_loss
def test_shapes_that_differ_are_refused_and_named(fn, inputs, module):
    with pytest.raises(ShapeError, match=rf"{fn.__name__}: .*\({N}.*\({N - 1}"):
        fn(inputs[0], *(other[:-1] for other in inputs[1:]))


def test_a_column_against_a_row_is_not_broadcast():
    # The classic: (4, 1) predictions against (4,) targets would compare each with all.
    for fn in (
        neural_net_core.mse_loss,
        neural_net_core.l1_loss,
        neural_net_core.binary_cross_entropy_with_logits,
    ):
        with pytest.raises(ShapeError, match=r"one shape, got \(4, 1\) and \(4,\)"):
            fn(np.zeros((4, 1)), np.zeros(4))


def test_every_module_is_tested_here():
    modules = {
        name
        for name in neural_net_core.__all__
        if getattr(getattr(neural_net_core, name), "__module__", "").startswith(
            "neural_net_core.losses."
        )
        if isinstance(getattr(neural_net_core, name), type)
        and issubclass(getattr(neural_net_core, name), Module)
    }
    assert modules == {module.__name__ for _, module in CASES.values()}


@given(st.sampled_from(list(CASES)[:6]), st.integers(0, 2**32 - 1))
def test_elementwise_losses_do_not_depend_on_the_shape(fn, seed):
    rng = np.random.default_rng(seed)
    x, t = rng.uniform(0, 1, (2, 12))
    expected = fn(x, t, reduction="none").data
    for shape in [(3, 4), (2, 1, 6), (12, 1)]:
        y = fn(x.reshape(shape), t.reshape(shape), reduction="none")
        np.testing.assert_array_equal(y.data.reshape(-1), expected)
