"""Warm-up: small steps first, while a deep network's gradients are still wild.

A stack of residual blocks that normalize after the sum (as the first transformers did) passes its
largest gradients to the layers near the output. Adam's first steps are all of the full size,
whatever the gradient, so at a high rate they throw those layers off for good.
"""

import numpy as np

from neural_net_core import CrossEntropyLoss, Dense, Module, Sequential, Tensor, init, no_grad, relu
from neural_net_layers import LayerNorm
from neural_net_optim import Adam
from neural_net_optim.schedules import WarmupLR
from neural_net_utils import ArrayDataset, DataLoader, History, accuracy, fit, load_digits

WIDTH, DEPTH = 32, 18
RATE = 3e-3
WARMUP, STEPS = 400, 800


class Block(Module):
    """x + f(x), normalized after the sum (post) or before f (pre), as in transformers."""

    def __init__(self, norm_first: bool, rng: np.random.Generator) -> None:
        self.norm_first = norm_first
        self.inner = Dense(WIDTH, 2 * WIDTH, init=init.kaiming_normal, rng=rng)
        self.outer = Dense(2 * WIDTH, WIDTH, init=init.xavier_normal, rng=rng)
        self.norm = LayerNorm(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        if self.norm_first:
            return x + self.outer(relu(self.inner(self.norm(x))))
        return self.norm(x + self.outer(relu(self.inner(x))))


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return standardized training and test digits."""
    (x, y), (x_test, y_test) = load_digits("train"), load_digits("test")
    scale = np.float32(1 / x.std())
    return (x - x.mean()) * scale, y, (x_test - x.mean()) * scale, y_test


def share_right(model: Module, x: np.ndarray, y: np.ndarray) -> float:
    with no_grad():
        return float(accuracy(model.eval()(x).numpy(), y))


def deep_run(norm_first: bool, warmup: int, seed: int, steps: int = STEPS) -> tuple[float, History]:
    """Train the stack on the digits; return the test accuracy and the record."""
    rng = np.random.default_rng(seed)
    x, y, x_test, y_test = digits()
    blocks = [Block(norm_first, rng) for _ in range(DEPTH)]
    model = Sequential(Dense(64, WIDTH, rng=rng), *blocks, Dense(WIDTH, 10, rng=rng))
    optimizer = Adam(model.parameters(), lr=RATE)
    history = fit(
        model,
        CrossEntropyLoss(),
        optimizer,
        DataLoader(ArrayDataset(x, y), batch_size=64, shuffle=True, rng=rng),
        max_steps=steps,
        scheduler=WarmupLR(optimizer, warmup),
        progress="off",
    )
    with no_grad():
        return float(accuracy(model.eval()(x_test).numpy(), y_test)), history
