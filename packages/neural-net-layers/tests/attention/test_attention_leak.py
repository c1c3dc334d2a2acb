"""Nothing looks ahead: the next token changes, and all before it stays the same to the last bit.

For every combination of mask, dropout, weights wanted, form, heads and cache. A mask that is
dropped as soon as another option is set is how such leaks come about.
"""

import itertools

import numpy as np
import pytest

from neural_net_core import Module, no_grad
from neural_net_layers import (
    KeyValueCache,
    MultiHeadAttention,
    SelfAttention,
    TransformerDecoder,
    TransformerEncoder,
    causal_keep,
    padding_keep,
)
from neural_net_layers import scaled_dot_product_attention as attention
from neural_net_layers.attention import blocked_attention

TIME, CHANGED = 9, 5


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def change(x, axis):
    """Return x with the positions from CHANGED on replaced, along an axis."""
    x = np.moveaxis(x.copy(), axis, 0)
    x[CHANGED:] = numbers(*x[CHANGED:].shape, seed=9) * 3
    return np.moveaxis(x, 0, axis)


def masks(kind):
    """Return one way to forbid looking ahead, with what else may come along."""
    own = np.random.default_rng(3).random((2, 4, TIME, TIME)) < 0.7
    return {
        "causal": {"causal": True},
        "causal, keep": {"causal": True, "keep": own},
        "causal, bias": {"causal": True, "bias": numbers(4, TIME, TIME)},
        "causal, keep, bias": {"causal": True, "keep": own, "bias": numbers(TIME, TIME)},
        "keep": {"keep": causal_keep(TIME)},
        "keep, bias": {"keep": causal_keep(TIME) & own, "bias": numbers(TIME, TIME)},
        "bias": {"bias": np.where(causal_keep(TIME), 0, -np.inf).astype(np.float32)},
        "window": {"keep": causal_keep(TIME, window=3)},
    }[kind]


KINDS = [
    "causal",
    "causal, keep",
    "causal, bias",
    "causal, keep, bias",
    "keep",
    "keep, bias",
    "bias",
    "window",
]


@pytest.fixture(params=["plain", "kept", "made again"])
def form(request, monkeypatch):
    """Have all attention computed plainly, or in small tiles."""
    if request.param != "plain":
        fast = pytest.importorskip("neural_net_layers.fast.attention")
        tiles = pytest.importorskip("neural_net_layers.fast.attention_tiles")
        monkeypatch.setattr(fast, "TILES_FROM", 1)
        monkeypatch.setattr(tiles, "KEPT", 1 << 20 if request.param == "kept" else 0)
        monkeypatch.setattr(blocked_attention, "TILE", 2)
    return request.param


def first(result):
    """Return the outputs, and the weights if there are any, up to the change."""
    if isinstance(result, tuple):
        y, weights = result
        return [y.data[..., :CHANGED, :], weights.data[..., :CHANGED, :]]
    return [result.data[..., :CHANGED, :]]


def same_bits(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(first(one), first(other), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_function(kind, form):
    for dropout, need_weights, shared in itertools.product([0.0, 0.3], [False, True], [4, 2]):
        q, k, v = (numbers(2, n, TIME, 3, seed=i) for i, n in enumerate((4, shared, shared)))
        options = {"dropout": dropout, "need_weights": need_weights, **masks(kind)}
        options["blocked"] = form != "plain"

        def run(*inputs, options=options):
            return attention(*inputs, **options, rng=np.random.default_rng(0))

        assert same_bits(run(q, k, v), run(change(q, 2), change(k, 2), change(v, 2))), options


@pytest.mark.parametrize("kind", KINDS)
def test_multi_head_attention(kind, form):
    x = numbers(2, TIME, 8)
    for dropout, need_weights, padded, rotated in itertools.product(
        [0.0, 0.3], [False, True], [False, True], [False, True]
    ):
        options = {"need_weights": need_weights, **masks(kind)}
        if padded:
            options["key_keep"] = padding_keep([TIME, CHANGED + 1])

        def run(x, dropout=dropout, rotated=rotated, options=options):
            layer = MultiHeadAttention(
                8,
                4,
                dropout=dropout,
                position=(lambda x, offset: x * 0.5) if rotated else None,
                rng=np.random.default_rng(0),
            )
            return layer(x, **options)

        assert same_bits(run(x), run(change(x, 1))), (dropout, rotated, options)


class Causal(Module):
    """Every module that can be causal, called so."""

    def __init__(self, kind, dropout):
        rng = np.random.default_rng(0)
        self.kind = kind
        if kind == "SelfAttention":
            self.inner = SelfAttention(8, 2, causal=True, dropout=dropout, rng=rng)
        elif kind.startswith("decoder"):
            self.inner = TransformerDecoder(2, 8, 2, dropout=dropout, rng=rng)
        else:
            norm_first = kind == "encoder, pre-norm"
            self.inner = TransformerEncoder(
                2, 8, 2, dropout=dropout, norm_first=norm_first, rng=rng
            )

    def forward(self, x, **options):
        if self.kind == "SelfAttention":
            return self.inner(x, **options)
        if self.kind == "decoder":
            return self.inner(x, numbers(2, 4, 8, seed=7), **options)
        return self.inner(x, causal=True, **options)


@pytest.mark.parametrize("kind", ["SelfAttention", "decoder", "encoder", "encoder, pre-norm"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("need_weights", [False, True])
def test_modules(kind, dropout, need_weights, form):
    x = numbers(2, TIME, 8)

    def run(x):
        y = Causal(kind, dropout)(x, need_weights=need_weights)
        return y[0] if need_weights else y

    assert same_bits(run(x), run(change(x, 1)))


@pytest.mark.parametrize("need_weights", [False, True])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("pieces", [(TIME,), (3, 6), (5, 4), (1,) * TIME])
def test_a_cache_lets_nobody_look_ahead_within_a_piece(pieces, padded, need_weights, form):
    layer = MultiHeadAttention(8, 4, num_kv_heads=2, rng=np.random.default_rng(0))
    x = numbers(2, TIME, 8)

    def run(x):
        cache, start, parts = KeyValueCache(), 0, []
        with no_grad():
            for n in pieces:
                stop = start + n
                mask = padding_keep([stop, min(stop, 7)], stop) if padded else None
                y = layer(
                    x[:, start:stop],
                    causal=True,
                    key_keep=mask,
                    cache=cache,
                    need_weights=need_weights,
                )
                parts.append((y[0] if need_weights else y).data)
                start = stop
        return np.concatenate(parts, axis=1)[:, :CHANGED]

    assert run(x).tobytes() == run(change(x, 1)).tobytes()


def test_the_test_can_fail(form):
    """Without a mask the change is seen."""
    x = numbers(2, TIME, 8)
    layer = MultiHeadAttention(8, 4, rng=np.random.default_rng(0))
    assert not same_bits(layer(x), layer(change(x, 1)))
    late = np.triu(np.ones((TIME, TIME), bool), 2) | causal_keep(TIME)
    late[:, CHANGED] |= np.arange(TIME) == CHANGED - 1
    assert not same_bits(layer(x, keep=late), layer(change(x, 1), keep=late))
