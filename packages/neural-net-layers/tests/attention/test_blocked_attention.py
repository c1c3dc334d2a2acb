"""Attention in tiles equals the plain form, however it is cut."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_net_core import Tensor, grad, no_grad, textbook
from neural_net_layers import scaled_dot_product_attention as attention
from neural_net_layers.attention import blocked_attention


def compare(q, k, v, bias, **options):
    inputs = [x for x in (q, k, v, bias) if x is not None]
    results = []
    for blocked in (False, True):
        y = attention(q, k, v, bias=bias, blocked=blocked, **options)
        dy = np.random.default_rng(1).normal(size=y.shape)
        results.append([y.data, *grad(y, inputs, dy)])
    for plain, tiled in zip(*results, strict=True):
        np.testing.assert_allclose(tiled, plain, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("form", [contextlib.nullcontext, textbook])
@pytest.mark.parametrize("tile", [1, 2, 3, 50])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_equals_the_plain_form_however_it_is_cut(tile, form, data):
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shared, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    queries, keys, width = (draw(st.integers(1, 11)) for _ in range(3))
    lead = draw(st.sampled_from([(), (2,), (1, 2)]))
    scores = (*lead, shared * groups, queries, keys)
    shapes = ((*scores[:-1], width), *[(*lead, shared, keys, width)] * 2)
    q, k, v = (Tensor(rng.normal(size=s), np.float64, requires_grad=True) for s in shapes)
    options = {"causal": draw(st.booleans()), "offset": draw(st.integers(-3, 12))}
    if draw(st.booleans()):
        options["keep"] = rng.random((*lead, 1, queries, keys)) < 0.5
    bias = None
    if draw(st.booleans()):
        kinds = [scores, (*lead, 1, queries, keys), scores[-3:], (scores[-3], 1, keys), scores[-2:]]
        shape = draw(st.sampled_from(kinds))
        bias = Tensor(rng.normal(size=shape), np.float64, requires_grad=True)
    with pytest.MonkeyPatch.context() as patch, form():
        patch.setattr(blocked_attention, "TILE", tile)
        compare(q, k, v, bias, **options)


def test_gradients_with_dropout_equal_those_through_the_mask_that_was_drawn(monkeypatch):
    """Values of the identity show what was dropped; the plain formula then gives the gradients."""
    monkeypatch.setattr(blocked_attention, "TILE", 3)
    rng = np.random.default_rng(0)
    q, k = (Tensor(rng.normal(size=(1, 2, 7, 4)), np.float64, requires_grad=True) for _ in range(2))
    v = Tensor(rng.normal(size=(1, 2, 7, 7)), np.float64, requires_grad=True)
    options = {"dropout": 0.4, "causal": True, "blocked": True}
    eye = np.broadcast_to(np.eye(7), (1, 2, 7, 7))
    shown = attention(q, k, eye, rng=np.random.default_rng(5), **options)
    _, weights = attention(q, k, eye, causal=True, need_weights=True)
    factor = np.where(shown.data > 0, 1 / 0.6, 0.0)
    np.testing.assert_allclose(shown.data, weights.data * factor, rtol=1e-12)
    y, expected = (
        attention(q, k, v, rng=np.random.default_rng(5), **options),
        (weights * factor) @ v,
    )
    dy = rng.normal(size=y.shape)
    for one, other in zip(grad(y, [q, k, v], dy), grad(expected, [q, k, v], dy), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_recording_does_not_change_what_is_dropped(monkeypatch):
    monkeypatch.setattr(blocked_attention, "TILE", 3)
    x = Tensor(np.random.default_rng(0).normal(size=(2, 9, 4)), requires_grad=True)

    def run():
        y = attention(x, x, x, dropout=0.5, blocked=True, rng=np.random.default_rng(0))
        return y.data.tobytes()

    recorded = run()
    with no_grad():
        assert run() == recorded
