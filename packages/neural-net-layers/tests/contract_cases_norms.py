"""Normalization, dropout and residual layers, for the tests that every layer passes."""

import numpy as np

from neural_net_core import Dense
from neural_net_core.activations.tanh import Tanh
from neural_net_layers import (
    AdaptiveLayerNorm,
    AlphaDropout,
    BatchNorm1D,
    BatchNorm2D,
    Conv2D,
    Dropout,
    Dropout2D,
    DropPath,
    GroupNorm,
    InstanceNorm1D,
    InstanceNorm2D,
    LayerNorm,
    Residual,
    ResidualBlock,
    RMSNorm,
    spectral_norm,
    weight_norm,
)


def rng():
    return np.random.default_rng(5)


def block(**options):
    return lambda: ResidualBlock(4, 3, activation=Tanh(), rng=rng(), **options)


CASES = {
    "weight_norm": (
        lambda: weight_norm(Dense(4, 3, rng=rng())),
        (5, 4),
        {"shows": "WeightNorm(axis=0)"},
    ),
    "weight_norm-of-images": (
        lambda: weight_norm(Conv2D(2, 3, 2, rng=rng()), axis=1),
        (2, 2, 4, 4),
    ),
    "spectral_norm": (
        lambda: spectral_norm(Dense(4, 3, rng=rng()), rng=rng()),
        (5, 4),
        # Its vectors move in every call of training.
        {"random": True, "shows": "n_power_iterations=1"},
    ),
    "LayerNorm": (lambda: LayerNorm(5), (3, 5), {"shows": "(5)"}),
    "LayerNorm-two-axes": (lambda: LayerNorm((3, 5), eps=0.1), (2, 3, 5), {"shows": "3, 5, eps"}),
    "LayerNorm-no-bias": (lambda: LayerNorm(5, bias=False), (2, 3, 5), {"shows": "bias=False"}),
    "LayerNorm-no-affine": (lambda: LayerNorm(5, elementwise_affine=False), (3, 5)),
    "RMSNorm": (lambda: RMSNorm(5), (2, 3, 5), {"shows": "(5)"}),
    "RMSNorm-no-affine": (lambda: RMSNorm((3, 5), 0.1, False), (2, 3, 5), {"shows": "eps=0.1"}),
    "BatchNorm1D": (lambda: BatchNorm1D(3), (6, 3), {"needs_several": True, "shows": "(3, eps"}),
    "BatchNorm1D-sequence": (lambda: BatchNorm1D(3), (4, 3, 5)),
    "BatchNorm1D-cumulative": (lambda: BatchNorm1D(3, momentum=None), (4, 3, 5)),
    "BatchNorm2D": (lambda: BatchNorm2D(3), (4, 3, 2, 5)),
    "BatchNorm2D-no-affine": (lambda: BatchNorm2D(3, affine=False), (4, 3, 2, 5)),
    "BatchNorm2D-no-statistics": (
        # Uses the batch in evaluation too, so its examples do see each other.
        lambda: BatchNorm2D(3, track_running_stats=False),
        (4, 3, 2, 5),
        {"batched": False},
    ),
    "GroupNorm": (lambda: GroupNorm(2, 4), (3, 4, 2, 3), {"shows": "(2, 4)"}),
    "GroupNorm-no-positions": (lambda: GroupNorm(2, 4), (3, 4)),
    "GroupNorm-no-affine": (lambda: GroupNorm(1, 4, affine=False), (3, 4, 5)),
    "InstanceNorm1D": (lambda: InstanceNorm1D(3), (4, 3, 5)),
    "InstanceNorm1D-one-sequence": (
        lambda: InstanceNorm1D(3, affine=True),
        (3, 5),
        {"batched": False},
    ),
    "InstanceNorm1D-statistics": (
        lambda: InstanceNorm1D(3, affine=True, track_running_stats=True),
        (4, 3, 5),
    ),
    "InstanceNorm2D": (lambda: InstanceNorm2D(3), (4, 3, 2, 5)),
    "InstanceNorm2D-affine": (lambda: InstanceNorm2D(3, affine=True), (4, 3, 2, 5)),
    "InstanceNorm2D-one-image": (
        lambda: InstanceNorm2D(3, affine=True),
        (3, 2, 5),
        {"batched": False},
    ),
    "InstanceNorm2D-statistics": (
        lambda: InstanceNorm2D(3, affine=True, track_running_stats=True),
        (4, 3, 2, 5),
    ),
    "Dropout": (lambda: Dropout(0.5, rng=rng()), (4, 5), {"random": True, "shows": "(p=0.5)"}),
    "Dropout2D": (lambda: Dropout2D(0.5, rng=rng()), (3, 4, 2, 2), {"random": True}),
    "AlphaDropout": (lambda: AlphaDropout(0.3, rng=rng()), (4, 5), {"random": True}),
    "DropPath": (lambda: DropPath(0.5, rng=rng()), (6, 3), {"random": True, "shows": "(p=0.5)"}),
    "Residual": (lambda: Residual(Dense(3, 3, rng=rng())), (4, 3)),
    "Residual-shortcut": (lambda: Residual(Dense(3, 2, rng=rng()), Dense(3, 2, rng=rng())), (4, 3)),
    "Residual-drop-path": (
        lambda: Residual(LayerNorm(3), drop_path=0.5, rng=rng()),
        (6, 3),
        {"random": True},
    ),
    "ResidualBlock": (block(), (5, 4), {"shows": "4 -> 3 -> 3, norm_first=True"}),
    "ResidualBlock-post-norm": (block(norm_first=False), (5, 4), {"shows": "norm_first=False"}),
    "ResidualBlock-batch-norm": (block(norm=BatchNorm1D), (5, 4), {"needs_several": True}),
    "ResidualBlock-plain": (block(norm=None, hidden_features=7), (5, 4), {"shows": "-> 7 ->"}),
    "ResidualBlock-drops": (block(dropout=0.3, drop_path=0.3), (9, 4), {"random": True}),
}

# What takes more than one array, for `test_every_layer_learns.py`: name -> (make, its arguments).
SEVERAL_INPUTS = {
    "AdaptiveLayerNorm": (
        lambda: AdaptiveLayerNorm(5, 4),
        (rng().normal(size=(3, 2, 5)), rng().normal(size=(3, 4))),
    ),
}
