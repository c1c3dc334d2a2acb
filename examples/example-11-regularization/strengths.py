"""Chooses how strong each remedy is, on images that the comparison never sees."""

import sys

import numpy as np
from few_digits import TASKS, draw_data
from remedies import judged, train

from neural_net_utils import track

# A bar in a terminal; what is written to a file holds the results alone.
PROGRESS = "auto" if sys.stdout.isatty() else "off"
TUNING_SEEDS = range(100, 103)
GRID = {
    "none": (0.0,),
    "dropout": (0.5, 0.8, 0.9),
    "L2": (3e-2, 1e-1, 3e-1),
    "AdamW": (3.0, 10.0, 30.0),
    "L1": (0.3, 0.6, 1.0),
    "label smoothing": (0.1, 0.5),
    "early stopping": (3, 10),
    "augmentation": (0, 1),
}


def main() -> None:
    """Print the median accuracy of every strength."""
    for task in TASKS:
        print(task.name, flush=True)
        for remedy, strengths in track(GRID.items(), "remedies", progress=PROGRESS):
            medians = {}
            for strength in strengths:
                scores = []
                for seed in TUNING_SEEDS:
                    data = draw_data(task, seed, tuning=True)
                    model, _ = train(remedy, strength, data, seed)
                    scores.append(judged(model, data)["test"])
                medians[strength] = np.median(scores)
            best = max(medians, key=medians.__getitem__)
            row = "  ".join(f"{s:g}: {m:.1%}" for s, m in medians.items())
            print(f"  {remedy:<16} best {best:<6g} {row}", flush=True)


if __name__ == "__main__":
    main()
