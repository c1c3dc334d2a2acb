"""One large network, trained with one remedy against overfitting at a time.

Every remedy has one strength; None is the network without it. What is common to all: 1,000 hidden
units, Adam at 0.001, batches of 50, 50 epochs, long after all examples are known.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from few_digits import Data

from neural_net_core import CrossEntropyLoss, Dense, Module, ReLU, Sequential, init
from neural_net_layers import Dropout
from neural_net_optim import Adam, AdamW
from neural_net_utils import (
    ArrayDataset,
    Augment,
    Callback,
    DataLoader,
    EarlyStopping,
    History,
    accuracy,
    fit,
    predict,
)

HIDDEN, RATE, BATCH, EPOCHS = 1_000, 1e-3, 50, 50
# By task, what strengths.py found best; the units differ (see `train`).
STRENGTHS: dict[str, dict[str, float]] = {
    "100 digits": {
        "none": 0, "dropout": 0.8, "L2": 3e-2, "AdamW": 10, "L1": 0.3,
        "label smoothing": 0.5, "early stopping": 10, "augmentation": 0,
    },
    "300, 30 % wrong": {
        "none": 0, "dropout": 0.9, "L2": 0.1, "AdamW": 10, "L1": 0.6,
        "label smoothing": 0.5, "early stopping": 3, "augmentation": 1,
    },
}  # fmt: skip
HELD_OUT = 0.2  # of the examples, which early stopping has to do without


def network(inputs: int, dropout: float, rng: np.random.Generator) -> Sequential:
    """Inputs -> 1,000 rectified units -> 10 scores."""
    return Sequential(
        Dense(inputs, HIDDEN, init=init.kaiming_normal, rng=rng),
        ReLU(),
        Dropout(dropout, rng=rng),
        Dense(HIDDEN, 10, rng=rng),
    )


class SoftThreshold(Callback):
    """The proximal step of an L1 penalty: every weight moves towards 0 and stops there.

    $$ w \\leftarrow \\mathrm{sign}(w) \\max(|w| - \\eta \\lambda, 0) $$

    Adding λ|w| to the loss pulls as hard, but a gradient step jumps over 0 and back, and no weight
    is ever exactly 0.
    """

    def __init__(self, model: Module, strength: float, lr: float) -> None:
        self.weights = [p for p in model.parameters() if p.ndim > 1]
        self.step = lr * strength

    def on_step_end(self, training: Any) -> None:
        for p in self.weights:
            p.data[...] = np.sign(p.data) * np.maximum(np.abs(p.data) - self.step, 0)
            p.version += 1


class Judge(Callback):
    """Records after every epoch what share is right: of the examples as labelled, of the others."""

    order = 50

    def __init__(self, data: Data) -> None:
        self.data = data

    def on_epoch_end(self, training: Any) -> None:
        for name, score in judged(training.model, self.data).items():
            training.history.add(name, score)


def judged(model: Module, data: Data) -> dict[str, float]:
    """Return the share of right answers on the examples and on the others."""
    return {
        "train": float(accuracy(predict(model, data.x), data.y)),
        "test": float(accuracy(predict(model, data.x_test), data.y_test)),
    }


def shifted(pixels: int) -> Callable[[Any, np.random.Generator], Any]:
    """Return a loader's transform that moves the 64 pixels, and leaves what is behind them."""
    augment = Augment(shift=pixels, rotate=10)

    def transform(batch: Any, rng: np.random.Generator) -> Any:
        x, y = batch
        # Zeros come in from the edge, so paper has to be 0 meanwhile.
        paper = x[:, :64].min()
        moved, _ = augment((x[:, :64] - paper, y), rng)
        return np.hstack([moved + paper, x[:, 64:]]), y

    return transform


def train(
    remedy: str,
    strength: float,
    data: Data,
    seed: int,
    *,
    epochs: int = EPOCHS,
    watch: bool = False,
) -> tuple[Module, History]:
    """Train with one remedy; if watched, the history holds both scores after every epoch."""
    rng = np.random.default_rng(seed)
    x, y = data.x, data.y
    model = network(x.shape[1], strength if remedy == "dropout" else 0.0, rng)
    callbacks: list[Callback] = [Judge(data)] if watch else []
    make: Callable[..., Any] = Adam
    options = {}
    if remedy == "AdamW":
        make, options = AdamW, {"weight_decay": strength}
    elif remedy == "L2":  # added to the gradient, and so divided by Adam like all of it
        options = {"weight_decay": strength}
    elif remedy == "L1":
        callbacks.insert(0, SoftThreshold(model, strength, RATE))
    held_out = None
    if remedy == "early stopping":
        rows = rng.permutation(len(x))
        kept, others = np.split(rows, [round((1 - HELD_OUT) * len(x))])
        held_out = [(x[others], y[others])]
        x, y = x[kept], y[kept]
        callbacks.insert(0, EarlyStopping(patience=int(strength)))
    history = fit(
        model,
        CrossEntropyLoss(label_smoothing=strength if remedy == "label smoothing" else 0.0),
        make(model.parameters(), lr=RATE, **options),
        DataLoader(
            ArrayDataset(x, y), batch_size=BATCH, shuffle=True, rng=rng,
            transform=shifted(int(strength)) if remedy == "augmentation" else None,
        ),
        epochs=epochs,
        validation=held_out,
        callbacks=callbacks,
        progress="off",
    )  # fmt: skip
    return model, history
