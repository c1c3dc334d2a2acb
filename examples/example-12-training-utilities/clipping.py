"""Clipping: a step has a right direction and a length that cannot be trusted.

A recurrent network that begins as the identity remembers for long, and multiplies whatever grows
at every one of its fifty steps. One such gradient is enough to end a run.
"""

import numpy as np

from neural_net_core import Dense, Module, MSELoss, Tensor, init, ops, relu
from neural_net_optim import SGD, clip_grad_norm
from neural_net_utils import adding_problem

HIDDEN, LENGTH = 100, 50
RATE, MOMENTUM = 0.1, 0.9
MAX_NORM = 1.0
STEPS = 200
HOPELESS = 1e6


class IdentityRNN(Module):
    """hₜ = relu(W xₜ + U hₜ₋₁), with U the identity at first: a memory that can also explode."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.input = Dense(2, HIDDEN, rng=rng)
        self.recurrent = Dense(HIDDEN, HIDDEN, bias=False, init=init.identity)
        self.output = Dense(HIDDEN, 1, rng=rng)

    def forward(self, x: np.ndarray) -> Tensor:
        h: Tensor | np.ndarray = np.zeros((len(x), HIDDEN), np.float32)
        for z in ops.unstack(self.input(x), axis=1):
            h = relu(z + self.recurrent(h))
        return self.output(h)


def recurrent_run(
    clip: bool, seed: int, steps: int = STEPS, lr: float = RATE, length: int = LENGTH
) -> dict:
    """Train on the adding problem with fresh sequences; stop when the loss is beyond hope."""
    rng = np.random.default_rng(seed)
    model = IdentityRNN(rng)
    optimizer, loss_fn = SGD(model.parameters(), lr, momentum=MOMENTUM), MSELoss()
    losses, norms = [], []
    with np.errstate(over="ignore", invalid="ignore"):  # an explosion is one of the results
        for _ in range(steps):
            x, y = adding_problem(32, length, rng=rng)
            loss = loss_fn(model(x), y)
            losses.append(loss.item())
            if not losses[-1] < HOPELESS:
                break
            optimizer.zero_grad()
            loss.backward()
            limit = MAX_NORM if clip else float("inf")
            norms.append(float(clip_grad_norm(model.parameters(), limit)))
            optimizer.step()
    return {"diverged": not losses[-1] < HOPELESS, "losses": losses, "norms": norms}
