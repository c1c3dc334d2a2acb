"""One complete training run with every kind of state, for test_resume.py.

`python resume_run.py FOLDER [SEED [CALL]]` trains, saving into FOLDER, and goes on from what it
finds there. It may be killed at any moment. SEED draws which parts the run has; without it, all
are there. With CALL it kills itself at that call inside its saves. With RESUME_STEPS in the
environment it waits after so many steps for its input to end, so that it does not outrun whoever
ends it, who may come late on a busy machine.
"""

import os
import random
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import neural_net_optim as optim
from neural_net_core import CrossEntropyLoss, Dense, Module, ReLU, Sequential, cross_entropy, seed
from neural_net_layers import BatchNorm1D, Dropout
from neural_net_utils import (
    Augment,
    Callback,
    CSVLogger,
    DataLoader,
    EarlyStopping,
    GradientFlow,
    JSONLinesLogger,
    LearningRateLogger,
    ModelCheckpoint,
    WeightAveraging,
    accuracy,
    f1_score,
    fit,
    latest_checkpoint,
    load_digits,
)

BATCHES = 7  # an epoch
OPTIMIZERS = {
    "Adam": optim.Adam,
    "SGD": partial(optim.SGD, lr=0.05, momentum=0.9),
    "Lookahead": lambda params: optim.Lookahead(optim.Adam(params), k=3),
    "Muon": optim.Muon,
}
SCHEDULES = {
    "none": lambda optimizer: None,
    "cosine": lambda optimizer: optim.CosineAnnealingLR(optimizer, 4 * BATCHES),
    "plateau": lambda optimizer: optim.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=0, threshold=0.1
    ),
}
AVERAGES = {
    "none": None,
    "EMA": lambda model: optim.EMA(model, 0.8),
    "SWA": optim.SWA,
}


@dataclass
class Setup:
    """Which parts a run has."""

    optimizer: str = "Adam"
    schedule: str = "cosine"
    scheduler_every: str = "step"
    average: str = "EMA"
    loss: str = "plain"  # or "weighted": unequal counts; or "own": the model returns it
    dropout: str = "both"  # of the library's generator, of one of its own, both, or none
    shuffle: bool = True
    augment: bool = True
    validation: str = "list"  # none, list, plain, shuffled, augmented, the training loader itself
    generators: str = "library"  # the loaders': the library's, one each, one for both
    accumulate: int = 1
    clip: bool = True
    patience: int = 50
    per: str = "epoch"  # a line of the log files
    every_steps: int = 3
    keep_last: int = 3
    epochs: int | None = 4
    max_steps: int | None = None


