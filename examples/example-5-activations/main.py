"""Activations: one six-layer network on two spirals, and only the function between layers differs.

The start is the same for all (He's), the budget too (1,000 plain gradient steps), and so is the
grid of rates. A rate is chosen on three seeds and what is reported comes from five others.
"""

import math
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import regions
import shapes
from spirals import (
    EVERY,
    LAYERS,
    STEPS,
    dead_share,
    inside,
    network,
    run,
    saturated_share,
    spirals,
)
from starts import LONG, PROGRESS, compare

import neural_net_viz as viz
from neural_net_core import ELU, GELU, SELU, LeakyReLU, Mish, Module, ReLU, SiLU, Tanh
from neural_net_core import Sigmoid as Logistic
from neural_net_core import sigmoid as probability
from neural_net_utils import track

HERE = Path(__file__).parent
ACTIVATIONS: dict[str, Callable[[], Module]] = {
    "Sigmoid": Logistic,
    "Tanh": Tanh,
    "ReLU": ReLU,
    "LeakyReLU": partial(LeakyReLU, 0.01),
    "ELU": ELU,
    "SELU": SELU,
    "GELU": GELU,
    "SiLU": SiLU,
    "Mish": Mish,
}
RATES = (0.1, 0.3, 1.0)
TUNING_SEEDS = range(100, 103)
SEEDS = range(5)
PICTURED = ("Sigmoid", "Tanh", "ReLU", "GELU")


def trained(
    name: str, lr: float, seeds: range, steps: int = STEPS, look_at: tuple[int, ...] = ()
) -> dict:
    """Train with one activation; add what the hidden units look like before and afterwards."""
    model = network(ACTIVATIONS[name], seeds)
    x = spirals(seeds)[0]
    before, _ = inside(model, x)
    result = run(model, seeds, lr, steps, look_at)
    with np.errstate(over="ignore", invalid="ignore"):
        _, slopes = inside(model, x)
    steepest = shapes.steepest(ACTIVATIONS[name])
    return {
        **result,
        "model": model,
        "before": before,
        "dead": np.mean([dead_share(s) for s in slopes], axis=0),
        "saturated": np.mean([saturated_share(s, steepest) for s in slopes], axis=0),
    }


def tune(rates: tuple[float, ...], seeds: range, steps: int) -> dict[str, np.ndarray]:
    """Return loss, accuracy and dead share, medians for each activation (row) and rate."""
    names = track(ACTIVATIONS, "choosing rates", progress=PROGRESS)
    runs = [[trained(name, lr, seeds, steps) for lr in rates] for name in names]
    grid = {
        key: np.array([[np.median(r[key]) for r in row] for row in runs])
        for key in ("loss", "accuracy", "dead")
    }
    for key in ("accuracy", "dead"):
        grid[key][np.isinf(grid["loss"])] = math.nan
    return grid


def draw_grid(values: np.ndarray, rates: tuple[float, ...], what: str, title: str) -> viz.Figure:
    """Draw a heat map of percentages, activations by rates."""
    return viz.heat_map(
        values, texts=[[f"{v:.1%}" if v == v else "diverged" for v in row] for row in values],
        row_labels=ACTIVATIONS, column_labels=[f"{r:g}" for r in rates],
        row_title="activation", column_title="learning rate", value_label=what, title=title,
    )  # fmt: skip


def draw_inside(
    name: str, result: dict, seeds: range, looks: tuple[int, ...], images: Path
) -> None:
    """Draw gradients over training, first activations, and the decision of the median start."""
    middle = int(np.argsort(result["accuracy"])[len(seeds) // 2])
    x, y, _, _ = spirals(seeds[middle : middle + 1])
    layers = [f"layer {i + 1}" for i in range(LAYERS)]
    sizes = np.median(result["gradients"], axis=2).T  # (layers, times)
    viz.gradient_flow(
        dict(zip(layers, sizes, strict=True)),
        step_labels=[f"step {step + 1:,}" for step in looks],
        title=f"{name}: gradient of each layer's weights",
    ).save(images / f"gradients_{name.lower()}.svg")
    viz.activation_histograms(
        {layer: a[middle] for layer, a in zip(layers, result["before"], strict=False)},
        title=f"{name} before training",
    ).save(images / f"histograms_{name.lower()}.svg")
    viz.decision_boundary(
        lambda points: probability(result["model"](points)).numpy()[middle], x[0], y[0, :, 0],
        title=f"{name}: {result['accuracy'][middle]:.1%} of held-out points right",
    ).save(images / f"boundary_{name.lower()}.svg")  # fmt: skip


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Compare the activations, then the starts; return what was measured."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    shapes.draw(ACTIVATIONS, images)
    regions.film().save(images / "regions.svg")
    rates, tuning, seeds = (RATES[:2], TUNING_SEEDS[:1], SEEDS[:1]) if quick else (
        RATES, TUNING_SEEDS, SEEDS)  # fmt: skip
    steps, looks = (50, (0, 9, 49)) if quick else (STEPS, (0, 99, STEPS - 1))
    grid = tune(rates, tuning, steps)
    title = f"Two spirals, {steps:,} steps"
    draw_grid(grid["accuracy"], rates, "held-out accuracy", title).save(images / "rates.svg")
    draw_grid(grid["dead"], rates, "dead units", f"{title}: dead units").save(images / "dead.svg")
    result: dict[str, float] = {}
    print(f"{'':<11}{'rate':>5}{'held-out, median (range)':>28}{'steps to 95 %':>15}"
          f"{'gradient 1st : last':>21}{'dead':>7}{'saturated':>11}")  # fmt: skip
    names = track(ACTIVATIONS, "activations", progress=PROGRESS)
    for name, losses in zip(names, grid["loss"], strict=True):
        lr = rates[int(np.argmin(losses))]
        runs = trained(name, lr, seeds, steps, looks)
        reached, dead, saturated = (np.median(runs[k]) for k in ("reached", "dead", "saturated"))
        ratio = np.median(runs["gradients"][0, 0] / runs["gradients"][0, -1])
        print(f"{name:<11}{lr:>5g}{spread(runs['accuracy']):>28}{reached:>15,.0f}{ratio:>21.1e}"
              f"{dead:>7.1%}{saturated:>11.1%}")  # fmt: skip
        result |= {name: float(np.median(runs["accuracy"])), f"{name} ratio": float(ratio)}
        if name in PICTURED:
            draw_inside(name, runs, seeds, looks, images)
    long = 50 if quick else LONG
    print(f"{'other starts':<25}{'rate':>5}{f'{steps:,} steps':>27}{f'{long:,} steps':>27}")
    for case, (lr, runs) in compare(tuning, seeds, long).items():
        early = runs["course"][steps // EVERY - 1]
        print(f"{case:<25}{lr:>5g}{spread(early):>27}{spread(runs['accuracy']):>27}")
        result[case] = float(np.median(early))
        result[f"{case}, long"] = float(np.median(runs["accuracy"]))
    return result


def spread(scores: np.ndarray) -> str:
    return f"{np.median(scores):.1%} ({min(scores):.1%} to {max(scores):.1%})"


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes one to three minutes on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
