"""Draws the table of `run.py` as bars: the time of PyTorch's step is 1, shorter is faster.

python benchmarks/chart.py results.json chart.svg
"""

import json
import statistics
import sys
from pathlib import Path

import neural_net_viz as viz


def draw(results: dict) -> viz.Figure:
    """Return the figure of the results that `run.py --json` wrote."""
    about, rows = results["machine"], results["rows"]
    mean = statistics.geometric_mean(row["ratio"] for row in rows)
    slower = [row["row"] for row in rows if row["ratio"] > 1]
    text = (
        f"Time of one training step as a share of PyTorch's, {len(rows)} networks. Geometric mean "
        f"{mean:.2f}. Slower than PyTorch: {', '.join(slower) or 'none'}. {about['cpu']}, "
        f"{about['threads']} threads, NumPy {about['numpy']}, PyTorch {about['torch']}."
    )
    return viz.bar_chart(
        {row["row"]: row["ratio"] for row in rows},
        errors={row["row"]: (row["ratio_high"] - row["ratio_low"]) / 2 for row in rows},
        value_label="time of a training step, PyTorch = 1",
        title="Training steps beside PyTorch",
        description=text,
    )


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    draw(json.loads(source.read_text())).save(target)
