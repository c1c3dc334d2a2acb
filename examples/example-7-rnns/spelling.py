"""Numbers of handwritten digits side by side, spelled by a network that is never told where in the
picture a digit begins and ends: connectionist temporal classification."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neural_net_core import Dense, Module, Tensor, ctc_loss, log_softmax, no_grad
from neural_net_layers import LSTM
from neural_net_optim import Adam, PolynomialLR, clip_grad_norm
from neural_net_utils import Digits, ctc_beam_decode, ctc_greedy_decode, label_error_rate

BLANK = 10  # the classes before it are the digits
LENGTHS = 3, 6  # the fewest and the most digits of a number
GAPS = 0, 4  # the fewest and the most empty columns before, between and after digits
WIDTH, BATCH, RATE, STEPS = 32, 32, 0.01, 2_000
NOISE = 0.1  # on the pixels of training, so that 1,437 images last longer
HELD_OUT = 500  # numbers, of images that are not trained on

Numbers = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def written(digits: Digits, count: int, rng: np.random.Generator) -> Numbers:
    """Write numbers; return columns (B, T, 8), digits (B, S), and how many there are of both."""
    lengths = rng.integers(LENGTHS[0], LENGTHS[1] + 1, count)
    labels = np.zeros((count, LENGTHS[1]), int)
    pictures = []
    for i, length in enumerate(lengths):
        chosen = rng.integers(0, len(digits.labels), length)
        labels[i, :length] = digits.labels[chosen]
        pieces = [empty(rng)]
        for image in digits.images[chosen]:
            pieces += [image.reshape(8, 8).T, empty(rng)]  # a row for each column of pixels
        pictures.append(np.concatenate(pieces))
    frames = np.array([len(picture) for picture in pictures])
    x = np.zeros((count, frames.max(), 8), np.float32)
    for row, picture in zip(x, pictures, strict=True):
        row[: len(picture)] = picture
    return x, labels, frames, lengths


def empty(rng: np.random.Generator) -> np.ndarray:
    return np.zeros((rng.integers(GAPS[0], GAPS[1] + 1), 8))


class Speller(Module):
    """For each column, logarithms of the probabilities of the digits and of the blank."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.memory = LSTM(8, WIDTH, bidirectional=True, forget_bias=1.0, rng=rng)
        self.name = Dense(2 * WIDTH, BLANK + 1, rng=rng)

    def forward(self, x: np.ndarray, frames: np.ndarray) -> Tensor:
        states, _ = self.memory(x, lengths=frames)
        return log_softmax(self.name(states), -1)


def spelling_run(
    digits: Digits,
    seed: int,
    steps: int = STEPS,
    *,
    look: Callable[[Speller], Any] = lambda model: None,
    at: Sequence[int] = (),
) -> tuple[Speller, list[float], list[Any]]:
    """Train; return the network, the losses per digit, and what `look` saw at steps and at last."""
    rng = np.random.default_rng(seed)
    model = Speller(rng)
    optimizer = Adam(model.parameters(), RATE)
    scheduler = PolynomialLR(optimizer, total_iters=steps)
    losses, seen = [], []
    for step in range(steps):
        if step in at:
            seen.append(look(model))
        x, labels, frames, lengths = written(digits, BATCH, rng)
        x += NOISE * rng.normal(size=x.shape).astype(np.float32)
        loss = ctc_loss(model(x, frames), labels, frames, lengths, blank=BLANK)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    return model, losses, [*seen, look(model)]


def errors(model: Speller, numbers: Numbers) -> dict[str, float]:
    """Return the label error rate and the share of numbers with an error, decoded in two ways."""
    x, labels, frames, lengths = numbers
    with no_grad():
        y = model(x, frames)
    right = [row[:n].tolist() for row, n in zip(labels, lengths, strict=True)]
    likeliest = ctc_beam_decode(y, frames, blank=BLANK, beams=8)
    decoded = {
        "greedy": ctc_greedy_decode(y, frames, blank=BLANK),
        "8 beams": [beams[0].tokens for beams in likeliest],
    }
    result = {}
    for how, found in decoded.items():
        result[how] = label_error_rate(found, right)
        wrong = [a.tolist() != b for a, b in zip(found, right, strict=True)]
        result[f"{how}, whole numbers"] = float(np.mean(wrong))
    return result


def alignment(model: Speller, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which digit each column of a number (T, 8) stands for, if it reads as the labels.

    The gradient of the loss by the logarithms is minus these probabilities, (T, classes).
    """
    with no_grad():
        y = model(x[np.newaxis], np.array([len(x)]))
    log_probs = Tensor(y.data[0], requires_grad=True)
    loss = ctc_loss(log_probs, labels, len(x), len(labels), blank=BLANK, reduction="sum")
    loss.backward()
    return -log_probs.grad
