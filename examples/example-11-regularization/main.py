"""Seven remedies against overfitting on two kinds of scarce data, and what each is good for.

A network of 1,000 hidden units learns all its examples by heart. What it then makes of others
depends on what was wrong with the examples, and so does which remedy helps.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from few_digits import TASKS, Task, draw_data
from remedies import EPOCHS, STRENGTHS, judged, train

import neural_net_viz as viz
from neural_net_utils import track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
SEEDS = 10

WATCHED = ("none", "dropout", "AdamW", "L1")  # judged after every epoch, for the curves

Runs = dict[str, list[dict[str, float]]]
Courses = dict[str, dict[str, np.ndarray]]


def compare(task: Task, seeds: range, epochs: int) -> tuple[Runs, Courses]:
    """Train the network with each remedy on each seed's examples.

    Returns:
        Both scores of every run, and of some remedies their courses over the epochs.
    """
    runs: Runs = {}
    courses: Courses = {}
    remedies = STRENGTHS[task.name].items()
    for remedy, strength in track(remedies, "remedies", progress=PROGRESS):
        runs[remedy] = []
        histories = []
        for seed in seeds:
            data = draw_data(task, seed)
            model, history = train(
                remedy, strength, data, seed, epochs=epochs, watch=remedy in WATCHED
            )
            zeros = float((model[0].weight.numpy() == 0).mean())
            runs[remedy].append(judged(model, data) | {"zeros": zeros})
            histories.append(history)
        if remedy in WATCHED:
            courses[remedy] = {
                side: np.array([history[side] for history in histories])
                for side in ("train", "test")
            }
        print(f"  {remedy:<16}{strength:>6g}{column(runs[remedy], 'train'):>10.1%}"
              f"{spread(runs[remedy]):>27}{gain(runs, remedy):>+8.1f}"
              f"{better(runs, remedy):>7}", flush=True)  # fmt: skip
    return runs, courses


def column(runs: list[dict[str, float]], name: str) -> float:
    return float(np.median([run[name] for run in runs]))


def spread(runs: list[dict[str, float]]) -> str:
    scores = [run["test"] for run in runs]
    return f"{np.median(scores):.1%} ({min(scores):.1%} to {max(scores):.1%})"


def differences(runs: Runs, remedy: str) -> np.ndarray:
    """Return what the remedy changes, in points, on each seed's own examples."""
    pairs = zip(runs[remedy], runs["none"], strict=True)
    return np.array([100 * (with_it["test"] - without["test"]) for with_it, without in pairs])


def gain(runs: Runs, remedy: str) -> float:
    return float(np.median(differences(runs, remedy)))


def better(runs: Runs, remedy: str) -> str:
    return (
        "" if remedy == "none" else f"{(differences(runs, remedy) > 0).sum()}/{len(runs['none'])}"
    )


def draw_scores(task: Task, runs: Runs, images: Path) -> None:
    """Draw the test accuracy of every seed under every remedy."""
    viz.run_comparison(
        {remedy: [run["test"] for run in some] for remedy, some in runs.items()},
        value_label="test accuracy", title=f"Remedies: {task.name}",
    ).save(images / f"{file_name(task)}.svg")  # fmt: skip


def draw_courses(task: Task, courses: Courses, images: Path) -> None:
    """Draw the gap between training and test, and the test accuracy under some remedies."""
    viz.train_test_gap(
        courses["none"]["train"], courses["none"]["test"], title=f"No remedy: {task.name}"
    ).save(images / f"{file_name(task)}_gap.svg")
    viz.training_curves(
        {remedy: course["test"] for remedy, course in courses.items()},
        y_label="test accuracy", band="quartiles", title=f"Test accuracy: {task.name}",
    ).save(images / f"{file_name(task)}_curves.svg")  # fmt: skip


def draw_weights(task: Task, seed: int, images: Path) -> None:
    """Draw how much weight each pixel has without a remedy, with L2 and with L1."""
    data = draw_data(task, seed)
    lengths = {}
    for remedy in ("none", "L2", "L1"):
        model, _ = train(remedy, STRENGTHS[task.name][remedy], data, seed)
        lengths[remedy] = np.linalg.norm(model[0].weight.numpy(), axis=0).reshape(8, 8)
    viz.image_grid(
        np.stack(list(lengths.values())), list(lengths), colors="sequential",
        value_label="length", title="Weights per pixel",
    ).save(images / "weights.svg")  # fmt: skip


def file_name(task: Task) -> str:
    return task.name.replace(" %", "").replace(", ", "_").replace(" ", "_")


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Compare all remedies on all tasks; return the medians."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    # Strengths were chosen by strengths.py on other examples and other images.
    seeds = range(1) if quick else range(SEEDS)
    result = {}
    for task in TASKS:
        print(f"{task.name:<18}{'':>6}{'training':>10}{'test':>27}{'gain':>8}{'seeds':>7}")
        runs, courses = compare(task, seeds, 5 if quick else EPOCHS)
        draw_scores(task, runs, images)
        draw_courses(task, courses, images)
        for remedy, some in runs.items():
            result[f"{task.name}: {remedy}"] = column(some, "test")
            result[f"{task.name}: {remedy}, training"] = column(some, "train")
            result[f"{task.name}: {remedy}, zeros"] = column(some, "zeros")
    sparse = result[f"{TASKS[-1].name}: L1, zeros"]
    print(f"L1 on {TASKS[-1].name}: {sparse:.1%} of the first layer's weights are exactly 0")
    draw_weights(TASKS[-1], seeds[0], images)
    return result


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes about a minute on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
