"""What a deep stack is before its first step: how much gradient arrives, and what is left of x."""

import numpy as np
from descent import BATCH, gradients, spirals
from stacks import Layers, network, weights

from neural_net_core import no_grad


def first_gradients(kind: str, depth: int, seeds: range) -> np.ndarray:
    """Return the norm of each layer's first weight gradient (S, layers), by one minibatch."""
    model, task = network(kind, depth, seeds, (2, 2)), spirals(seeds)
    with np.errstate(all="ignore"):
        gradients(model, task.x[:, :BATCH], task.y[:, :BATCH])
        norms = [np.linalg.norm(w.grad.astype(np.float64), axis=(1, 2)) for w in weights(model)]
    return np.stack(norms, axis=1)


def likeness(kind: str, depth: int, seeds: range) -> np.ndarray:
    """Return the mean cosine between different points after each block (S, blocks).

    At 1 all points look the same to the layers above, and nothing is left to be told apart.
    """
    model, x = network(kind, depth, seeds, (2, 2)), spirals(seeds).x[:, :BATCH]
    found = []
    with no_grad():
        for part in list(model)[: depth // 2]:  # the first layer and the blocks
            x = part(x)
            h = x.numpy() / np.linalg.norm(x.numpy(), axis=-1, keepdims=True)
            cosines = h @ h.swapaxes(1, 2)
            points = h.shape[1]
            found.append((cosines.sum(axis=(1, 2)) - points) / (points * (points - 1)))
    assert isinstance(model[0], Layers)
    return np.stack(found, axis=1)
