"""A small complete run for the tests: an optimizer, a schedule, a noisy network, and a program.

`python tiny_run.py FOLDER [STEPS]` trains, saving every third step into FOLDER, and goes on from
what it finds there. It may be killed at any moment. After STEPS steps it waits for its input to
end, so that it does not outrun a killer that comes late on a busy machine.
"""

import sys
from pathlib import Path

import numpy as np

from neural_net_core import Dense, Module, Tensor, cross_entropy, seed, tanh
from neural_net_core.observing import drawn
from neural_net_utils import (
    Augment,
    Callback,
    CSVLogger,
    DataLoader,
    EarlyStopping,
    GradientFlow,
    LearningRateLogger,
    ModelCheckpoint,
    accuracy,
    f1_score,
    fit,
    latest_checkpoint,
    load_digits,
)


class TinyMomentum:
    """Gradient descent with momentum, in the few lines that the loop asks for."""

    def __init__(self, parameters, lr=0.1, momentum=0.9):
        self.params = list(parameters)
        self.param_groups = [{"params": self.params, "lr": lr, "momentum": momentum}]
        self.velocity = [np.zeros_like(p.data) for p in self.params]

    def step(self):
        group = self.param_groups[0]
        for p, v in zip(self.params, self.velocity, strict=True):
            if p.grad is not None:
                v *= group["momentum"]
                v += p.grad
                p.data -= np.asarray(group["lr"], dtype=p.data.dtype) * v
                p.version += 1

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def state_dict(self):
        return {"lr": self.param_groups[0]["lr"], "velocity": [v.copy() for v in self.velocity]}

    def load_state_dict(self, state):
        self.param_groups[0]["lr"] = state["lr"]
        for v, saved in zip(self.velocity, state["velocity"], strict=True):
            np.copyto(v, saved)


class TinySchedule:
    """lr = base / sqrt(1 + step)."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.base = optimizer.param_groups[0]["lr"]
        self.steps = 0

    def step(self):
        self.steps += 1
        self.optimizer.param_groups[0]["lr"] = self.base / (1 + self.steps) ** 0.5

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


class NoisyNet(Module):
    """Two layers with dropout between them, from a generator of its own."""

    def __init__(self, inputs=64, hidden=16, outputs=10, rng=None):
        self.first = Dense(inputs, hidden)
        self.second = Dense(hidden, outputs)
        self.rng = rng or np.random.default_rng(5)

    def forward(self, x):
        h = tanh(self.first(x))
        if self.training:
            mask = drawn(self.rng.random, h.shape, dtype=np.float32) > 0.3
            h = h * mask.astype(np.float32)
        return self.second(h)


class Report(Callback):
    """Tell whoever watches where training is, and wait for him after so many steps."""

    def __init__(self, steps=None):
        self.left = steps

    def on_train_start(self, training):
        print("started", training.step, flush=True)

    def on_gradients(self, training):
        print("step", training.step + 1, flush=True)
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                sys.stdin.read()


def small_digits(n=120):
    x, y = load_digits("train")
    return x[:n], y[:n]


def clip(parameters):
    parameters = [p for p in parameters if p.grad is not None]
    norm = float(np.sqrt(sum(float(np.vdot(p.grad, p.grad)) for p in parameters)))
    for p in parameters:
        p.grad = p.grad * np.float32(min(1.0, 1.0 / (norm + 1e-6)))
    return norm


def train(folder=None, *, resume_from=None, epochs=4, max_steps=None, accumulate=2, callbacks=()):
    """Everything that has a state, in one run; returns model, history and gradient norms."""
    seed(0)
    x, y = small_digits()
    model = NoisyNet()
    optimizer = TinyMomentum(model.parameters())
    # 15 batches of 8 in groups of 2: the last group of an epoch is a single batch.
    loader = DataLoader((x, y), 8, shuffle=True, transform=Augment(shift=1, noise=0.05))
    flow = GradientFlow(every=3)
    own = [flow, EarlyStopping("val_loss", patience=50), LearningRateLogger(), *callbacks]
    if folder is not None:
        folder = Path(folder)
        own += [
            ModelCheckpoint(folder, every_steps=3, monitor="val_accuracy", keep_last=2),
            CSVLogger(folder / "steps.csv", per="step"),
        ]
    history = fit(
        model,
        cross_entropy,
        optimizer,
        loader,
        epochs=epochs,
        max_steps=max_steps,
        validation=[small_digits(60)],
        metrics={"accuracy": accuracy, "f1": f1_score},
        scheduler=TinySchedule(optimizer),
        clip=clip,
        accumulate=accumulate,
        callbacks=own,
        progress="off",
        resume_from=resume_from,
        seed=1,
    )
    return model, history, flow


def outcome(model, history, flow):
    """All numbers of a run by name, for a comparison to the last bit."""
    numbers = {f"model.{name}": array for name, array in model.state_dict().items()}
    for label, table in (("epoch", history), ("step", history.steps), ("flow", flow.norms)):
        numbers[f"{label}.index"] = np.array(table.index)
        numbers |= {f"{label}.{name}": np.array(column) for name, column in table.items()}
    # What the generators would draw next must be equal, too.
    return numbers | {"rng": model.rng.random(4), "input": Tensor([0.0]).data}


def main():
    folder = Path(sys.argv[1])
    report = Report(*map(int, sys.argv[2:]))
    finished = train(folder, resume_from=latest_checkpoint(folder), callbacks=[report])
    np.savez(folder / "outcome.npz", **outcome(*finished))


if __name__ == "__main__":
    main()
