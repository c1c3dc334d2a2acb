"""Put the last recorded measurements into the page of benchmarks, as a table.

They are what `nox -s bench -- --json benchmarks/results.json --svg benchmarks/chart.svg` wrote.
Without these files the page says so.
"""

import json
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
RESULTS, CHART = FOLDER / "results.json", FOLDER / "chart.svg"
PLACE = "<!-- measured -->"


def on_files(files: Any, *, config: Any, **_: Any) -> Any:
    """Add the chart, if there is one."""
    if CHART.is_file():
        files.append(File.generated(config, "figures/benchmarks.svg", abs_src_path=str(CHART)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark by the chart and the table."""
    if PLACE not in markdown:
        return markdown
    chart = "![Time per training step beside PyTorch's](figures/benchmarks.svg)\n\n"
    return markdown.replace(PLACE, (chart if CHART.is_file() else "") + table(RESULTS))


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
