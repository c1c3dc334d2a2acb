"""Two tasks, and plain gradient steps on one of them."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from neural_net_core import Module, cross_entropy, no_grad
from neural_net_optim import SGD
from neural_net_utils import load_digits, two_spirals

POINTS, NOISE = 500, 0.04  # as in example 5
BATCH, MOMENTUM = 50, 0.9
EVERY = 25  # steps from one look at the held-out points to the next
GOAL = 0.95


class Task(NamedTuple):
    """Inputs (S, N, I) and labels (S, N) to train on, and held-out ones."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def spirals(seeds: Iterable[int]) -> Task:
    """Return two spirals, drawn anew for every seed."""
    drawn = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        drawn.append([*two_spirals(POINTS, noise=NOISE, rng=rng)])
        drawn[-1] += two_spirals(POINTS, noise=NOISE, rng=rng)
    return Task(*map(np.stack, zip(*drawn, strict=True)))


def digits(seeds: Iterable[int]) -> Task:
    """Return the same digits for every seed, shifted and scaled to mean 0 and deviation 1."""
    (x, y), (x_test, y_test) = load_digits("train"), load_digits("test")
    mean, scale = x.mean(), np.float32(1 / x.std())
    parts = (x - mean) * scale, y, (x_test - mean) * scale, y_test
    return Task(*(np.stack([part] * len(list(seeds))) for part in parts))


def losses(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the mean cross-entropy of each network (S,)."""
    z = z - z.max(axis=-1, keepdims=True)
    right = np.take_along_axis(z, y[..., None], axis=-1)[..., 0]
    return (np.log(np.exp(z).sum(axis=-1)) - right).mean(axis=-1)


def gradients(model: Module, x: np.ndarray, y: np.ndarray) -> None:
    """Leave in `.grad` the gradient of every network's own mean loss."""
    z = model(x)
    starts, batch, classes = z.shape
    loss = cross_entropy(z.reshape(starts * batch, classes), y.reshape(-1)) * starts
    model.zero_grad()
    loss.backward()


def train(model: Module, task: Task, lr: float, steps: int) -> dict:
    """Train at a rate that falls evenly to 0; return what became of each network.

    That is its held-out accuracy and loss, the first step at the goal, and the course (S, looks).
    """
    rng = np.random.default_rng(len(task.x))
    optimizer = SGD(model.parameters(), lr=lr, momentum=MOMENTUM)
    rows = np.arange(len(task.x))[:, None]
    per_epoch = task.x.shape[1] // BATCH
    courses = []
    with np.errstate(all="ignore"):  # divergence is one of the results
        for step in range(steps):
            if step % per_epoch == 0:
                order = rng.permuted(np.tile(np.arange(task.x.shape[1]), (len(rows), 1)), axis=1)
            chosen = rows, order[:, step % per_epoch * BATCH :][:, :BATCH]
            gradients(model, task.x[chosen], task.y[chosen])
            optimizer.param_groups[0]["lr"] = lr * (1 - step / steps)
            optimizer.step()
            if (step + 1) % EVERY == 0:
                with no_grad():
                    z = model.eval()(task.x_test).numpy()
                model.train()
                courses.append((z.argmax(axis=-1) == task.y_test).mean(axis=1))
        last = losses(z, task.y_test)
    course = np.array(courses)  # (looks, S)
    there = course >= GOAL
    first = np.where(there.any(axis=0), (there.argmax(axis=0) + 1) * EVERY, math.inf)
    return {
        "accuracy": course[-1],
        "loss": np.where(np.isfinite(last), last, math.inf),
        "reached": first,
        "course": course.T,
    }
