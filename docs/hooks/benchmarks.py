"""Put the last recorded measurements into the page of benchmarks, as a table.

They are what `nox -s bench -- --json benchmarks/results.json` wrote. Without that file the page
says so.
"""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results.json"
PLACE = "<!-- measured -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark by the table."""
    return markdown.replace(PLACE, table(RESULTS)) if PLACE in markdown else markdown


def table(path: Path) -> str:
    """Write the records of one run as a table, the best ratio first."""
    if not path.is_file():
        return "*No measurement is recorded in this copy of the repository.*"
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = sorted(found["rows"], key=lambda row: row["ratio"])
    lines = ["| training step | here, µs | PyTorch, µs | ratio | lowest to highest |"]
    lines += ["|---|---:|---:|---:|---|"]
    lines += [
        f"| {row['row']} | {row['ours_us']:,.0f} | {row['torch_us']:,.0f} | **{row['ratio']:.2f}** "
        f"| {row['ratio_low']:.2f} to {row['ratio_high']:.2f} |"
        for row in rows
    ]
    won = sum(row["ratio"] < 1 for row in rows)
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    return "\n".join([*lines, "", f"Faster than PyTorch on {won} of {len(rows)} rows. {machine}."])
