"""The learning-rate finder: a few steps at rising rates tell where training falls, and explodes."""

import numpy as np
from warm_up import digits

from neural_net_core import CrossEntropyLoss, Dense, ReLU, Sequential, no_grad
from neural_net_optim import SGD
from neural_net_utils import (
    ArrayDataset,
    DataLoader,
    LearningRateSearch,
    accuracy,
    find_learning_rate,
    fit,
)

EPOCHS = 5


def rate_search(seed: int, lr: float | None = None) -> tuple[LearningRateSearch, float]:
    """Search a rate for SGD on the digits, train with it (or with `lr`); return both results."""
    rng = np.random.default_rng(seed)
    x, y, x_test, y_test = digits()
    model = Sequential(Dense(64, 128, rng=rng), ReLU(), Dense(128, 10, rng=rng))
    optimizer = SGD(model.parameters(), lr=1e-3)
    loader = DataLoader(ArrayDataset(x, y), batch_size=64, shuffle=True, rng=rng)
    search = find_learning_rate(
        model, CrossEntropyLoss(), optimizer, loader, lowest=1e-4, highest=100.0
    )
    rate = search.suggestion if lr is None else lr
    assert rate is not None
    optimizer.param_groups[0]["lr"] = rate
    fit(model, CrossEntropyLoss(), optimizer, loader, epochs=EPOCHS, progress="off")
    with no_grad():
        return search, float(accuracy(model.eval()(x_test).numpy(), y_test))
