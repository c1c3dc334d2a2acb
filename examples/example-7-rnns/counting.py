"""Counting the ones of a sequence: a sum that has to be carried along, step by step."""

import itertools

import numpy as np
from reader import Reader, train

from neural_net_core import MSELoss, no_grad
from neural_net_utils import counting_task

SHORT, LONG = 7, 50
SHORT_STEPS, LONG_STEPS = 2_000, 1_500
SHORT_WIDTH, LONG_WIDTH = 16, 32
TRAINING = 100  # of the 128 sequences of 7 bits; the others are only asked for at the end
SCALE = 10.0  # the network says a tenth of the count, so that the errors are of the order of 1
EXACT = 2e-5  # squared error, here of a tenth of the count, at which unseen sequences are safe too


def all_sequences() -> np.ndarray:
    """Return the 128 sequences of 7 bits, (128, 7, 1)."""
    return np.array(list(itertools.product([0, 1], repeat=SHORT)), np.float32)[..., np.newaxis]


def right(model: Reader, x: np.ndarray) -> np.ndarray:
    """Tell for which sequences the answer, rounded, is the number of ones."""
    with no_grad():
        answers = model(x).data[:, 0] * SCALE
    return np.rint(answers) == x.sum(axis=(1, 2))


def short_run(kind: str, seed: int, steps: int = SHORT_STEPS) -> int:
    """Train on 100 of the 128 short sequences; return how many of all 128 are counted right."""
    rng = np.random.default_rng(seed)
    x = all_sequences()
    seen = x[rng.permutation(len(x))[:TRAINING]]
    counts = seen.sum(axis=1) / SCALE
    model = Reader(kind, 1, SHORT_WIDTH, 1, rng)
    train(model, lambda: (seen, counts), MSELoss(), steps, 0.01, target=EXACT)
    return int(right(model, x).sum())


def long_run(kind: str, seed: int, steps: int = LONG_STEPS) -> tuple[int, list[float], Reader]:
    """Train on fresh sequences of 50 bits; return how many of 50 others are right, and losses."""
    rng = np.random.default_rng(seed)

    def fresh() -> tuple[np.ndarray, np.ndarray]:
        x, y = counting_task(32, LONG, rng=rng)
        return x, (y[:, np.newaxis] / SCALE).astype(np.float32)

    model = Reader(kind, 1, LONG_WIDTH, 1, rng)
    losses = train(model, fresh, MSELoss(), steps, 0.003, decay=True)
    test, _ = counting_task(50, LONG, rng=np.random.default_rng(10_000 + seed))
    return int(right(model, test).sum()), losses, model
