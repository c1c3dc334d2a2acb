"""Records what the figures of an example were made from, so that a test can tell a stale one.

`nox -s figures` draws all figures again and then runs this. `images/made_from.json` holds a hash of
the example's programs and one of each figure. Where a program was changed without changing what it
draws, run it by hand: `uv run examples/record_figures.py example-4-optimizers`.
"""

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
RECORD = "made_from.json"


def digest(path: Path) -> str:
    """Return a hash of a file's text, the same with any line ends."""
    return hashlib.sha256(path.read_text(encoding="utf-8").encode()).hexdigest()[:16]


def programs(example: Path) -> list[Path]:
    """Return the files that compute and draw."""
    return sorted(
        path
        for path in example.glob("*.py")
        if not path.name.startswith("test_") and path.name != "conftest.py"
    )


def made_from(example: Path) -> dict[str, dict[str, str]]:
    """Return the hashes of an example's programs and figures."""
    figures = sorted((example / "images").glob("*.svg"))
    return {
        "programs": {path.name: digest(path) for path in programs(example)},
        "figures": {path.name: digest(path) for path in figures},
    }


def main(names: list[str]) -> None:
    """Write the records of some examples, or of all."""
    for example in sorted(HERE.glob("example-*")):
        if example.name in names or not names:
            text = json.dumps(made_from(example), indent=2) + "\n"
            (example / "images" / RECORD).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
