"""A figure of the Adam paper again: logistic regression, Adam beside Nesterov and AdaGrad.

Kingma and Ba (2015), section 6.1 and figure 1 (left): logistic regression with an L2 penalty on
MNIST, minibatches of 128, rates falling as 1/√t; Adam converges about as fast as SGD with Nesterov
momentum and faster than AdaGrad. Here it is the 8 × 8 digits; each rate is chosen by the training
cost, which is what the paper's figure shows.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import CrossEntropyLoss, Dense
from neural_net_optim import SGD, Adagrad, Adam, Optimizer
from neural_net_optim.schedules import LambdaLR
from neural_net_utils import ArrayDataset, DataLoader, load_digits, track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
PENALTY = 1e-3  # λ of λ/2 ‖w‖²; without it the cost of data that can be separated has no minimum
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "AdaGrad": lambda params, lr: Adagrad(params, lr, weight_decay=PENALTY),
    "SGD Nesterov": lambda params, lr: SGD(params, lr, 0.9, 0.0, PENALTY, nesterov=True),
    "Adam": lambda params, lr: Adam(params, lr, weight_decay=PENALTY),
}
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SEEDS = range(5)
EPOCHS = 45  # the paper's figure shows 45
BATCH = 128


def run(make: Callable[..., Optimizer], lr: float, seed: int, epochs: int = EPOCHS) -> np.ndarray:
    """Return the mean training cost of each epoch."""
    rng = np.random.default_rng(seed)
    x, y = load_digits("train")
    loader = DataLoader(ArrayDataset(x, y), batch_size=BATCH, shuffle=True, rng=rng)
    model, loss_fn = Dense(64, 10, rng=rng), CrossEntropyLoss()
    optimizer = make(model.parameters(), lr=lr)
    scheduler = LambdaLR(optimizer, lambda t: 1 / np.sqrt(1 + t / len(loader)))
    costs = []
    for _ in range(epochs):
        losses = []
        for images, labels in loader:
            loss = loss_fn(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item() * len(labels))
        squares = sum(float((p.data**2).sum()) for p in model.parameters())
        costs.append(sum(losses) / len(x) + PENALTY / 2 * squares)
    return np.array(costs)


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Choose each rate, draw the curves; return the last costs."""
    epochs, seeds = (5, SEEDS[:1]) if quick else (EPOCHS, SEEDS)
    curves, result = {}, {}
    for name, make in track(OPTIMIZERS.items(), "optimizers", progress=PROGRESS):
        runs = {lr: np.array([run(make, lr, seed, epochs) for seed in seeds]) for lr in RATES}
        lr = min(runs, key=lambda rate: float(np.median(runs[rate][:, -1])))
        curves[f"{name}, {lr:g}"] = runs[lr]
        at = {e: float(np.median(runs[lr][:, e - 1])) for e in (1, 5, epochs)}
        result[name] = at[epochs]
        costs = ", ".join(f"{cost:.4f} after {e}" for e, cost in at.items())
        print(f"{name:<14} rate {lr:<6g} median training cost {costs} epochs")
    (folder / "images").mkdir(exist_ok=True)
    viz.training_curves(
        curves,
        y_label="training cost",
        log_y=True,
        title="Logistic regression on the digits, after Kingma & Ba (2015), figure 1",
    ).save(folder / "images" / "adam_paper.svg")
    return result


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
