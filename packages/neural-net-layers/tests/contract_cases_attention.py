"""Attention and transformer layers, for the tests that every layer passes."""

import numpy as np

from neural_net_core import Module
from neural_net_layers import (
    MultiHeadAttention,
    RMSNorm,
    SelfAttention,
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)


def rng():
    return np.random.default_rng(5)


class ReadsItself(Module):
    """A decoder, or an attention, whose memory is its own input, the other way round."""

    def __init__(self, inner):
        self.inner = inner

    def forward(self, x):
        return self.inner(x, x[:, ::-1])


def attention(**options):
    return lambda: MultiHeadAttention(4, 2, rng=rng(), **options)


def layer(cls=TransformerEncoderLayer, **options):
    return lambda: cls(4, 2, 6, rng=rng(), **{"dropout": 0.0, **options})


def reading(make):
    return lambda: ReadsItself(make())


def transformer(**options):
    return lambda: Transformer(
        4, 2, 1, 1, 6, rng=rng(), **{"dropout": 0.0, "activation": "gelu", **options}
    )


SHAPE = (3, 5, 4)

CASES = {
    "MultiHeadAttention": (attention(), SHAPE, {"shows": "(4, 2 heads"}),
    "MultiHeadAttention-no-bias": (attention(bias=False), SHAPE, {"shows": "bias=False"}),
    "MultiHeadAttention-grouped": (
        lambda: MultiHeadAttention(8, 4, num_kv_heads=2, rng=rng()),
        (3, 5, 8),
        {"shows": "2 of keys and values"},
    ),
    "MultiHeadAttention-dropout": (
        attention(dropout=0.5),
        SHAPE,
        {"random": True, "shows": "dropout=0.5"},
    ),
    "MultiHeadAttention-of-other-sizes": (
        attention(head_features=3, value_head_features=5, out_bias=False, qk_norm=RMSNorm),
        SHAPE,
        {"shows": "2 heads, 3 features each, 5 of values, out_bias=False"},
    ),
    "MultiHeadAttention-another-sequence": (reading(attention()), SHAPE),
    "SelfAttention": (lambda: SelfAttention(4, rng=rng()), SHAPE),
    "SelfAttention-of-other-sizes": (
        lambda: SelfAttention(
            4,
            2,
            num_kv_heads=1,
            head_features=3,
            value_head_features=5,
            out_bias=False,
            qk_norm=RMSNorm,
            rng=rng(),
        ),
        SHAPE,
        {"shows": "2 heads, 1 of keys and values, 3 features each, 5 of values, out_bias=False"},
    ),
    "SelfAttention-causal": (
        lambda: SelfAttention(4, 2, causal=True, rng=rng()),
        SHAPE,
        {"shows": "causal"},
    ),
    "TransformerEncoderLayer": (layer(), SHAPE, {"kinks": True, "shows": "norm_first=False"}),
    "TransformerEncoderLayer-norm-first": (
        layer(norm_first=True, activation="gelu"),
        SHAPE,
        {"shows": "norm_first=True"},
    ),
    "TransformerEncoderLayer-swiglu": (
        layer(activation="swiglu", norm=RMSNorm, bias=False, num_kv_heads=1),
        SHAPE,
    ),
    "TransformerEncoderLayer-dropout": (layer(dropout=0.2), SHAPE, {"random": True}),
    "TransformerDecoderLayer": (
        reading(layer(TransformerDecoderLayer, activation="gelu")),
        SHAPE,
    ),
    "TransformerDecoderLayer-norm-first": (
        reading(layer(TransformerDecoderLayer, activation="gelu", norm_first=True)),
        SHAPE,
        {"shows": "norm_first=True"},
    ),
    "TransformerEncoder": (
        lambda: TransformerEncoder(
            2, 4, 2, hidden_features=6, dropout=0.0, activation="gelu", rng=rng()
        ),
        SHAPE,
    ),
    "TransformerDecoder": (
        reading(
            lambda: TransformerDecoder(
                2, 4, 2, hidden_features=6, dropout=0.0, activation="gelu", rng=rng()
            )
        ),
        SHAPE,
    ),
    "TransformerEncoderLayer-heads-of-other-sizes": (
        layer(
            activation="gelu",
            head_features=3,
            value_head_features=5,
            qk_norm=RMSNorm,
            out_bias=False,
        ),
        SHAPE,
    ),
    "Transformer": (reading(transformer()), SHAPE),
    "Transformer-norm-first": (reading(transformer(norm_first=True)), SHAPE),
    "Transformer-dropout": (reading(transformer(dropout=0.2)), SHAPE, {"random": True}),
}


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape)


SEVERAL_INPUTS = {
    "MultiHeadAttention-other-widths": (
        attention(key_features=3, value_features=5),
        (draw(2, 3, 4), draw(2, 6, 3), draw(2, 6, 5)),
    ),
    "TransformerDecoderLayer": (layer(TransformerDecoderLayer), (draw(2, 3, 4), draw(2, 5, 4))),
    "TransformerDecoderLayer-memory": (
        layer(TransformerDecoderLayer, memory_features=3),
        (draw(2, 3, 4), draw(2, 5, 3)),
    ),
    "TransformerDecoder": (
        lambda: TransformerDecoder(2, 4, 2, dropout=0.0, rng=rng()),
        (draw(2, 3, 4), draw(2, 5, 4)),
    ),
    "Transformer": (transformer(), (draw(2, 5, 4), draw(2, 3, 4))),
}
