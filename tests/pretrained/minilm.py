"""MiniLM: a small BERT that turns a sentence into a vector, near to those of similar sentences.

Source: Devlin et al. (2019), BERT, arXiv:1810.04805; Reimers & Gurevych (2019), Sentence-BERT,
arXiv:1908.10084, section 3, for the mean over the tokens.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from neural_net_core import (
    Module,
    Tensor,
    convert_state,
    load_tensors,
    no_grad,
    no_init,
    normalize,
)
from neural_net_core.dtypes import Array
from neural_net_layers import Embedding, LayerNorm, TransformerEncoder


class Bert(Module):
    """Embeddings of words, places and kinds of text, then a transformer whose norms come last."""

    def __init__(self, sizes: dict[str, Any]) -> None:
        width, eps = sizes["hidden_size"], sizes["layer_norm_eps"]
        self.word = Embedding(sizes["vocab_size"], width)
        self.place = Embedding(sizes["max_position_embeddings"], width)
        self.kind = Embedding(sizes["type_vocab_size"], width)
        self.norm = LayerNorm(width, eps)
        self.encoder = TransformerEncoder(
            sizes["num_hidden_layers"],
            width,
            sizes["num_attention_heads"],
            sizes["intermediate_size"],
            activation=sizes["hidden_act"],
            eps=eps,
        )

    def forward(self, ids: Array, keep: Array) -> Tensor:
        """Return a vector for each token (B, T, D); `keep` (B, T) is False where padding is."""
        places = np.arange(ids.shape[1])
        x = self.word(ids) + self.place(places) + self.kind(np.zeros_like(ids))
        return self.encoder(self.norm(x), key_keep=keep)


def load(folder: Path) -> Bert:
    """Read a folder of Hugging Face: `config.json` and `model.safetensors`."""
    with no_init():
        model = Bert(json.loads((folder / "config.json").read_text(encoding="utf-8"))).eval()
    parts = ("query", "key", "value")
    state = convert_state(
        load_tensors(folder / "model.safetensors"),
        drop=["embeddings.position_ids", "pooler"],
        join={
            f"in_proj_{what}": [f"attention.self.{part}.{what}" for part in parts]
            for what in ("weight", "bias")
        },
        rename=[
            ("embeddings.word_embeddings", "word"),
            ("embeddings.position_embeddings", "place"),
            ("embeddings.token_type_embeddings", "kind"),
            ("embeddings.LayerNorm", "norm"),
            ("encoder.layer", "encoder.layers"),
            ("in_proj_*", "self_attn.in_proj_*"),
            ("attention.output.dense", "self_attn.out_proj"),
            ("attention.output.LayerNorm", "norm1"),
            ("intermediate.dense", "linear1"),
            ("output.dense", "linear2"),
            ("output.LayerNorm", "norm2"),
        ],
    )
    model.load_state_dict(state)
    return model


def embed(model: Bert, ids: Array, keep: Array) -> Tensor:
    """Return sentences as vectors of length 1, (B, D): the mean over the tokens."""
    with no_grad():
        weights = keep[..., None] / keep.sum(axis=1)[:, None, None]
        tokens = model(ids, keep) * weights.astype(np.float32)
        return normalize(tokens.sum(axis=1))
