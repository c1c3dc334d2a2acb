"""Deep networks: a plain stack of 64 layers learns nothing; sums around pairs of layers mend it.

All begin with He's weights and get 500 gradient steps on two spirals. A rate is chosen for every
kind and depth on three seeds; what is reported comes from five others.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from beginnings import first_gradients, likeness
from descent import Task, digits, spirals, train
from stacks import KINDS, network

import neural_net_viz as viz
from neural_net_utils import track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
DEPTH, STEPS = 64, 500
DEPTHS = (6, 16, 32, 64)
RATES = (0.003, 0.01, 0.03, 0.1)
TRAINED = ("plain, PyTorch's default", "plain", "plain, BatchNorm", "residual",
           "residual, LayerNorm")  # fmt: skip
SWEPT = ("plain", "residual", "residual, LayerNorm")
DIGITS_DEPTH = 32
TUNING_SEEDS = range(100, 103)
SEEDS = range(5)


def trained(kind: str, task: Task, lr: float, seeds: range, depth: int, steps: int) -> dict:
    """Train networks of one kind, on spirals (two inputs and classes) or digits (64 and 10)."""
    sizes = task.x.shape[2], int(task.y.max()) + 1
    return train(network(kind, depth, seeds, sizes), task, lr, steps)


def tune(kind: str, seeds: range, depth: int, steps: int) -> float:
    """Return the rate with the least median loss after half of the steps."""
    task = spirals(seeds)
    losses = [np.median(trained(kind, task, lr, seeds, depth, steps // 2)["loss"]) for lr in RATES]
    return RATES[int(np.argmin(losses))]


def show_beginnings(depths: tuple[int, ...], seeds: range, images: Path) -> dict[str, float]:
    """Print how much of the gradient reaches the first layer, by depth, and draw it by layer."""
    result = {}
    print("gradient of the first layer's weights : of the last one's, before training")
    print(f"{'layers':<26}" + "".join(f"{depth:>10}" for depth in depths))
    for kind in KINDS:
        norms = [np.median(first_gradients(kind, depth, seeds), axis=0) for depth in depths]
        ratios = [float(n[0] / n[-1]) for n in norms]
        print(f"{kind:<26}" + "".join(f"{ratio:>10.1e}" for ratio in ratios))
        result |= {f"{kind}, ratio at {d}": r for d, r in zip(depths, ratios, strict=True)}
    deepest = depths[-1]
    viz.line_plot(
        {k: np.median(first_gradients(k, deepest, seeds), axis=0) for k in KINDS},
        x=np.arange(1, deepest + 1), x_label="layer", y_label="gradient norm", log_y=True,
        title=f"{deepest} layers before training: gradients",
    ).save(images / "gradients.svg")  # fmt: skip
    viz.line_plot(
        {k: np.median(likeness(k, deepest, seeds), axis=0) for k in KINDS},
        x=np.arange(1, deepest, 2), x_label="layer", y_label="mean cosine between points",
        title=f"{deepest} layers before training: how alike points look",
    ).save(images / "likeness.svg")  # fmt: skip
    return result


def report(depth: int, kind: str, lr: float, runs: dict) -> float:
    """Print one line; return the median accuracy."""
    scores, middle = runs["accuracy"], float(np.median(runs["accuracy"]))
    shown = f"{middle:.1%} ({min(scores):.1%} to {max(scores):.1%})"
    print(f"{depth:>3}  {kind:<25}rate {lr:<5g}{shown:>24}{np.median(runs['reached']):>8,.0f}")
    return middle


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Look at the beginnings, train at all depths; return what was measured."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    depths, steps = ((6, 12), 50) if quick else (DEPTHS, STEPS)
    seeds, tuning = (SEEDS[:2], TUNING_SEEDS[:1]) if quick else (SEEDS, TUNING_SEEDS)
    result = show_beginnings(depths, seeds, images)
    task = spirals(seeds)
    print(f"two spirals, {steps} steps: held-out accuracy, median (range), and steps to 95 %")
    rates, courses, by_depth = {}, {}, {kind: [] for kind in SWEPT}
    plan = [
        (depth, kind) for depth in depths for kind in (TRAINED if depth == depths[-1] else SWEPT)
    ]
    for depth, kind in track(plan, "networks", progress=PROGRESS):
        lr = rates[kind, depth] = tune(kind, tuning, depth, steps)
        runs = trained(kind, task, lr, seeds, depth, steps)
        result[f"{kind}, {depth}"] = report(depth, kind, lr, runs)
        result[f"{kind}, {depth}, steps"] = float(np.median(runs["reached"]))
        if depth == depths[-1]:
            courses[kind] = runs["course"]
        if kind in SWEPT:
            by_depth[kind].append(runs["accuracy"])
    looks = np.linspace(0, steps, courses["plain"].shape[1] + 1)[1:]
    viz.training_curves(
        courses, x=looks, x_label="step", y_label="held-out accuracy", band="quartiles",
        title=f"Two spirals, {depths[-1]} layers",
    ).save(images / "curves.svg")  # fmt: skip
    viz.training_curves(
        {kind: np.stack(scores, axis=1) for kind, scores in by_depth.items()}, x=depths,
        x_label="layers", y_label="held-out accuracy", log_x=True,
        title="Where plain networks die",
    ).save(images / "depths.svg")  # fmt: skip
    print("digits, at the rates found on the spirals:")
    depth = depths[-1] if quick else DIGITS_DEPTH
    for kind in track(SWEPT, "networks", progress=PROGRESS):
        lr = rates[kind, depth]
        runs = trained(kind, digits(seeds), lr, seeds, depth, steps)
        result[f"{kind}, digits"] = report(depth, kind, lr, runs)
    return result


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes three to five minutes on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
