"""Six layers on two spirals, trained by plain gradient steps, with a look inside.

The same networks, the same starts, the same 1,000 steps for every activation: nothing differs but
the function between the layers. Plain SGD, because an optimizer that rescales gradients would hide
what the activation does to them.

Several starts are trained side by side, as one network whose weights have one more axis, S: a step
of five small networks costs little more than a step of one. They share nothing, data included.
"""

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from neural_net_core import (
    BCEWithLogitsLoss,
    Dense,
    Module,
    Parameter,
    Sequential,
    Tensor,
    grad,
    init,
    no_grad,
)
from neural_net_layers import BatchNorm1D
from neural_net_optim import SGD
from neural_net_utils import two_spirals

LAYERS, WIDTH = 6, 32
POINTS, NOISE = 500, 0.04  # the arms lie 0.28 apart
BATCH, STEPS = 50, 1_000
EVERY = 25  # steps from one look at the held-out points to the next
GOAL = 0.95  # held-out accuracy whose first step is noted
DEAD = 1e-3  # a unit whose slope is smaller than this for every point does not learn any more


class Layers(Module):
    """A dense layer of each of S networks: (S, B, I) -> (S, B, O)."""

    def __init__(
        self, inputs: int, outputs: int, start: Callable | None, rngs: list[np.random.Generator]
    ) -> None:
        layers = [Dense(inputs, outputs, init=start, rng=rng) for rng in rngs]
        self.weight = Parameter(np.stack([layer.weight.numpy().T for layer in layers]))  # (S, I, O)
        self.bias = Parameter(np.stack([layer.bias.numpy()[None] for layer in layers]))  # (S, 1, O)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class BatchNorms(Module):
    """Batch normalization of each of S networks by itself: each has its own 32 features."""

    def __init__(self, starts: int) -> None:
        self.norm = BatchNorm1D(starts * WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        starts, batch, width = x.shape
        rows = x.transpose(1, 0, 2).reshape(batch, starts * width)
        return self.norm(rows).reshape(batch, starts, width).transpose(1, 0, 2)


def network(
    activation: Callable[[], Module],
    seeds: Iterable[int],
    start: Callable | None = init.kaiming_normal,
    norm: bool = False,
) -> Sequential:
    """Return, for each seed, 2 inputs, five hidden layers of 32, 1 output."""
    rngs = [np.random.default_rng(seed) for seed in seeds]
    parts: list[Module] = []
    for i in range(LAYERS - 1):
        parts += [Layers(WIDTH if i else 2, WIDTH, start, rngs)]
        parts += [BatchNorms(len(rngs))] if norm else []
        parts += [activation()]
    return Sequential(*parts, Layers(WIDTH, 1, start, rngs))


def spirals(seeds: Iterable[int]) -> tuple[np.ndarray, ...]:
    """Return points (S, N, 2) and labels (S, N, 1) to train on, and as many held-out ones."""
    drawn = [
        [two_spirals(POINTS, noise=NOISE, rng=rng) for _ in range(2)]
        for rng in map(np.random.default_rng, seeds)
    ]
    (x, y), (x_test, y_test) = (
        map(np.stack, zip(*part, strict=True)) for part in zip(*drawn, strict=True)
    )
    return x, y[..., None].astype(np.float32), x_test, y_test[..., None].astype(np.float32)


def batches(x: np.ndarray, y: np.ndarray, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield minibatches, each network's points in its own order, a new one in each epoch."""
    rng = np.random.default_rng(len(x))
    starts, points, _ = x.shape
    for step in range(steps):
        at = step * BATCH % points
        if at == 0:
            order = rng.permuted(np.tile(np.arange(points), (starts, 1)), axis=1)
        chosen = np.arange(starts)[:, None], order[:, at : at + BATCH]
        yield x[chosen], y[chosen]


def run(
    model: Module, seeds: Iterable[int], lr: float, steps: int = STEPS, look_at: tuple = ()
) -> dict:
    """Train; return each network's held-out accuracy and loss, and when it reached the goal.

    With them the mean |gradient| of each layer's weights at the steps of `look_at`.
    """
    x, y, x_test, y_test = spirals(seeds)
    loss_fn, optimizer = BCEWithLogitsLoss(), SGD(model.parameters(), lr=lr)
    weights = [layer.weight for layer in model.modules() if isinstance(layer, Layers)]
    reached = np.full(len(x), math.inf)
    gradients, course = [], []
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is one of the results
        for step, (inputs, targets) in enumerate(batches(x, y, steps)):
            loss = loss_fn(model(inputs), targets) * len(x)  # the sum of the networks' means
            optimizer.zero_grad()
            loss.backward()
            if step in look_at:
                gradients.append([np.abs(w.grad).mean(axis=(1, 2)) for w in weights])
            optimizer.step()
            if (step + 1) % EVERY == 0:
                accuracy, loss_now = measure(model, x_test, y_test)
                course.append(accuracy)
                reached[(accuracy >= GOAL) & np.isinf(reached)] = step + 1
    return {
        "accuracy": accuracy,
        "loss": loss_now,
        "reached": reached,
        "course": np.array(course),  # (looks, S)
        "gradients": np.array(gradients),  # (times, layers, S)
    }


def measure(model: Module, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each network's accuracy and loss, infinite for one that has diverged."""
    with no_grad():
        z = model.eval()(x).numpy()
    model.train()
    loss = (np.logaddexp(0, z) - y * z).mean(axis=(1, 2))
    return ((z > 0) == (y > 0)).mean(axis=(1, 2)), np.where(np.isnan(loss), math.inf, loss)


def inside(model: Sequential, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return each hidden layer's activations (S, N, 32), and the slopes of its function there."""
    activations, slopes = [], []
    for part in model:
        if not isinstance(part, Layers | BatchNorms):
            z = Tensor(x, requires_grad=True)
            slopes.append(grad(part(z).sum(), [z])[0])
        with no_grad():
            x = part(x).numpy()
        if not isinstance(part, Layers | BatchNorms):
            activations.append(x)
    return activations, slopes


def dead_share(slopes: np.ndarray) -> np.ndarray:
    """Return each network's share of units that pass no gradient back for any of the points."""
    return (np.abs(slopes).max(axis=1) < DEAD).mean(axis=1)


def saturated_share(slopes: np.ndarray, steepest: float) -> np.ndarray:
    """Return each network's share of slopes below a tenth of the steepest."""
    return (np.abs(slopes) < 0.1 * steepest).mean(axis=(1, 2))
