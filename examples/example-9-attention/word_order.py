"""Which of two tokens comes first? Both answers have the same tokens, only the order differs.

A bag of tokens cannot tell, and neither can attention by itself: it has no notion of order, so
what it computes for a permuted sequence is the permuted result. Positions are what tells it.
"""

import numpy as np

from neural_net_core import CrossEntropyLoss, Dense, Module, Tensor, no_grad, relu
from neural_net_layers import Embedding, PositionalEncoding, SelfAttention
from neural_net_optim import Adam
from neural_net_utils import accuracy, order_task

LENGTH, SYMBOLS, WIDTH = 8, 8, 32
RATE, STEPS, BATCH, HELD_OUT = 3e-3, 400, 64, 1000
FORMS = ("attention, positions", "attention alone", "bag of tokens")


class Classifier(Module):
    """Tokens (B, T) in, scores (B, 2) of which comes first out."""

    def __init__(self, form: str, rng: np.random.Generator) -> None:
        self.form = form
        self.tokens = Embedding(SYMBOLS, WIDTH, rng=rng)
        self.positions = PositionalEncoding(WIDTH, max_length=LENGTH)
        self.attention = SelfAttention(WIDTH, num_heads=2, rng=rng)
        self.hidden = Dense(WIDTH, WIDTH, rng=rng)
        self.output = Dense(WIDTH, 2, rng=rng)

    def forward(self, ids: np.ndarray) -> Tensor:
        x = self.tokens(ids)
        if self.form == "attention, positions":
            x = self.positions(x)
        if self.form != "bag of tokens":
            x = x + self.attention(x)
        # Each token is judged by itself, and then all are added up, wherever they stand.
        return self.output(relu(self.hidden(x)).mean(axis=1))


def train(form: str, seed: int, steps: int = STEPS) -> tuple[Classifier, float]:
    """Return the model and its accuracy on sequences that it has not seen."""
    rng = np.random.default_rng(seed)
    model = Classifier(form, rng)
    optimizer, loss_fn = Adam(model.parameters(), lr=RATE), CrossEntropyLoss()
    for _ in range(steps):
        x, y = order_task(BATCH, LENGTH, symbols=SYMBOLS, rng=rng)
        loss_fn(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
    x, y = order_task(HELD_OUT, LENGTH, symbols=SYMBOLS, rng=np.random.default_rng(seed + 1000))
    with no_grad():
        return model.eval(), float(accuracy(model(x).numpy(), y))
