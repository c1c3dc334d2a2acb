"""One complete training run with every kind of state, for test_resume.py.

`python resume_run.py FOLDER` trains, saving into FOLDER, and goes on from what it finds there. It
may be killed at any moment.
"""

import sys
from pathlib import Path

import numpy as np

from neural_net_core import Dense, ReLU, Sequential, cross_entropy, seed
from neural_net_layers import BatchNorm1D, Dropout
from neural_net_optim import EMA, Adam, CosineAnnealingLR, clip_grad_norm
from neural_net_utils import (
    Augment,
    Callback,
    Checkpoint,
    DataLoader,
    EarlyStopping,
    LearningRateLogger,
    WeightAveraging,
    accuracy,
    fit,
    latest_checkpoint,
    load_digits,
)

EPOCHS = 4
STEPS = 4 * 7  # 7 batches an epoch


class Report(Callback):
    """Tell whoever watches where training is."""

    def on_train_start(self, training):
        print("started", training.step, flush=True)

    def on_gradients(self, training):
        print("step", training.step + 1, flush=True)


def train(folder=None, make_optimizer=Adam, make_schedule=None, *, resume=False, callbacks=()):
    """Dropout (library's generator and its own), batch norm, augmentation, schedule, average."""
    seed(0)
    model = Sequential(
        Dense(64, 32),
        BatchNorm1D(32),
        ReLU(),
        Dropout(0.2),
        Dense(32, 16),
        Dropout(0.1, rng=np.random.default_rng(4)),
        Dense(16, 10),
    )
    optimizer = make_optimizer(model.named_parameters())
    make_schedule = make_schedule or (lambda optimizer: CosineAnnealingLR(optimizer, STEPS))
    images, labels = load_digits("train")
    data = images[:210], labels[:210]
    own = [EarlyStopping("val_loss", patience=50), LearningRateLogger(), *callbacks]
    own.append(WeightAveraging(EMA(model, 0.8)))
    if folder is not None:
        own.append(Checkpoint(folder, every_steps=3, monitor="val_accuracy"))
    history = fit(
        model,
        cross_entropy,
        optimizer,
        DataLoader(data, 32, shuffle=True, transform=Augment(shift=1, rotate=10)),
        epochs=EPOCHS,
        validation=[load_digits("test")],
        metrics={"accuracy": accuracy},
        schedule=make_schedule(optimizer),
        clip=lambda parameters: clip_grad_norm(parameters, 1.0),
        callbacks=own,
        progress="off",
        resume_from=latest_checkpoint(folder) if resume else None,
        seed=1,
    )
    return outcome(model, optimizer, history)


def outcome(model, optimizer, history):
    """All numbers of a run by name, for a comparison to the last bit."""
    numbers = {f"model.{name}": array for name, array in model.state_dict().items()}
    for key, state in optimizer.state_dict()["state"].items():
        numbers |= {f"optimizer.{key}.{name}": np.asarray(v) for name, v in state.items()}
    numbers |= {f"epoch.{name}": np.array(column) for name, column in history.items()}
    return numbers | {f"step.{name}": np.array(column) for name, column in history.steps.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    np.savez(folder / "outcome.npz", **train(folder, resume=True, callbacks=[Report()]))
