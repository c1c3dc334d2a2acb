"""The main job: a network of one hidden layer reads handwritten digits.

1,437 images of 8 × 8 pixels to learn from, 360 others to be judged by, once, at the end. Settings
were chosen by cross-validation within the 1,437 (see the README), never on those 360.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import (
    CrossEntropyLoss,
    Dense,
    Module,
    ReLU,
    Sequential,
    init,
    no_grad,
    save_checkpoint,
    textbook,
)
from neural_net_optim import Adam
from neural_net_optim.schedules import CosineAnnealingLR
from neural_net_utils import (
    ArrayDataset,
    DataLoader,
    History,
    accuracy,
    confusion_matrix,
    fit,
    load_digits,
    train_test_split,
)

HERE = Path(__file__).parent
HIDDEN = 128
EPOCHS = 40
BATCH = 64
LEARNING_RATE = 3e-3
LABEL_SMOOTHING = 0.1
MEAN, SPREAD = 0.305, 0.376  # of the training images' pixels
HELD_OUT = 0.15  # of the training images, to watch the progress on
SEEDS = 5  # of `--seeds`, which repeats everything for a median


def standardize(pixels: np.ndarray) -> np.ndarray:
    """Shift and scale pixels from 0 … 1 to mean 0 and standard deviation 1."""
    return (pixels - np.float32(MEAN)) / np.float32(SPREAD)


def network(rng: np.random.Generator) -> Sequential:
    """Return 64 pixels -> 128 rectified units -> 10 scores, 9,610 numbers to learn."""
    return Sequential(
        Dense(64, HIDDEN, init=init.kaiming_normal, rng=rng),
        ReLU(),
        Dense(HIDDEN, 10, rng=rng),
    )


def train(seed: int, epochs: int = EPOCHS, progress: str = "auto") -> tuple[Module, History]:
    """Train one network, with everything drawn from one seed."""
    rng = np.random.default_rng(seed)
    images, labels = load_digits("train")
    x, x_held_out, y, y_held_out = train_test_split(
        standardize(images), labels, test_size=HELD_OUT, stratify=labels, rng=rng
    )
    loader = DataLoader(ArrayDataset(x, y), batch_size=BATCH, shuffle=True, rng=rng)
    model = network(rng)
    optimizer = Adam(model.parameters(), lr=LEARNING_RATE)
    history = fit(
        model,
        CrossEntropyLoss(label_smoothing=LABEL_SMOOTHING),
        optimizer,
        loader,
        epochs=epochs,
        validation=DataLoader(ArrayDataset(x_held_out, y_held_out), batch_size=256),
        metrics={"accuracy": accuracy},
        scheduler=CosineAnnealingLR(optimizer, T_max=epochs * len(loader)),
        progress=progress,
    )
    return model, history


def scores(model: Module, images: np.ndarray) -> np.ndarray:
    """Return ten scores for each image, (n, 10)."""
    with no_grad():
        return model.eval()(standardize(images)).numpy()


def test_accuracy(model: Module) -> float:
    """Return the share of the 360 test images that are read correctly."""
    images, labels = load_digits("test")
    return float(accuracy(scores(model, images), labels))


def draw(model: Module, history: History, images_folder: Path) -> int:
    """Draw the curves, the confusion matrix and the mistakes; return how many there are."""
    images, labels = load_digits("test")
    answers = scores(model, images).argmax(axis=1)
    viz.training_curves(
        {"training": history["loss"], "held out": history["val_loss"]},
        x=history.index,
        log_y=True,
        title="Learning to read digits",
    ).save(images_folder / "loss.svg")
    viz.confusion_matrix(
        confusion_matrix(answers, labels, num_classes=10),
        class_names=[str(d) for d in range(10)],
        title="What the 360 test images were taken for",
    ).save(images_folder / "confusion_matrix.svg")
    wrong = np.flatnonzero(answers != labels)
    viz.image_grid(
        images[wrong].reshape(-1, 8, 8),
        [f"{labels[i]}, read as {answers[i]}" for i in wrong],
        title=f"All {len(wrong)} mistakes",
    ).save(images_folder / "mistakes.svg")
    return len(wrong)


@textbook()  # every operation in the form that the course derives
def main(quick: bool = False, folder: Path = HERE, progress: str = "auto") -> dict[str, float]:
    """Train once, judge once, draw; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    untrained = network(np.random.default_rng(0))
    before = test_accuracy(untrained)
    save_checkpoint(checkpoints / "before.safetensors", model=untrained)

    start = time.perf_counter()
    model, history = train(seed=0, epochs=15 if quick else EPOCHS, progress=progress)
    seconds = time.perf_counter() - start
    after = test_accuracy(model)
    mistakes = draw(model, history, images)
    save_checkpoint(
        checkpoints / "after.safetensors", model=model, metadata={"test_accuracy": after}
    )
    print(f"{model.num_parameters():,} parameters, trained in {seconds:.1f} s")
    print(f"test accuracy {before:.1%} before, {after:.1%} after: {mistakes} of 360 mistaken")
    return {"before": before, "after": after, "seconds": seconds, "mistakes": mistakes}


@textbook()
def main_over_seeds() -> list[float]:
    """Repeat the training from other starts and print the median."""
    results = sorted(test_accuracy(train(seed, progress="off")[0]) for seed in range(SEEDS))
    print(f"test accuracy over {SEEDS} seeds: median {np.median(results):.1%}, "
          f"{results[0]:.1%} to {results[-1]:.1%}")  # fmt: skip
    return results


if __name__ == "__main__":
    if "--seeds" in sys.argv:
        main_over_seeds()
    else:
        quick = "--quick" in sys.argv
        # A quick run is a look, not a result: its figures stay out of the repository.
        main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
