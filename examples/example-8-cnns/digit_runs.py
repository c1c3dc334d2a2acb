"""One way of training for every network, so that only the networks differ."""

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core import CrossEntropyLoss, Module
from neural_net_optim import Adam
from neural_net_optim.schedules import CosineAnnealingLR
from neural_net_utils import ArrayDataset, DataLoader, accuracy, fit, load_digits, predict

EPOCHS, BATCH, RATE = 50, 64, 1e-2  # chosen on parts of the training digits, seeds 100 to 104
LABEL_SMOOTHING = 0.1  # as in example 0

Make = Callable[[np.random.Generator], Module]


def digits(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, 1, 8, 8), 0 for paper to 1 for ink, and their labels."""
    images, labels = load_digits(part)
    return images.reshape(-1, 1, 8, 8), labels


def train(
    model: Module,
    images: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    *,
    augment: Callable[[Any, np.random.Generator], Any] | None = None,
    epochs: int = EPOCHS,
    rate: float = RATE,
) -> Module:
    """Train with Adam, the rate falling along a cosine; return the model."""
    batches = DataLoader(
        ArrayDataset(images, labels), batch_size=BATCH, shuffle=True, rng=rng, transform=augment
    )
    optimizer = Adam([p for p in model.parameters() if p.requires_grad], lr=rate)
    fit(
        model,
        CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING),
        optimizer,
        batches,
        epochs=epochs,
        scheduler=CosineAnnealingLR(optimizer, T_max=epochs * len(batches)),
        progress="off",
    )
    return model


def share_right(model: Module, images: np.ndarray, labels: np.ndarray) -> float:
    return float(accuracy(predict(model, images), labels))


def spread(scores: list[float]) -> str:
    return f"{np.median(scores):.1%} ({min(scores):.1%} to {max(scores):.1%})"
