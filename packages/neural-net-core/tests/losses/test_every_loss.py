"""What all losses have in common: reductions, shapes, dtypes, modules."""

from inspect import signature

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_net_core import Module, ShapeError, Tensor, enable_grad, losses, no_grad

rng = np.random.default_rng(0)
N, C = 5, 4
LABELS = np.array([3, 0, 2, 3, 1])
SIGNS = np.array([1, -1, 1, 1, -1])
CHANCES = rng.uniform(0.1, 0.9, (N, C))

# function -> (inputs, module); the first input is the one that is learned.
CASES = {
    losses.mse_loss: ((rng.normal(size=(N, C)), CHANCES), losses.MSELoss),
    losses.l1_loss: ((rng.normal(size=(N, C)), CHANCES), losses.L1Loss),
    losses.huber_loss: ((rng.normal(size=(N, C)), CHANCES), losses.HuberLoss),
    losses.smooth_l1_loss: ((rng.normal(size=(N, C)), CHANCES), losses.SmoothL1Loss),
    losses.binary_cross_entropy: ((CHANCES, CHANCES[::-1]), losses.BCELoss),
    losses.binary_cross_entropy_with_logits: (
        (rng.normal(size=(N, C)), CHANCES),
        losses.BCEWithLogitsLoss,
    ),
    losses.cross_entropy: ((rng.normal(size=(N, C)), LABELS), losses.CrossEntropyLoss),
    losses.nll_loss: ((np.log(CHANCES), LABELS), losses.NLLLoss),
    losses.kl_div: ((np.log(CHANCES), CHANCES[::-1]), losses.KLDivLoss),
    losses.cosine_embedding_loss: (
        (rng.normal(size=(N, C)), rng.normal(size=(N, C)), SIGNS),
        losses.CosineEmbeddingLoss,
    ),
    losses.hinge_loss: ((rng.normal(size=N), SIGNS), losses.HingeLoss),
    losses.hinge_embedding_loss: ((CHANCES[:, 0], SIGNS), losses.HingeEmbeddingLoss),
    losses.multi_margin_loss: ((rng.normal(size=(N, C)), LABELS), losses.MultiMarginLoss),
    losses.triplet_margin_loss: (tuple(rng.normal(size=(3, N, C))), losses.TripletMarginLoss),
    losses.info_nce: (tuple(rng.normal(size=(2, N, C))), losses.InfoNCELoss),
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
        # Nobody can know what further arithmetic makes of it.
        assert (mean + 1).counted is mean.detach().counted is total.counted is None
        assert fn(x, *inputs[1:], reduction="none").counted is None
        empty = fn(x[:0], *(other[:0] for other in inputs[1:]))
        assert empty.counted == 0


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
    fn = getattr(losses, name)
    whole = fn(Tensor(scores, np.float64), labels, **options)
    cuts = np.cumsum(sizes)[:-1]
    parts = [
        fn(Tensor(x, np.float64), t, **options)
        for x, t in zip(np.split(scores, cuts), np.split(labels, cuts), strict=True)
    ]
    assert sum(part.counted for part in parts) == pytest.approx(whole.counted)
    joined = sum(part.counted * part.item() for part in parts)
    assert joined == pytest.approx(whole.counted * whole.item(), abs=1e-12)


def test_batchmean_counts_samples_and_symmetric_info_nce_queries():
    x = np.log(CHANCES)
    assert losses.kl_div(x, CHANCES, reduction="batchmean").counted == N
    assert losses.info_nce(x, CHANCES, symmetric=True).counted == N


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
    plain = losses.CrossEntropyLoss()
    plain.eval()
    text = "reduction='mean', {}ignore_index=-100, label_smoothing=0.0"
    assert plain.extra_repr() == text.format("")
    assert losses.CrossEntropyLoss(np.ones(7)).extra_repr() == text.format("weight=(7,), ")


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
    for fn in (losses.mse_loss, losses.l1_loss, losses.binary_cross_entropy_with_logits):
        with pytest.raises(ShapeError, match=r"one shape, got \(4, 1\) and \(4,\)"):
            fn(np.zeros((4, 1)), np.zeros(4))


def test_every_module_is_tested_here():
    modules = {
        name
        for name in losses.__all__
        if isinstance(getattr(losses, name), type) and issubclass(getattr(losses, name), Module)
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
