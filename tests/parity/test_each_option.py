"""Every option of every class that PyTorch has too, one at a time: equal keys, equal numbers.

Each option that both constructors know takes each of its other values. Ours gets PyTorch's state
dict, both make steps of training on different batches, and then both evaluate; outputs, gradients
and running averages agree throughout. An option without a value here fails the first test.
"""

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from pairs import PAIRS, WIDE, Pair, normal
from test_equal_defaults import _double, compare, made  # noqa: F401 (a fixture of every test)
from torch import nn

WEIGHT = np.array([0.5, 2.0, 1.0, 0.25])
# The other values of an option, whichever class has it; True and False are each other's.
VALUES: dict[str, list[Any]] = {
    "activation": ["gelu"],
    "align_corners": [False, True],
    "alpha": [0.3, 2.0],
    "approximate": ["tanh"],
    "axis": [0, 1, -2],
    "beta": [0.5, 3.0],
    "delta": [0.3, 2.0],
    "dilation": [2],
    "divisor_override": [3],
    "dropout": [0.0, 0.5],
    "end_axis": [1, 2, -2],
    "eps": [1e-3, 0.5],
    "groups": [3],
    "hidden_features": [5],
    "high": [0.3],
    "ignore_index": [2],
    "init": [0.5, 0.0],
    "key_features": [6],
    "label_smoothing": [0.2],
    "lambd": [0.0, 1.5],
    "low": [-0.3],
    "margin": [0.3, 2.0],
    "max_norm": [0.5],
    "mode": ["sum", "max"],
    "momentum": [None, 0.0, 0.5, 1.0],
    "negative_slope": [0.0, 0.3],
    "nonlinearity": ["relu"],
    "norm_type": [1.0, 3.0],
    "num_layers": [2, 3],
    "num_parameters": [4],
    "output_padding": [1],
    "p": [1.0, 3.0],
    "padding": [1],
    "padding_idx": [0, 2, -1],
    "padding_mode": ["reflect", "replicate", "circular"],
    "pos_weight": [WEIGHT],
    "proj_size": [2],
    "reduction": ["sum", "none"],
    "scale_factor": [2, 0.5, 1.7],
    "size": [(7, 4)],
    "start_axis": [0, 2, -2],
    "stride": [1, 2, 3],
    "threshold": [0.1, 1.0],
    "value_features": [6],
    "weight": [WEIGHT],
}
# Where a class has others.
OWN_VALUES: dict[tuple[str, str], list[Any]] = {
    ("Conv1D", "padding"): [1, "same", "valid"],
    ("Conv2D", "padding"): [1, (2, 0), "same", "valid"],
    ("CosineEmbeddingLoss", "margin"): [0.3, -0.5],
    ("Dropout", "p"): [0.0, 1.0],
    ("Dropout2D", "p"): [0.0, 1.0],
    ("AlphaDropout", "p"): [0.0],
    ("GLU", "axis"): [1],
    ("KLDivLoss", "reduction"): ["sum", "none", "batchmean"],
    ("MultiMarginLoss", "p"): [2],
    ("Upsample", "mode"): ["bilinear"],
}
BAGS = {"max_norm": 0.5}
# What an option needs beside it, or else it would do nothing.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    **{(f"Conv{n}D", "padding_mode"): {"padding": 1} for n in (1, 2)},
    **{(f"ConvTranspose{n}D", "output_padding"): {"stride": 2} for n in (1, 2)},
    **{(f"{kind}Pool{n}D", "ceil_mode"): {"stride": 3} for kind in ("Max", "Avg") for n in (1, 2)},
    **{(f"AvgPool{n}D", "count_include_pad"): {"padding": 1} for n in (1, 2)},
    ("Upsample", "align_corners"): {"mode": "bilinear"},
    **{
        (f"InstanceNorm{n}D", name): {"affine": True, "track_running_stats": True}
        for name in ("eps", "momentum")
        for n in (1, 2)
    },
    **{(f"InstanceNorm{n}D", "track_running_stats"): {"affine": True} for n in (1, 2)},
    ("Embedding", "norm_type"): BAGS,
    ("EmbeddingBag", "norm_type"): BAGS,
    **{(name, "dropout"): {"num_layers": 2} for name in ("VanillaRNN", "LSTM", "GRU")},
    ("LSTM", "proj_size"): {"num_layers": 2, "bidirectional": True},
}
# Other sizes or inputs that an option needs.
CHANGED: dict[tuple[str, str], dict[str, Any]] = {
    ("Conv1D", "groups"): {"arguments": (3, 6, 3)},
    ("Conv2D", "groups"): {"arguments": (3, 6, 3)},
    ("ConvTranspose1D", "groups"): {"arguments": (3, 6, 3)},
    ("ConvTranspose2D", "groups"): {"arguments": (3, 6, 3)},
    ("Upsample", "scale_factor"): {"arguments": ()},
    ("Upsample", "size"): {"arguments": ()},
    ("MultiHeadAttention", "key_features"): {
        "inputs": normal((2, 5, 8), (2, 4, 6), (2, 4, 8)),
    },
    ("MultiHeadAttention", "value_features"): {
        "inputs": normal((2, 5, 8), (2, 4, 8), (2, 4, 6)),
    },
    # PyTorch's stack has a norm at its end only if it is given one.
    **{
        (f"Transformer{kind}", "norm_first"): {"options": WIDE | {"final_norm": False}}
        for kind in ("Encoder", "Decoder")
    },
}
# Compared with offsets, and where PyTorch counts as it says, in test_embedding.py.
LEFT_OUT = {("EmbeddingBag", "include_last_offset"), ("EmbeddingBag", "scale_grad_by_freq")}
# They decide how many columns come in: compared in test_layer_options.py.
LEFT_OUT |= {("Fold", "dilation"), ("Fold", "padding"), ("Fold", "stride")}
# What the comparison gives by position; all sizes are compared in test_attention.py.
SIZES = "features num_heads num_encoder_layers num_decoder_layers custom_encoder custom_decoder"
LEFT_OUT |= {("Transformer", name) for name in SIZES.split()}
NOT_NUMBERS = {"dtype", "rng", "device"}


