"""What positions are for: without them a network sees a bag, and order cannot be learned.

The task asks which of two tokens comes first. Both are there in every sequence, so the bag of
tokens is the same for both answers. The network treats every token alike, adds up what it
finds, and answers: whatever it knows of places must come with the vectors.
"""

import numpy as np

from neural_net_core import CrossEntropyLoss, Dense, Module, Tensor, no_grad, relu
from neural_net_layers import Embedding, LearnedPositionalEmbedding, PositionalEncoding
from neural_net_optim import Adam
from neural_net_utils import accuracy, order_task

LENGTH, SYMBOLS, FEATURES = 12, 8, 32
STEPS, BATCH, RATE = 400, 64, 3e-3
KINDS = ("none", "sinusoidal", "learned")


class BagNetwork(Module):
    """Embedding (and position), the same small network for every token, then a sum."""

    def __init__(self, kind: str, rng: np.random.Generator) -> None:
        self.tokens = Embedding(SYMBOLS, FEATURES, rng=rng)
        self.places = {
            "none": None,
            "sinusoidal": PositionalEncoding(FEATURES, LENGTH),
            "learned": LearnedPositionalEmbedding(FEATURES, LENGTH, rng=rng),
        }[kind]
        self.hidden = Dense(FEATURES, FEATURES, rng=rng)
        self.output = Dense(FEATURES, 2, rng=rng)

    def forward(self, ids: np.ndarray) -> Tensor:
        x = self.tokens(ids)  # (B, T, D)
        if self.places is not None:
            x = self.places(x)
        return self.output(relu(self.hidden(x)).mean(axis=1))


def order_run(kind: str, seed: int, steps: int = STEPS) -> dict:
    """Train on fresh sequences; return the accuracy on others, and the losses."""
    rng = np.random.default_rng(seed)
    model = BagNetwork(kind, rng)
    optimizer, loss_fn = Adam(model.parameters(), RATE), CrossEntropyLoss()
    losses = []
    for _ in range(steps):
        x, y = order_task(BATCH, LENGTH, symbols=SYMBOLS, rng=rng)
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    x, y = order_task(2000, LENGTH, symbols=SYMBOLS, rng=np.random.default_rng(seed + 1000))
    with no_grad():
        score = float(accuracy(model(x), y))
    return {"accuracy": score, "losses": losses, "model": model}
