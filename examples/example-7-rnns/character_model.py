"""A language model of characters, trained by truncated back-propagation through a whole play."""

import time
from collections.abc import Iterator

import numpy as np

from neural_net_core import CrossEntropyLoss, Dense, Module, Tensor, detach, no_grad
from neural_net_layers import GRU, Embedding
from neural_net_optim import Adam, PolynomialLR, clip_grad_norm
from neural_net_utils import CharacterTokenizer, generate, load_text

WIDTH, EMBEDDED = 128, 32
STREAMS, PIECE = 32, 50  # so many places of the text are read at once, so many characters a step
EPOCHS = 6
RATE = 0.004


class CharacterModel(Module):
    """Scores of the next character at every place of a text."""

    def __init__(self, vocabulary: int, rng: np.random.Generator) -> None:
        self.embed = Embedding(vocabulary, EMBEDDED, rng=rng)
        self.memory = GRU(EMBEDDED, WIDTH, rng=rng)
        self.next = Dense(WIDTH, vocabulary, rng=rng)

    def forward(self, ids: np.ndarray, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        states, state = self.memory(self.embed(ids), state)
        return self.next(states), state


def pieces(ids: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut a text into streams side by side, and yield piece after piece of all of them."""
    length = (len(ids) - 1) // STREAMS
    x = ids[: STREAMS * length].reshape(STREAMS, length)
    y = ids[1 : STREAMS * length + 1].reshape(STREAMS, length)
    for start in range(0, length - PIECE + 1, PIECE):
        yield x[:, start : start + PIECE], y[:, start : start + PIECE]


def held_out_loss(model: CharacterModel, ids: np.ndarray) -> float:
    """Return the mean cross entropy (nats) of reading a text from beginning to end."""
    with no_grad():
        scores, _ = model(ids[np.newaxis, :-1])
        return CrossEntropyLoss()(scores[0], ids[1:]).item()


def character_run(
    seed: int, epochs: int = EPOCHS, characters: int | None = None, keep_state: bool = True
) -> dict:
    """Train on the first nine tenths of the play; return the model and its losses.

    With `keep_state=False` every piece is read as if nothing had come before it.
    """
    tokenizer = CharacterTokenizer(load_text())
    training = tokenizer.encode(load_text("train"))[:characters]
    held_out = tokenizer.encode(load_text("validation"))
    rng = np.random.default_rng(seed)
    model = CharacterModel(len(tokenizer), rng)
    optimizer, loss_fn = Adam(model.parameters(), RATE), CrossEntropyLoss()
    scheduler = PolynomialLR(optimizer, total_iters=epochs * len(list(pieces(training))))
    losses, held_out_losses = [], [held_out_loss(model, held_out)]
    start = time.process_time()
    for _ in range(epochs):
        state = None
        for x, y in pieces(training):
            # The state goes on from piece to piece, the gradient does not.
            scores, state = model(x, detach(state) if keep_state else None)
            loss = loss_fn(scores.reshape(-1, len(tokenizer)), y.reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            clip_grad_norm(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        held_out_losses.append(held_out_loss(model, held_out))
    return {
        "model": model,
        "tokenizer": tokenizer,
        "losses": losses,
        "seconds": time.process_time() - start,
        "held_out": held_out_losses,
    }


def sample(
    model: CharacterModel, tokenizer: CharacterTokenizer, prompt: str, n: int, **options: object
) -> str:
    """Continue a prompt; the state is kept, so each character is read once."""
    state, read = None, 0

    def next_scores(ids: np.ndarray) -> np.ndarray:
        nonlocal state, read
        scores, state = model(ids[:, read:], state)
        read = ids.shape[1]
        return scores.data[:, -1]

    with no_grad():
        return tokenizer.decode(generate(next_scores, tokenizer.encode(prompt), n, **options))
