"""Early stopping: what a network learns last from few and partly wrong examples is their errors.

A large network first learns what the examples have in common and then each by heart, the wrong
labels too. The loss on examples that it does not train on tells when that begins.
"""

import numpy as np
from warm_up import digits

from neural_net_core import CrossEntropyLoss, Dense, ReLU, Sequential, no_grad
from neural_net_optim import Adam
from neural_net_utils import ArrayDataset, DataLoader, EarlyStopping, History, accuracy, fit

FEW, WRONG = 200, 0.2  # examples, and the share of them with a wrong label
HIDDEN = 500
EPOCHS, PATIENCE = 80, 8


def overfitting_run(
    stop: bool, seed: int, wrong: float = WRONG, epochs: int = EPOCHS
) -> tuple[float, History]:
    """Train on few digits, some labelled wrong; return the test accuracy and the record."""
    rng = np.random.default_rng(seed)
    x, y, x_test, y_test = digits()
    rows = rng.permutation(len(x))
    few, held_out = rows[:FEW], rows[FEW : 2 * FEW]
    noisy = y.copy()
    mislabelled = few[: int(wrong * FEW)]
    noisy[mislabelled] = (y[mislabelled] + rng.integers(1, 10, len(mislabelled))) % 10
    model = Sequential(Dense(64, HIDDEN, rng=rng), ReLU(), Dense(HIDDEN, 10, rng=rng))
    history = fit(
        model,
        CrossEntropyLoss(),
        Adam(model.parameters(), lr=1e-3),
        DataLoader(ArrayDataset(x[few], noisy[few]), batch_size=20, shuffle=True, rng=rng),
        epochs=epochs,
        validation=DataLoader(ArrayDataset(x[held_out], y[held_out]), batch_size=FEW),
        callbacks=[EarlyStopping(patience=PATIENCE)] if stop else [],
        progress="off",
    )
    with no_grad():
        return float(accuracy(model.eval()(x_test).numpy(), y_test)), history
