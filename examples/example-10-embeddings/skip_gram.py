"""Skip-gram with negative sampling: words that keep the same company get similar vectors.

Two tables, one for a word itself and one for a word as a neighbour. The product of the two vectors
should be high for a pair that was seen and low for a word drawn at random in the neighbour's
place:

    L = −ln σ(v · u) − Σₖ ln σ(−v · uₖ),    uₖ drawn with chances ∝ frequency^0.75
"""

import numpy as np
from corpus import Vocabulary, training_pairs

from neural_net_core import BCEWithLogitsLoss, Module, Tensor, init
from neural_net_layers import Embedding
from neural_net_optim import Adam
from neural_net_optim.schedules import LinearLR
from neural_net_utils import code_lines

LINES = 2000
FEATURES = 16
NEGATIVES = 5
EPOCHS, RATE = 20, 0.01
BATCHES = (64, 512)  # a short text has few pairs, and needs small batches to take steps enough


class SkipGram(Module):
    """The products of words with the candidates for their neighbours."""

    def __init__(self, words: int, features: int, rng: np.random.Generator) -> None:
        bound = 0.5 / features
        self.words = Embedding(
            words,
            features,
            init=lambda shape, **options: init.uniform(shape, -bound, bound, **options),
            rng=rng,
        )
        self.neighbours = Embedding(words, features, init=init.zeros)

    def forward(self, words: np.ndarray, candidates: np.ndarray) -> Tensor:
        v = self.words(words)  # (B, D)
        u = self.neighbours(candidates)  # (B, 1 + K, D)
        return (u @ v.reshape(*v.shape, 1)).reshape(candidates.shape)


def shuffled(text: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    """Deal the words of a text out anew: the same words, lines as long, no company kept."""
    words = iter(rng.permutation([word for line in text for word in line]).tolist())
    return [[next(words) for _ in line] for line in text]


def train(seed: int, epochs: int = EPOCHS, lines: int = LINES, shuffle: bool = False) -> dict:
    """Make a text, learn from it, and return text, vocabulary, vectors and losses."""
    rng = np.random.default_rng(seed)
    text = code_lines(lines, rng=rng)
    if shuffle:
        text = shuffled(text, rng)
    vocabulary = Vocabulary(text)
    encoded = [vocabulary.encode(line) for line in text]
    keep, noise = vocabulary.keep_chances(), np.cumsum(vocabulary.noise())
    model = SkipGram(len(vocabulary), FEATURES, rng)
    optimizer, loss_fn = Adam(model.parameters(), RATE), BCEWithLogitsLoss()
    scheduler = LinearLR(optimizer, 1.0, 0.05, epochs)
    batch_size = int(np.clip(lines, *BATCHES))
    labels = np.zeros((batch_size, 1 + NEGATIVES), np.float32)
    labels[:, 0] = 1
    losses = []
    for _ in range(epochs):
        total, pairs = 0.0, training_pairs(encoded, keep, rng)
        batches = len(pairs) // batch_size
        for batch in np.split(pairs[: batches * batch_size], batches):
            drawn = np.searchsorted(noise, rng.random((batch_size, NEGATIVES)) * noise[-1])
            candidates = np.concatenate([batch[:, 1:], drawn], axis=1)
            loss = loss_fn(model(batch[:, 0], candidates), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        scheduler.step()
        losses.append(total / batches)
    return {
        "text": text,
        "vocabulary": vocabulary,
        "vectors": model.words.weight.numpy().copy(),
        "losses": losses,
    }
