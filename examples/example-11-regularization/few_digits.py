"""Two ways of having too little to learn from, both made of the same handwritten digits.

100 digits           few, but all of them right
300, 30 % wrong      more, but three labels in ten are another digit's
100, 400 noise       few, and 400 inputs beside the 64 pixels that mean nothing
"""

import dataclasses

import numpy as np

from neural_net_utils import load_digits

MEAN, SPREAD = 0.305, 0.376  # of the training images' ink
TUNING_POOL = 500  # training images that only the choice of settings sees


@dataclasses.dataclass(frozen=True)
class Task:
    """How many examples there are, how many have a wrong label, and how many inputs are noise."""

    name: str
    examples: int
    wrong: float = 0.0
    noise_inputs: int = 0


TASKS = (
    Task("100 digits", 100),
    Task("300, 30 % wrong", 300, wrong=0.3),
)


@dataclasses.dataclass
class Data:
    """Examples to learn from and others to be judged by."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def draw_data(task: Task, seed: int, tuning: bool = False) -> Data:
    """Draw the examples of one seed.

    Args:
        task: Which task.
        seed: Chooses the examples, the wrong labels and the noise.
        tuning: Whether to be judged on training images set aside for that, not on the test images.
    """
    rng = np.random.default_rng(seed)
    images, labels = load_digits("train")
    # The last ones are set aside, in the order of a permutation that never changes.
    order = np.random.default_rng(0).permutation(len(images))
    pool, aside = order[:-TUNING_POOL], order[-TUNING_POOL:]
    few = balanced(pool, labels, task.examples, rng)
    x, y = images[few], labels[few].copy()
    mislabelled = rng.permutation(len(few))[: round(task.wrong * len(few))]
    y[mislabelled] = (y[mislabelled] + rng.integers(1, 10, len(mislabelled))) % 10
    x_test, y_test = (images[aside], labels[aside]) if tuning else load_digits("test")
    return Data(with_noise(x, task, rng), y, with_noise(x_test, task, rng), y_test)


def balanced(pool: np.ndarray, labels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n rows of the pool, as many of each digit."""
    rows = rng.permutation(pool)
    return np.concatenate([rows[labels[rows] == digit][: n // 10] for digit in range(10)])


def with_noise(images: np.ndarray, task: Task, rng: np.random.Generator) -> np.ndarray:
    """Return standardized pixels, followed by inputs that mean nothing."""
    pixels = (images - np.float32(MEAN)) / np.float32(SPREAD)
    noise = rng.standard_normal((len(images), task.noise_inputs), dtype=np.float32)
    return np.hstack([pixels, noise])
