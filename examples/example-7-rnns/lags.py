"""A film: how far back the last state depends on the input, while three networks learn to add."""

import numpy as np
from adding import BATCH, RATE, WIDTH, gradient_by_lag
from reader import KINDS, Reader, train

import neural_net_viz as viz
from neural_net_core import MSELoss
from neural_net_utils import adding_problem

LENGTH, EVERY, FRAMES = 20, 15, 24
DECADES = 4  # a cell is empty where a ten-thousandth of the row's largest gradient arrives


def film(seed: int = 0) -> viz.Figure:
    """Draw a row for each kind, a column for each lag, and the mean of the three losses."""
    snapshots, losses = {}, []
    models = {kind: Reader(kind, 2, WIDTH, 1, np.random.default_rng(seed)) for kind in KINDS}
    rng = np.random.default_rng(seed)
    for step in range(0, FRAMES * EVERY + 1, EVERY):
        rows = [gradient_by_lag(model, LENGTH, seed) for model in models.values()]
        shares = [np.log10(row / row.max()) / DECADES + 1 for row in rows]
        snapshots[step] = np.clip(shares, 0, 1)
        runs = [
            train(model, lambda: adding_problem(BATCH, LENGTH, rng=rng), MSELoss(), EVERY, RATE)
            for model in models.values()
        ]
        losses += np.mean(runs, axis=0).tolist()
    lags = [str(lag) for lag in range(LENGTH)]
    return viz.alignment_animation(
        snapshots,
        lags,
        list(KINDS),
        losses[: FRAMES * EVERY + 1],
        title="How far back the state depends on the input",
        row_label="network",
        column_label="steps back",
        value_label="log of the gradient, 0 for 1/10,000",
        description="The gradient that arrives at each input, relative to the largest of its "
        f"row, for {', '.join(KINDS)} at {FRAMES + 1} moments, and the mean of their losses.",
    )
