"""Where convolution is plainly the point: strokes that may stand anywhere in a signal.

The same data with the 40 places in another order, the same for all signals, holds as much
information, and dense layers do not notice. A convolution loses what it relies on: that neighbours
belong together.
"""

import numpy as np
from digit_runs import share_right, train

from neural_net_core import Dense, Flatten, Module, ReLU, Sequential, init
from neural_net_layers import Conv1D
from neural_net_utils import mnist_1d

TRAINING, TEST = 4_000, 1_000
EPOCHS, RATE, CHANNELS, HIDDEN = 20, 3e-3, 25, 100


def linear(rng: np.random.Generator) -> Module:
    return Sequential(Flatten(), Dense(40, 10, rng=rng))


def dense(rng: np.random.Generator) -> Module:
    """Two hidden layers of 100 units, 15,210 parameters."""
    return Sequential(
        Flatten(),
        Dense(40, HIDDEN, init=init.kaiming_normal, rng=rng),
        ReLU(),
        Dense(HIDDEN, HIDDEN, init=init.kaiming_normal, rng=rng),
        ReLU(),
        Dense(HIDDEN, 10, rng=rng),
    )


def convolutional(rng: np.random.Generator) -> Module:
    """Three layers of 25 filters, each halving the length, 5,210 parameters."""
    sizes = ((1, 5), (CHANNELS, 3), (CHANNELS, 3))
    layers: list[Module] = []
    for inputs, kernel in sizes:
        layers += [
            Conv1D(inputs, CHANNELS, kernel, 2, 1, init=init.kaiming_normal, rng=rng),
            ReLU(),
        ]
    return Sequential(*layers, Flatten(), Dense(5 * CHANNELS, 10, rng=rng))


NETWORKS = {"linear": linear, "dense": dense, "convolutional": convolutional}


def signals(seed: int, shuffled: bool, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return signals (n, 1, 40), drawn anew for each seed, and their digits."""
    rng = np.random.default_rng(1_000 + seed)  # not the one that draws the weights
    x, y = mnist_1d(n, rng=rng)
    return (x[:, rng.permutation(40)] if shuffled else x)[:, np.newaxis], y


def signal_run(name: str, shuffled: bool, seed: int, epochs: int = EPOCHS) -> float:
    """Train one network on 4,000 signals; return its accuracy on 1,000 others."""
    rng = np.random.default_rng(seed)
    x, y = signals(seed, shuffled, TRAINING + TEST)
    model = train(NETWORKS[name](rng), x[:TRAINING], y[:TRAINING], rng, epochs=epochs, rate=RATE)
    return share_right(model, x[TRAINING:], y[TRAINING:])
