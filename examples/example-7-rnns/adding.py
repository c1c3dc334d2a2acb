"""The adding problem: two numbers far apart in a long sequence, and their sum at the end."""

import math

import numpy as np
from reader import Reader, train

from neural_net_core import MSELoss, Tensor
from neural_net_utils import adding_problem

WIDTH, BATCH, RATE = 32, 32, 0.003
MEAN_ANSWER = 1 / 6  # squared error of always answering 1, the mean of the sums
SOLVED = 0.01
# Lengths, and the most steps for each kind.
PLAN = {
    50: {"vanilla": 3_000, "LSTM": 3_000, "GRU": 3_000},
    100: {"vanilla": 3_000, "LSTM": 5_000, "GRU": 3_000},
    200: {"vanilla": 3_000, "LSTM": 8_000, "GRU": 3_000},
}


def adding_run(kind: str, length: int, seed: int, steps: int) -> tuple[float, list[float], Reader]:
    """Train until the error is below 0.01; return the step (infinite if never) and the losses."""
    rng = np.random.default_rng(seed)
    model = Reader(kind, 2, WIDTH, 1, rng)
    losses = train(
        model, lambda: adding_problem(BATCH, length, rng=rng), MSELoss(), steps, RATE, target=SOLVED
    )
    return (len(losses) if len(losses) < steps else math.inf), losses, model


def gradient_by_lag(model: Reader, length: int, seed: int = 0) -> np.ndarray:
    """Return how strongly the last state depends on the input of each lag, 0 being the last step.

    The norm of the gradient of a random direction of the last state, root mean square over a batch.
    """
    rng = np.random.default_rng(seed)
    x = Tensor(adding_problem(BATCH, length, rng=rng)[0], requires_grad=True)
    states, _ = model.memory(x)
    last = states[:, -1]
    direction = rng.normal(size=last.shape).astype(np.float32)
    (last * direction).sum().backward()
    return np.sqrt((x.grad**2).sum(axis=2).mean(axis=0))[::-1]