RATE = 0.01


def known_to_pytorch(pair: Pair) -> set[str]:
    """Return the names that PyTorch's constructor takes."""
    theirs = pair.theirs
    if theirs in (nn.RNN, nn.LSTM, nn.GRU):
        more = {"nonlinearity"} if theirs is nn.RNN else set()
        return set(inspect.signature(nn.RNNBase).parameters) | more
    if not inspect.isclass(theirs):  # a stack, whose options are its layers'
        theirs = nn.TransformerEncoderLayer
    return set(inspect.signature(theirs).parameters)


def options() -> Iterator[tuple[Any, str, Any]]:
    """Yield every option that both have, with each other value."""
    for kind, pair in PAIRS.items():
        known = known_to_pytorch(pair)
        for name, p in inspect.signature(kind).parameters.items():
            own = (kind.__name__, name)
            if name in NOT_NUMBERS or own in LEFT_OUT or pair.renamed.get(name, name) not in known:
                continue
            if own == ("Upsample", "size") or p.default is not p.empty:
                flags = [not p.default] if isinstance(p.default, bool) else []
                for value in flags or OWN_VALUES.get(own) or VALUES.get(name, [NotImplemented]):
                    yield kind, name, value


CASES = list(options())


def test_every_option_has_another_value() -> None:
    assert [(kind.__name__, name) for kind, name, v in CASES if v is NotImplemented] == []
    assert len(CASES) > 200


@pytest.mark.parametrize(
    ("kind", "name", "value"), CASES, ids=[f"{k.__name__}, {n}={v}" for k, n, v in CASES]
)
def test_an_option_changes_what_it_changes_in_pytorch(kind: Any, name: str, value: Any) -> None:
    own = (kind.__name__, name)
    pair = dataclasses.replace(PAIRS[kind], **CHANGED.get(own, {}))
    chosen = {**BESIDE.get(own, {}), name: value}
    if pair.random and "dropout" in inspect.signature(kind).parameters:
        chosen = {"dropout": 0.0, **chosen}
    theirs = {
        pair.renamed.get(k, k): torch.tensor(v) if isinstance(v, np.ndarray) else v
        for k, v in chosen.items()
    }
    pair = dataclasses.replace(
        pair, options=pair.options | chosen, their_options=pair.their_options | theirs
    )
    if isinstance(value, np.ndarray):  # of a loss, for PyTorch a part of its state
        ours, its = kind(**pair.options), pair.theirs(**pair.their_options)
    else:
        ours, its = made(pair, kind)
    random = name == "dropout" and value > 0
    for step in range(0 if random else 3):
        compare(pair, ours, its, seed=step)
        with torch.no_grad():
            for p, q in zip(ours.parameters(), its.parameters(), strict=True):
                p.data -= RATE * p.grad
                p.version += 1
                q -= RATE * q.grad
        ours.zero_grad()
        its.zero_grad()
    compare(pair, ours.eval(), its.eval(), seed=9)