def drawn_setup(number):
    """A random choice of parts; the same for the same number."""
    draw = random.Random(number)
    accumulate = draw.choice([1, 1, 2, 3])
    steps = 4 * -(-BATCHES // accumulate)
    limits = draw.choice([(4, None), (None, steps - draw.randrange(7)), (4, steps - 2)])
    return Setup(
        optimizer=draw.choice(sorted(OPTIMIZERS)),
        schedule=draw.choice(sorted(SCHEDULES)),
        scheduler_every=draw.choice(["step", "epoch"]),
        average=draw.choice(sorted(AVERAGES)),
        loss=draw.choice(["plain", "weighted", "own"]),
        dropout=draw.choice(["library", "own", "both", "none"]),
        shuffle=draw.random() < 0.7,
        augment=draw.random() < 0.5,
        validation=draw.choice(["none", "list", "plain", "shuffled", "augmented", "same"]),
        generators=draw.choice(["library", "each", "one"]),
        accumulate=accumulate,
        clip=draw.random() < 0.5,
        patience=draw.choice([1, 50]),
        per=draw.choice(["epoch", "step"]),
        every_steps=draw.randint(1, 4),
        keep_last=draw.randint(1, 3),
        epochs=limits[0],
        max_steps=limits[1],
    )


class Report(Callback):
    """Tell whoever watches where training is, and wait for him after so many steps."""

    left = int(os.environ.get("RESUME_STEPS", "-1"))

    def on_train_start(self, training):
        print("started", training.step, flush=True)

    def on_gradients(self, training):
        print("step", training.step + 1, flush=True)
        self.left -= 1
        if self.left == 0:
            sys.stdin.read()


class OwnLoss(Module):
    """A network that returns its loss."""

    def __init__(self, network):
        self.network = network

    def forward(self, images, labels):
        return cross_entropy(self.network(images), labels)


@contextmanager
def dying(call):
    """Kill the process at so many calls from here, counted where files are written and removed."""
    left = call

    def count(frame, event, _):
        nonlocal left
        if event in ("call", "c_call") and frame.f_code.co_filename.endswith(
            ("whole_file.py", "callbacks/model_checkpoint.py", "_tensor_file.py")
        ):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
        DyingCheckpoint.call = left


class DyingCheckpoint(ModelCheckpoint):
    """Saves, and may not survive it."""

    call = 0

    def on_step_end(self, training):
        with dying(DyingCheckpoint.call):
            super().on_step_end(training)

    def on_epoch_end(self, training):
        with dying(DyingCheckpoint.call):
            super().on_epoch_end(training)


def network(setup):
    own = np.random.default_rng(4)
    return Sequential(
        Dense(64, 32),
        BatchNorm1D(32),
        ReLU(),
        Dropout(0.2 if setup.dropout in ("library", "both") else 0.0),
        Dense(32, 16),
        Dropout(0.1 if setup.dropout in ("own", "both") else 0.0, rng=own),
        Dense(16, 10),
    )


def loaders(setup):
    """Training data and validation data."""
    images, labels = load_digits("train")
    held_out = tuple(array[:60] for array in load_digits("test"))
    first = second = None
    if setup.generators != "library":
        first = second = np.random.default_rng(8)
    if setup.generators == "each":
        second = np.random.default_rng(9)
    transform = Augment(shift=1, rotate=10)
    data = DataLoader(
        (images[:210], labels[:210]),
        32,
        shuffle=setup.shuffle,
        transform=transform if setup.augment else None,
        rng=first,
    )
    validation = {
        "none": lambda: None,
        "list": lambda: [held_out],
        "plain": lambda: DataLoader(held_out, 25, rng=second),
        "shuffled": lambda: DataLoader(held_out, 25, shuffle=True, rng=second),
        "augmented": lambda: DataLoader(held_out, 25, transform=transform, rng=second),
        "same": lambda: data,
    }[setup.validation]()
    return data, validation


def train(folder=None, setup=None, *, optimizer=None, schedule=None, resume=False, callbacks=()):
    """Run, or go on with, a set-up; an optimizer and a schedule may be given as functions."""
    setup = setup or Setup()
    seed(0)
    model = network(setup)
    if setup.loss == "own":
        model = OwnLoss(model)
    optimizer = (optimizer or OPTIMIZERS[setup.optimizer])(model.named_parameters())
    data, validation = loaders(setup)
    weights = np.linspace(0.5, 2, 10, dtype=np.float32)
    loss_fn = {"plain": cross_entropy, "weighted": CrossEntropyLoss(weight=weights), "own": None}
    flow = GradientFlow(every=2)
    monitor = "loss" if validation is None else "val_loss"
    own = [flow, EarlyStopping(monitor, patience=setup.patience), LearningRateLogger(), *callbacks]
    if setup.average != "none":
        own.append(WeightAveraging(AVERAGES[setup.average](model)))
    if folder is not None:
        own.append(
            DyingCheckpoint(
                folder,
                every_steps=setup.every_steps,
                keep_last=setup.keep_last,
                monitor=monitor,
            )
        )
        own.append(CSVLogger(folder / "log.csv", per=setup.per))
        own.append(JSONLinesLogger(folder / "log.jsonl", per=setup.per))
    history = fit(
        model,
        loss_fn[setup.loss],
        optimizer,
        data,
        epochs=setup.epochs,
        max_steps=setup.max_steps,
        validation=validation,
        metrics=None if setup.loss == "own" else {"accuracy": accuracy, "f1": f1_score},
        scheduler=(schedule or SCHEDULES[setup.schedule])(optimizer),
        scheduler_every=setup.scheduler_every,
        clip=(lambda parameters: optim.clip_grad_norm(parameters, 1.0)) if setup.clip else None,
        accumulate=setup.accumulate,
        callbacks=own,
        progress="off",
        resume_from=latest_checkpoint(folder) if resume else None,
        seed=1,
    )
    return outcome(model, optimizer, history, flow)


def outcome(model, optimizer, history, flow):
    """All numbers of a run by name, for a comparison to the last bit."""
    numbers = {f"model.{name}": array for name, array in model.state_dict().items()}
    state = optimizer.state_dict()
    state = state.get("optimizer", state)  # Lookahead's is around another's
    for key, values in state["state"].items():
        numbers |= {f"optimizer.{key}.{name}": np.asarray(v) for name, v in values.items()}
    for label, table in (("epoch", history), ("step", history.steps), ("flow", flow.norms)):
        numbers[f"{label}.index"] = np.array(table.index)
        numbers |= {f"{label}.{name}": np.array(column) for name, column in table.items()}
    return numbers | {"reason": np.array(history.stop_reason)}


def main():
    folder = Path(sys.argv[1])
    setup = drawn_setup(int(sys.argv[2])) if len(sys.argv) > 2 else Setup()
    if "RESUME_SHARE" in os.environ:  # end after a part of the steps
        steps = setup.max_steps or setup.epochs * -(-BATCHES // setup.accumulate)
        setup.max_steps = 1 + int(steps * float(os.environ["RESUME_SHARE"]))
    DyingCheckpoint.call = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    np.savez(folder / "outcome.npz", **train(folder, setup, resume=True, callbacks=[Report()]))


if __name__ == "__main__":
    main()
