"""A control: filters that stay as they were drawn, under a last layer that learns.

A good score does not prove that a convolution learns; random filters already make features that a
linear layer can use. So the score of trained filters is compared with theirs, and it is measured
how far training has moved the filters.
"""

import numpy as np
from digit_runs import EPOCHS, digits, share_right, train
from small_networks import Standardize

from neural_net_core import Dense, Flatten, ReLU, Sequential, init
from neural_net_layers import Conv2D, MaxPool2D

FILTERS = 8


def one_layer(rng: np.random.Generator) -> Sequential:
    """8 filters of 3 × 3 and a linear layer on what they find: 80 and 730 parameters."""
    return Sequential(
        Standardize(),
        Conv2D(1, FILTERS, 3, init=init.kaiming_normal, rng=rng),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Dense(9 * FILTERS, 10, rng=rng),
    )


def filter_run(frozen: bool, seed: int, epochs: int = EPOCHS) -> tuple[float, float]:
    """Train with or without the filters; return test accuracy and how far the filters moved.

    The distance is relative: 1 means that the change is as large as what was there before.
    """
    rng = np.random.default_rng(seed)
    model = one_layer(rng)
    filters = model[1].weight
    before = filters.numpy().copy()
    if frozen:
        for parameter in model[1].parameters():
            parameter.requires_grad = False
    train(model, *digits("train"), rng, epochs=epochs)
    moved = np.linalg.norm(filters.numpy() - before) / np.linalg.norm(before)
    return share_right(model, *digits("test")), float(moved)
