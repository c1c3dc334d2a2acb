"""Attention in one operation: values, masks, and what is hidden stays hidden."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import ShapeError, Tensor, grad, textbook
from neural_net_core.ops import softmax
from neural_net_layers import causal_keep
from neural_net_layers import scaled_dot_product_attention as attention
from neural_net_layers.attention import blocked_attention
from neural_net_layers.attention import scaled_dot_product_attention as of_scores
from neural_net_layers.attention.blocked_attention import BlockedAttentionOp
from neural_net_layers.attention.scaled_dot_product_attention import AttentionOp

FORMS = pytest.mark.parametrize("blocked", [False, True], ids=["plain", "blocked"])


def leaves(*shapes, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [Tensor(rng.normal(size=s), dtype, requires_grad=True) for s in shapes]


def composed(q, k, v, keep=None, bias=None, scale=None):
    """The definition, from primitive operations; every query sees a key."""
    groups = q.shape[-3] // k.shape[-3]
    if groups > 1:  # head h of the queries reads head h // groups
        heads = np.arange(q.shape[-3]) // groups
        k, v = k[..., heads, :, :], v[..., heads, :, :]
    scores = q @ k.swapaxes(-1, -2) * (scale or 1 / math.sqrt(q.shape[-1]))
    scores = scores if bias is None else scores + bias
    if keep is not None:
        scores = scores + np.where(keep, 0, -np.inf)
    return softmax(scores) @ v


def test_a_case_worked_by_hand():
    """Scores ln 3 and 0 give weights 3/4 and 1/4."""
    q = Tensor([[1.0]], requires_grad=True)
    k = Tensor([[math.log(3)], [0.0]], requires_grad=True)
    v = Tensor([[4.0], [8.0]], requires_grad=True)
    y, weights = attention(q, k, v, need_weights=True)
    np.testing.assert_allclose(weights.data, [[0.75, 0.25]], rtol=1e-6)
    np.testing.assert_allclose(y.data, [[5.0]], rtol=1e-6)
    dq, dk, dv = grad(y, [q, k, v], np.ones((1, 1)))
    # dP = (4, 8), δ = 5, ds = P (dP − δ) = (−3/4, 3/4)
    np.testing.assert_allclose(dq, [[-0.75 * math.log(3)]], rtol=1e-6)
    np.testing.assert_allclose(dk, [[-0.75], [0.75]], rtol=1e-6)
    np.testing.assert_allclose(dv, [[0.75], [0.25]], rtol=1e-6)


@FORMS
@pytest.mark.parametrize("mask", ["none", "causal", "keep", "bias", "all"])
@pytest.mark.parametrize("shared", [4, 2, 1])
def test_the_operation_equals_its_composition(blocked, mask, shared):
    inputs = leaves((2, 4, 5, 3), (2, shared, 6, 3), (2, shared, 6, 2))
    (bias,) = leaves((4, 5, 6), seed=1)
    keep = np.random.default_rng(2).random((2, 1, 5, 6)) < 0.7
    keep[..., 0] = True
    options, visible, added = {}, None, None
    if mask in ("causal", "all"):
        options |= {"causal": True, "offset": 1}
        visible = causal_keep(5, 6, 1)
    if mask in ("keep", "all"):
        options["keep"] = keep
        visible = keep if visible is None else visible & keep
    if mask in ("bias", "all"):
        options["bias"] = added = bias
        inputs.append(bias)
    y = attention(*inputs[:3], blocked=blocked, **options)
    expected = composed(*inputs[:3], visible, added)
    np.testing.assert_allclose(y.data, expected.data, rtol=1e-12, atol=1e-14)
    dy = np.random.default_rng(3).normal(size=y.shape)
    for one, other in zip(grad(y, inputs, dy), grad(expected, inputs, dy), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@FORMS
@pytest.mark.parametrize("mask", ["keep", "bias", "causal"])
def test_a_query_that_may_attend_to_nothing_gives_zeros_and_zero_gradients(blocked, mask):
    q, k, v = leaves((1, 2, 4, 3), (1, 2, 5, 3), (1, 2, 5, 3))
    keep = np.ones((4, 5), bool)
    keep[1] = False
    options = {"keep": {"keep": keep}, "bias": {"bias": np.where(keep, 0.0, -np.inf)}}
    options = options.get(mask, {"causal": True, "offset": -2})
    hidden = [0, 1] if mask == "causal" else [1]
    y = attention(q, k, v, blocked=blocked, **options)
    assert (y.data[:, :, hidden] == 0).all()
    dq, dk, dv = grad(y, [q, k, v], np.ones(y.shape))
    assert (dq[:, :, hidden] == 0).all()
    assert all(np.isfinite(dx).all() and dx.any() for dx in (dq, dk, dv))
    everything = attention(q, k, v, blocked=blocked, keep=np.zeros((4, 5), bool))
    assert not everything.data.any()
    assert not any(dx.any() for dx in grad(everything, [q, k, v], np.ones(y.shape)))


@FORMS
def test_no_keys_and_no_queries(blocked):
    q, none = np.ones((2, 3, 4)), np.ones((2, 0, 4))
    assert attention(q, none, none, blocked=blocked).tolist() == np.zeros((2, 3, 4)).tolist()
    assert attention(none, q, q, blocked=blocked, causal=True).shape == (2, 0, 4)


@FORMS
def test_scores_of_any_size_neither_overflow_nor_vanish(blocked):
    q, k, v = leaves((1, 3, 2), (1, 4, 2), (1, 4, 2), dtype=np.float32)
    y = attention(q * 1e4, k * 1e4, v, blocked=blocked)
    assert np.isfinite(y.data).all()
    assert all(np.isfinite(dx).all() for dx in grad(y.sum(), [q, k, v]))


@FORMS
@pytest.mark.parametrize("form", [contextlib.nullcontext, textbook])
@pytest.mark.parametrize("shift", [-1e4, -30.0, 30.0, 1e4])
def test_a_number_added_to_all_scores_of_a_query_changes_nothing(blocked, form, shift, monkeypatch):
    """Every row is taken relative to its own maximum, wherever that is."""
    monkeypatch.setattr(blocked_attention, "TILE", 2)
    q, k, v = leaves((2, 3, 5, 2), (2, 3, 7, 2), (2, 3, 7, 2))
    results = []
    for bias in (np.zeros((5, 1)), np.linspace(0, shift, 5)[:, None]):
        with form():
            y = attention(q, k, v, bias=bias, blocked=blocked, causal=True, offset=2)
            results.append([y.data, *grad(y, [q, k, v], np.ones(y.shape))])
    for plain, shifted in zip(*results, strict=True):
        np.testing.assert_allclose(shifted, plain, rtol=1e-8, atol=1e-10)


@FORMS
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(-7, 7))
def test_causal_is_the_mask_of_its_offset(blocked, queries, keys, offset):
    q, k, v = leaves((2, queries, 3), (2, keys, 3), (2, keys, 2))
    results = []
    keep = causal_keep(queries, keys, offset)
    for options in ({"keep": keep}, {"causal": True, "offset": offset}):
        y = attention(q, k, v, blocked=blocked, **options)
        results.append([y.data, *grad(y, [q, k, v], np.ones(y.shape))])
    for masked, causal in zip(*results, strict=True):
        np.testing.assert_allclose(causal, masked, rtol=1e-10, atol=1e-12)


def test_what_is_not_said_is_no_mask_no_offset_and_no_dropout():
    q, k, v = leaves((3, 4, 2), (3, 5, 2), (3, 5, 2))
    keep = causal_keep(4, 5)
    y, weights = attention(q, k, v, keep=keep, scale=0.5, need_weights=True)
    np.testing.assert_allclose(attention(q, k, v, causal=True, scale=0.5).data, y.data, rtol=1e-12)
    assert weights.data[:, ~keep].tolist() == [[0.0] * (~keep).sum()] * 3
    for op in (AttentionOp, BlockedAttentionOp):
        plain = op.apply(q, k, v, scale=0.5)
        expected = attention(q, k, v, scale=0.5, blocked=op is BlockedAttentionOp)
        np.testing.assert_array_equal(plain.data, expected.data)
    assert not AttentionOp.apply(q, k, v, scale=0.5).node.whole


def test_the_scale_keeps_the_variance_of_the_scores_at_one():
    """Read off from the weights: ln P differs from the scores by a constant per row."""
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 256, 512))
    _, weights = attention(q, k, np.ones((256, 1)), need_weights=True)
    scores = np.log(weights.data)
    assert abs((scores - scores.mean(-1, keepdims=True)).std() - 1) < 0.02


@FORMS
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_outputs_are_means_of_values_and_follow_a_permutation_of_the_keys(blocked, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    keys, width = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 4))
    q, k, v = rng.normal(size=(3, width)), *rng.normal(size=(2, keys, width))
    y = attention(Tensor(q, np.float64), k, v, blocked=blocked).data
    assert (y <= v.max(0) + 1e-12).all() and (y >= v.min(0) - 1e-12).all()
    order = rng.permutation(keys)
    again = attention(Tensor(q, np.float64), k[order], v[order], blocked=blocked).data
    np.testing.assert_allclose(again, y, rtol=1e-12, atol=1e-14)


@FORMS
def test_dropout_drops_the_stated_part_of_the_weights_and_scales_the_rest(blocked):
    """With equal scores and the identity as values, the output is the weights."""
    n, p = 200, 0.3
    zeros, eye = np.zeros((n, 1), np.float32), np.eye(n, dtype=np.float32)
    y = attention(zeros, zeros, eye, dropout=p, blocked=blocked, rng=np.random.default_rng(0)).data
    dropped = y == 0
    assert abs(dropped.mean() - p) < 0.01
    np.testing.assert_allclose(y[~dropped], 1 / n / (1 - p), rtol=1e-5)


@FORMS
def test_where_all_is_dropped_nothing_comes_out_and_nothing_goes_back(blocked):
    q, k, v = leaves((2, 4, 3), (2, 5, 3), (2, 5, 2))
    y = attention(q, k, v, dropout=1.0, blocked=blocked)
    assert y.data.tolist() == np.zeros((2, 4, 2)).tolist()
    assert not any(dx.any() for dx in grad(y, [q, k, v], np.ones(y.shape)))


@FORMS
def test_dropout_draws_from_the_generator_given_and_anew_in_every_call(blocked):
    x = np.random.default_rng(1).normal(size=(2, 6, 3))

    def run(rng):
        return attention(x, x, x, dropout=0.5, blocked=blocked, rng=rng).data.tobytes()

    rng = np.random.default_rng(0)
    first, second = run(rng), run(rng)
    assert first != second
    assert first == run(np.random.default_rng(0))


def test_weights_are_those_before_dropout():
    x = np.random.default_rng(0).normal(size=(6, 3))
    _, weights = attention(x, x, x, dropout=0.5, need_weights=True, rng=np.random.default_rng(0))
    np.testing.assert_allclose(weights.data.sum(-1), 1, rtol=1e-6)
    _, plain = attention(x, x, x, need_weights=True)
    assert weights.data.tobytes() == plain.data.tobytes()


@pytest.mark.parametrize("shape", [(5, 3), (4, 5, 3), (2, 4, 5, 3), (2, 1, 4, 5, 3)])
@FORMS
def test_any_number_of_axes_comes_before_the_heads(blocked, shape):
    q, k, v = leaves(shape, shape, shape)
    (bias,) = leaves((*shape[:-1], shape[-2]), seed=1)
    y = attention(q, k, v, bias=bias, causal=True, blocked=blocked)
    flat = [x.data.reshape(-1, *x.shape[-2:]) for x in (q, k, v, bias)]
    for i, part in enumerate(y.data.reshape(-1, *shape[-2:])):
        one = attention(*(x[i] for x in flat[:3]), bias=flat[3][i], causal=True).data
        np.testing.assert_allclose(part, one, rtol=1e-5, atol=1e-6)
    for x, dx in zip((q, k, v, bias), grad(y.sum(), [q, k, v, bias]), strict=True):
        assert dx.shape == x.shape


def test_tiles_are_taken_when_asked_for_and_weights_need_the_plain_form():
    (x,) = leaves((5, 2))
    assert attention(x, x, x).node.idea is AttentionOp
    assert attention(x, x, x, blocked=False).node.idea is AttentionOp
    assert attention(x, x, x, blocked=True).node.idea is BlockedAttentionOp
    y, _ = attention(x, x, x, blocked=True, need_weights=True)
    assert y.node.idea is AttentionOp


def test_many_scores_are_dropped_in_tiles_so_that_they_are_never_all_in_memory():
    few, many = leaves((1023, 1), (1024, 1))
    assert attention(few, few, few, dropout=0.5).node.idea is AttentionOp
    assert attention(many, many, many, dropout=0.5).node.idea is BlockedAttentionOp
    assert attention(many, many, many, dropout=0.5, blocked=False).node.idea is AttentionOp
    y, _ = attention(many, many, many, dropout=0.5, need_weights=True)
    assert y.node.idea is AttentionOp


def test_how_many_scores_are_many_is_a_product_of_queries_and_keys(monkeypatch):
    monkeypatch.setattr(of_scores, "MANY", 12)
    for queries, keys, idea in ((3, 4, BlockedAttentionOp), (2, 5, AttentionOp), (1, 12, None)):
        q, k, v = leaves((1, 1, queries, 2), (1, 1, keys, 2), (1, 1, keys, 2))
        assert attention(q, k, v, dropout=0.5).node.idea is (idea or BlockedAttentionOp)


def test_all_scores_are_computed_at_once_only_if_tiles_are_refused():
    (x,) = leaves((4, 2))
    asked = {blocked: attention(x, x, x, blocked=blocked).node.whole for blocked in (None, False)}
    assert asked == {None: False, False: True}
    y, _ = attention(x, x, x, blocked=True, need_weights=True)
    assert not y.node.whole


@FORMS
@pytest.mark.parametrize(
    "hide", ["one axis", "all axes", "by head", "from one of the heads", "all of a head", "causal"]
)
@pytest.mark.parametrize("worst", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shared", [4, 2])
def test_what_no_query_sees_takes_part_in_nothing(blocked, hide, worst, shared):
    """Any number may stand there, in outputs and gradients alike."""
    keep = np.array([True, False, True, True, False, True])
    unseen = np.broadcast_to(~keep, (2, shared, 6)).copy()
    options = {"keep": keep}
    if hide == "all axes":
        options["keep"] = np.random.default_rng(1).random((2, 4, 5, 6)) < 0.8
        options["keep"][:, :, 0] = True
        options["keep"] &= keep
    elif hide == "by head":  # all heads that share keys must be blind to one
        options["keep"] = np.ones((2, 4, 1, 6), bool)
        options["keep"][1, : 4 // shared, :, 2] = False
        unseen[...] = False
        unseen[1, 0, 2] = True
    elif hide == "from one of the heads":  # with which another shares the key that it may not see
        options["keep"] = np.broadcast_to(keep, (2, 4, 1, 6)).copy()
        options["keep"][:, 0, :, 2] = False
        unseen[:, 0, 2] = shared == 4
    elif hide == "all of a head":  # of the last head of keys, in every example
        options["keep"] = np.ones((4, 5, 6), bool)
        options["keep"][-(4 // shared) :, :, 3] = False
        unseen[...] = False
        unseen[:, -1, 3] = True
    elif hide == "causal":
        options = {"causal": True, "offset": -1}
        unseen[...] = np.arange(6) > 3
    q, k, v = leaves((2, 4, 5, 3), (2, shared, 6, 3), (2, shared, 6, 2))
    results = []
    for number in (0.0, worst):
        for x in (k, v):
            x.data[unseen] = number
        y = attention(q, k, v, blocked=blocked, **options)
        results.append([y.data, *grad(y, [q, k, v], np.ones(y.shape))])
    for clean, poisoned in zip(*results, strict=True):
        np.testing.assert_array_equal(clean, poisoned)
    assert not results[1][2][unseen].any() and not results[1][3][unseen].any()


@pytest.mark.parametrize("shape", [(7,), (6, 6), (3, 1, 5, 6), (1, 2, 4, 5, 6)])
@pytest.mark.parametrize("name", ["keep", "bias"])
def test_a_mask_that_does_not_broadcast_to_the_scores_is_named(shape, name):
    q, k, v = leaves((2, 4, 5, 3), (2, 4, 6, 3), (2, 4, 6, 2))
    mask = np.ones(shape, bool if name == "keep" else float)
    text = rf"attention\({name}\): expected a shape that broadcasts to \(2, 4, 5, 6\)"
    with pytest.raises(ShapeError, match=text):
        attention(q, k, v, **{name: mask})


def test_values_of_which_only_the_weights_were_used_have_a_gradient_of_zeros():
    q, k, v = leaves((2, 3, 4), (2, 5, 4), (2, 5, 4))
    _, weights = attention(q, k, v, need_weights=True)
    (weights[..., 0]).sum().backward()
    assert v.grad.tolist() == np.zeros((2, 5, 4)).tolist()
    assert q.grad.any() and k.grad.any()


@pytest.mark.parametrize(
    "shapes",
    [
        ((3,), (3,), (3,)),
        ((2, 3), (2, 4), (2, 4)),
        ((2, 3), (2, 3), (4, 3)),
        ((4, 2, 3), (3, 2, 3), (3, 2, 3)),
        ((2, 4, 2, 3), (3, 4, 2, 3), (3, 4, 2, 3)),
        ((4, 2, 3), (2, 3), (2, 3)),
        ((4, 2, 3), (0, 2, 3), (0, 2, 3)),
        ((4, 2, 3), (2, 2, 3), (4, 2, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes):
    with pytest.raises(ShapeError, match=r"expected query \(\.\.\., H, T, D\).*got"):
        attention(*map(np.zeros, shapes))


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_a_wrong_dropout_is_named(p):
    with pytest.raises(ValueError, match="dropout must be"):
        attention(np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)), dropout=p)
