"""Gradient checks of attention, plain and in tiles."""

import contextlib
import sys
import types

import numpy as np
from hypothesis import strategies as st

from neural_net_layers import scaled_dot_product_attention
from neural_net_layers.attention import blocked_attention
from neural_net_layers.attention._heads import SplitHeadsOp, split_heads
from neural_net_layers.attention.blocked_attention import BlockedAttentionOp
from neural_net_layers.attention.scaled_dot_product_attention import AttentionOp

generator = np.random.default_rng(0)
KEEP = generator.random((1, 4, 3, 4)) < 0.6
KEEP[0, 1, 2] = False  # a query that may attend to nothing
PADDING = np.array([True, True, False, True])


def numbers(*shape):
    return generator.normal(size=shape)


@contextlib.contextmanager
def small_tiles(kept):
    """Cut even the small sizes here: 2 queries by 2 keys, weights kept or made again."""
    # Without the folder of fast forms there is none that could keep weights.
    fast = sys.modules.get("neural_net_layers.fast.attention_tiles", types.SimpleNamespace(KEPT=0))
    before = blocked_attention.TILE, fast.KEPT
    blocked_attention.TILE, fast.KEPT = 2, before[1] if kept else 0
    try:
        yield
    finally:
        blocked_attention.TILE, fast.KEPT = before


def attention(blocked=False, kept=True, with_bias=False, cut=small_tiles, **options):
    """Return the function of q, k, v and perhaps a bias."""

    def run(*inputs):
        given = dict(options)
        if with_bias:
            *inputs, given["bias"] = inputs
        if given.get("dropout"):
            given["rng"] = np.random.default_rng(5)
        with cut(kept):
            return scaled_dot_product_attention(*inputs, blocked=blocked, **given)

    return run


def inputs(*bias, heads=4, shared=4):
    arrays = [numbers(1, heads, 3, 2), numbers(1, shared, 4, 2), numbers(1, shared, 4, 3)]
    return arrays + [numbers(*shape) for shape in bias]


def cases(**form):
    return [
        (attention(**form), inputs()),
        (attention(**form, causal=True), inputs()),
        (attention(**form, causal=True, offset=2), inputs(shared=2)),
        (attention(**form, keep=KEEP), inputs()),
        (attention(**form, keep=PADDING, causal=True, scale=2.0), inputs(shared=1)),
        (attention(**form, dropout=0.4, causal=True), inputs()),
        (attention(**form, dropout=1.0), inputs()),
        (attention(**form, with_bias=True), inputs((1, 4, 3, 4))),
        (attention(**form, with_bias=True, keep=KEEP, dropout=0.3), inputs((4, 1, 4), shared=2)),
        (attention(**form, with_bias=True, causal=True), inputs((3, 4))),
        # Another number of axes: none before the heads, one head alone, several.
        (attention(**form, causal=True), [numbers(2, 3, 2), numbers(1, 4, 2), numbers(1, 4, 2)]),
        (
            attention(**form, with_bias=True),
            [numbers(3, 2), numbers(4, 2), numbers(4, 2), numbers(4)],
        ),
        (
            attention(**form, with_bias=True),
            [numbers(2, 2, 1, 3, 2), *[numbers(2, 2, 1, 4, 2)] * 2, numbers(2, 1, 1, 3, 4)],
        ),
        # Only one of the three needs a gradient.
        (lambda q: attention(**form)(q, np.eye(4, 3), np.eye(4)), [numbers(3, 3)]),
        (lambda k: attention(**form)(np.eye(3), k, np.eye(4)), [numbers(4, 3)]),
        (lambda v: attention(**form)(np.eye(3), np.ones((4, 3)), v), [numbers(4, 2)]),
    ]


CASES = {
    AttentionOp: [
        *cases(),
        (attention(need_weights=True, causal=True), inputs()),
        (
            lambda *x: attention(need_weights=True)(*x)[1],
            [*inputs(shared=2)[:2], np.ones((1, 2, 4, 1))],
        ),
        (attention(need_weights=True, dropout=0.4, keep=KEEP), inputs()),
    ],
    BlockedAttentionOp: [*cases(blocked=True), *cases(blocked=True, kept=False)],
    SplitHeadsOp: [
        (lambda x: split_heads(x, 2), [numbers(2, 3, 8)]),
        (lambda x: split_heads(x, 4, 2, 2), [numbers(2, 3, 8)]),
        (lambda x: split_heads(x, 1, 2, 1)[1], [numbers(2, 3, 4)]),
    ],
}


@st.composite
def of_any_size(draw, **form):
    """Draw an attention with few scores or many, with any options, from a seed."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    queries, keys = draw(st.sampled_from([(7, 5), (60, 70), (190, 195), (300, 128), (40, 1000)]))
    shared, groups = draw(st.sampled_from([(1, 1), (2, 1), (1, 3)]))
    options = {"causal": draw(st.booleans()), "offset": draw(st.integers(-2, keys)), **form}
    if draw(st.booleans()):
        options["keep"] = rng.random((2, 1, queries, keys)) < 0.7
    shapes = [(2, shared * groups, queries, 4), (2, shared, keys, 4), (2, shared, keys, 3)]
    with_bias = draw(st.booleans())
    if with_bias:
        # Not one number per query, whose gradient is 0 and nothing but rounding.
        shapes.append(draw(st.sampled_from([(keys,), (shared * groups, 1, keys)])))
    if draw(st.integers(0, 3)) == 0:
        options["dropout"] = 0.3
    elif not form["blocked"] and draw(st.integers(0, 3)) == 0:
        options["need_weights"] = True
    fn = attention(with_bias=with_bias, cut=contextlib.nullcontext, **options)
    return fn, [rng.normal(size=shape) for shape in shapes]


DRAWN = {
    AttentionOp: of_any_size(blocked=None),
    BlockedAttentionOp: of_any_size(blocked=True),
}
