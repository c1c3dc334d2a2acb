"""Networks as somebody would write them, for the cases of the export."""

from typing import Any

import numpy as np

from neural_net_core import GELU, Dense, Module, SwiGLU, ops
from neural_net_layers import (
    LSTM,
    Embedding,
    GRUCell,
    LayerNorm,
    LearnedPositionalEmbedding,
    LSTMCell,
    MultiHeadAttention,
    PositionalEncoding,
    ResidualBlock,
    RMSNorm,
    RotaryEmbedding,
    SelfAttention,
    TransformerEncoder,
)


class LastOfEach(Module):
    """What an LSTM says after each sequence's last step."""

    def __init__(self) -> None:
        self.lstm = LSTM(6, 5)
        self.head = Dense(5, 3)

    def forward(self, x: Any, lengths: Any) -> Any:
        y, _ = self.lstm(x, lengths=lengths)
        return self.head(y[np.arange(len(lengths)), lengths - 1])


class Cells(Module):
    """One step of two recurrences."""

    def __init__(self) -> None:
        self.gru, self.lstm = GRUCell(6, 5), LSTMCell(6, 5)

    def forward(self, x: Any, h: Any) -> Any:
        h = self.gru(x, h)
        return {"gru": h, "lstm": self.lstm(x, (h, h))}


class Classifier(Module):
    """An encoder on ids, whose mean over the tokens is classified."""

    def __init__(self, rng: np.random.Generator, norm_first: bool = False) -> None:
        self.tokens = Embedding(11, 16, rng=rng)
        self.places = PositionalEncoding(16, 50)
        self.encoder = TransformerEncoder(
            2, 16, 4, 32, norm_first=norm_first, activation="gelu", rng=rng
        )
        self.head = Dense(16, 3, rng=rng)

    def forward(self, ids: Any, key_keep: Any = None) -> Any:
        x = self.encoder(self.places(self.tokens(ids)), key_keep=key_keep)
        if key_keep is None:
            return self.head(x.mean(axis=1))
        counts = ops.where(key_keep, 1.0, 0.0).sum(axis=1, keepdims=True)
        return self.head(ops.where(key_keep[:, :, None], x, 0.0).sum(axis=1) / counts)


class PadIsZero(Module):
    """A classifier that finds the padding itself: the id 0."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.classifier = Classifier(rng)

    def forward(self, ids: Any) -> Any:
        return self.classifier(ids, ids != 0)


class LanguageModel(Module):
    """A causal transformer on ids, which shares its table of tokens with the head."""

    def __init__(self, rng: np.random.Generator, layers: int) -> None:
        self.tokens = Embedding(11, 16, rng=rng)
        self.places = LearnedPositionalEmbedding(16, 40, rng=rng)
        self.blocks = [CausalBlock(rng) for _ in range(layers)]
        self.norm = LayerNorm(16)
        self.head = Dense(16, 11, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids: Any) -> Any:
        x = self.places(self.tokens(ids))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class CausalBlock(Module):
    """Attention to what came before, and a feed-forward part."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.norm = LayerNorm(16)
        self.attention = SelfAttention(16, 4, causal=True, rng=rng)
        self.feed_forward = ResidualBlock(16, hidden_features=32, activation=GELU("tanh"), rng=rng)

    def forward(self, x: Any) -> Any:
        return self.feed_forward(x + self.attention(self.norm(x)))


class LlamaBlock(Module):
    """RMSNorm, grouped queries with rotary positions, SwiGLU."""

    def __init__(self, rng: np.random.Generator, interleaved: bool = False) -> None:
        self.norm1, self.norm2 = RMSNorm(16), RMSNorm(16)
        self.norm1.weight.data[...] = rng.random(16)
        position = RotaryEmbedding(4, 60, interleaved=interleaved)
        self.attention = MultiHeadAttention(
            16, 4, num_kv_heads=2, bias=False, position=position, rng=rng
        )
        self.feed_forward = SwiGLU(16, 24, rng=rng)

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norm1(x), causal=True)
        return x + self.feed_forward(self.norm2(x))
