"""Put the recorded measurements into the page of benchmarks, as a table.

They are what `nox -s bench -- --threads 1 --json benchmarks/results/steps.json` wrote, and
`--threads 2 --json benchmarks/results/steps-2-threads.json`. Without these files the page says so.
"""

import json
import statistics
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
PLACE = "<!-- measured -->"
FROM_RECORD = "<!-- recorded -->"
TWO, MANY = "<!-- two ranks -->", "<!-- many ranks -->"
# Of a step that is run from its record: the ratios, and what their columns are called.
RECORDED = {
    "recorded_torch_ratio": "recorded",
    "recorded_jax_ratio": "recorded, beside JAX",
    "recorded_compile_ratio": "recorded, beside compiled",
}
BESIDE = {
    "recorded_torch_ratio": "beside PyTorch",
    "recorded_jax_ratio": "beside JAX",
    "recorded_compile_ratio": "beside the compiled step",
    "recorded_ours_ratio": "beside the step as it is written",
}
MISSING = "*No measurement is recorded in this copy of the repository.*"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marks by the tables."""
    marks = ((PLACE, table), (FROM_RECORD, recorded), (TWO, two_ranks), (MANY, many_ranks))
    for place, make in marks:
        if place in markdown:
            markdown = markdown.replace(place, make(RESULTS))
    return markdown


def table(folder: Path) -> str:
    """Write the records as a table, the best ratio first, with a second column for two threads."""
    one, two = (read(folder / name) for name in ("steps.json", "steps-2-threads.json"))
    if not one:
        return MISSING
    second = {row["row"]: row for row in two["rows"]} if two else {}
    also = [library for library in ("jax", "compile") if f"{library}_ratio" in one["rows"][0]]
    names = {"jax": "JAX", "compile": "compiled"}
    columns = ["training step", "here, µs", "PyTorch, µs", "ratio", "lowest to highest"]
    columns += ["2 threads"] * bool(second) + [f"beside {names[library]}" for library in also]
    records = [key for key in RECORDED if key in one["rows"][0]]
    columns += [RECORDED[key] for key in records]
    lines = [line(columns), line(["---", *["---:"] * 3, "---", *["---:"] * (len(columns) - 5)])]
    for row in sorted(one["rows"], key=lambda row: row["ratio"]):
        cells = [row["row"], f"{row['ours_us']:,.0f}", f"{row['torch_us']:,.0f}"]
        cells += [f"**{row['ratio']:.2f}**", f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"]
        if second:
            cells.append(f"{second[row['row']]['ratio']:.2f}" if row["row"] in second else "")
        cells += [f"{row[f'{library}_ratio']:.2f}" for library in also]
        lines.append(line(cells + [f"{row[key]:.2f}" for key in records]))
    return "\n".join([*lines, "", *summary(one), *summary(two)])


def recorded(folder: Path) -> str:
    """Write what steps run from their records save, and what the records cost."""
    times, records = (read(folder / name) for name in ("steps.json", "recorded.json"))
    if not times or not records or "recorded_us" not in times["rows"][0]:
        return MISSING
    columns = ["training step", "as it is written, µs", "from the record, µs", "share"]
    columns += ["calls", "memory, MB", "seconds until it is proven"]
    lines = [line(columns), line(["---", *["---:"] * 6])]
    costs = {row["row"]: row for row in records["rows"]}
    for row in times["rows"]:
        cost = costs.get(row["row"])
        if cost is not None:
            cells = [row["row"], f"{row['ours_us']:,.0f}", f"{row['recorded_us']:,.0f}"]
            cells += [f"**{row['recorded_ours_ratio']:.2f}**", f"{cost['calls']:,}"]
            cells += [f"{cost['bytes'] / 1e6:,.2f}", f"{cost['recording_s']:.2f}"]
            lines.append(line(cells))
    return "\n".join(lines)


def two_ranks(folder: Path) -> str:
    """Write what two processes were measured to save, and how much they send."""
    found = read(folder / "distributed.json")
    if not found:
        return MISSING
    columns = ["step, 512 samples", "one process, ms", "two ranks, ms", "as fast", "gradients, MB"]
    lines = [line(columns), line(["---", *["---:"] * 4])]
    for row, alone in zip(found["pair"], found["alone"], strict=True):
        times = [f"{1e3 * row[key]['median']:,.0f}" for key in ("one_s", "two_s")]
        size = f"{4e-6 * alone['parameters']:.2f}"
        lines.append(line([row["row"], *times, f"**{row['ratio']:.2f} times**", size]))
    return "\n".join(lines)


def many_ranks(folder: Path) -> str:
    """Write what the model says of 8, 64 and 512 ranks, and where it stops paying."""
    found = read(folder / "distributed.json")
    if not found:
        return MISSING
    columns = ["step, 512 samples", "network", "1 rank, ms", "8", "64", "512", "pays up to"]
    lines = [line(columns), line(["---", "---", *["---:"] * 5])]
    for row in found["model"]:
        times = [f"{1e3 * row['step_s'][ranks]:.1f}" for ranks in ("1", "8", "64", "512")]
        lines.append(line([row["row"], row["network"], *times, f"{row['pays_up_to']} ranks"]))
    return "\n".join(lines)


def line(cells: list[str]) -> str:
    """Write one row of a table."""
    return f"| {' | '.join(cells)} |"


def summary(found: dict[str, Any] | None) -> list[str]:
    """Say in a sentence how many rows are faster, and on what machine."""
    if not found:
        return []
    ratios = [row["ratio"] for row in found["rows"]]
    machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
    faster, mean = sum(r < 1 for r in ratios), statistics.geometric_mean(ratios)
    words = f"Faster than PyTorch on {faster} of {len(ratios)} rows, geometric mean {mean:.2f}"
    if "recorded_torch_ratio" in found["rows"][0]:
        means = [
            f"{statistics.geometric_mean(row[key] for row in found['rows']):.2f} {title}"
            for key, title in BESIDE.items()
            if key in found["rows"][0]
        ]
        words += f"; of recorded steps {', '.join(means)}"
    return [f"{words}: {machine}.", ""]


def read(path: Path) -> dict[str, Any] | None:
    """Return the records of a run, None if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
