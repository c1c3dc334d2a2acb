"""What a network makes of a digit that stands one pixel off, before and after it has seen such.

A convolution follows a shift, but what comes after it does not: the last layer has a weight for
every place. Only pooling, and examples that are shifted themselves, teach a network to overlook it.
"""

from collections.abc import Iterator

import numpy as np
from digit_runs import EPOCHS, Make, digits, share_right, train

from neural_net_core import Module
from neural_net_utils import Augment


def neighbours(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the images moved by one pixel in each of the eight directions."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            if (down, right) != (1, 1):
                yield padded[:, :, down : down + 8, right : right + 8]


def shifted_accuracy(model: Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share that is right over all eight shifts of all images."""
    return float(np.mean([share_right(model, moved, labels) for moved in neighbours(images)]))


def digit_run(
    make: Make, augmented: bool, seed: int, epochs: int = EPOCHS
) -> tuple[Module, float, float]:
    """Train, with or without shifted copies; return the model and its two accuracies.

    They are those on the test images and on all their shifts.
    """
    rng = np.random.default_rng(seed)
    augment = Augment(shift=1) if augmented else None
    model = train(make(rng), *digits("train"), rng, augment=augment, epochs=epochs)
    test = digits("test")
    return model, share_right(model, *test), shifted_accuracy(model, *test)
