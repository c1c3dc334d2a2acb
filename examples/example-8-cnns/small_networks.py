"""The networks that are compared, from 650 to 30,000 parameters, all for images of 8 × 8 pixels."""

from typing import Any

import numpy as np

from neural_net_core import Dense, Flatten, Module, ReLU, Sequential, Tensor, as_tensor, init
from neural_net_layers import Conv2D, Dropout, MaxPool2D

MEAN, SPREAD = 0.305, 0.376  # of the training images' ink


class Standardize(Module):
    """Ink from 0 to 1, as numbers of mean 0 and standard deviation 1, which dense layers prefer."""

    def forward(self, x: Any) -> Tensor:
        return (as_tensor(x) - MEAN) * (1 / SPREAD)


def linear(rng: np.random.Generator) -> Sequential:
    """No hidden layer at all."""
    return Sequential(Standardize(), Flatten(), Dense(64, 10, rng=rng))


def mlp(hidden: int, rng: np.random.Generator) -> Sequential:
    """64 pixels -> hidden units -> 10 scores: each unit has a weight for every pixel."""
    return Sequential(
        Standardize(),
        Flatten(),
        Dense(64, hidden, init=init.kaiming_normal, rng=rng),
        ReLU(),
        Dense(hidden, 10, rng=rng),
    )


def cnn(first: int, second: int, rng: np.random.Generator) -> Sequential:
    """Two layers of 3 × 3 filters, then pooling, 8 × 8 -> 4 × 4, and a score for every class."""
    return Sequential(
        Standardize(),
        Conv2D(1, first, 3, padding="same", init=init.kaiming_normal, rng=rng),
        ReLU(),
        Conv2D(first, second, 3, padding="same", init=init.kaiming_normal, rng=rng),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Dense(16 * second, 10, rng=rng),
    )


def large_cnn(rng: np.random.Generator) -> Sequential:
    """24 filters on 24 filters, and a hidden layer of 64 units behind them."""
    return Sequential(
        Standardize(),
        Conv2D(1, 24, 3, padding="same", init=init.kaiming_normal, rng=rng),
        ReLU(),
        Conv2D(24, 24, 3, padding="same", init=init.kaiming_normal, rng=rng),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Dropout(0.3, rng=rng),
        Dense(16 * 24, 64, init=init.kaiming_normal, rng=rng),
        ReLU(),
        Dense(64, 10, rng=rng),
    )


NETWORKS = {
    "linear": linear,
    "MLP 16": lambda rng: mlp(16, rng),
    "MLP 128": lambda rng: mlp(128, rng),
    "CNN 5-5": lambda rng: cnn(5, 5, rng),
    "CNN 18-18": lambda rng: cnn(18, 18, rng),
    "CNN 24-24-64": large_cnn,
}


def parameter_count(name: str) -> int:
    return NETWORKS[name](np.random.default_rng(0)).num_parameters()
