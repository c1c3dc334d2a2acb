"""Attention's scores and weights, as its figures compute them."""

import math

import numpy as np

from neural_net_viz.drawing.inputs import Floats

__all__ = ["attend"]


def attend(queries: Floats, keys: Floats, causal: bool) -> tuple[Floats, Floats]:
    """Return scores and weights, (T, S) both; a query that sees no key has no weights.

    Args:
        queries: (T, d).
        keys: (S, d).
        causal: Whether a query sees the keys up to its own place only.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        scores = queries @ keys.T / math.sqrt(queries.shape[1])
        if causal:
            scores = np.where(np.tri(*scores.shape) > 0, scores, -np.inf)
        shifted = scores - scores.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        return scores, powers / powers.sum(axis=1, keepdims=True)
