"""Optimizers on one small, awkward problem: what differs is how fast, and at which learning rate.

Three-bit parity by a 3-6-1 network with sigmoid hidden units and squared error: long plateaus, then
sudden drops. Every optimizer gets the same grid of learning rates; its best rate is chosen on five
starts, and what is reported comes from ten others.
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import neural_net_viz as viz
from neural_net_core import FeedForward, MSELoss, save_checkpoint
from neural_net_optim import SGD, Adam, AdamW, Optimizer, RMSprop
from neural_net_utils import parity, track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
TABLE = parity(3)
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": SGD,
    "momentum 0.9": lambda params, lr: SGD(params, lr, momentum=0.9),
    "Nesterov 0.9": lambda params, lr: SGD(params, lr, momentum=0.9, nesterov=True),
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": lambda params, lr: AdamW(params, lr, weight_decay=1e-4),
}
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
TUNING_SEEDS = range(100, 105)
SEEDS = range(10)
TARGET = 0.03  # mean absolute error over the eight rows
MOST_STEPS = 6_000
BUDGET = 500  # steps after which the errors are compared
HOPELESS = 1e3  # an error like this one will not come back


def run(make: Callable[..., Optimizer], lr: float, seed: int, steps: int = MOST_STEPS) -> dict:
    """Train until the target is reached; return steps, seconds and the error's course."""
    model = FeedForward((3, 6, 1), rng=np.random.default_rng(seed))
    optimizer, loss_fn = make(model.parameters(), lr=lr), MSELoss()
    errors = []
    start = time.perf_counter()
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is one of the results
        for _ in range(steps):
            y = model(TABLE.inputs)
            errors.append(float(np.abs(y.data - TABLE.outputs).mean()))
            if errors[-1] <= TARGET or not errors[-1] < HOPELESS:
                break
            loss = loss_fn(y, TABLE.outputs)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    reached = errors[-1] <= TARGET
    return {
        "steps": len(errors) - 1 if reached else math.inf,
        "seconds": time.perf_counter() - start,
        "diverged": not errors[-1] < HOPELESS,
        "errors": errors,
        "model": model,
    }


def tune(rates: tuple[float, ...], seeds: range) -> tuple[np.ndarray, list[list[str]]]:
    """Return the median steps for each optimizer and rate, and what to write in the cells."""
    medians = np.full((len(OPTIMIZERS), len(rates)), math.nan)
    texts = []
    for i, make in enumerate(track(OPTIMIZERS.values(), "choosing rates", progress=PROGRESS)):
        row = []
        for j, lr in enumerate(rates):
            runs = [run(make, lr, seed) for seed in seeds]
            medians[i, j] = np.median([r["steps"] for r in runs])
            diverged = sum(r["diverged"] for r in runs)
            stuck = f"{diverged} diverged" if diverged else "not reached"
            row.append(f"{medians[i, j]:.0f}" if math.isfinite(medians[i, j]) else stuck)
        texts.append(row)
    return medians, texts


def padded(errors: list[float]) -> np.ndarray:
    """Return the error over the whole budget; after the target it is not trained any more."""
    course = np.array(errors[:BUDGET])
    return np.concatenate([course, np.full(BUDGET - len(course), course[-1])])


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Choose each optimizer's rate, compare at those; return what was measured."""
    images, checkpoints = folder / "images", folder / "checkpoints"
    images.mkdir(exist_ok=True)
    checkpoints.mkdir(exist_ok=True)
    rates = (0.03, 0.3, 3.0) if quick else RATES
    medians, texts = tune(rates, TUNING_SEEDS[:1] if quick else TUNING_SEEDS)
    viz.heat_map(
        medians,
        texts=texts,
        row_labels=OPTIMIZERS,
        column_labels=[f"{r:g}" for r in rates],
        row_title="optimizer",
        column_title="learning rate",
        value_label=f"median steps to error {TARGET}",
        log=True,
        best="low",
        title="3-bit parity: the rate matters more than the optimizer",
    ).save(images / "rates.svg")

    result: dict[str, float] = {}
    curves, every = {}, {}
    print(f"{'':<14}{'rate':>6}{'solved':>8}{'steps to 0.03, median (range)':>33}"
          f"{'ms':>8}{f'  error at {BUDGET}':>16}")  # fmt: skip
    rows = track(OPTIMIZERS.items(), "optimizers", progress=PROGRESS)
    for i, (name, make) in enumerate(rows):
        lr = rates[int(np.argmin(medians[i]))]
        runs = [run(make, lr, seed) for seed in (SEEDS[:3] if quick else SEEDS)]
        steps = np.array([r["steps"] for r in runs])
        spread = f"{np.median(steps):,.0f} ({steps.min():,.0f} to {steps.max():,.0f})"
        milliseconds = np.median([r["seconds"] for r in runs]) * 1e3
        courses = np.array([padded(r["errors"]) for r in runs])
        error = float(np.median(courses[:, -1]))
        label = f"{name}, {lr:g}"
        curves[label], every[label] = courses, steps
        result |= {f"{name} steps": float(np.median(steps)), f"{name} error": error}
        print(f"{name:<14}{lr:>6g}{np.isfinite(steps).sum():>5}/{len(runs)}{spread:>33}"
              f"{milliseconds:>8.0f}{error:>16.3f}")  # fmt: skip
    save_checkpoint(checkpoints / "adamw.safetensors", model=runs[0]["model"])
    viz.training_curves(
        curves, x_label="step", y_label="mean absolute error", log_y=True, band="quartiles",
        title="Each optimizer at its own best rate",
    ).save(images / "curves.svg")  # fmt: skip
    viz.run_comparison(
        every, value_label=f"steps to error {TARGET}", log=True, title="Ten starts each"
    ).save(images / "steps.svg")

    wild = run(SGD, lr=30.0, seed=0)
    result["diverged"] = wild["diverged"]
    print(
        f"SGD at rate 30: error {wild['errors'][-1]:.1e} after {len(wild['errors']) - 1} steps, "
        f"diverged: {wild['diverged']}"
    )
    ratio = result["SGD steps"] / result["Adam steps"]
    timid = np.median([run(Adam, 1e-3, seed)["steps"] for seed in (SEEDS[:3] if quick else SEEDS)])
    print(
        f"Adam needs {ratio:.1f} times fewer steps than SGD, each at its best rate; at its "
        f"default rate 0.001 Adam needs {timid:,.0f}"
    )
    return {**result, "ratio": ratio, "Adam at 0.001": float(timid)}


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes about three minutes on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
