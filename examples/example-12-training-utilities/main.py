"""Three utilities that save a training run: warm-up, clipping, and stopping early.

Each is shown on runs that fail without it, over several seeds, and each is also shown where it
makes no difference: a remedy is understood when one knows what it is not for.
"""

import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np
from clipping import LENGTH, MAX_NORM, RATE, STEPS, recurrent_run
from rate_search import rate_search
from stopping_early import EPOCHS, FEW, WRONG, overfitting_run
from warm_up import DEPTH, WARMUP, deep_run

import neural_net_viz as viz
from neural_net_utils import track

HERE = Path(__file__).parent
# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
SEEDS = 5


def show_warm_up(seeds: range, images: Path) -> dict[str, float]:
    """Compare a deep stack with and without warm-up, and one that does not need it."""
    kinds = {
        "post-norm": (False, 0),
        "post-norm, warm-up": (False, WARMUP),
        "pre-norm": (True, 0),
        "pre-norm, warm-up": (True, WARMUP),
    }
    scores, curves = {}, {}
    for kind, (norm_first, warmup) in track(kinds.items(), "networks", progress=PROGRESS):
        runs = [deep_run(norm_first, warmup, seed) for seed in seeds]
        scores[kind] = [score for score, _ in runs]
        losses = np.array([history.steps["loss"] for _, history in runs])
        # Means of 20 steps: single batches of 64 jump over two powers of ten.
        curves[kind] = losses.reshape(len(runs), -1, 20).mean(axis=2)
        print(f"  {kind:<20}{spread(scores[kind])}")
    viz.training_curves(
        curves,
        x=20 * np.arange(1, curves["pre-norm"].shape[1] + 1),
        x_label="step",
        y_label="loss, mean of 20 steps",
        log_y=True,
        title=f"{DEPTH} blocks with and without warm-up",
    ).save(images / "warm_up.svg")
    viz.run_comparison(
        scores, value_label="test accuracy", title=f"{DEPTH} blocks, {len(seeds)} starts each"
    ).save(images / "warm_up_accuracy.svg")
    return {kind: float(np.median(values)) for kind, values in scores.items()}


def show_clipping(seeds: range, images: Path, steps: int) -> dict[str, float]:
    """Compare a recurrent network with and without clipping, at a high and at a low rate."""
    result, norms = {}, {}
    tasks = ((RATE, LENGTH), (RATE / 10, LENGTH // 10))
    plan = list(itertools.product(tasks, (False, True)))
    for (lr, length), clip in track(plan, "networks", progress=PROGRESS):
        runs = [recurrent_run(clip, seed, steps, lr, length) for seed in seeds]
        diverged = sum(r["diverged"] for r in runs)
        kind = f"length {length}, {f'clipped at {MAX_NORM:g}' if clip else 'not clipped'}"
        last = np.median([np.mean(r["losses"][-20:]) for r in runs])
        print(f"  {kind:<30}{diverged} of {len(runs)} diverged, last losses {last:.3g}")
        result[kind] = diverged / len(runs)
        if length == LENGTH:
            norms[kind] = runs[0]["norms"]
    viz.gradient_norms(
        norms, threshold=MAX_NORM, title=f"Gradients through {LENGTH} steps, before clipping"
    ).save(images / "clipping.svg")
    return result


def show_stopping_early(seeds: range, images: Path) -> dict[str, float]:
    """Compare training to the end with stopping early, with and without wrong labels."""
    result, scores = {}, {}
    plan = list(itertools.product((WRONG, 0.0), (False, True)))
    for wrong, stop in track(plan, "networks", progress=PROGRESS):
        runs = [overfitting_run(stop, seed, wrong) for seed in seeds]
        kind = f"{wrong:.0%} wrong, {'stopped early' if stop else f'{EPOCHS} epochs'}"
        scores[kind] = [score for score, _ in runs]
        epochs = np.median([len(history.index) for _, history in runs])
        print(f"  {kind:<26}{spread(scores[kind])}, {epochs:.0f} epochs")
        result[kind] = float(np.median(scores[kind]))
        if wrong and not stop:
            losses = {
                "training": np.array([h["loss"] for _, h in runs]),
                "held out": np.array([h["val_loss"] for _, h in runs]),
            }
            viz.training_curves(
                losses, log_y=True, title=f"{FEW} examples, {wrong:.0%} with a wrong label"
            ).save(images / "overfitting.svg")
    viz.run_comparison(
        scores, value_label="test accuracy", title=f"{FEW} examples, {len(seeds)} starts each"
    ).save(images / "stopping_early.svg")
    return result


def show_rate_search(seeds: range, images: Path) -> dict[str, float]:
    """Compare training at the rate that the finder suggests with one of a hundredth of it."""
    search, _ = rate_search(seeds[0])
    viz.line_plot(
        {"loss": (search.rates[: len(search.losses)], search.losses),
         "smoothed": (search.rates[: len(search.smoothed)], search.smoothed)},
        x_label="learning rate", y_label="loss", log_x=True,
        title=f"Learning-rate finder: {search.suggestion:.2g} suggested",
    ).save(images / "rate_search.svg")  # fmt: skip
    found, timid = [], []
    for seed in track(seeds, "starts", progress=PROGRESS):
        found.append(rate_search(seed))
        timid.append(rate_search(seed, found[-1][0].suggestion / 100)[1])
    suggestions = [s.suggestion for s, _ in found]
    print(f"  suggested rates {min(suggestions):.2g} to {max(suggestions):.2g}")
    print(f"  at the suggested rate     {spread([score for _, score in found])}")
    print(f"  at a hundredth of it      {spread(timid)}")
    return {
        "suggested": float(np.median([score for _, score in found])),
        "timid": float(np.median(timid)),
    }


def spread(scores: list[float]) -> str:
    return f"{np.median(scores):.1%} ({min(scores):.1%} to {max(scores):.1%})"


def main(quick: bool = False, folder: Path = HERE) -> dict[str, float]:
    """Show all three; return what was measured."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    # Depth, rates and lengths were chosen on seeds 0 to 3; these are others.
    seeds = range(10, 11 if quick else 10 + SEEDS)
    print(f"warm-up, test accuracy after training {DEPTH} blocks:")
    result = show_warm_up(seeds, images)
    print("clipping, a recurrent network on the adding problem:")
    result |= show_clipping(seeds, images, 20 if quick else STEPS)
    print(f"stopping early, {FEW} examples:")
    result |= show_stopping_early(seeds, images)
    print("the learning-rate finder, SGD for 5 epochs:")
    result |= show_rate_search(seeds, images)
    return result


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    if not quick:
        print(
            "All of it takes two to three minutes on one core; --quick shows it in small.",
            file=sys.stderr,
        )
    # A quick run is a look, not a result: its figures stay out of the repository.
    main(quick, Path(tempfile.mkdtemp()) if quick else HERE)
