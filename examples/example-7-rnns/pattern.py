"""Going on with a pattern: [1, 0, 1, ?] is followed by 0, as two steps ago."""

import numpy as np
from reader import Reader, train

from neural_net_core import CrossEntropyLoss, no_grad
from neural_net_utils import pattern_task

WIDTH, STEPS = 8, 150


def pattern_run(
    kind: str, seed: int, steps: int = STEPS, length: int = 3, period: int = 2
) -> tuple[float, Reader]:
    """Train on patterns; return how many of 200 others are continued rightly."""
    rng = np.random.default_rng(seed)
    model = Reader(kind, 2, WIDTH, 2, rng)
    train(
        model, lambda: pattern_task(32, length, period=period, rng=rng), CrossEntropyLoss(),
        steps, 0.02,
    )  # fmt: skip
    x, y = pattern_task(200, length, period=period, rng=np.random.default_rng(10_000 + seed))
    with no_grad():
        answers = model(x).data.argmax(axis=1)
    return float((answers == y).mean()), model


def continuation(model: Reader, bits: list[int]) -> int:
    """Return what the network says comes after the bits."""
    x = np.zeros((1, len(bits) + 1, 2), np.float32)
    x[0, :-1, 0], x[0, -1, 1] = bits, 1
    with no_grad():
        return int(model(x).data.argmax())
