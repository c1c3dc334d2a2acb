"""What a thread that makes batches ahead hides: of long waits, of short ones, of Python's work.

    uv run python benchmarks/prefetch.py   # two minutes

Each row is an epoch of 32 batches of 64 samples through a network with two hidden layers of 1,024:
loading alone, training alone on data that are there, both in turn, and with `prefetch`. Medians of
seven rounds, in each of which all take their turn. Written for docs/how-to/train-on-your-data.md.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from neural_net_core import Dense, ReLU, Sequential, cross_entropy, seed
from neural_net_optim import Adam
from neural_net_utils import DataLoader

ROUNDS, BATCHES, BATCH, FEATURES = 7, 32, 64, 256
X = np.random.default_rng(0).normal(size=(BATCHES * BATCH, FEATURES)).astype(np.float32)
Y = np.arange(len(X)) % 10


def wait_for_the_batch(batch: Any, rng: np.random.Generator) -> Any:
    time.sleep(0.03)
    return batch


class Waiting:
    """Every sample waits for half a millisecond, as files on a slow disk do."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, row: int) -> tuple[Any, ...]:
        time.sleep(0.0005)
        return X[row], Y[row]


class Text(Waiting):
    """Every sample is read from text by Python."""

    def __init__(self) -> None:
        self.lines = [",".join(f"{value:.3f}" for value in row) for row in X]

    def __getitem__(self, row: int) -> tuple[Any, ...]:
        return np.array([float(word) for word in self.lines[row].split(",")], np.float32), Y[row]


ROWS: dict[str, dict[str, Any]] = {
    "one wait of 30 ms a batch": {"dataset": (X, Y), "transform": wait_for_the_batch},
    "64 waits of 0.5 ms a batch": {"dataset": Waiting()},
    "Python reads text": {"dataset": Text()},
}


def epoch(train: bool, **options: Any) -> float:
    """Seconds that an epoch takes."""
    seed(0)
    model = Sequential(Dense(FEATURES, 1024), ReLU(), Dense(1024, 1024), ReLU(), Dense(1024, 10))
    optimizer = Adam(model.parameters())
    loader = DataLoader(batch_size=BATCH, **options)
    start = time.perf_counter()
    for x, y in loader:
        if train:
            loss = cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return time.perf_counter() - start


def main() -> None:
    print(f"{'':<28}" + "".join(f"{name:>12}" for name in ("loading", "training", "in turn", 1, 2)))
    for name, options in ROWS.items():
        ways: list[Callable[[], float]] = [
            lambda o=options: epoch(False, **o),
            lambda: epoch(True, dataset=(X, Y)),
            *(lambda o=options, p=ahead: epoch(True, prefetch=p, **o) for ahead in (0, 1, 2)),
        ]
        times = [[way() for way in ways] for _ in range(ROUNDS)]
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        print(f"{name:<28}" + "".join(f"{seconds:>12.2f}" for seconds in medians))


if __name__ == "__main__":
    main()
