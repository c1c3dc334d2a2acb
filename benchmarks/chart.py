"""Draws what was measured: the table beside PyTorch, flame graphs of steps, page faults.

    python benchmarks/chart.py [results] [docs/assets/timing]

reads `steps.json` (written by `run.py --json`) and `profile.json` (`step_profile.py --json`).
"""

import json
import re
import statistics
import sys
from pathlib import Path

import neural_net_viz as viz

HERE = Path(__file__).parent

# The row of profile.json that each flame graph shows, by file name.
FLAMES = {"flame-cnn": "CNN 28x28", "flame-transformer": "transformer d 128"}


def short(name: str) -> str:
    """Return a row's name without what the table says as well."""
    return re.sub(r", batch \d+|, causal, 4 heads| alone|Vanilla", "", name)


def steps(results: dict) -> viz.Figure:
    """The time of every row as a share of PyTorch's."""
    about, rows = results["machine"], results["rows"]
    mean = statistics.geometric_mean(row["ratio"] for row in rows)
    slower = [row["row"] for row in rows if row["ratio"] > 1]
    threads = f"{about['threads']} thread" + "s" * (about["threads"] > 1)
    text = (
        f"Time of one training step as a share of PyTorch's, {len(rows)} networks. Geometric mean "
        f"{mean:.2f}. Slower than PyTorch: {'; '.join(slower) or 'none'}. {about['cpu']}, "
        f"{threads}, NumPy {about['numpy']}, PyTorch {about['torch']}."
    )
    return viz.bar_chart(
        {short(row["row"]): round(row["ratio"], 2) for row in rows},
        errors={short(row["row"]): (row["ratio_high"] - row["ratio_low"]) / 2 for row in rows},
        value_label="time of a training step, PyTorch = 1",
        title="Training steps beside PyTorch",
        description=text,
    )


def flame(results: dict, name: str) -> viz.Figure:
    """The parts of one row's step."""
    row = next(row for row in results["rows"] if row.startswith(name))
    parts = {
        kind: {k: round(v, 2) for k, v in sorted(part.items(), key=lambda item: -item[1])}
        if isinstance(part, dict)
        else round(part, 2)
        for kind, part in results["rows"][row]["ms"].items()
    }
    return viz.flame_graph(parts, name="one training step", title=row)


def memory(results: dict) -> viz.Figure:
    """The time of a step with freed memory kept and given back."""
    return viz.bar_chart(
        {
            short(row): {setting: round(run["ms"], 1) for setting, run in parts["memory"].items()}
            for row, parts in results["rows"].items()
        },
        log=True,
        value_label="processor time of a training step in ms",
        title="Freed memory kept, and given back",
    )


def main(
    source: Path = HERE / "results", target: Path = HERE.parent / "docs/assets/timing"
) -> None:
    """Draw all figures."""
    measured = {
        name: json.loads((source / f"{name}.json").read_text()) for name in ("steps", "profile")
    }
    target.mkdir(parents=True, exist_ok=True)
    steps(measured["steps"]).save(target / "steps.svg")
    memory(measured["profile"]).save(target / "memory.svg")
    for file, name in FLAMES.items():
        flame(measured["profile"], name).save(target / f"{file}.svg")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
