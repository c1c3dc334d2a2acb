"""A network that reads a sequence and answers at its end, and the loop that trains it."""

import itertools
from collections.abc import Callable

import numpy as np

from neural_net_core import Dense, Module, Tensor
from neural_net_layers import GRU, LSTM, VanillaRNN
from neural_net_optim import Adam, PolynomialLR, clip_grad_norm

# The LSTM begins by remembering: without this it needs longer on everything below.
KINDS: dict[str, Callable[..., Module]] = {
    "vanilla": VanillaRNN,
    "LSTM": lambda *sizes, rng: LSTM(*sizes, forget_bias=1.0, rng=rng),
    "GRU": GRU,
}
MAX_NORM = 1.0
WINDOW = 20  # steps over which a training loss is averaged


class Reader(Module):
    """Reads (B, T, I), and answers from the state after the last step."""

    def __init__(
        self, kind: str, inputs: int, hidden: int, outputs: int, rng: np.random.Generator
    ) -> None:
        self.memory = KINDS[kind](inputs, hidden, rng=rng)
        self.answer = Dense(hidden, outputs, rng=rng)

    def forward(self, x: np.ndarray | Tensor) -> Tensor:
        states, _ = self.memory(x)
        return self.answer(states[:, -1])


def train(
    model: Module,
    batches: Callable[[], tuple[np.ndarray, np.ndarray]],
    loss_fn: Callable[..., Tensor],
    steps: int,
    lr: float,
    *,
    decay: bool = False,
    target: float = 0.0,
) -> list[float]:
    """Train with Adam and clipped gradients, until the mean of recent losses is below the target.

    The losses of fresh sequences, which nobody has seen yet, are as good as those of a test set.
    """
    optimizer = Adam(model.parameters(), lr)
    scheduler = PolynomialLR(optimizer, total_iters=steps) if decay else None
    losses: list[float] = []
    for x, y in itertools.islice(iter(batches, None), steps):
        loss = loss_fn(model(x), y)
        losses.append(loss.item())
        if len(losses) >= WINDOW and np.mean(losses[-WINDOW:]) < target:
            break
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), MAX_NORM)
        optimizer.step()
        if scheduler:
            scheduler.step()
    return losses
